//! The recorder, the report and the format values together.

use std::time::Duration;

use super::*;
use crate::time::Time;

fn value(key: &str, report: &ServerReport<'_>, now: Time) -> Option<String> {
    Figures::of(report, now).value(key)
}

/// The detailed example of the layout's specification.
const EXAMPLE: &str = "\
MCP Performance Statistics
==========================
Total Servers: 3

Server: enhanced-memory
  Transport: socket
  Status: connected
  Socket Path: /tmp/enhanced-memory.sock
  Socket FD: 12
  Uptime: 2 hours, 34 minutes
  Last Activity: 5 seconds ago

  Statistics:
    Requests Sent: 1,247
    Responses Received: 1,238
    Errors: 9
    Success Rate: 99%

  Performance:
    Average Latency: 12.3ms
    P95 Latency: 24.1ms
    P99 Latency: 45.7ms

  Socket Statistics:
    Connection Active: yes
    Bytes Sent: 2,847,193
    Bytes Received: 5,124,827

  Pool Statistics:
    Total Connections: 5
    Active: 1
    Idle: 4
    Pool Hits: 1,189
    Pool Misses: 58
    Hit Rate: 95.3%

  Health: healthy
";

/// The pool example of the same specification.
const POOL_EXAMPLE: &str = "\
Server: enhanced-memory
  Pool Statistics:
    Total Connections: 5
    Active: 2
    Idle: 3
    Pool Hits: 847
    Pool Misses: 12
    Evictions: 3
    Hit Rate: 98.6%

  Performance Impact:
    Avg Connection Time Saved: 8.3ms per hit
    Total Time Saved: 7.03 seconds
";

const NOW: Time = Time::from_micros(10_000_000_000);

fn before(seconds: u64) -> Time {
    Time::from_micros(NOW.as_micros() - seconds * 1_000_000)
}

fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn took(total: Duration) -> Timings {
    Timings { total, ..Timings::default() }
}

/// 1,247 calls with the example's mean, P95 and P99.
fn example_metrics() -> ServerMetrics {
    let mut m = ServerMetrics::new();
    m.went_up(before(2 * 3600 + 34 * 60));
    let mut samples = Vec::new();
    samples.extend([45_700; 25]);
    samples.extend([24_100; 60]);
    let rest = 1247 - samples.len() as u64;
    let sum = 12_300 * 1247 - samples.iter().sum::<u64>();
    samples.extend((0..rest).map(|_| sum / rest));
    for (n, sample) in samples.into_iter().enumerate() {
        let outcome = if n < 9 { Outcome::Timeout } else { Outcome::Ok };
        m.call_finished(before(3600), outcome, took(us(sample)));
    }
    m.bytes_sent(before(6), 2_847_193);
    m.bytes_received(before(5), 5_124_827);
    m.pool.hits_idle = 1189;
    m.pool.misses = 58;
    m
}

fn example<'a>(metrics: &'a ServerMetrics) -> ServerReport<'a> {
    ServerReport {
        transport: "socket",
        status: "connected",
        socket_path: Some("/tmp/enhanced-memory.sock"),
        socket_fd: Some(12),
        connection_active: true,
        pool_total: 5,
        pool_active: 1,
        pool_idle: 4,
        ..ServerReport::new("enhanced-memory", metrics)
    }
}

/// The first of `expected` that `text` does not contain as a whole line, in order.
fn missing_line<'a>(text: &str, expected: &'a str) -> Option<&'a str> {
    let mut lines = text.lines();
    expected.lines().find(|wanted| !lines.any(|line| line == *wanted))
}

fn grep<'a>(text: &'a str, words: &[&str]) -> Vec<&'a str> {
    text.lines().filter(|line| words.iter().any(|word| line.contains(word))).collect()
}

fn value_of<'a>(text: &'a str, label: &str) -> &'a str {
    let prefix = format!("{label}: ");
    let mut values = text.lines().filter_map(|line| line.trim_start().strip_prefix(&*prefix));
    let value = values.next().unwrap_or_else(|| panic!("no {label} in\n{text}"));
    assert_eq!(values.next(), None, "{label} occurs twice");
    value
}

