//! The report that `mcp-stats` prints.
//!
//! The layout is a contract: people `grep` and `watch` it. The report has its
//! fixed lines in fixed order and no others: that of all servers is an overview,
//! that of one has what the pool did and saved as well. The long form
//! (`mcp-stats -v`) has everything; further lines end the section that they
//! belong to, and their labels avoid the words people search for (`Latency`,
//! `P95`, `P99`, `Average`, `Success Rate`, `Hit Rate`), so that those searches
//! find one line each.
//!
//! Invariants: nothing from outside brings a control character or a line break;
//! a number that is not known yet is `-`; *Success Rate* is *Responses Received*
//! by *Requests Sent* as they stand there.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::counters::{Accumulator, EvictionCause, Outcome};
use super::health::Health;
use super::left_alone::LeftAlone;
use super::period::Period;
use super::seen::Seen;
use super::server::ServerMetrics;
use super::units;
use super::window::Span;
use crate::time::Time;

/// How much a report tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The fixed lines.
    Fixed,
    /// Everything that is known.
    Full,
}

/// What a report shows of one server: its metrics, and its state at the moment.
#[derive(Clone, Debug)]
pub struct ServerReport<'a> {
    /// The name in the configuration.
    pub name: &'a str,
    /// What was recorded.
    pub metrics: &'a ServerMetrics,
    /// What calls, latencies and bytes are told of.
    pub period: Period,
    /// `socket`, `stdio`, `tcp`, `stdio (fallback from socket)`.
    pub transport: &'a str,
    /// `connected`, `idle`, `connecting`, `disconnected` or `failing`.
    pub status: &'a str,
    /// The configured socket, also while on stdio.
    pub socket_path: Option<&'a str>,
    /// The host and port, also while on stdio.
    pub address: Option<String>,
    /// The version of TLS and the cipher suite.
    pub tls: Option<(&'a str, &'a str)>,
    /// Why the socket or the address could not be used.
    pub socket_error: Option<&'a str>,
    /// The descriptor of a connected socket.
    pub socket_fd: Option<i32>,
    /// At least one connection is usable.
    pub connection_active: bool,
    /// Connections in the pool, in every state.
    pub pool_total: usize,
    /// Connections in use.
    pub pool_active: usize,
    /// Connections ready for use.
    pub pool_idle: usize,
    /// Connections not usable yet.
    pub pool_connecting: usize,
    /// Calls waiting for a connection, not counted in `in_flight`.
    pub queued: usize,
    /// Calls waiting for their reply.
    pub in_flight: usize,
    /// Tools of the server, when they were listed.
    pub tools: Option<usize>,
    /// The server's processes, when we started them.
    pub pids: Vec<i32>,
    /// The protocol version agreed on.
    pub protocol_version: Option<&'a str>,
    /// Why the server is left alone; `None`: its breaker is closed.
    pub left_alone: Option<LeftAlone>,
    /// How often its breaker was opened.
    pub breaker_opened: u32,
    /// The latest error and when it happened.
    pub last_error: Option<(&'a str, Time)>,
    /// The latest lines of the server's stderr.
    pub stderr: &'a [String],
    /// How it takes several requests; `None` while it never had two at a time.
    pub concurrency: Option<ConcurrencyFigures>,
}

/// How a server takes several requests, and what its pool makes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConcurrencyFigures {
    /// `unknown`, `concurrent`, `serial per connection` or `serial`.
    pub verdict: &'static str,
    /// The evidence for that in one sentence.
    pub evidence: String,
    /// `off`, `on` or `frozen`: `pool_tuning` of the entry.
    pub tuning: &'static str,
    /// The verdict that the pool acts on.
    pub mode: &'static str,
    /// Connections that the pool keeps.
    pub size: usize,
    /// Requests that it puts on one connection.
    pub in_flight: u32,
}

