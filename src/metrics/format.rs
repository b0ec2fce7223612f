//! Single values for tmux's format language.
//!
//! A value stands in a status line that is drawn every few seconds and may be
//! compared by other formats, so it is short and cheap, and has no comma, `#` or
//! control character.

use std::time::Duration;

use super::report::ServerReport;
use super::units;
use super::window::Span;
use crate::time::Time;

/// The value of `key` for one server, `None` for a key that does not exist.
///
/// | key | value |
/// |---|---|
/// | `state` | the status word |
/// | `inflight` | calls waiting for their reply |
/// | `calls` | calls attempted |
/// | `errors` | calls failed |
/// | `p50` `p95` `p99` `p999` `avg` | latency since the start, `12.3ms` |
/// | `hit_rate` | pool hits, `98.6%` |
/// | `rate` | calls finished per second over the last minute, `1.5/s` |
/// | `spark` | the calls of the last minute, eight bars |
/// | `glyph` | one character for the status |
///
/// A number that is not known yet is `-`.
pub fn server_value(key: &str, report: &ServerReport<'_>, now: Time) -> Option<String> {
    let metrics = report.metrics;
    let latency = metrics.latency();
    Some(match key {
        "state" => word(report.status),
        "inflight" => report.in_flight.to_string(),
        "calls" => report.calls_attempted().to_string(),
        "errors" => metrics.calls_failed().to_string(),
        "p50" => value(latency.quantile(0.50)),
        "p95" => value(latency.quantile(0.95)),
        "p99" => value(latency.quantile(0.99)),
        "p999" => value(latency.quantile(0.999)),
        "avg" => value(latency.mean()),
        "hit_rate" => {
            let hits = metrics.pool.hits();
            units::percent_tenths(hits, hits.saturating_add(metrics.pool.misses))
        }
        "rate" => {
            let rate = metrics.windows().view(now, Span::One).calls_per_second();
            format!("{}/s", units::rate(rate).replace(',', ""))
        }
        "spark" => metrics.pulse().line(now),
        "glyph" => glyph(report.status).to_owned(),
        _ => return None,
    })
}

/// A duration as a value; `-` when it is not known yet.
pub fn duration_value(duration: Option<Duration>) -> String {
    value(duration)
}

fn glyph(status: &str) -> &'static str {
    match status {
        "connected" => "\u{25cf}",
        "connecting" => "\u{25d0}",
        "idle" => "\u{25cb}",
        "failing" => "\u{2717}",
        _ => "\u{b7}",
    }
}

fn value(duration: Option<Duration>) -> String {
    units::latency_or_dash(duration)
}

/// Foreign text as one short word that no format takes apart.
pub fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    text.chars().take(32).map(plain).collect()
}