#[test]
fn the_detailed_example_comes_out_line_for_line_and_nothing_else_does() {
    let metrics = example_metrics();
    let other = ServerMetrics::new();
    let servers =
        [example(&metrics), ServerReport::new("b", &other), ServerReport::new("c", &other)];
    let text = render(&servers, NOW, Detail::Fixed);
    assert!(text.starts_with(EXAMPLE), "{text}");
    assert_eq!(text.lines().count(), 3 + 3 * (EXAMPLE.lines().count() - 3), "{text}");
    let text = render(&servers, NOW, Detail::Full);
    assert_eq!(missing_line(&text, EXAMPLE), None, "in\n{text}");
    assert_eq!(grep(&text, &["Server: "]).len(), 3);
}

#[test]
fn the_report_of_one_server_is_both_examples_together_and_nothing_else() {
    let metrics = example_metrics();
    let text = render_server(&example(&metrics), NOW, Detail::Fixed);
    let (_, one) = EXAMPLE.split_once("Server: ").unwrap();
    let (before, health) = one.split_once("\n  Health").unwrap();
    let before = before.replace("    Hit Rate", "    Evictions: 0\n    Hit Rate");
    let expected = format!(
        "Server: {before}\n  Performance Impact:\n    Avg Connection Time Saved: -\n    \
         Total Time Saved: -\n\n  Health{health}"
    );
    assert_eq!(text, expected);
}

#[test]
fn extra_lines_come_only_after_the_fixed_lines_of_their_section() {
    let metrics = example_metrics();
    let text = render(&[example(&metrics)], NOW, Detail::Full);
    for section in EXAMPLE.replace("Total Servers: 3", "Total Servers: 1").split("\n\n") {
        let section = section.trim_end();
        if section.contains("Pool Statistics") {
            let (before, after) = section.split_once("    Hit Rate").unwrap();
            let expected = format!("\n\n{before}    Evictions: 0\n    Hit Rate{after}\n");
            assert!(text.contains(&expected), "{expected}\nin\n{text}");
        } else {
            let found = format!("\n\n{text}").contains(&format!("\n\n{section}\n"));
            assert!(found, "{section}\nin\n{text}");
        }
    }
}

#[test]
fn the_pool_example_comes_out_line_for_line_and_without_the_common_header() {
    let mut metrics = ServerMetrics::new();
    metrics.pool.hits_idle = 800;
    metrics.pool.hits_shared = 47;
    metrics.pool.misses = 12;
    for _ in 0..3 {
        metrics.pool.evicted(EvictionCause::Idle);
    }
    metrics.pool.evicted(EvictionCause::Shutdown);
    metrics.connected(before(60), us(8_000), false);
    metrics.connected(before(50), us(8_600), true);
    let report = ServerReport { pool_total: 5, pool_active: 2, pool_idle: 3, ..example(&metrics) };
    let text = render_server(&report, NOW, Detail::Full);
    assert_eq!(missing_line(&text, POOL_EXAMPLE), None, "in\n{text}");
    assert!(text.starts_with("Server: enhanced-memory\n  Transport: "), "{text}");
    let after_fixed = POOL_EXAMPLE.split_once('\n').unwrap().1.split("\n\n");
    for section in after_fixed {
        assert!(text.contains(&format!("\n\n{}\n", section.trim_end())), "{section}\nin\n{text}");
    }
    assert_eq!(
        value_of(&text, "Connections Closed"),
        "idle 3, peer closed 0, error 0, overflow 0, reload 0, shutdown 1, abandoned 0"
    );
    assert_eq!(value_of(&text, "Reconnections"), "1");
}

#[test]
fn the_documented_searches_find_what_they_are_meant_to() {
    let metrics = example_metrics();
    let text = render_server(&example(&metrics), NOW, Detail::Full);
    assert_eq!(
        grep(&text, &["Latency", "Success Rate", "Hit Rate"]),
        [
            "    Success Rate: 99%",
            "    Average Latency: 12.3ms",
            "    P95 Latency: 24.1ms",
            "    P99 Latency: 45.7ms",
            "    Hit Rate: 95.3%",
        ]
    );
    assert_eq!(
        grep(&text, &["P95", "P99", "Average"]),
        ["    Average Latency: 12.3ms", "    P95 Latency: 24.1ms", "    P99 Latency: 45.7ms"]
    );
    let lines: Vec<_> = text.lines().skip_while(|line| !line.contains("Pool Stat")).collect();
    assert_eq!(
        lines[..4],
        ["  Pool Statistics:", "    Total Connections: 5", "    Active: 1", "    Idle: 4"]
    );
}

