//! The figures of a server as a JSON object, for programs.
//!
//! Names end in their unit (`_us` microseconds, `_s` seconds, bytes and counts have none).
//! What is not known yet is `null`. Members may be added by later versions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::counters::{Accumulator, ErrorCategory, EvictionCause, Outcome};
use super::latency::micros;
use super::percentiles::Percentiles;
use super::period::Period;
use super::report::{ConcurrencyFigures, ServerReport, http_status};
use super::seen::Seen;
use super::server::ServerMetrics;
use super::window::Span;
use crate::time::Time;

#[derive(Serialize)]
struct ServerFigures<'a> {
    name: &'a str,
    transport: &'a str,
    status: &'a str,
    health: &'a str,
    socket_path: Option<&'a str>,
    address: Option<&'a str>,
    protocol_version: Option<&'a str>,
    tools: Option<usize>,
    uptime_s: Option<f64>,
    restarts: u64,
    reconnections: u64,
    timeouts: u64,
    calls: CallFigures,
    shown: ShownFigures<'a>,
    latency_us: BTreeMap<&'a str, Option<u64>>,
    queue_us: Times,
    connect_us: Times,
    server_us: Times,
    connection_us: Times,
    windows: BTreeMap<String, WindowFigures>,
    pool: PoolFigures,
    wire: WireFigures,
    errors: BTreeMap<&'static str, Errors>,
    breaker: BreakerFigures<'a>,
    last_error: Option<LastError<'a>>,
}

#[derive(Serialize)]
struct BreakerFigures<'a> {
    state: &'static str,
    retry_s: u64,
    reason: Option<&'a str>,
    opened: u32,
}

#[derive(Serialize)]
struct CallFigures {
    attempted: u64,
    answered: u64,
    ok: u64,
    tool_error: u64,
    server_error: u64,
    timeout: u64,
    cancelled: u64,
    lost: u64,
    /// Those of the lost ones that may have run.
    outcome_unknown: u64,
    refused: u64,
    invalid: u64,
    in_flight: usize,
    queued: usize,
}

/// The figures of the window that was asked for; all others are since the start.
#[derive(Serialize)]
struct ShownFigures<'a> {
    window: &'static str,
    covered_s: Option<f64>,
    attempted: u64,
    answered: u64,
    errors: u64,
    bytes_sent: u64,
    bytes_received: u64,
    latency_us: BTreeMap<&'a str, Option<u64>>,
}

#[derive(Serialize)]
struct Times {
    count: u64,
    avg: Option<u64>,
    max: Option<u64>,
}

#[derive(Serialize)]
struct WindowFigures {
    covered_s: f64,
    calls: u64,
    errors: u64,
    bytes_sent: u64,
    bytes_received: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
}

#[derive(Serialize)]
struct PoolFigures {
    total: usize,
    active: usize,
    idle: usize,
    connecting: usize,
    hits_idle: u64,
    hits_shared: u64,
    misses: u64,
    waits: u64,
    elided: u64,
    overflow: u64,
    rejected: u64,
    closed: BTreeMap<&'static str, u64>,
    concurrency: Option<ConcurrencyFigures>,
}

#[derive(Serialize)]
struct WireFigures {
    requests: u64,
    replies: u64,
    messages_sent: u64,
    messages_received: u64,
    bytes_sent: u64,
    bytes_received: u64,
    notifications: u64,
    pings: u64,
    junk_lines: u64,
    late_replies: u64,
    foreign_replies: u64,
    duplicate_replies: u64,
    dropped: u64,
    declined: u64,
    paused: u64,
}

#[derive(Serialize)]
struct Errors {
    count: u64,
    ago_s: f64,
}

#[derive(Serialize)]
struct LastError<'a> {
    text: &'a str,
    ago_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
}

