//! Whether a server is set up well: its entry, transport, pool and
//! metrics.

use super::monitoring::{LOCAL_P95, MEND, hit_rate, slow};
use super::{Check, ENOUGH, EntryFacts, too_few};
use crate::metrics::counters::{EvictionCause, Outcome};
use crate::metrics::report::ServerReport;
use crate::metrics::server::ServerMetrics;
use crate::metrics::units;

pub(super) fn checks(report: &ServerReport<'_>, facts: &EntryFacts) -> Vec<Check> {
    vec![
        socket(facts),
        transport(report),
        fallback(facts),
        reached(report),
        Check { title: "Warm Pool", ..hit_rate(report, facts, 80) },
        latency(report.metrics, facts),
        counted(report),
        leaks(report),
    ]
}

fn socket(facts: &EntryFacts) -> Check {
    const TITLE: &str = "Socket";
    match &facts.socket {
        None => Check::unknown(TITLE, "the entry has no socket_path"),
        Some(Ok(())) => Check::pass(TITLE, "the server listens"),
        Some(Err(why)) => Check::fail(
            TITLE,
            units::line(why),
            "start the server so that it listens on socket_path, or take the key out",
        ),
    }
}

/// Whether the server is on the transport that its entry names first.
fn transport(report: &ServerReport<'_>) -> Check {
    const TITLE: &str = "Transport";
    let shown = units::line(report.transport);
    if !report.connection_active {
        return Check::unknown(TITLE, format!("{shown}, not connected now"));
    }
    match report.socket_error {
        None => Check::pass(TITLE, shown),
        Some(why) => {
            let advice = format!("the entry's own could not be used: {}", units::line(why));
            Check::fail(TITLE, shown, advice)
        }
    }
}

fn fallback(facts: &EntryFacts) -> Check {
    let (title, absent) = match facts.socket {
        Some(_) => ("Fallback", "the entry has no command to fall back to"),
        None => ("Command", "the entry has no command"),
    };
    match &facts.command {
        None => Check::unknown(title, absent),
        Some(Ok(())) => Check::pass(title, "the command can be started"),
        Some(Err(why)) => {
            Check::fail(title, units::line(why), "correct command, cwd or PATH of the entry")
        }
    }
}

fn reached(report: &ServerReport<'_>) -> Check {
    const TITLE: &str = "Reached";
    let found = units::line(report.status);
    match report.status {
        "failing" => match report.last_error {
            Some((why, _)) => Check::fail(TITLE, units::line(why), MEND),
            None => Check::unknown(TITLE, "lost, and not needed since"),
        },
        "connected" | "idle" => Check::pass(TITLE, found),
        _ => Check::unknown(TITLE, found),
    }
}

fn latency(metrics: &ServerMetrics, facts: &EntryFacts) -> Check {
    const TITLE: &str = "P95 Latency";
    let calls = metrics.latency().count();
    if !facts.is_local {
        return Check::unknown(TITLE, "the server is on another machine");
    }
    match metrics.latency().quantile(0.95).filter(|_| calls >= u64::from(ENOUGH)) {
        None => Check::unknown(TITLE, too_few(calls, "calls")),
        Some(p95) => {
            let found = format!("{} of {calls} calls", units::latency(p95));
            Check::of(p95 < LOCAL_P95, TITLE, found, slow(metrics))
        }
    }
}

/// Whether every call that ended is counted under one outcome, and every call that was
/// timed has a sample.
fn counted(report: &ServerReport<'_>) -> Check {
    const TITLE: &str = "Metrics";
    let metrics = report.metrics;
    let attempts = Outcome::ALL.iter().filter(|outcome| outcome.is_attempt());
    let ended: u64 = attempts.map(|outcome| metrics.calls(*outcome)).sum();
    let timed = Outcome::ALL.iter().filter(|outcome| outcome.is_timed());
    let timed: u64 = timed.map(|outcome| metrics.calls(*outcome)).sum();
    let samples = metrics.latency().count();
    if ended == 0 {
        return Check::unknown(TITLE, "no call has ended yet");
    }
    let found = format!("{} calls, {} samples", units::count(ended), units::count(samples));
    let holds = ended == metrics.calls_finished() && timed == samples;
    Check::of(holds, TITLE, found, "this is a fault of tmcp: please report it with mcp-stats -j")
}

/// Whether the pool is within its size, and its connections those that were opened.
fn leaks(report: &ServerReport<'_>) -> Check {
    const TITLE: &str = "Leaks";
    let pool = &report.metrics.pool;
    let parts = report.pool_active + report.pool_idle + report.pool_connecting;
    let opened = report.metrics.connection_time().count();
    let closed: u64 = EvictionCause::ALL.iter().map(|cause| pool.evictions_by(*cause)).sum();
    let (open, total) = (opened.saturating_sub(closed), report.pool_total as u64);
    let found = format!("{} open, {} in use", report.pool_total, report.pool_active);
    let holds = parts <= report.pool_total && open <= total;
    Check::of(holds, TITLE, found, "this is a fault of tmcp: please report it with mcp-stats -j")
}
