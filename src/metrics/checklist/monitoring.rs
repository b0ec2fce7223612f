//! How a server does. docs/operations.md has the limits.

use std::time::Duration;

use super::{Check, ENOUGH, EntryFacts, too_few};
use crate::metrics::counters::{ErrorCategory, EvictionCause, Outcome};
use crate::metrics::report::ServerReport;
use crate::metrics::server::ServerMetrics;
use crate::metrics::units;
use crate::metrics::window::Span;
use crate::time::Time;

/// What to do with an error.
pub(super) const MEND: &str = "mend what the error names; the next call tries again";
const HOUR: Duration = Duration::from_secs(3600);
/// The slowest 95th percentile of a server on this machine.
pub(super) const LOCAL_P95: Duration = Duration::from_millis(50);
/// Idle connections closed in an hour.
const EVICTIONS: u64 = 10;

pub(super) fn checks(report: &ServerReport<'_>, facts: &EntryFacts, now: Time) -> Vec<Check> {
    let metrics = report.metrics;
    vec![
        success_rate(report, now),
        hit_rate(report, facts, 85),
        latency(metrics, facts, now),
        evictions(metrics, now),
        uptime(report, now),
        timeouts(metrics, now),
    ]
}

/// Of the calls of the last 15 minutes, or of all when those are too few.
fn success_rate(report: &ServerReport<'_>, now: Time) -> Check {
    const TITLE: &str = "Success Rate";
    let metrics = report.metrics;
    let window = metrics.windows().view(now, Span::Fifteen);
    let recent = (window.answered, window.answered.saturating_add(window.unanswered));
    let all = metrics.calls_answered().saturating_add(metrics.calls_unanswered());
    let ((answered, calls), when) = match recent.1 >= u64::from(ENOUGH) {
        true => (recent, "in the last 15 minutes"),
        false => ((metrics.calls_answered(), all), "since start"),
    };
    if let ("failing", Some((why, _))) = (report.status, report.last_error) {
        return Check::fail(TITLE, units::line(why), MEND);
    }
    if calls < u64::from(ENOUGH) {
        return Check::unknown(TITLE, too_few(calls, "calls"));
    }
    let found = format!("{} of {calls} calls {when}", units::percent_tenths(answered, calls));
    let advice = match metrics.top_errors().first() {
        Some((category, count)) => {
            let last = units::ago(now.since(count.last));
            format!(
                "most errors are '{}' ({}, the last {last}): mcp-stats -v has them all",
                category.name(),
                units::count(count.count)
            )
        }
        None => "mcp-stats -v has the errors".to_owned(),
    };
    Check::of(exceeds(answered, calls, 95), TITLE, found, advice)
}

/// The share of requests that found a connection.
pub(super) fn hit_rate(report: &ServerReport<'_>, facts: &EntryFacts, percent: u64) -> Check {
    const TITLE: &str = "Pool Hit Rate";
    let pool = &report.metrics.pool;
    let (hits, all) = (pool.hits(), pool.hits().saturating_add(pool.misses));
    if all < u64::from(ENOUGH) {
        return Check::unknown(TITLE, too_few(all, "requests"));
    }
    let found = format!("{} of {all} requests", units::percent_tenths(hits, all));
    let closed: u64 = EvictionCause::ALL.iter().map(|cause| pool.evictions_by(*cause)).sum();
    let lost = pool
        .evictions_by(EvictionCause::PeerClosed)
        .saturating_add(pool.evictions_by(EvictionCause::Error));
    let advice = if pool.overflow == 0 && lost == 0 && report.last_error.is_some() {
        "connections could not be opened: mcp-stats -v has the errors".to_owned()
    } else if lost > closed / 2 {
        format!("the server closed {lost} of {closed} connections: see its log, or why it ends")
    } else if pool.evictions_by(EvictionCause::Idle) > closed / 2 {
        "most connections were closed for being idle: raise pool_idle_timeout".to_owned()
    } else {
        format!(
            "raise pool_max_size (now {}): {} connections were opened beyond it",
            facts.pool_max_size, pool.overflow
        )
    };
    Check::of(exceeds(hits, all, percent), TITLE, found, advice)
}