#[test]
fn what_is_not_known_yet_is_a_dash() {
    let metrics = ServerMetrics::new();
    let text = render_server(&ServerReport::new("new", &metrics), NOW, Detail::Full);
    for label in [
        "Socket Path",
        "Socket FD",
        "Uptime",
        "Last Activity",
        "Uptime Ratio",
        "Success Rate",
        "Average Latency",
        "P95 Latency",
        "P99 Latency",
        "Minimum",
        "Percentile 50",
        "Percentile 99.9",
        "Maximum",
        "Queue Wait",
        "Connect Wait",
        "Server Time",
        "Hit Rate",
        "Avg Connection Time Saved",
        "Total Time Saved",
        "Longest Connect",
    ] {
        assert_eq!(value_of(&text, label), "-", "{label}");
    }
    assert!(!text.contains("0.0ms") && !text.contains("100%"), "{text}");
    assert_eq!(value_of(&text, "Connection Active"), "no");
    assert_eq!(value_of(&text, "Health"), "healthy");
    let failing = ServerReport { status: "failing", ..ServerReport::new("new", &metrics) };
    assert_eq!(value_of(&render_server(&failing, NOW, Detail::Full), "Health"), "unhealthy");
    assert!(render(&[], NOW, Detail::Full).ends_with("Total Servers: 0\n"));
}

#[test]
fn a_fallback_keeps_the_socket_and_the_reason_in_sight() {
    let metrics = ServerMetrics::new();
    let report = ServerReport {
        transport: "stdio (fallback from socket)",
        socket_path: Some("/tmp/x.sock"),
        socket_error: Some("connection refused"),
        pids: vec![12345],
        protocol_version: Some("2025-06-18"),
        ..ServerReport::new("x", &metrics)
    };
    let text = render_server(&report, NOW, Detail::Full);
    assert_eq!(value_of(&text, "Transport"), "stdio (fallback from socket)");
    assert_eq!(value_of(&text, "Socket Path"), "/tmp/x.sock");
    assert_eq!(value_of(&text, "Socket FD"), "-");
    assert_eq!(value_of(&text, "Socket Error"), "connection refused");
    assert_eq!(value_of(&text, "PID"), "12345");
    assert_eq!(value_of(&text, "Protocol"), "2025-06-18");
}

#[test]
fn text_from_outside_brings_no_control_character_and_no_line() {
    let evil = "a\x1b]0;x\x07\nHealth: healthy\r\u{9b}b";
    let metrics = ServerMetrics::new();
    let stderr = [evil.to_owned()];
    let report = ServerReport {
        transport: evil,
        status: evil,
        socket_path: Some(evil),
        socket_error: Some(evil),
        protocol_version: Some(evil),
        last_error: Some((evil, before(180))),
        stderr: &stderr,
        ..ServerReport::new(evil, &metrics)
    };
    let calm = [String::from("x")];
    let plain = ServerReport {
        socket_error: Some("x"),
        protocol_version: Some("x"),
        last_error: Some(("x", before(180))),
        stderr: &calm,
        ..ServerReport::new("x", &metrics)
    };
    let text = render(std::slice::from_ref(&report), NOW, Detail::Full);
    assert!(!text.chars().any(|c| c != '\n' && c.is_control()), "{text:?}");
    assert_eq!(text.lines().count(), render(&[plain], NOW, Detail::Full).lines().count());
    assert!(text.contains("    | a\\033]0;x\\007\\012Health"), "{text}");
    assert!(value_of(&text, "Last Error").ends_with("b (3 minutes ago)"), "{text}");
    assert!(
        !value("state", &report, NOW)
            .unwrap()
            .contains(|c: char| { c.is_control() || c == ' ' || c == '#' || c == ',' })
    );
}

