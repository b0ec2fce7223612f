//! Single figures for tmux's format language: whatever the report shows, of one
//! server or of several together.
//!
//! A value stands in a status line that is drawn every few seconds and may be
//! compared by other formats, so it is short and cheap, and has no comma, `#` or
//! control character. Its cost grows with the servers, never with their calls.
//!
//! Invariants: no figure is the beginning of another up to a `_`, so that a key
//! `FIGURE_NAME` can be cut in one way only, whatever servers are called; a
//! number that is not known yet is `-`.

use std::time::Duration;

use super::counters::{Accumulator, ErrorCategory, EvictionCause, Outcome};
use super::health::Health;
use super::latency::Latency;
use super::pulse;
use super::report::ServerReport;
use super::server::ServerMetrics;
use super::units;
use super::window::{Span, View, WindowLatency, Windows};
use crate::time::Time;

/// Servers whose figures are asked for.
///
/// docs/tmux.md has the table of the keys.
#[derive(Clone, Copy, Debug)]
pub struct Figures<'a> {
    servers: &'a [ServerReport<'a>],
    /// The latency of the calls of all of them.
    latency: &'a Latency,
    now: Time,
    /// They are one server, which has a process, a socket and last words.
    single: bool,
}

type Plain = fn(&Figures<'_>) -> Option<String>;
type Windowed = fn(&Figures<'_>, Span) -> String;

/// A figure, found by its key.
#[derive(Clone, Copy)]
enum Figure {
    Plain(Plain),
    Windowed(Windowed, Span),
    Category(ErrorCategory),
    Closed(EvictionCause),
}

/// Figures that stand for themselves, sorted.
const PLAIN: &[(&str, Plain)] = &[
    ("active", |f| f.count(|r| r.pool_active)),
    ("activity", |f| {
        let last = f.metrics().filter_map(ServerMetrics::last_activity).max();
        Some(last.map_or_else(units::dash, |last| units::short(f.now.since(last))))
    }),
    ("avg", |f| latency(f.latency.mean())),
    ("breaker", |f| f.one(|r| r.breaker(f.now).to_owned())),
    ("bytes_received", |f| f.sum(|m| m.bytes().1)),
    ("bytes_sent", |f| f.sum(|m| m.bytes().0)),
    ("calls", |f| shown(f.servers.iter().map(ServerReport::calls_attempted))),
    ("cancelled", |f| f.sum(|m| m.calls(Outcome::Cancelled))),
    ("connect_avg", |f| latency(f.times(ServerMetrics::connect_wait).mean())),
    ("connect_max", |f| latency(f.times(ServerMetrics::connect_wait).max())),
    ("connected", |f| f.count(|r| usize::from(r.connection_active))),
    ("connecting", |f| f.count(|r| r.pool_connecting)),
    ("connections", |f| f.count(|r| r.pool_total)),
    ("declined", |f| f.sum(|m| m.wire.declined)),
    ("dropped", |f| f.sum(|m| m.wire.dropped)),
    ("duplicate_replies", |f| f.sum(|m| m.wire.duplicate_replies)),
    ("error_age", |f| {
        let age = |when| units::short(f.now.since(when));
        Some(f.newest_error().map_or_else(units::dash, |(_, when)| age(when)))
    }),
    ("errors", |f| f.sum(ServerMetrics::calls_failed)),
    ("evictions", |f| f.sum(|m| m.pool.evictions_by(EvictionCause::Idle))),
    ("failed_lost", |f| f.sum(|m| m.calls(Outcome::Lost))),
    ("failed_server", |f| f.sum(|m| m.calls(Outcome::ServerError))),
    ("failed_timeout", |f| f.sum(|m| m.calls(Outcome::Timeout))),
    ("failed_tool", |f| f.sum(|m| m.calls(Outcome::ToolError))),
    ("failing", |f| f.count(|r| usize::from(r.status == "failing"))),
    ("foreign_replies", |f| f.sum(|m| m.wire.foreign_replies)),
    ("glyph", |f| Some(glyph(f.state()).to_owned())),
    ("grade", |f| Some(f.health().grade().to_owned())),
    ("health", |f| Some(f.health().name().to_owned())),
    ("hit_rate", |f| {
        let hits = f.total(|m| m.pool.hits());
        let all = hits.saturating_add(f.total(|m| m.pool.misses));
        Some(units::percent_tenths(hits, all))
    }),
    ("hits", |f| f.sum(|m| m.pool.hits())),
    ("idle", |f| f.count(|r| r.pool_idle)),
    ("inflight", |f| f.count(|r| r.in_flight.saturating_add(r.queued))),
    ("invalid", |f| f.sum(|m| m.calls(Outcome::Invalid))),
    ("junk_lines", |f| f.sum(|m| m.wire.junk_lines)),
    ("last_error", |f| Some(f.newest_error().map_or_else(String::new, |(why, _)| text(why)))),
    ("late_replies", |f| f.sum(|m| m.wire.late_replies)),
    ("longest_connect", |f| latency(f.times(ServerMetrics::connection_time).max())),
    ("max", |f| latency(f.latency.max())),
    ("messages_received", |f| f.sum(|m| m.messages().1)),
    ("messages_sent", |f| f.sum(|m| m.messages().0)),
    ("min", |f| latency(f.latency.min())),
    ("misses", |f| f.sum(|m| m.pool.misses)),
    ("notifications", |f| f.sum(|m| m.wire.notifications)),
    ("outcome_unknown", |f| f.sum(ServerMetrics::outcomes_unknown)),
    ("output", |f| f.one(|r| r.stderr.last().map_or_else(String::new, |line| output(line)))),
    ("overflow", |f| f.sum(|m| m.pool.overflow)),
    ("p50", |f| latency(f.latency.quantile(0.50))),
    ("p95", |f| latency(f.latency.quantile(0.95))),
    ("p99", |f| latency(f.latency.quantile(0.99))),
    ("p999", |f| latency(f.latency.quantile(0.999))),
    ("paused", |f| f.sum(|m| m.wire.paused)),
    ("pid", |f| f.one(|r| r.pids.iter().map(i32::to_string).collect::<Vec<_>>().join(" "))),
    ("pings", |f| f.sum(|m| m.wire.pings)),
    ("queue_avg", |f| latency(f.times(ServerMetrics::queue_wait).mean())),
    ("queue_max", |f| latency(f.times(ServerMetrics::queue_wait).max())),
    ("queued", |f| f.count(|r| r.queued)),
    ("rate", |f| Some(rate(f, Span::One))),
    ("reconnections", |f| f.sum(ServerMetrics::reconnections)),
    ("refused", |f| f.sum(|m| m.calls(Outcome::Refused))),
    ("rejected", |f| f.sum(|m| m.pool.rejected)),
    ("request_size", |f| {
        let size =
            f.total(ServerMetrics::request_bytes).checked_div(f.total(ServerMetrics::requests));
        Some(size.map_or_else(units::dash, |size| size.to_string()))
    }),
    ("responses", |f| f.sum(ServerMetrics::calls_answered)),
    ("restarts", |f| f.sum(ServerMetrics::restarts)),
    ("retry_after", |f| f.one(|r| r.retry_after(f.now).to_string())),
    ("running", |f| f.count(|r| r.in_flight)),
    ("saved_per_hit", |f| latency(f.times(ServerMetrics::connection_time).mean())),
    ("server_avg", |f| latency(f.times(ServerMetrics::server_time).mean())),
    ("server_max", |f| latency(f.times(ServerMetrics::server_time).max())),
    ("shared_hits", |f| f.sum(|m| m.pool.hits_shared)),
    ("socket_error", |f| f.one(|r| r.socket_error.map_or_else(String::new, text))),
    ("socket_fd", |f| f.one(|r| r.socket_fd.map_or_else(units::dash, |fd| fd.to_string()))),
    ("socket_path", |f| f.one(|r| r.socket_path.map_or_else(units::dash, text))),
    ("spark", |f| Some(pulse::line(f.metrics().map(ServerMetrics::pulse), f.now))),
    ("state", |f| Some(word(f.state()))),
    ("succeeded", |f| f.sum(|m| m.calls(Outcome::Ok))),
    ("success_rate", |f| {
        let all = f.servers.iter().map(ServerReport::calls_attempted);
        let answered = f.total(ServerMetrics::calls_answered);
        Some(units::percent(answered, all.fold(0, u64::saturating_add)))
    }),
    ("time_saved", |f| {
        let saved =
            f.metrics().filter_map(ServerMetrics::time_saved).reduce(Duration::saturating_add);
        Some(saved.map_or_else(units::dash, |saved| text(&units::total(saved))))
    }),
    ("timeouts", |f| f.sum(ServerMetrics::timeouts)),
    ("tools", |f| {
        let known = f.servers.iter().filter_map(|r| r.tools).reduce(usize::saturating_add);
        Some(known.map_or_else(units::dash, |tools| tools.to_string()))
    }),
    ("transport", |f| f.one(|r| text(r.transport))),
    ("unlogged", |f| f.sum(|m| m.wire.unlogged)),
    ("up_ratio", |f| {
        let share = |m: &ServerMetrics| m.uptime_share(f.now);
        let up = f.total(|m| share(m).0.as_micros() as u64);
        Some(units::percent_tenths(up, f.total(|m| share(m).1.as_micros() as u64)))
    }),
    ("uptime", |f| f.one(|r| r.metrics.uptime(f.now).map_or_else(units::dash, units::short))),
    ("version", |f| f.one(|r| r.protocol_version.map_or_else(units::dash, text))),
    ("waits", |f| f.sum(|m| m.pool.waits)),
    ("wire_replies", |f| f.sum(ServerMetrics::responses)),
    ("wire_requests", |f| f.sum(ServerMetrics::requests)),
];

/// Figures of a window, as `1m_p95`.
const WINDOWED: &[(&str, Windowed)] = &[
    ("byte_rate", |f, span| {
        format!("{}/s", units::bytes_rate(f.view(span).bytes_per_second()).replace([',', ' '], ""))
    }),
    ("calls", |f, span| f.view(span).calls.to_string()),
    ("errors", |f, span| f.view(span).errors.to_string()),
    ("message_rate", |f, span| per_second(f.view(span).messages_per_second())),
    ("p50", |f, span| f.window(span, |window| window.p50)),
    ("p95", |f, span| f.window(span, |window| window.p95)),
    ("p99", |f, span| f.window(span, |window| window.p99)),
    ("rate", rate),
    ("success_rate", |f, span| {
        let view = f.view(span);
        units::percent(view.answered, view.calls)
    }),
];

impl<'a> Figures<'a> {
    /// The figures of one server.
    pub fn of(server: &'a ServerReport<'a>, now: Time) -> Figures<'a> {
        let servers = std::slice::from_ref(server);
        Figures { servers, latency: server.metrics.latency(), now, single: true }
    }

    /// The figures of several servers together, with the latency of all their calls.
    pub fn of_all(servers: &'a [ServerReport<'a>], latency: &'a Latency, now: Time) -> Figures<'a> {
        Figures { servers, latency, now, single: false }
    }

    /// Whether `key` is a figure.
    pub fn is_key(key: &str) -> bool {
        Figure::find(key).is_some()
    }

    /// Every key, in no order.
    pub fn keys() -> impl Iterator<Item = String> {
        let spans = Span::ALL
            .iter()
            .flat_map(|span| WINDOWED.iter().map(|(key, _)| format!("{}m_{key}", span.minutes())));
        let causes = EvictionCause::ALL.iter().map(|cause| format!("closed_{}", cause.name()));
        let errors = ErrorCategory::ALL.iter().map(|error| format!("{}_errors", error.name()));
        let plain = PLAIN.iter().map(|(key, _)| (*key).to_owned());
        plain.chain(spans).chain(causes.map(|key| key.replace(' ', "_"))).chain(errors)
    }

    /// The value of `key`; `None` for what is no figure, or none of several
    /// servers together.
    pub fn value(&self, key: &str) -> Option<String> {
        match Figure::find(key)? {
            Figure::Plain(value) => value(self),
            Figure::Windowed(value, span) => Some(value(self, span)),
            Figure::Category(category) => self.sum(|m| m.errors_by(category).count),
            Figure::Closed(cause) => self.sum(|m| m.pool.evictions_by(cause)),
        }
    }

    fn metrics(&self) -> impl Iterator<Item = &'a ServerMetrics> {
        self.servers.iter().map(|report| report.metrics)
    }

    fn total(&self, part: impl Fn(&ServerMetrics) -> u64) -> u64 {
        self.metrics().map(part).fold(0, u64::saturating_add)
    }

    fn sum(&self, part: impl Fn(&ServerMetrics) -> u64) -> Option<String> {
        Some(self.total(part).to_string())
    }

    fn count(&self, part: impl Fn(&ServerReport<'_>) -> usize) -> Option<String> {
        shown(self.servers.iter().map(|report| part(report) as u64))
    }

    /// What only one server has.
    fn one(&self, part: impl Fn(&ServerReport<'_>) -> String) -> Option<String> {
        self.servers.first().filter(|_| self.single).map(part)
    }

    fn times(&self, part: fn(&ServerMetrics) -> &Accumulator) -> Accumulator {
        let mut all = Accumulator::default();
        self.metrics().for_each(|metrics| all.merge(part(metrics)));
        all
    }

    fn view(&self, span: Span) -> View {
        let mut all = View::default();
        self.metrics().for_each(|metrics| all.merge(&metrics.windows().view(self.now, span)));
        all
    }

    fn window(&self, span: Span, part: fn(&WindowLatency) -> Duration) -> String {
        let windows = self.metrics().map(ServerMetrics::windows);
        let latency = Windows::latency_of(windows, self.now, span);
        units::latency_or_dash(latency.as_ref().map(part))
    }

    fn newest_error(&self) -> Option<(&'a str, Time)> {
        self.servers.iter().filter_map(|r| r.last_error).max_by_key(|(_, when)| *when)
    }

    /// The state that wants attention most.
    fn state(&self) -> &'a str {
        let states = self.servers.iter().map(|r| r.status);
        states.max_by_key(|state| rank(state)).unwrap_or("disconnected")
    }

    /// The worst verdict.
    fn health(&self) -> Health {
        self.servers.iter().map(|report| report.health(self.now)).max().unwrap_or(Health::Unproven)
    }
}

impl Figure {
    fn find(key: &str) -> Option<Figure> {
        if let Ok(at) = PLAIN.binary_search_by_key(&key, |(name, _)| name) {
            return PLAIN.get(at).map(|(_, value)| Figure::Plain(*value));
        }
        if let Some(cause) = key.strip_prefix("closed_") {
            let is_it = |name: &str| name.split(' ').eq(cause.split('_'));
            let cause = EvictionCause::ALL.into_iter().find(|cause| is_it(cause.name()));
            return cause.map(Figure::Closed);
        }
        if let Some(category) = key.strip_suffix("_errors") {
            let known = ErrorCategory::ALL.into_iter().find(|known| known.name() == category);
            if let Some(category) = known {
                return Some(Figure::Category(category));
            }
        }
        let (minutes, key) = key.split_once("m_")?;
        let span = match minutes {
            "1" => Span::One,
            "5" => Span::Five,
            "15" => Span::Fifteen,
            _ => return None,
        };
        let value = WINDOWED.iter().find(|(name, _)| *name == key)?.1;
        Some(Figure::Windowed(value, span))
    }
}

fn shown(parts: impl Iterator<Item = u64>) -> Option<String> {
    Some(parts.fold(0, u64::saturating_add).to_string())
}

fn latency(duration: Option<Duration>) -> Option<String> {
    Some(units::latency_or_dash(duration))
}

fn rate(figures: &Figures<'_>, span: Span) -> String {
    per_second(figures.view(span).calls_per_second())
}

fn per_second(rate: f64) -> String {
    format!("{}/s", units::rate(rate).replace(',', ""))
}

fn rank(state: &str) -> u8 {
    match state {
        "failing" => 4,
        "connecting" => 3,
        "connected" => 2,
        "idle" => 1,
        _ => 0,
    }
}

fn glyph(state: &str) -> &'static str {
    match state {
        "connected" => "\u{25cf}",
        "connecting" => "\u{25d0}",
        "idle" => "\u{25cb}",
        "failing" => "\u{2717}",
        _ => "\u{b7}",
    }
}