/// What 95 of 100 calls stay below, of a server on this machine.
fn latency(metrics: &ServerMetrics, facts: &EntryFacts, now: Time) -> Check {
    const TITLE: &str = "P95 Latency";
    if !facts.is_local {
        return Check::unknown(TITLE, "the server is on another machine");
    }
    let view = metrics.windows().view(now, Span::Fifteen);
    let window = metrics.windows().latency(now, Span::Fifteen);
    let recent = window.filter(|_| view.calls >= u64::from(ENOUGH));
    let (p95, when) = match (recent, metrics.latency().quantile(0.95)) {
        (Some(window), _) => (window.p95, "in the last 15 minutes"),
        (None, Some(p95)) if metrics.latency().count() >= u64::from(ENOUGH) => (p95, "since start"),
        _ => return Check::unknown(TITLE, too_few(metrics.latency().count(), "calls")),
    };
    let found = format!("{} {when}", units::latency(p95));
    Check::of(p95 < LOCAL_P95, TITLE, found, slow(metrics))
}

/// Where the time of slow calls goes.
pub(super) fn slow(metrics: &ServerMetrics) -> String {
    let mean = |times: &crate::metrics::Accumulator| {
        let count = times.count();
        times.mean().map_or(Duration::ZERO, |mean| mean) * u32::from(count > 0)
    };
    let queue = mean(metrics.queue_wait());
    let connect = mean(metrics.connect_wait());
    let server = mean(metrics.server_time());
    let (most, advice) = if queue > server && queue >= connect {
        ("waiting for a connection", "raise pool_max_size or max_in_flight")
    } else if connect > server {
        ("connecting", "raise pool_idle_timeout, or give the server a socket_path")
    } else {
        ("in the server", "its tools are slow, or the machine is busy")
    };
    format!(
        "most time is spent {most} (on average {} queue, {} connect, {} server): {advice}",
        units::latency(queue),
        units::latency(connect),
        units::latency(server)
    )
}

fn evictions(metrics: &ServerMetrics, now: Time) -> Check {
    const TITLE: &str = "Evictions";
    let idle = metrics.pool.evictions_by(EvictionCause::Idle);
    let watched = metrics.uptime_share(now).1;
    // Of a server that was used for minutes the whole counts, not what an hour would bring.
    let hours = watched.max(HOUR).as_secs_f64() / HOUR.as_secs_f64();
    let rate = idle as f64 / hours;
    let found = format!("{rate:.1} an hour");
    let advice = "connections are closed and opened again: raise pool_idle_timeout, or lower \
                  pool_max_size";
    Check::of(rate < EVICTIONS as f64, TITLE, found, advice)
}

fn uptime(report: &ServerReport<'_>, now: Time) -> Check {
    const TITLE: &str = "Uptime";
    let (up, watched) = report.metrics.uptime_share(now);
    if watched.is_zero() {
        return match report.status {
            "failing" => Check::fail(TITLE, "it never ran", "mcp-stats -v says why"),
            _ => Check::unknown(TITLE, "it was not used yet"),
        };
    }
    let (up, watched) = (up.as_micros() as u64, watched.as_micros() as u64);
    let found = units::percent_tenths(up, watched);
    let advice = format!(
        "connections lost: {}, starts after a loss: {}; mcp-log and its stderr say why",
        units::count(report.metrics.reconnections()),
        units::count(report.metrics.restarts())
    );
    Check::of(exceeds(up, watched, 99), TITLE, found, advice)
}

/// Timeouts of the last hour: older ones need nobody's care.
fn timeouts(metrics: &ServerMetrics, now: Time) -> Check {
    const TITLE: &str = "Timeouts";
    let count = metrics.calls(Outcome::Timeout).max(metrics.timeouts());
    let last = metrics.errors_by(ErrorCategory::Timeout);
    if count == 0 || last.count == 0 {
        return Check::pass(TITLE, "none");
    }
    let age = now.since(last.last);
    let found = format!("{}, the last {}", units::count(count), units::ago(age));
    let advice =
        "raise timeout if the tools are that slow; else see why the server does not answer";
    Check::of(age > HOUR, TITLE, found, advice)
}

fn exceeds(part: u64, whole: u64, percent: u64) -> bool {
    u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}