#[test]
fn calls_in_flight_are_attempts_but_no_failures() {
    let mut metrics = ServerMetrics::new();
    for _ in 0..3 {
        metrics.call_finished(NOW, Outcome::Ok, took(us(1000)));
    }
    let report = ServerReport { in_flight: 4, queued: 2, ..ServerReport::new("x", &metrics) };
    let text = render_server(&report, NOW, Detail::Full);
    assert_eq!(value_of(&text, "Requests Sent"), "9");
    assert_eq!(value_of(&text, "Responses Received"), "3");
    assert_eq!(value_of(&text, "Success Rate"), "33%");
    assert_eq!(value_of(&text, "Health"), "healthy");
    assert_eq!(value_of(&text, "Grade"), "few calls");
    assert_eq!(value_of(&text, "Answered 15 min"), "100.0% of 3 calls");
    assert_eq!(value_of(&text, "In Flight"), "4");
    assert_eq!(value_of(&text, "Queued"), "2");
}

#[test]
fn each_outcome_counts_in_its_place() {
    let mut metrics = ServerMetrics::new();
    for (outcome, count) in [
        (Outcome::Ok, 10),
        (Outcome::ToolError, 5),
        (Outcome::ServerError, 1),
        (Outcome::Timeout, 2),
        (Outcome::Cancelled, 3),
        (Outcome::Lost, 2),
        (Outcome::Refused, 7),
        (Outcome::Invalid, 4),
    ] {
        for _ in 0..count {
            metrics.call_finished(NOW, outcome, took(us(1000)));
        }
    }
    metrics.timeout();
    assert_eq!(metrics.latency().count(), 23, "what was not tried is no sample");
    let text = render_server(&ServerReport::new("x", &metrics), NOW, Detail::Full);
    assert_eq!(value_of(&text, "Requests Sent"), "30");
    assert_eq!(value_of(&text, "Responses Received"), "16");
    assert_eq!(value_of(&text, "Errors"), "17");
    assert_eq!(value_of(&text, "Success Rate"), "53%");
    assert_eq!(value_of(&text, "Successful Calls"), "10");
    assert_eq!(
        value_of(&text, "Failed Calls"),
        "17 (tool 5, server 1, timeout 2, lost 2, refused 7)"
    );
    assert_eq!(value_of(&text, "Cancelled"), "3");
    assert_eq!(value_of(&text, "Refused"), "7");
    assert_eq!(value_of(&text, "Invalid"), "4");
    assert_eq!(value_of(&text, "Timeouts"), "3");
    assert_eq!(value_of(&text, "Health"), "unhealthy");
    let view = metrics.windows().view(NOW, Span::One);
    assert_eq!((view.calls, view.errors), (30, 17));
}

#[test]
fn errors_are_listed_by_frequency_with_their_last_time() {
    let mut metrics = ServerMetrics::new();
    metrics.error(before(300), ErrorCategory::Spawn);
    metrics.error(before(120), ErrorCategory::Connect);
    metrics.error(before(1), ErrorCategory::Protocol);
    metrics.call_finished(before(10), Outcome::Timeout, took(us(5)));
    metrics.call_finished(before(5), Outcome::Timeout, took(us(5)));
    let top: Vec<_> = metrics.top_errors().iter().map(|(category, _)| *category).collect();
    assert_eq!(
        top,
        [
            ErrorCategory::Timeout,
            ErrorCategory::Protocol,
            ErrorCategory::Connect,
            ErrorCategory::Spawn
        ]
    );
    let text = render_server(&ServerReport::new("x", &metrics), NOW, Detail::Full);
    assert_eq!(value_of(&text, "Error (timeout)"), "2, last 5 seconds ago");
    assert_eq!(value_of(&text, "Error (spawn)"), "1, last 5 minutes ago");
}

