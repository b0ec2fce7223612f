//! Which time figures are about.

use std::fmt;

use super::window::Span;
use crate::error::{Error, Kind, Result};

/// Since the start, or the last minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Period {
    /// Since the start.
    #[default]
    All,
    /// The minutes that end now.
    Last(Span),
}

impl Period {
    /// Reads `1m`, `5m`, `15m` or `all`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] names the four.
    pub fn parse(word: &str) -> Result<Period> {
        let last = |span: &Span| word == Period::Last(*span).name();
        match Span::ALL.iter().find(|span| last(span)) {
            Some(span) => Ok(Period::Last(*span)),
            None if word == Period::All.name() => Ok(Period::All),
            None => Err(Error::new(
                Kind::Invalid,
                format!("'{word}' is no window: it takes 1m, 5m, 15m or all"),
            )),
        }
    }

    /// The word it is asked for by.
    pub const fn name(self) -> &'static str {
        match self {
            Period::All => "all",
            Period::Last(Span::One) => "1m",
            Period::Last(Span::Five) => "5m",
            Period::Last(Span::Fifteen) => "15m",
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Period::All => "since the start",
            Period::Last(Span::One) => "the last minute",
            Period::Last(Span::Five) => "the last 5 minutes",
            Period::Last(Span::Fifteen) => "the last 15 minutes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_has_a_word_and_any_other_names_the_four() {
        let known =
            [("1m", "minute"), ("5m", "5 minutes"), ("15m", "15 minutes"), ("all", "start")];
        for (word, end) in known {
            let period = Period::parse(word).unwrap();
            assert_eq!(period.name(), word);
            assert!(period.to_string().ends_with(end), "{period}");
        }
        for wrong in ["", "1", "1M", "15", "m", "2m", "all ", "ALL"] {
            let error = Period::parse(wrong).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            let told = format!("'{wrong}' is no window: it takes 1m, 5m, 15m or all");
            assert_eq!(error.to_string(), told);
        }
    }
}
