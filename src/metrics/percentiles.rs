//! Which percentiles somebody wants to see.

use std::fmt::Write as _;

use super::period::Period;
use super::report::ServerReport;
use super::units;
use crate::error::{Error, Kind, Result};
use crate::time::Time;

/// How many may be asked for at once.
const MOST: usize = 20;

/// Percentiles with their names, `p50` say and `p99.9`, in the order they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Percentiles(Vec<(String, f64)>);

impl Default for Percentiles {
    /// Those of the report: 50, 95, 99 and 99.9.
    fn default() -> Percentiles {
        let named = |(name, share): (&str, f64)| (name.to_owned(), share);
        Percentiles(
            [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)].map(named).into(),
        )
    }
}

impl Percentiles {
    /// Reads `50,90,99.9`: numbers above 0 up to 100, at most 20.
    ///
    /// # Errors
    /// [`Kind::Invalid`] names what is no such number.
    pub fn parse(list: &str) -> Result<Percentiles> {
        let invalid = |message| Err(Error::new(Kind::Invalid, message));
        let mut found = Vec::new();
        for word in list.split(',').map(str::trim) {
            let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let number = word.parse::<f64>().ok().filter(|n| plain && *n > 0.0 && *n <= 100.0);
            let Some(number) = number else {
                return invalid(format!(
                    "'{word}' is no percentile: it takes numbers above 0 up to 100, as in 50,90,99.9"
                ));
            };
            let name = format!("p{number}");
            if found.iter().all(|(known, _)| *known != name) {
                found.push((name, number / 100.0));
            }
        }
        if found.len() > MOST {
            return invalid(format!("{} percentiles are more than {MOST}", found.len()));
        }
        Ok(Percentiles(found))
    }

    /// Their names, and the shares (0 to 1) of all samples.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, share)| (name.as_str(), *share))
    }

    /// A line with the latency of a server's calls at each, separated by tabs; it names a
    /// window.
    pub fn line(&self, report: &ServerReport<'_>, now: Time) -> String {
        let seen = report.seen(now);
        let mut line = units::line(report.name);
        if let Period::Last(_) = report.period {
            let _ = write!(line, "\tin {}", report.period);
        }
        let _ = write!(line, "\tcalls {}", seen.timed());
        for (name, share) in self.iter() {
            let _ = write!(line, "\t{name} {}", units::latency_or_dash(seen.quantile(share)));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ServerMetrics;

    #[test]
    fn numbers_are_named_as_they_mean_and_come_in_the_order_given() {
        let read = Percentiles::parse("99.9, 50,5.0,50,100").unwrap();
        let names: Vec<_> = read.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["p99.9", "p50", "p5", "p100"]);
        assert!(read.iter().all(|(_, share)| share > 0.0 && share <= 1.0));
    }

    #[test]
    fn what_is_no_percentile_is_named() {
        for (list, word) in [
            ("", ""),
            ("50,", ""),
            ("0", "0"),
            ("101", "101"),
            ("-1", "-1"),
            ("50,x9", "x9"),
            ("nan", "nan"),
            ("1e1", "1e1"),
        ] {
            let error = Percentiles::parse(list).unwrap_err().to_string();
            assert!(error.contains(&format!("'{word}' is no percentile")), "{list}: {error}");
        }
        let many: Vec<String> = (1..=21).map(|n| n.to_string()).collect();
        assert!(Percentiles::parse(&many.join(",")).is_err());
    }

    #[test]
    fn a_server_without_calls_has_no_latency() {
        let metrics = ServerMetrics::new();
        let line = Percentiles::default().line(&ServerReport::new("x\ny", &metrics), Time::ZERO);
        assert_eq!(line, "x\\012y\tcalls 0\tp50 -\tp95 -\tp99 -\tp99.9 -");
        let period = Period::parse("5m").unwrap();
        let report = ServerReport { period, ..ServerReport::new("x", &metrics) };
        let line = Percentiles::parse("50").unwrap().line(&report, Time::ZERO);
        assert_eq!(line, "x\tin the last 5 minutes\tcalls 0\tp50 -");
    }
}
