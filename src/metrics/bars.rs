//! The latencies of a server's calls as bars.
//!
//! Rows are 1, 2 and 5 times a power of ten, from the fastest call to the slowest, so that a
//! tail shows as well as the bulk; a row without calls between two others stays, because a gap
//! says that there are two kinds of calls.

use std::fmt::Write as _;

use super::distribution::Distribution;
use super::latency::micros;
use super::percentiles::Percentiles;
use super::report::ServerReport;
use super::seen::Seen;
use super::units;
use crate::time::Time;

/// How bars are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bars {
    /// The width of a line in columns. Below 30 it counts as 30.
    pub columns: usize,
    /// No character but those of ASCII.
    pub ascii: bool,
}

/// Calls that took longer than the row before, and no longer than this.
struct Row {
    limit: u64,
    count: u64,
}

impl Bars {
    /// The bars of one server, under its name and the window they are of.
    pub fn render(&self, report: &ServerReport<'_>, which: &Percentiles, now: Time) -> String {
        let seen = report.seen(now);
        let mut text = format!("Server: {}\n", units::line(report.name));
        let calls = units::count(seen.timed());
        let s = if seen.timed() == 1 { "" } else { "s" };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "  Latency of {calls} call{s}, {}", report.period);
        let spread = seen.distribution();
        if spread.count() == 0 {
            text.push_str("    nothing recorded\n");
            return text;
        }
        let rows = rows(&spread);
        self.rows(&mut text, &rows, spread.count(), &marks(&seen, which, &rows));
        self.summary(&mut text, &seen, which);
        text
    }

    fn rows(&self, text: &mut String, rows: &[Row], all: u64, marks: &[String]) {
        let columns = self.columns.max(NARROWEST);
        let labels: Vec<_> = rows.iter().map(|row| limit(row.limit)).collect();
        let counts: Vec<_> = rows.iter().map(|row| units::count(row.count)).collect();
        let widest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
        let (label_width, count_width) = (widest(&labels), widest(&counts));
        let mark_width = if columns < WIDE { 0 } else { widest(marks) };
        let rest = LEAST + label_width + count_width + mark_width;
        let width = columns.saturating_sub(rest).max(1);
        let most = rows.iter().map(|row| row.count).max().unwrap_or(0);
        for (((row, label), count), mark) in rows.iter().zip(labels).zip(counts).zip(marks) {
            let bar = self.bar(row.count, most, width);
            // A bar is as wide as it has characters.
            let gap = width - bar.chars().count();
            let share = units::percent_tenths(row.count, all);
            let mark = if mark_width > 0 { mark.as_str() } else { "" };
            let line = format!(
                "  {label:>label_width$} {bar}{:gap$} {count:>count_width$} {share:>6}{mark}",
                ""
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }

    /// At most `width` characters; the longest for `most`, and some for any call.
    fn bar(&self, count: u64, most: u64, width: usize) -> String {
        let steps = if self.ascii { 1 } else { EIGHTHS.len() };
        let full = (width * steps) as u128;
        // Never more than `full`, since `count` is at most `most`.
        let length = (u128::from(count) * full).checked_div(u128::from(most)).unwrap_or(0) as usize;
        if self.ascii {
            return match (count, length) {
                (0, _) => String::new(),
                (_, 0) => ".".to_owned(),
                _ => "#".repeat(length),
            };
        }
        let length = length.max(usize::from(count > 0));
        let mut bar = "\u{2588}".repeat(length / steps);
        if let Some(part) = (length % steps).checked_sub(1) {
            bar.push(EIGHTHS[part]);
        }
        bar
    }

    /// The percentiles with their latencies, on as few lines as hold them.
    fn summary(&self, text: &mut String, seen: &Seen<'_>, which: &Percentiles) {
        let times = which.iter().map(|(name, share)| (name, seen.quantile(share)));
        let times = times.chain([("avg", seen.mean()), ("max", seen.max())]);
        let mut line = String::from(" ");
        for (name, time) in times {
            let part = format!(" {name} {}", units::latency_or_dash(time));
            if line.len() > 1 && line.len() + part.len() > self.columns.max(NARROWEST) {
                let _ = writeln!(text, "{line}");
                line = String::from(" ");
            }
            line += &part;
        }
        let _ = writeln!(text, "{line}");
    }
}

/// The rows from the fastest call to the slowest.
fn rows(spread: &Distribution) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut limits = std::iter::successors(Some(10u64), |limit| {
        let ten = limit.to_string().starts_with('2');
        let next = if ten { limit.checked_mul(5).map(|n| n / 2) } else { limit.checked_mul(2) };
        Some(next.unwrap_or(u64::MAX))
    });
    let mut limit = limits.next().unwrap_or(u64::MAX);
    for &(us, count) in spread.points() {
        while us > limit {
            if !rows.is_empty() {
                rows.push(Row { limit, count: 0 });
            }
            limit = limits.next().unwrap_or(u64::MAX);
        }
        match rows.last_mut() {
            Some(row) if row.limit == limit => row.count = row.count.saturating_add(count),
            _ => rows.push(Row { limit, count }),
        }
    }
    // A row whose end was passed was pushed once more.
    rows.dedup_by(|later, earlier| later.limit == earlier.limit);
    rows
}

