//! Each line of both lists, passing, failing and not known.

use std::time::Duration;

use super::*;
use crate::metrics::{ErrorCategory, EvictionCause, Outcome, ServerMetrics, ServerReport, Timings};

const NOW: Time = Time::from_micros(100_000_000_000);

fn before(seconds: u64) -> Time {
    Time::from_micros(NOW.as_micros() - seconds * 1_000_000)
}

fn local() -> EntryFacts {
    EntryFacts { is_local: true, pool_max_size: 5, ..EntryFacts::default() }
}

/// A server with as many calls, each with this outcome and time in the server.
fn called(calls: u64, outcome: Outcome, millis: u64) -> ServerMetrics {
    let mut metrics = ServerMetrics::new();
    metrics.went_up(before(60));
    let took = Duration::from_millis(millis);
    for _ in 0..calls {
        let timings = Timings { total: took, server: took, ..Timings::default() };
        metrics.call_finished(before(10), outcome, timings);
        metrics.pool.hits_idle += 1;
    }
    metrics
}

#[track_caller]
fn line(list: Checklist, title: &str, metrics: &ServerMetrics, facts: &EntryFacts) -> Check {
    let mut report = ServerReport::new("docs", metrics);
    report.status = "connected";
    report.connection_active = true;
    report.pool_total = 1;
    report.pool_idle = 1;
    find(list, title, &report, facts)
}

#[track_caller]
fn find(list: Checklist, title: &str, report: &ServerReport<'_>, facts: &EntryFacts) -> Check {
    let checks = list.check(report, facts, NOW);
    checks.into_iter().find(|check| check.title == title).expect("a line of this title")
}

#[track_caller]
fn assert_fails(check: &Check, found: &str, advice: &str) {
    let CheckVerdict::Fail(given) = &check.verdict else { panic!("does not fail: {check:?}") };
    assert!(check.found.contains(found), "{check:?}");
    assert!(given.contains(advice), "{check:?}");
}

#[test]
fn a_server_that_does_well_passes_every_line() {
    let metrics = called(30, Outcome::Ok, 3);
    let facts = EntryFacts { socket: Some(Ok(())), command: Some(Ok(())), ..local() };
    let mut report = ServerReport::new("docs", &metrics);
    report.status = "connected";
    report.transport = "socket";
    report.connection_active = true;
    for list in Checklist::ALL {
        for check in list.check(&report, &facts, NOW) {
            assert_eq!(check.verdict, CheckVerdict::Pass, "{check:?}");
        }
    }
}

#[test]
fn what_nobody_used_is_not_known_and_fails_nothing() {
    let metrics = ServerMetrics::new();
    let report = ServerReport::new("docs", &metrics);
    let mut page = CheckPage::default();
    for list in Checklist::ALL {
        page.add(list, "docs", list.check(&report, &local(), NOW));
    }
    assert_eq!(page.failed(), 0, "{}", page.text());
    assert!(page.text().contains("0 calls, 20 are needed"), "{}", page.text());
}

#[test]
fn calls_without_an_answer_count_against_it_and_errors_of_tools_do_not() {
    let lost = called(30, Outcome::Lost, 3);
    let check = line(Checklist::Monitoring, "Success Rate", &lost, &local());
    assert_fails(
        &check,
        "0.0% of 30 calls in the last 15 minutes",
        "'lost' (30, the last 10 seconds",
    );
    let refused_by_tools = called(30, Outcome::ToolError, 3);
    let check = line(Checklist::Monitoring, "Success Rate", &refused_by_tools, &local());
    assert_eq!(check.verdict, CheckVerdict::Pass);
    let few = called(19, Outcome::Lost, 3);
    let check = line(Checklist::Monitoring, "Success Rate", &few, &local());
    assert_eq!(check.verdict, CheckVerdict::Unknown);
}

#[test]
fn ninety_five_percent_is_not_more_than_ninety_five() {
    let mut metrics = called(95, Outcome::Ok, 3);
    for _ in 0..5 {
        metrics.call_finished(before(5), Outcome::Lost, Timings::default());
    }
    let check = line(Checklist::Monitoring, "Success Rate", &metrics, &local());
    assert_fails(&check, "95.0% of 100 calls", "mcp-stats -v");
}

#[test]
fn a_low_hit_rate_is_told_with_its_cause() {
    let mut metrics = called(20, Outcome::Ok, 3);
    metrics.pool.misses = 20;
    metrics.pool.overflow = 12;
    let title = "Pool Hit Rate";
    let check = line(Checklist::Monitoring, title, &metrics, &local());
    assert_fails(&check, "50.0% of 40 requests", "raise pool_max_size (now 5): 12");
    for _ in 0..3 {
        metrics.pool.evicted(EvictionCause::Idle);
    }
    let check = line(Checklist::Monitoring, title, &metrics, &local());
    assert_fails(&check, "50.0%", "raise pool_idle_timeout");
    for _ in 0..4 {
        metrics.pool.evicted(EvictionCause::PeerClosed);
    }
    let check = line(Checklist::Monitoring, title, &metrics, &local());
    assert_fails(&check, "50.0%", "the server closed 4 of 7 connections");
    // 83 % are enough for the list of the set-up and not for the other.
    let mut metrics = called(83, Outcome::Ok, 3);
    metrics.pool.misses = 17;
    assert_eq!(line(Checklist::Setup, "Warm Pool", &metrics, &local()).verdict, CheckVerdict::Pass);
    assert_fails(&line(Checklist::Monitoring, title, &metrics, &local()), "83.0%", "pool_max_size");
}