impl<'a> ServerReport<'a> {
    /// The report of a server that is not connected and has nothing else to show.
    pub fn new(name: &'a str, metrics: &'a ServerMetrics) -> ServerReport<'a> {
        ServerReport {
            name,
            metrics,
            period: Period::All,
            transport: "stdio",
            status: "disconnected",
            socket_path: None,
            address: None,
            tls: None,
            socket_error: None,
            socket_fd: None,
            connection_active: false,
            pool_total: 0,
            pool_active: 0,
            pool_idle: 0,
            pool_connecting: 0,
            queued: 0,
            in_flight: 0,
            tools: None,
            pids: Vec::new(),
            protocol_version: None,
            left_alone: None,
            breaker_opened: 0,
            last_error: None,
            stderr: &[],
            concurrency: None,
        }
    }

    /// Calls attempted: finished, in flight or waiting.
    pub fn calls_attempted(&self) -> u64 {
        let waiting = self.in_flight.saturating_add(self.queued) as u64;
        self.metrics.calls_finished().saturating_add(waiting)
    }

    /// The word for its breaker: `closed`, `open` or `half-open`.
    pub fn breaker(&self, now: Time) -> &'static str {
        self.left_alone.as_ref().map_or("closed", |left| left.state(now))
    }

    /// The whole seconds, rounded up, for which unattended calls fail.
    pub fn retry_after(&self, now: Time) -> u64 {
        let after = self.left_alone.as_ref().map(|left| left.retry_after(now));
        after.unwrap_or_default().as_micros().div_ceil(1_000_000) as u64
    }

    /// Its calls in the period that is shown.
    pub fn seen(&self, now: Time) -> Seen<'a> {
        Seen::of(self.metrics, self.calls_attempted(), self.period, now)
    }

    /// The verdict on the server.
    pub fn health(&self, now: Time) -> Health {
        Health::judge(self.metrics, now, self.status == "failing")
    }
}

