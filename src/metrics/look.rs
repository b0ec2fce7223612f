//! In which form the figures of servers are shown, and of which time.

use super::bars::Bars;
use super::percentiles::Percentiles;
use super::period::Period;

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presentation {
    /// The report in its fixed lines.
    Report,
    /// The report with everything that is known.
    Full,
    /// JSON.
    Json,
    /// A line of percentiles.
    Percentiles,
    /// The latencies as bars.
    Bars,
}

/// What a form is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The time that calls, latencies and bytes are of.
    pub period: Period,
    /// Those that are shown, in the forms that have any.
    pub percentiles: Percentiles,
    /// How bars are drawn.
    pub bars: Bars,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            period: Period::default(),
            percentiles: Percentiles::default(),
            bars: Bars { columns: 80, ascii: false },
        }
    }
}