#[test]
fn parts_of_a_call_are_kept_apart() {
    let mut metrics = ServerMetrics::new();
    let first = Timings { total: us(10_000), queue: us(0), connect: us(4000), server: us(6000) };
    let second = Timings { total: us(5000), queue: us(3000), connect: us(0), server: us(2000) };
    let unsent = Timings { total: us(9000), queue: us(9000), ..Timings::default() };
    metrics.call_finished(NOW, Outcome::Ok, first);
    metrics.call_finished(NOW, Outcome::Ok, second);
    metrics.call_finished(NOW, Outcome::Timeout, unsent);
    let text = render_server(&ServerReport::new("x", &metrics), NOW, Detail::Full);
    assert_eq!(value_of(&text, "Queue Wait"), "mean 4.0ms, max 9.0ms");
    assert_eq!(value_of(&text, "Connect Wait"), "mean 4.0ms, max 4.0ms");
    assert_eq!(value_of(&text, "Server Time"), "mean 4.0ms, max 6.0ms");
    assert_eq!(value_of(&text, "Minimum"), "5.0ms");
    assert_eq!(value_of(&text, "Maximum"), "10.0ms");
}

#[test]
fn throughput_comes_from_the_window_and_not_from_the_totals() {
    let mut metrics = ServerMetrics::new();
    metrics.bytes_received(before(3600), 1 << 30);
    for n in 0..600 {
        let now = Time::from_micros(before(60).as_micros() + n * 100_000);
        metrics.request_sent(now, 512);
        metrics.bytes_sent(now, 512);
        metrics.bytes_received(now, 4096);
        metrics.message_received(now);
        metrics.response_received(now);
        metrics.call_finished(now, Outcome::Ok, took(us(900)));
    }
    let report = ServerReport::new("x", &metrics);
    let text = render_server(&report, NOW, Detail::Full);
    assert_eq!(value_of(&text, "Throughput 1 min"), "Messages: 20/sec, Bytes: 45 KB/sec");
    assert_eq!(value_of(&text, "Messages Sent"), "600");
    assert_eq!(value_of(&text, "Messages Received"), "600");
    assert_eq!(value_of(&text, "Requests On Wire"), "600, mean size 512 bytes");
    assert_eq!(value_of(&text, "Replies On Wire"), "600");
    assert!(value_of(&text, "Last 1 min").starts_with("600 calls, 0 errors, 10 calls/sec, p50 0."));
    assert_eq!(value("rate", &report, NOW).as_deref(), Some("10/s"));
    let later = NOW + Duration::from_secs(180);
    assert_eq!(value("rate", &report, later).as_deref(), Some("0/s"));
    let text = render_server(&report, later, Detail::Full);
    assert_eq!(value_of(&text, "Throughput 1 min"), "Messages: 0/sec, Bytes: 0 B/sec");
    assert_eq!(value_of(&text, "Last 1 min"), "0 calls, 0 errors, 0 calls/sec");
    assert!(value_of(&text, "Last 5 min").starts_with("600 calls"), "{text}");
}

#[test]
fn the_uptime_ratio_starts_at_the_first_attempt_and_leaves_idle_time_out() {
    let mut metrics = ServerMetrics::new();
    metrics.went_down(before(1000));
    metrics.went_up(before(900));
    metrics.went_up(before(800));
    assert_eq!(metrics.uptime(NOW), Some(Duration::from_secs(900)));
    let text = render_server(&ServerReport::new("x", &metrics), NOW, Detail::Full);
    assert_eq!(value_of(&text, "Uptime"), "15 minutes, 0 seconds");
    assert_eq!(value_of(&text, "Uptime Ratio"), "90.0%");
    metrics.went_idle(before(700));
    assert_eq!(metrics.uptime(NOW), None);
    let (up, watched) = metrics.uptime_share(NOW);
    assert_eq!((up.as_secs(), watched.as_secs()), (200, 300));
    metrics.went_up(before(100));
    metrics.went_down(before(50));
    let (up, watched) = metrics.uptime_share(NOW);
    assert_eq!((up.as_secs(), watched.as_secs()), (250, 400));
}