/// The report of all servers, with the common header.
///
/// Of a window the figures of calls and bytes are told, and a line says so; the pool's and the
/// rest of [`Detail::Full`] are since the start.
pub fn render(servers: &[ServerReport<'_>], now: Time, detail: Detail) -> String {
    let full = detail == Detail::Full;
    let mut page = ReportWriter { text: String::new(), full, pool: full };
    page.raw("MCP Performance Statistics");
    page.raw("==========================");
    page.raw(format_args!("Total Servers: {}", units::count(servers.len() as u64)));
    for server in servers {
        page.blank();
        page.server(server, now);
    }
    page.text
}

/// The report of one server, without the common header.
pub fn render_server(server: &ServerReport<'_>, now: Time, detail: Detail) -> String {
    let mut page = ReportWriter { text: String::new(), full: detail == Detail::Full, pool: true };
    page.server(server, now);
    page.text
}

struct ReportWriter {
    text: String,
    /// Everything is told.
    full: bool,
    /// Evictions and what the pool saved are told.
    pool: bool,
}

impl ReportWriter {
    fn server(&mut self, r: &ServerReport<'_>, now: Time) {
        self.raw(format_args!("Server: {}", units::line(r.name)));
        if let Period::Last(_) = r.period {
            let period = r.period;
            self.head("Window", format_args!("{period}; connections and pool since the start"));
        }
        let seen = r.seen(now);
        self.state(r, now);
        self.statistics(r, &seen, now);
        self.performance(r, &seen, now);
        self.socket(r, &seen, now);
        self.pool(r);
        if self.pool {
            self.impact(r);
        }
        if self.full {
            self.stderr(r);
        }
        self.health(r, now);
    }

    fn state(&mut self, r: &ServerReport<'_>, now: Time) {
        let m = r.metrics;
        self.head("Transport", units::line(r.transport));
        self.head("Status", units::line(r.status));
        if let Some(address) = &r.address {
            self.head("Address", units::line(address));
        }
        if let Some((version, cipher)) = r.tls {
            self.head("TLS", format_args!("{version}, {cipher}"));
        }
        self.head("Socket Path", r.socket_path.map_or_else(units::dash, units::line));
        self.head("Socket FD", r.socket_fd.map_or_else(units::dash, |fd| fd.to_string()));
        self.head("Uptime", m.uptime(now).map_or_else(units::dash, units::span));
        let activity = m.last_activity().map(|last| units::ago(now.since(last)));
        self.head("Last Activity", activity.unwrap_or_else(units::dash));
        if !self.full {
            return;
        }
        if let Some(error) = r.socket_error {
            self.head("Socket Error", units::line(error));
        }
        let (up, watched) = m.uptime_share(now);
        let (up, watched) = (up.as_micros() as u64, watched.as_micros() as u64);
        self.head("Uptime Ratio", units::percent_tenths(up, watched));
        self.head("Reconnections", units::count(m.reconnections()));
        self.head("Restarts", units::count(m.restarts()));
        let opened = units::count(u64::from(r.breaker_opened));
        self.head(
            "Breaker",
            match &r.left_alone {
                None => format!("closed, opened {opened} times"),
                Some(left) => format!(
                    "{}, try again in {} s ({}), opened {opened} times",
                    left.state(now),
                    r.retry_after(now),
                    left.reason
                ),
            },
        );
        if !r.pids.is_empty() {
            let pids: Vec<_> = r.pids.iter().map(i32::to_string).collect();
            self.head("PID", pids.join(", "));
        }
        if let Some(version) = r.protocol_version {
            self.head("Protocol", units::line(version));
        }
        if let Some((error, when)) = r.last_error {
            let shown = units::line(error);
            self.head("Last Error", format_args!("{shown} ({})", units::ago(now.since(when))));
            if let Some(status) = http_status(error) {
                self.head("HTTP Status", status);
            }
        }
    }

    fn statistics(&mut self, r: &ServerReport<'_>, seen: &Seen<'_>, now: Time) {
        let m = r.metrics;
        let (sent, received) = (seen.attempted, seen.answered);
        let calls = |outcome| units::count(m.calls(outcome));
        self.section("Statistics");
        self.item("Requests Sent", units::count(sent));
        self.item("Responses Received", units::count(received));
        self.item("Errors", units::count(seen.errors));
        self.item("Success Rate", units::percent(received, sent));
        if !self.full {
            return;
        }
        self.item("Successful Calls", calls(Outcome::Ok));
        let failed = format!(
            "{} (tool {}, server {}, timeout {}, lost {}, refused {})",
            units::count(m.calls_failed()),
            calls(Outcome::ToolError),
            calls(Outcome::ServerError),
            calls(Outcome::Timeout),
            calls(Outcome::Lost),
            calls(Outcome::Refused)
        );
        self.item("Failed Calls", failed);
        self.item("Cancelled", calls(Outcome::Cancelled));
        self.item("Refused", calls(Outcome::Refused));
        self.item("Invalid", calls(Outcome::Invalid));
        self.item("Outcome Unknown", units::count(m.outcomes_unknown()));
        self.item("In Flight", units::count(r.in_flight as u64));
        self.item("Queued", units::count(r.queued as u64));
        self.item("Timeouts", units::count(m.timeouts()));
        for (category, error) in m.top_errors() {
            let ago = units::ago(now.since(error.last));
            let label = format!("Error ({})", category.name());
            self.item(label, format_args!("{}, last {ago}", units::count(error.count)));
        }
    }

    fn performance(&mut self, r: &ServerReport<'_>, seen: &Seen<'_>, now: Time) {
        let m = r.metrics;
        let quantile = |share| units::latency_or_dash(seen.quantile(share));
        self.section("Performance");
        self.item("Average Latency", units::latency_or_dash(seen.mean()));
        self.item("P95 Latency", quantile(0.95));
        self.item("P99 Latency", quantile(0.99));
        if !self.full {
            return;
        }
        self.item("Minimum", units::latency_or_dash(seen.min()));
        self.item("Percentile 50", quantile(0.5));
        self.item("Percentile 99.9", quantile(0.999));
        self.item("Maximum", units::latency_or_dash(seen.max()));
        self.item("Queue Wait", mean_and_max(m.queue_wait()));
        self.item("Connect Wait", mean_and_max(m.connect_wait()));
        self.item("Server Time", mean_and_max(m.server_time()));
        for span in Span::ALL {
            let view = m.windows().view(now, span);
            let mut text = format!(
                "{} calls, {} errors, {} calls/sec",
                units::count(view.calls),
                units::count(view.errors),
                units::rate(view.calls_per_second())
            );
            if let Some(window) = m.windows().latency(now, span) {
                for (name, value) in [("p50", window.p50), ("p95", window.p95), ("p99", window.p99)]
                {
                    // Writing to a String cannot fail.
                    let _ = write!(text, ", {name} {}", units::latency(value));
                }
            }
            self.item(format_args!("Last {} min", span.minutes()), text);
        }
    }

    fn socket(&mut self, r: &ServerReport<'_>, seen: &Seen<'_>, now: Time) {
        let m = r.metrics;
        let (sent, received) = m.messages();
        self.section("Socket Statistics");
        self.item("Connection Active", if r.connection_active { "yes" } else { "no" });
        self.item("Bytes Sent", units::count(seen.bytes_out));
        self.item("Bytes Received", units::count(seen.bytes_in));
        if !self.full {
            return;
        }
        self.item("Messages Sent", units::count(sent));
        self.item("Messages Received", units::count(received));
        let size = m.request_size().map_or_else(units::dash, units::count);
        let requests = units::count(m.requests());
        self.item("Requests On Wire", format_args!("{requests}, mean size {size} bytes"));
        self.item("Replies On Wire", units::count(m.responses()));
        for span in Span::ALL {
            let view = m.windows().view(now, span);
            let messages = units::rate(view.messages_per_second());
            let bytes = units::bytes_rate(view.bytes_per_second());
            let label = format!("Throughput {} min", span.minutes());
            self.item(label, format_args!("Messages: {messages}/sec, Bytes: {bytes}/sec"));
        }
        for (label, n) in [
            ("Junk Lines", m.wire.junk_lines),
            ("Late Replies", m.wire.late_replies),
            ("Foreign Replies", m.wire.foreign_replies),
            ("Duplicate Replies", m.wire.duplicate_replies),
            ("Pings", m.wire.pings),
            ("Notifications", m.wire.notifications),
            ("Changes Not Told", m.wire.dropped),
            ("Questions Declined", m.wire.declined),
            ("Log Lines Left Out", m.wire.unlogged),
            ("Pauses In Reading", m.wire.paused),
        ] {
            self.item(label, units::count(n));
        }
    }

    fn pool(&mut self, r: &ServerReport<'_>) {
        let pool = &r.metrics.pool;
        let hits = pool.hits();
        self.section("Pool Statistics");
        self.item("Total Connections", units::count(r.pool_total as u64));
        self.item("Active", units::count(r.pool_active as u64));
        self.item("Idle", units::count(r.pool_idle as u64));
        self.item("Pool Hits", units::count(hits));
        self.item("Pool Misses", units::count(pool.misses));
        if self.pool {
            self.item("Evictions", units::count(pool.evictions_by(EvictionCause::Idle)));
        }
        self.item("Hit Rate", units::percent_tenths(hits, hits.saturating_add(pool.misses)));
        if !self.full {
            return;
        }
        self.item("Connecting", units::count(r.pool_connecting as u64));
        for (label, n) in [
            ("Shared Hits", pool.hits_shared),
            ("Waits", pool.waits),
            ("Elided", pool.elided),
            ("Overflow", pool.overflow),
            ("Rejected", pool.rejected),
        ] {
            self.item(label, units::count(n));
        }
        let closed: Vec<_> = EvictionCause::ALL
            .iter()
            .map(|&cause| format!("{} {}", cause.name(), units::count(pool.evictions_by(cause))))
            .collect();
        self.item("Connections Closed", closed.join(", "));
        if let Some(seen) = &r.concurrency {
            self.item("Takes Requests", format_args!("{} ({})", seen.verdict, seen.evidence));
            self.item("Pool Tuning", format_args!("{}, for {}", seen.tuning, seen.mode));
        }
    }

    fn impact(&mut self, r: &ServerReport<'_>) {
        let m = r.metrics;
        let mean = m.connection_time().mean();
        let mean = mean.map_or_else(units::dash, |t| format!("{} per hit", units::latency(t)));
        self.section("Performance Impact");
        self.item("Avg Connection Time Saved", mean);
        self.item("Total Time Saved", m.time_saved().map_or_else(units::dash, units::total));
        if self.full {
            self.item("Longest Connect", units::latency_or_dash(m.connection_time().max()));
        }
    }

    fn stderr(&mut self, r: &ServerReport<'_>) {
        if r.stderr.is_empty() {
            return;
        }
        self.section("Server Output");
        for line in r.stderr {
            self.raw(format_args!("    | {}", units::line(line)));
        }
    }

    fn health(&mut self, r: &ServerReport<'_>, now: Time) {
        let health = r.health(now);
        self.blank();
        self.head("Health", health.name());
        if !self.full {
            return;
        }
        let m = r.metrics;
        let window = m.windows().view(now, Span::Fifteen);
        let share = |answered: u64, unanswered: u64| {
            let all = answered.saturating_add(unanswered);
            format!("{} of {} calls", units::percent_tenths(answered, all), units::count(all))
        };
        self.head("Grade", health.grade());
        self.head("Answered 15 min", share(window.answered, window.unanswered));
        self.head("Answered Lifetime", share(m.calls_answered(), m.calls_unanswered()));
    }

    fn section(&mut self, title: &str) {
        self.blank();
        self.raw(format_args!("  {title}:"));
    }

    fn head(&mut self, label: impl fmt::Display, value: impl fmt::Display) {
        self.raw(format_args!("  {label}: {value}"));
    }

    fn item(&mut self, label: impl fmt::Display, value: impl fmt::Display) {
        self.raw(format_args!("    {label}: {value}"));
    }

    fn raw(&mut self, line: impl fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }
}

fn mean_and_max(times: &Accumulator) -> String {
    match (times.mean(), times.max()) {
        (Some(mean), Some(max)) => {
            format!("mean {}, max {}", units::latency(mean), units::latency(max))
        }
        _ => units::dash(),
    }
}

/// The status of HTTP that an error names: a refusal begins with it, perhaps behind words of
/// ours.
pub(super) fn http_status(error: &str) -> Option<u16> {
    let mut rest = error;
    while let Some((_, behind)) = rest.split_once("HTTP ") {
        let digits = behind.get(..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let is_whole = !behind.as_bytes().get(3).is_some_and(u8::is_ascii_alphanumeric);
        if let Some(status) = digits.filter(|_| is_whole).and_then(|digits| digits.parse().ok()) {
            return Some(status);
        }
        rest = behind;
    }
    None
}
