//! The text formats of Prometheus 0.0.4 and OpenMetrics 1.0.

use std::fmt::Write as _;

use super::families::ClientFigures;
use super::sink::{Family, FamilyKind, Label, SampleSink};
use super::walk::Walk;
use crate::metrics::{BOUNDARIES_US, DurationHistogram, ServerReport};
use crate::time::Time;

/// A format of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFormat {
    /// Text format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl MetricsFormat {
    /// The media type for HTTP.
    pub const fn content_type(self) -> &'static str {
        match self {
            MetricsFormat::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            MetricsFormat::OpenMetrics => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }
}

/// A text with all figures, made in steps.
#[derive(Debug)]
pub struct Exposition {
    walk: Walk,
    text: ExpositionText,
}

impl Exposition {
    /// The text of these servers.
    pub fn new(format: MetricsFormat, servers: Vec<String>) -> Exposition {
        Exposition { walk: Walk::new(servers), text: ExpositionText { format, out: String::new() } }
    }

    /// Appends a piece of some KiB. True: there is more. `report` gives `None` for a server
    /// that is gone.
    pub fn step<'a>(
        &mut self,
        client: &ClientFigures,
        report: &dyn Fn(&str) -> Option<ServerReport<'a>>,
        now: Time,
    ) -> bool {
        let more = self.walk.step(client, report, now, &mut self.text);
        if !more && self.text.format == MetricsFormat::OpenMetrics {
            self.text.out.push_str("# EOF\n");
        }
        more
    }

    /// What was appended and not taken yet.
    pub fn text(&self) -> &str {
        &self.text.out
    }

    /// Takes what was appended.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text.out)
    }
}

#[derive(Debug)]
struct ExpositionText {
    format: MetricsFormat,
    out: String,
}

impl ExpositionText {
    fn is_open(&self) -> bool {
        self.format == MetricsFormat::OpenMetrics
    }

    /// `name{labels} value`, with `le` as one more label if there is one.
    fn line(&mut self, name: [&str; 2], labels: &[Label<'_>], le: Option<&str>, value: f64) {
        let out = &mut self.out;
        out.extend(name);
        let mut before = '{';
        for (key, value) in labels.iter().copied().chain(le.map(|le| ("le", le))) {
            // An empty value is no label in either format.
            if value.is_empty() {
                continue;
            }
            out.push(before);
            before = ',';
            out.push_str(key);
            out.push_str("=\"");
            escape(out, value);
            out.push('"');
        }
        if before == ',' {
            out.push('}');
        }
        // Writing to a String cannot fail. The shortest digits that read back the same.
        let _ = writeln!(out, " {value}");
    }
}

impl SampleSink for ExpositionText {
    fn begin(&mut self, family: &'static Family) {
        let name = family.name;
        let (suffix, kind) = match (family.kind, self.is_open()) {
            (FamilyKind::Counter, false) => ("_total", "counter"),
            (FamilyKind::Counter, true) => ("", "counter"),
            (FamilyKind::Gauge, _) => ("", "gauge"),
            (FamilyKind::Histogram, _) => ("", "histogram"),
            (FamilyKind::Summary, _) => ("", "summary"),
            (FamilyKind::Info, false) => ("_info", "gauge"),
            (FamilyKind::Info, true) => ("", "info"),
        };
        let help = family.help;
        let _ = writeln!(self.out, "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}");
        if self.is_open() && !family.unit.is_empty() {
            let _ = writeln!(self.out, "# UNIT {name} {}", family.unit);
        }
    }

    fn number(&mut self, family: &'static Family, labels: &[Label<'_>], value: f64) {
        let suffix = match family.kind {
            FamilyKind::Counter => "_total",
            FamilyKind::Info => "_info",
            _ => "",
        };
        self.line([family.name, suffix], labels, None, value);
    }

    fn histogram(
        &mut self,
        family: &'static Family,
        labels: &[Label<'_>],
        histogram: &DurationHistogram,
    ) {
        let cumulative = histogram.cumulative();
        for (count, boundary) in cumulative.into_iter().zip(BOUNDARIES_US) {
            // OpenMetrics wants "1.0"; the same in both formats, or the series would differ.
            let le = format!("{:?}", boundary as f64 / 1e6);
            self.line([family.name, "_bucket"], labels, Some(&le), count as f64);
        }
        let count = cumulative.last().copied().unwrap_or_default();
        self.line([family.name, "_bucket"], labels, Some("+Inf"), count as f64);
        self.summary(family, labels, count, histogram.sum_us());
    }

    fn summary(&mut self, family: &'static Family, labels: &[Label<'_>], count: u64, sum_us: u64) {
        self.line([family.name, "_sum"], labels, None, sum_us as f64 / 1e6);
        self.line([family.name, "_count"], labels, None, count as f64);
    }
}

/// Appends the value of a label: both formats escape these three and nothing else.
fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}