/// Foreign text as one short word that no format takes apart.
pub fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    text.chars().take(32).map(plain).collect()
}

/// Text as one line of bounded length that no format takes apart.
fn text(text: &str) -> String {
    let plain = |c: char| match c {
        ',' => ';',
        '#' => '_',
        _ => c,
    };
    units::line(text).chars().take(TEXT_CHARS).map(plain).collect()
}

/// A line of a server's output. It may be a long address with commas, which has to stay
/// whole.
fn output(line: &str) -> String {
    let plain = |c: char| if c == '#' { '_' } else { c };
    units::line(line).chars().take(OUTPUT_CHARS).map(plain).collect()
}

/// The longest line of output.
const OUTPUT_CHARS: usize = 4096;
/// The longest text of a value.
const TEXT_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::counters::Timings;
    use super::*;

    const NOW: Time = Time::from_micros(3_600_000_000);

    fn server(calls: &[(u64, Outcome)]) -> ServerMetrics {
        let mut metrics = ServerMetrics::new();
        for &(ms, outcome) in calls {
            let total = Duration::from_millis(ms);
            metrics.call_finished(NOW, outcome, Timings { total, ..Timings::default() });
        }
        metrics
    }

    #[test]
    fn keys_are_found_and_no_figure_is_the_beginning_of_another() {
        assert!(PLAIN.is_sorted_by_key(|(key, _)| *key), "they are searched by halves");
        let keys: Vec<String> = Figures::keys().collect();
        let all: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(all.len(), keys.len(), "each once");
        let metrics = server(&[]);
        let report = ServerReport::new("x", &metrics);
        for key in &keys {
            assert!(Figures::of(&report, NOW).value(key).is_some(), "{key} has no value");
            let beginnings = key.match_indices('_').map(|(at, _)| &key[..at]);
            for beginning in beginnings {
                assert!(!Figures::is_key(beginning), "{beginning} and {key} cannot be told apart");
            }
        }
        for nothing in
            ["", "_", "p", "p9", "p95_", "m_p95", "2m_p95", "+1m_p95", "closed_", "_errors"]
        {
            assert!(!Figures::is_key(nothing), "{nothing}");
        }
    }

    #[test]
    fn the_page_tells_of_every_figure_and_none_hides_another_format() {
        let page = include_str!("../../docs/tmux.md");
        let section = page.split("## Formats").nth(1).unwrap().split("\n## ").next().unwrap();
        let longer = |key: &str| key.starts_with("5m_") || key.starts_with("15m_");
        for key in Figures::keys().filter(|key| !longer(key)) {
            assert!(section.contains(&format!("`{key}`")), "{key} is not in docs/tmux.md");
        }
        // Formats of hooks and of commands that follow a call.
        for other in [
            "server", "tool", "id", "elapsed", "result", "error", "uri", "question", "url", "json",
            "servers", "progress", "figures",
        ] {
            assert!(!Figures::is_key(other), "{other} means something else");
        }
    }

    #[test]
    fn figures_of_all_are_of_all_calls_together() {
        let fast = server(&[(1, Outcome::Ok); 95]);
        let slow = server(&[(1000, Outcome::Timeout); 5]);
        let mut both = Latency::default();
        for (ms, n) in [(1, 95), (1000, 5)] {
            (0..n).for_each(|_| both.record(Duration::from_millis(ms)));
        }
        let reports = [ServerReport::new("fast", &fast), ServerReport::new("slow", &slow)];
        let all = Figures::of_all(&reports, &both, NOW);
        for (key, shown) in [
            ("calls", "100"),
            ("errors", "5"),
            ("timeouts", "5"),
            ("timeout_errors", "5"),
            ("failed_timeout", "5"),
            ("success_rate", "95%"),
            ("avg", "51.0ms"),
            ("min", "1.0ms"),
            ("max", "1000.0ms"),
            ("1m_calls", "100"),
            ("15m_errors", "5"),
            ("spark", "▁▁▁▁▁▁▁█"),
            ("health", "unhealthy"),
            ("hit_rate", "-"),
            ("last_error", ""),
        ] {
            assert_eq!(all.value(key).as_deref(), Some(shown), "{key}");
        }
        // Each alone has another median, and together they are not the middle of the two.
        let ms = |value: Option<String>| value.unwrap().trim_end_matches("ms").parse::<f64>();
        for key in ["p50", "p95", "1m_p50", "1m_p95"] {
            let shown = ms(all.value(key)).unwrap();
            assert!((0.95..1.05).contains(&shown), "{key} {shown}");
        }
        for key in ["p99", "p999", "1m_p99"] {
            let shown = ms(all.value(key)).unwrap();
            assert!((950.0..1050.0).contains(&shown), "{key} {shown}");
        }
        for key in ["pid", "uptime", "socket_path", "transport", "version", "output"] {
            assert_eq!(all.value(key), None, "{key} of several servers");
        }
    }

    #[test]
    fn the_time_saved_of_all_is_what_each_has_saved() {
        let mut quick = server(&[]);
        quick.connected(NOW, Duration::from_millis(1), false);
        quick.pool.hits_idle = 1000;
        let mut lazy = server(&[]);
        lazy.connected(NOW, Duration::from_secs(3), false);
        lazy.pool.hits_idle = 1;
        let reports = [ServerReport::new("quick", &quick), ServerReport::new("lazy", &lazy)];
        let none = Latency::default();
        let all = Figures::of_all(&reports, &none, NOW);
        assert_eq!(all.value("time_saved").as_deref(), Some("4.00 seconds"));
        assert_eq!(all.value("longest_connect").as_deref(), Some("3000.0ms"));
    }

    #[test]
    fn the_state_of_all_is_the_one_that_wants_attention() {
        let metrics = server(&[]);
        let report = |status| ServerReport { status, ..ServerReport::new("x", &metrics) };
        let state = |states: &[&'static str]| {
            let reports: Vec<_> = states.iter().map(|status| report(status)).collect();
            let none = Latency::default();
            let all = Figures::of_all(&reports, &none, NOW);
            (all.value("state").unwrap(), all.value("failing").unwrap())
        };
        let is = |state: &str, failing: &str| (state.to_owned(), failing.to_owned());
        assert_eq!(state(&[]), is("disconnected", "0"));
        assert_eq!(state(&["idle", "connected"]), is("connected", "0"));
        assert_eq!(state(&["connected", "connecting", "idle"]), is("connecting", "0"));
        assert_eq!(state(&["failing", "connecting", "failing"]), is("failing", "2"));
    }

    #[test]
    fn text_from_outside_is_one_short_line_that_no_format_takes_apart() {
        let metrics = server(&[]);
        let evil = format!("#(touch x), #[fg=red]\n\x1b[2J{}", "é".repeat(500));
        let lines = [evil.clone()];
        let report = ServerReport {
            socket_path: Some(&evil),
            socket_error: Some(&evil),
            transport: &evil,
            protocol_version: Some(&evil),
            last_error: Some((&evil, NOW)),
            stderr: &lines,
            ..ServerReport::new("x", &metrics)
        };
        let figures = Figures::of(&report, NOW);
        for key in ["socket_path", "socket_error", "transport", "version", "last_error", "output"] {
            let value = figures.value(key).unwrap();
            let (comma, longest) = match key {
                "output" => (",", OUTPUT_CHARS),
                _ => (";", TEXT_CHARS),
            };
            let start = format!("_(touch x){comma} _[fg=red]\\012\\033[2J");
            assert!(value.starts_with(&start), "{key} {value}");
            assert!(value.chars().count() <= longest, "{key}");
        }
    }
}