#[test]
fn slow_calls_are_told_with_where_their_time_goes() {
    let metrics = called(30, Outcome::Ok, 60);
    for list in Checklist::ALL {
        let check = line(list, "P95 Latency", &metrics, &local());
        assert_fails(&check, "ms", "most time is spent in the server");
        let far = EntryFacts { is_local: false, ..local() };
        assert_eq!(line(list, "P95 Latency", &metrics, &far).verdict, CheckVerdict::Unknown);
    }
    let mut queued = ServerMetrics::new();
    for _ in 0..20 {
        let timings = Timings {
            total: Duration::from_millis(80),
            queue: Duration::from_millis(75),
            server: Duration::from_millis(5),
            ..Timings::default()
        };
        queued.call_finished(before(1), Outcome::Ok, timings);
    }
    let check = line(Checklist::Monitoring, "P95 Latency", &queued, &local());
    assert_fails(&check, "ms", "raise pool_max_size or max_in_flight");
}

#[test]
fn evictions_uptime_and_timeouts_have_their_limits() {
    let mut metrics = called(1, Outcome::Ok, 1);
    for _ in 0..10 {
        metrics.pool.evicted(EvictionCause::Idle);
    }
    let check = line(Checklist::Monitoring, "Evictions", &metrics, &local());
    assert_fails(&check, "10.0 an hour", "raise pool_idle_timeout");

    let mut metrics = ServerMetrics::new();
    metrics.went_up(before(100));
    metrics.went_down(before(98));
    metrics.restart();
    let check = line(Checklist::Monitoring, "Uptime", &metrics, &local());
    assert_fails(&check, "2.0%", "starts after a loss: 1");

    let mut metrics = called(1, Outcome::Ok, 1);
    metrics.call_finished(before(3599), Outcome::Timeout, Timings::default());
    let check = line(Checklist::Monitoring, "Timeouts", &metrics, &local());
    assert_fails(&check, "1, the last 59 minutes", "raise timeout");
    let mut metrics = called(1, Outcome::Ok, 1);
    metrics.call_finished(before(3700), Outcome::Timeout, Timings::default());
    let check = line(Checklist::Monitoring, "Timeouts", &metrics, &local());
    assert_eq!(check.verdict, CheckVerdict::Pass);
    assert_eq!(metrics.errors_by(ErrorCategory::Timeout).count, 1);
}

#[test]
fn a_server_that_cannot_be_reached_fails_with_its_error() {
    let metrics = ServerMetrics::new();
    let mut report = ServerReport::new("docs", &metrics);
    report.status = "failing";
    report.last_error = Some(("connection refused\u{1b}[2J", before(1)));
    assert_fails(
        &find(Checklist::Setup, "Reached", &report, &local()),
        "connection refused",
        "next call",
    );
    let check = find(Checklist::Monitoring, "Success Rate", &report, &local());
    assert_fails(&check, "connection refused", "next call");
    assert!(!check.found.contains('\u{1b}'), "{check:?}");
    assert_fails(
        &find(Checklist::Monitoring, "Uptime", &report, &local()),
        "never ran",
        "mcp-stats",
    );
}

#[test]
fn the_entry_its_socket_and_its_command_are_looked_at() {
    let metrics = ServerMetrics::new();
    let mut report = ServerReport::new("docs", &metrics);
    report.transport = "stdio (fallback from socket)";
    report.socket_error = Some("connection refused");
    let facts = EntryFacts {
        socket: Some(Err("/s: connection refused".into())),
        command: Some(Err("command 'x' not found on PATH".into())),
        ..local()
    };
    assert_fails(&find(Checklist::Setup, "Socket", &report, &facts), "/s: ", "start the server");
    assert_fails(&find(Checklist::Setup, "Fallback", &report, &facts), "'x' not found", "PATH");
    report.connection_active = true;
    assert_fails(&find(Checklist::Setup, "Transport", &report, &facts), "fallback", "refused");
    // Without a socket the command is no fallback.
    let facts = EntryFacts { socket: None, ..facts };
    assert_fails(&find(Checklist::Setup, "Command", &report, &facts), "'x' not found", "PATH");
}

#[test]
fn a_pool_with_more_connections_than_are_known_is_a_fault_of_ours() {
    let metrics = ServerMetrics::new();
    let mut report = ServerReport::new("docs", &metrics);
    report.pool_active = 2;
    report.pool_total = 1;
    assert_fails(&find(Checklist::Setup, "Leaks", &report, &local()), "1 open", "report it");
    let mut opened = ServerMetrics::new();
    opened.connected(before(5), Duration::from_millis(1), false);
    opened.connected(before(4), Duration::from_millis(1), false);
    let mut report = ServerReport::new("docs", &opened);
    report.pool_total = 1;
    assert_fails(&find(Checklist::Setup, "Leaks", &report, &local()), "1 open", "report it");
}

#[test]
fn the_page_has_a_line_for_each_and_json_the_same() {
    let mut page = CheckPage::default();
    page.add_configuration("read /c: 1 server".into(), false, 1);
    page.add_unused("bad", "server 'bad': no command".into());
    page.add(Checklist::Monitoring, "docs", vec![Check::unknown("Uptime", "it was not used yet")]);
    assert_eq!(
        page.text(),
        "Files:\n  pass  Configuration  read /c: 1 server\n\
         Set-up: bad\n  FAIL  Entry          server 'bad': no command\n        \
         correct the entry, then run mcp-reload\n\
         Monitoring: docs\n  -     Uptime         it was not used yet\n\
         1 passed, 1 failed, 1 not known\n"
    );
    let json: serde_json::Value = serde_json::from_str(&page.json()).unwrap();
    assert_eq!(json[0]["server"], serde_json::Value::Null);
    assert_eq!(json[1]["verdict"], "fail");
    assert_eq!(json[1]["advice"], "correct the entry, then run mcp-reload");
    assert_eq!(json[2]["list"], "monitoring");
}