/// The figures of a server on one line, without a line break.
pub fn render_json(report: &ServerReport<'_>, percentiles: &Percentiles, now: Time) -> String {
    let metrics = report.metrics;
    let since_start = ServerReport { period: Period::All, ..report.clone() };
    let ago = |when| now.since(when).as_secs_f64();
    let errors = ErrorCategory::ALL.map(|category| (category, metrics.errors_by(category)));
    let server = ServerFigures {
        name: report.name,
        transport: report.transport,
        status: report.status,
        health: report.health(now).name(),
        socket_path: report.socket_path,
        address: report.address.as_deref(),
        protocol_version: report.protocol_version,
        tools: report.tools,
        uptime_s: metrics.uptime(now).map(|up| up.as_secs_f64()),
        restarts: metrics.restarts(),
        reconnections: metrics.reconnections(),
        timeouts: metrics.timeouts(),
        calls: calls(report),
        shown: shown(report, percentiles, now),
        latency_us: latency(&since_start.seen(now), percentiles),
        queue_us: times(metrics.queue_wait()),
        connect_us: times(metrics.connect_wait()),
        server_us: times(metrics.server_time()),
        connection_us: times(metrics.connection_time()),
        windows: Span::ALL
            .iter()
            .map(|span| (format!("{}m", span.minutes()), window(metrics, now, *span)))
            .collect(),
        pool: pool(report),
        wire: wire(metrics),
        errors: errors
            .into_iter()
            .filter(|(_, error)| error.count > 0)
            .map(|(category, error)| {
                (category.name(), Errors { count: error.count, ago_s: ago(error.last) })
            })
            .collect(),
        breaker: BreakerFigures {
            state: report.breaker(now),
            retry_s: report.retry_after(now),
            reason: report.left_alone.as_ref().map(|left| &*left.reason),
            opened: report.breaker_opened,
        },
        last_error: report.last_error.map(|(text, when)| LastError {
            text,
            ago_s: ago(when),
            http_status: http_status(text),
        }),
    };
    // Maps with text as keys, and no float that is not finite: nothing can fail.
    serde_json::to_string(&server).unwrap_or_default()
}

fn calls(report: &ServerReport<'_>) -> CallFigures {
    let by = |outcome| report.metrics.calls(outcome);
    CallFigures {
        attempted: report.calls_attempted(),
        answered: report.metrics.calls_answered(),
        ok: by(Outcome::Ok),
        tool_error: by(Outcome::ToolError),
        server_error: by(Outcome::ServerError),
        timeout: by(Outcome::Timeout),
        cancelled: by(Outcome::Cancelled),
        lost: by(Outcome::Lost),
        outcome_unknown: report.metrics.outcomes_unknown(),
        refused: by(Outcome::Refused),
        invalid: by(Outcome::Invalid),
        in_flight: report.in_flight,
        queued: report.queued,
    }
}

fn shown<'a>(
    report: &ServerReport<'_>,
    percentiles: &'a Percentiles,
    now: Time,
) -> ShownFigures<'a> {
    let seen = report.seen(now);
    ShownFigures {
        window: report.period.name(),
        covered_s: seen.covered.map(|covered| covered.as_secs_f64()),
        attempted: seen.attempted,
        answered: seen.answered,
        errors: seen.errors,
        bytes_sent: seen.bytes_out,
        bytes_received: seen.bytes_in,
        latency_us: latency(&seen, percentiles),
    }
}

fn latency<'a>(seen: &Seen<'_>, percentiles: &'a Percentiles) -> BTreeMap<&'a str, Option<u64>> {
    let of = |time: Option<Duration>| time.map(micros);
    let asked = percentiles.iter().map(|(name, share)| (name, of(seen.quantile(share))));
    let exact = [
        ("count", Some(seen.timed())),
        ("min", of(seen.min())),
        ("avg", of(seen.mean())),
        ("max", of(seen.max())),
    ];
    asked.chain(exact).collect()
}

fn times(times: &Accumulator) -> Times {
    Times { count: times.count(), avg: times.mean().map(micros), max: times.max().map(micros) }
}

fn window(metrics: &ServerMetrics, now: Time, span: Span) -> WindowFigures {
    let view = metrics.windows().view(now, span);
    let latency = metrics.windows().latency(now, span);
    WindowFigures {
        covered_s: view.covered.as_secs_f64(),
        calls: view.calls,
        errors: view.errors,
        bytes_sent: view.bytes_out,
        bytes_received: view.bytes_in,
        p50_us: latency.as_ref().map(|latency| micros(latency.p50)),
        p95_us: latency.as_ref().map(|latency| micros(latency.p95)),
        p99_us: latency.as_ref().map(|latency| micros(latency.p99)),
    }
}

fn pool(report: &ServerReport<'_>) -> PoolFigures {
    let counters = &report.metrics.pool;
    PoolFigures {
        total: report.pool_total,
        active: report.pool_active,
        idle: report.pool_idle,
        connecting: report.pool_connecting,
        hits_idle: counters.hits_idle,
        hits_shared: counters.hits_shared,
        misses: counters.misses,
        waits: counters.waits,
        elided: counters.elided,
        overflow: counters.overflow,
        rejected: counters.rejected,
        closed: EvictionCause::ALL
            .iter()
            .map(|cause| (cause.name(), counters.evictions_by(*cause)))
            .collect(),
        concurrency: report.concurrency.clone(),
    }
}