#[test]
fn format_values_are_short_plain_words() {
    let metrics = example_metrics();
    let report = ServerReport { in_flight: 2, queued: 1, ..example(&metrics) };
    for (key, shown) in [
        ("state", "connected"),
        ("inflight", "3"),
        ("running", "2"),
        ("queued", "1"),
        ("uptime", "2h34m"),
        ("activity", "5s"),
        ("responses", "1238"),
        ("success_rate", "99%"),
        ("connections", "5"),
        ("bytes_received", "5124827"),
        ("socket_fd", "12"),
        ("calls", "1250"),
        ("errors", "9"),
        ("p95", "24.1ms"),
        ("p99", "45.7ms"),
        ("avg", "12.3ms"),
        ("hit_rate", "95.3%"),
        ("rate", "0/s"),
    ] {
        assert_eq!(value(key, &report, NOW).as_deref(), Some(shown), "{key}");
    }
    assert_eq!(value("p42", &report, NOW), None);
    let fresh = ServerMetrics::new();
    let fresh = ServerReport::new("x", &fresh);
    for key in ["p50", "p95", "p99", "p999", "avg", "hit_rate"] {
        assert_eq!(value(key, &fresh, NOW).as_deref(), Some("-"), "{key}");
    }
}

#[test]
fn a_server_stays_within_its_memory() {
    let unused = ServerMetrics::new();
    assert_eq!(unused.heap_bytes(), 0);
    assert!(size_of::<ServerMetrics>() <= 1024, "{}", size_of::<ServerMetrics>());

    let metrics = example_metrics();
    let beside_windows = metrics.heap_bytes() - metrics.windows().heap_bytes();
    let own = size_of::<ServerMetrics>();
    assert!(own + beside_windows <= 24 << 10, "{}", own + beside_windows);
    assert!(metrics.windows().heap_bytes() > 0);
    assert!(own + metrics.heap_bytes() <= 40 << 10, "{}", own + metrics.heap_bytes());
}

#[test]
fn memory_is_bounded_whatever_the_use() {
    let own = size_of::<ServerMetrics>();
    let mut steady = ServerMetrics::new();
    let mut wild = example_metrics();
    for n in 0..100_000u64 {
        let now = Time::from_micros(NOW.as_micros() + n * 100_000);
        // From 1 ms to 1 s.
        steady.call_finished(now, Outcome::Ok, took(us(1000 << (n % 11))));
        wild.call_finished(now, Outcome::Ok, took(us(n * n)));
        wild.bytes_received(now, 1);
    }
    assert!(own + steady.heap_bytes() <= 24 << 10, "{}", own + steady.heap_bytes());
    assert!(own + wild.heap_bytes() <= 40 << 10, "{}", own + wild.heap_bytes());
}

#[test]
fn extreme_values_do_not_panic() {
    let end = Time::from_micros(u64::MAX);
    let mut metrics = ServerMetrics::new();
    let forever = Timings {
        total: Duration::MAX,
        queue: Duration::MAX,
        connect: Duration::MAX,
        server: Duration::MAX,
    };
    for now in [NOW, Time::ZERO, end, NOW] {
        for _ in 0..2 {
            metrics.call_finished(now, Outcome::Lost, forever);
            metrics.request_sent(now, usize::MAX);
            metrics.bytes_sent(now, usize::MAX);
            metrics.bytes_received(now, usize::MAX);
            metrics.connected(now, Duration::MAX, true);
            metrics.went_up(now);
            metrics.went_down(now);
            metrics.error(now, ErrorCategory::Config);
        }
    }
    metrics.went_up(Time::ZERO);
    metrics.pool.hits_idle = u64::MAX;
    metrics.pool.hits_shared = u64::MAX;
    metrics.pool.misses = u64::MAX;
    let report = ServerReport {
        pool_total: usize::MAX,
        in_flight: usize::MAX,
        queued: usize::MAX,
        last_error: Some(("", end)),
        ..ServerReport::new("", &metrics)
    };
    for now in [Time::ZERO, NOW, end] {
        let text = render(std::slice::from_ref(&report), now, Detail::Full);
        assert!(text.contains("Total Servers: 1"));
        for key in Figures::keys() {
            assert!(value(&key, &report, now).is_some());
        }
    }
}

#[test]
fn the_status_of_http_is_found_in_an_error() {
    for (error, status) in [
        ("HTTP 404 Not Found: there is no MCP server", Some(404)),
        ("http h:80: the proxy: HTTP 407", Some(407)),
        ("the server does not speak HTTP", None),
        ("HTTP 4041", None),
        ("HTTP is HTTP 40", None),
        ("HTTP \u{fc}\u{fc} HTTP 500 x", Some(500)),
    ] {
        assert_eq!(report::http_status(error), status, "{error}");
    }
}