/// For each row the names of the percentiles in it.
fn marks(seen: &Seen<'_>, which: &Percentiles, rows: &[Row]) -> Vec<String> {
    let mut marks = vec![String::new(); rows.len()];
    for (name, share) in which.iter() {
        let time = seen.quantile(share).map_or(0, micros);
        let at = rows.partition_point(|row| row.limit < time).min(rows.len().saturating_sub(1));
        if let Some(mark) = marks.get_mut(at) {
            let _ = write!(mark, " {name}");
        }
    }
    marks
}

/// `0.05ms`, `20ms`, `5s`.
fn limit(us: u64) -> String {
    match us {
        0..1000 => {
            let digits = format!("0.{us:03}");
            format!("{}ms", digits.trim_end_matches('0'))
        }
        1000..1_000_000 => format!("{}ms", us / 1000),
        _ => format!("{}s", us / 1_000_000),
    }
}

const EIGHTHS: [char; 8] = [
    '\u{258f}', '\u{258e}', '\u{258d}', '\u{258c}', '\u{258b}', '\u{258a}', '\u{2589}', '\u{2588}',
];
/// Spaces and the share.
const LEAST: usize = 2 + 1 + 1 + 1 + 6;
/// From here on there is room for the names of percentiles beside the bars.
const WIDE: usize = 60;
const NARROWEST: usize = 30;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::metrics::{Outcome, Period, ServerMetrics, Timings};

    const NOW: Time = Time::from_micros(3_600_000_000);

    fn recorded(calls: &[(u64, usize)]) -> ServerMetrics {
        let mut metrics = ServerMetrics::new();
        for &(us, count) in calls {
            let took = Timings { total: Duration::from_micros(us), ..Timings::default() };
            (0..count).for_each(|_| metrics.call_finished(NOW, Outcome::Ok, took));
        }
        metrics
    }

    fn drawn(metrics: &ServerMetrics, columns: usize, ascii: bool) -> String {
        let report = ServerReport::new("x", metrics);
        Bars { columns, ascii }.render(&report, &Percentiles::default(), NOW)
    }

    #[test]
    fn each_row_has_its_calls_their_share_and_the_percentiles_in_it() {
        let metrics = recorded(&[(45, 60), (90, 30), (1500, 9), (12_000_000, 1)]);
        let text = drawn(&metrics, 80, true);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["Server: x", "  Latency of 100 calls, since the start"]);
        let bar = "#".repeat(53);
        assert_eq!(lines[2], format!("  0.05ms {bar} 60  60.0% p50"));
        assert_eq!(lines[3], format!("   0.1ms {}{:27} 30  30.0%", &bar[..26], ""));
        assert_eq!(lines[4], format!("   0.2ms {:53}  0   0.0%", ""));
        assert_eq!(lines[7], format!("     2ms {}{:46}  9   9.0% p95 p99", &bar[..7], ""));
        let last = lines[lines.len() - 2];
        assert_eq!(last, format!("     20s .{:52}  1   1.0% p99.9", ""));
        assert_eq!(lines.len(), 2 + 18 + 1, "{text}");
        assert!(lines[20].starts_with("  p50 0.045ms p95 1.5ms p99 1.5ms p99.9 12"), "{text}");
    }

    #[test]
    fn the_chart_of_the_documents_is_one_that_is_drawn() {
        let metrics = recorded(&[(42, 280), (78, 480), (180, 206), (300, 3), (1500, 31)]);
        let report = ServerReport::new("memory", &metrics);
        let bars = Bars { columns: 60, ascii: false };
        let text = bars.render(&report, &Percentiles::default(), NOW);
        assert!(include_str!("../../docs/tmux.md").contains(&text), "{text}");
    }

    #[test]
    fn blocks_have_eighths_and_the_slightest_share_shows() {
        let bars = Bars { columns: 80, ascii: false };
        assert_eq!(bars.bar(0, 100, 10), "");
        assert_eq!(bars.bar(1, 1_000_000, 10), "\u{258f}");
        assert_eq!(bars.bar(100, 100, 3), "\u{2588}\u{2588}\u{2588}");
        assert_eq!(bars.bar(50, 100, 3), "\u{2588}\u{258c}");
        assert_eq!(bars.bar(u64::MAX, u64::MAX, 2), "\u{2588}\u{2588}");
    }

    #[test]
    fn every_width_from_30_columns_on_is_kept() {
        let metrics = recorded(&[(45, 1234), (800, 7), (70_000_000, 2)]);
        for columns in 30..200 {
            for ascii in [false, true] {
                let text = drawn(&metrics, columns, ascii);
                for line in text.lines().skip(2) {
                    assert!(line.chars().count() <= columns, "{columns}: {line:?} in\n{text}");
                }
                assert!(text.contains("\u{2588}") != ascii, "{text}");
                assert_eq!(text.is_ascii(), ascii);
                assert_eq!(text.contains("% p50"), columns >= 60, "{text}");
            }
        }
        assert_eq!(drawn(&metrics, 0, false), drawn(&metrics, 30, false));
    }

    #[test]
    fn rows_hold_all_calls_each_once() {
        let metrics = recorded(&[(0, 3), (10, 4), (11, 5), (4_000_000_000, 6)]);
        let spread = metrics.latency().distribution();
        let rows = rows(&spread);
        assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 18);
        assert_eq!((rows[0].limit, rows[0].count), (10, 7));
        assert_eq!((rows[1].limit, rows[1].count), (20, 5));
        assert!(rows.is_sorted_by(|a, b| a.limit < b.limit));
        assert!(rows.last().is_some_and(|row| row.count == 6));
    }

    #[test]
    fn no_call_and_one_call_say_so() {
        let none = ServerMetrics::new();
        let text = drawn(&none, 80, false);
        assert_eq!(
            text,
            "Server: x\n  Latency of 0 calls, since the start\n    nothing recorded\n"
        );
        let report =
            ServerReport { period: Period::parse("1m").unwrap(), ..ServerReport::new("x", &none) };
        let text = Bars { columns: 80, ascii: true }.render(&report, &Percentiles::default(), NOW);
        assert!(text.contains("0 calls, the last minute\n    nothing recorded"), "{text}");
        let text = drawn(&recorded(&[(u64::MAX, 1)]), 80, true);
        assert!(text.contains("Latency of 1 call, since"), "{text}");
    }
}