fn wire(metrics: &ServerMetrics) -> WireFigures {
    let ((messages_sent, messages_received), (bytes_sent, bytes_received)) =
        (metrics.messages(), metrics.bytes());
    let wire = &metrics.wire;
    WireFigures {
        requests: metrics.requests(),
        replies: metrics.responses(),
        messages_sent,
        messages_received,
        bytes_sent,
        bytes_received,
        notifications: wire.notifications,
        pings: wire.pings,
        junk_lines: wire.junk_lines,
        late_replies: wire.late_replies,
        foreign_replies: wire.foreign_replies,
        duplicate_replies: wire.duplicate_replies,
        dropped: wire.dropped,
        declined: wire.declined,
        paused: wire.paused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Timings;

    const NOW: Time = Time::from_micros(3_600_000_000);

    fn read(report: &ServerReport<'_>) -> serde_json::Value {
        let text = render_json(report, &Percentiles::parse("50,99.99").unwrap(), NOW);
        assert!(!text.contains('\n'), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn numbers_are_numbers_and_what_is_not_known_is_null() {
        let metrics = ServerMetrics::new();
        let json = read(&ServerReport::new("odd \"name\"\n", &metrics));
        assert_eq!(json["name"], "odd \"name\"\n");
        assert_eq!(json["calls"]["attempted"], 0);
        let latency = &json["latency_us"];
        assert_eq!((&latency["count"], latency["p50"].is_null()), (&0.into(), true));
        assert!(latency["p99.99"].is_null() && latency.get("p95").is_none());
        assert!(json["last_error"].is_null() && json["uptime_s"].is_null());
        assert_eq!(json["errors"], serde_json::json!({}));
        assert!(json["windows"]["15m"]["p99_us"].is_null());
        assert_eq!(json["shown"]["window"], "all");
        assert!(json["shown"]["covered_s"].is_null());
    }

    #[test]
    fn calls_and_errors_are_where_they_belong() {
        let mut metrics = ServerMetrics::new();
        let took = Timings { total: Duration::from_millis(5), ..Timings::default() };
        metrics.call_finished(NOW, Outcome::Ok, took);
        metrics.call_finished(NOW, Outcome::Lost, took);
        metrics.pool.evicted(EvictionCause::PeerClosed);
        let report = ServerReport {
            in_flight: 1,
            last_error: Some(("HTTP 502 Bad Gateway: gone", NOW)),
            ..ServerReport::new("x", &metrics)
        };
        let json = read(&report);
        assert_eq!(json["calls"]["attempted"], 3);
        assert_eq!((&json["calls"]["ok"], &json["calls"]["lost"]), (&1.into(), &1.into()));
        assert_eq!(
            (&json["latency_us"]["min"], &json["latency_us"]["max"]),
            (&5000.into(), &5000.into())
        );
        assert_eq!(json["errors"]["lost"]["count"], 1);
        assert_eq!(json["pool"]["closed"]["peer closed"], 1);
        assert_eq!(json["windows"]["1m"]["calls"], 2);
        assert_eq!(json["last_error"]["text"], "HTTP 502 Bad Gateway: gone");
        assert_eq!(json["last_error"]["http_status"], 502);
        assert_eq!(json["shown"]["attempted"], 3);
    }

    #[test]
    fn a_window_is_shown_beside_what_is_counted_since_the_start() {
        let mut metrics = ServerMetrics::new();
        let took = |ms| Timings { total: Duration::from_millis(ms), ..Timings::default() };
        metrics.call_finished(Time::ZERO, Outcome::ToolError, took(900));
        metrics.call_finished(NOW, Outcome::Ok, took(5));
        let period = Period::parse("5m").unwrap();
        let json = read(&ServerReport { period, ..ServerReport::new("x", &metrics) });
        let shown = &json["shown"];
        assert_eq!((&shown["window"], &shown["covered_s"]), (&"5m".into(), &300.0.into()));
        assert_eq!((&shown["attempted"], &shown["errors"]), (&1.into(), &0.into()));
        let p50 = shown["latency_us"]["p50"].as_u64().unwrap();
        assert!((4800..=5200).contains(&p50), "{p50}");
        assert_eq!(shown["latency_us"]["count"], 1);
        assert_eq!(json["calls"]["tool_error"], 1);
        assert_eq!(json["latency_us"]["max"], 900_000);
        assert_eq!(json["latency_us"]["count"], 2);
    }
}
