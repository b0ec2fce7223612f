//! The pool as a user sees it: in the report, in the server's journal, in processes.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{
    Daemon, Driver, Home, Journal, entry, held, journaled, one, socket, stdio, text_of,
    write_config,
};
use tmcp::client::Event;
use tmcp::error::Kind;

const SLEEP: &str = r#"{"ms":150}"#;

/// Calls that all run at the same time before the first of them ends.
fn together(driver: &mut Driver, journal: &Journal, calls: usize) {
    let file = driver.home.path("over");
    let before = journal.count("sleep");
    let ids: Vec<_> = (0..calls).map(|_| driver.start("s", "sleep", &held(&file))).collect();
    driver.until("all at work", |_| (journal.count("sleep") == before + calls).then_some(()));
    std::fs::write(&file, "").unwrap();
    for id in ids {
        assert!(text_of(&driver.done(id)).starts_with("slept until"));
    }
    std::fs::remove_file(&file).unwrap();
}

/// A client of a scripted daemon with a journal.
fn on_socket(name: &str, args: &[&str], more: &str) -> (Driver, Daemon, Journal) {
    let home = Home::new(name);
    let path = home.path("s.sock");
    let journal = Journal(home.path("journal"));
    let mut all = vec!["--journal", journal.0.to_str().unwrap()];
    all.extend(args);
    let daemon = Daemon::start(&path, &all);
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, more)));
    let mut driver = Driver::at(home);
    driver.ready();
    (driver, daemon, journal)
}

/// Hits and misses add up to the calls that ran.
fn check_sums(driver: &Driver, journal: &Journal) {
    let ran = journal.calls().len() as u64;
    let (hits, misses) = (driver.number("s", "Pool Hits"), driver.number("s", "Pool Misses"));
    assert_eq!(
        hits + misses,
        ran,
        "{}",
        driver.client.stats(Some("s"), tmcp::metrics::Detail::Full).unwrap()
    );
    assert_eq!(driver.number("s", "Requests Sent") - driver.number("s", "Refused"), ran);
    assert_eq!(driver.number("s", "Responses Received"), ran);
    assert_eq!(driver.number("s", "In Flight"), 0);
    assert_eq!(driver.number("s", "Queued"), 0);
}

#[test]
fn the_first_call_is_a_miss_and_the_others_are_hits() {
    for (mut driver, journal, _daemon) in [
        {
            let (driver, journal) = journaled("hits-stdio", &[], "");
            (driver, journal, None)
        },
        {
            let (driver, daemon, journal) = on_socket("hits-socket", &[], "");
            (driver, journal, Some(daemon))
        },
    ] {
        for _ in 0..10 {
            driver.text("s", "echo", r#"{"text":"x"}"#);
        }
        assert_eq!(driver.number("s", "Pool Misses"), 1);
        assert_eq!(driver.number("s", "Pool Hits"), 9);
        assert_eq!(driver.stat("s", "Hit Rate"), "90.0%");
        assert_eq!(driver.number("s", "Total Connections"), 1);
        assert_ne!(driver.stat("s", "Total Time Saved"), "-");
        check_sums(&driver, &journal);
    }
}

#[test]
fn calls_side_by_side_open_connections_up_to_the_size_and_then_overflow() {
    let (mut driver, _daemon, journal) = on_socket("overflow", &[], r#""pool_max_size":3"#);
    let over = driver.home.path("over");
    let ids: Vec<_> = (0..5).map(|_| driver.start("s", "sleep", &held(&over))).collect();
    driver.until("five at work", |_| (journal.count("sleep") == 5).then_some(()));
    assert_eq!(driver.number("s", "In Flight"), 5);
    assert_eq!(driver.number("s", "Total Connections"), 5);
    assert_eq!(driver.number("s", "Overflow"), 2);
    std::fs::write(&over, "").unwrap();
    for id in ids {
        assert!(text_of(&driver.done(id)).starts_with("slept until"));
    }
    assert_eq!(driver.number("s", "Total Connections"), 3, "overflow goes after use");
    assert!(driver.stat("s", "Connections Closed").contains("overflow 2"));
    assert_eq!(driver.number("s", "Pool Misses"), 5);
    check_sums(&driver, &journal);
}

#[test]
fn never_more_than_thirty_two_connections_and_everybody_is_served() {
    let (mut driver, _daemon, journal) = on_socket("ceiling", &[], "");
    let ids: Vec<_> = (0..100).map(|_| driver.start("s", "sleep", r#"{"ms":20}"#)).collect();
    let mut most = 0;
    for id in ids {
        driver.until("a completion", |d| {
            most = most.max(d.number("s", "Total Connections"));
            let ended = |e: &_| matches!(e, Event::Done(done) if done.id == id);
            d.events.iter().any(ended).then_some(())
        });
    }
    assert!((6..=32).contains(&most), "{most} connections");
    assert_eq!(journal.count("sleep"), 100);
    // Those that were opened for calls which others took meanwhile go when they are there.
    driver
        .until("the pool's own size", |d| (d.number("s", "Total Connections") == 5).then_some(()));
    check_sums(&driver, &journal);
}

#[test]
fn a_full_queue_refuses_with_a_clear_error_and_serves_those_who_wait_in_order() {
    let (mut driver, journal) = journaled("queue", &[], r#""max_in_flight":1"#);
    driver.text("s", "echo", r#"{"text":"ready"}"#);
    let first = driver.start("s", "sleep", SLEEP);
    let waiting: Vec<_> =
        (0..128).map(|n| driver.start("s", "echo", &format!("{{\"text\":\"{n}\"}}"))).collect();
    let message = driver.start_error("s", "echo", r#"{"text":"too many"}"#);
    assert_eq!(message, "server 's' is busy: 1 requests are in flight and 128 wait");
    assert_eq!(driver.number("s", "Queued"), 128);
    assert_eq!(driver.number("s", "Rejected"), 1);
    assert_eq!(driver.number("s", "Waits"), 128);
    driver.done(first);
    for (n, id) in waiting.into_iter().enumerate() {
        assert_eq!(text_of(&driver.done(id)), n.to_string());
    }
    let texts: Vec<String> = journal.calls()[2..]
        .iter()
        .map(|call| call["arguments"]["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, (0..128).map(|n| n.to_string()).collect::<Vec<_>>());
    check_sums(&driver, &journal);
}

#[test]
fn many_requests_share_one_process() {
    let (mut driver, journal) = journaled("shared", &[], "");
    let pid = driver.text("s", "pid", "{}");
    together(&mut driver, &journal, 20);
    assert_eq!(driver.number("s", "Total Connections"), 1);
    assert_eq!(driver.number("s", "Shared Hits"), 19);
    let pids: BTreeSet<String> = journal.calls().iter().map(|c| c["pid"].to_string()).collect();
    assert_eq!(pids, BTreeSet::from([pid]));
    check_sums(&driver, &journal);
}

#[test]
fn a_pool_of_processes_is_several_processes() {
    let (mut driver, journal) = journaled("several", &[], r#""pool_max_size":3"#);
    together(&mut driver, &journal, 3);
    let pids: BTreeSet<String> = journal.calls().iter().map(|c| c["pid"].to_string()).collect();
    assert_eq!(pids.len(), 3);
    assert_eq!(driver.number("s", "Overflow"), 0);
    check_sums(&driver, &journal);
}

#[test]
fn the_connection_used_last_is_used_first() {
    let (mut driver, journal) = journaled("lifo", &[], r#""pool_max_size":3"#);
    together(&mut driver, &journal, 3);
    let pids: BTreeSet<String> = (0..10).map(|_| driver.text("s", "pid", "{}")).collect();
    assert_eq!(pids.len(), 1, "one is enough for calls one after the other");
    assert_eq!(driver.number("s", "Idle"), 3);
    check_sums(&driver, &journal);
}

#[test]
fn idle_connections_are_closed_and_counted_and_nobody_is_woken_meanwhile() {
    let (mut driver, _daemon, journal) = on_socket("idle", &[], r#""pool_idle_timeout":1"#);
    together(&mut driver, &journal, 4);
    assert_eq!(driver.number("s", "Idle"), 4);
    let turns = driver.turns_within(Duration::from_millis(500));
    assert!(turns < 10, "{turns} turns while idle");
    driver.until("the eviction", |d| (d.number("s", "Evictions") == 4).then_some(()));
    assert_eq!(driver.stat("s", "Status"), "idle");
    assert_eq!(driver.number("s", "Total Connections"), 0);
    assert_eq!(driver.client.timeout(), None, "an empty pool wants no time");
    driver.text("s", "echo", r#"{"text":"again"}"#);
    assert_eq!(driver.number("s", "Pool Misses"), 5);
    assert_eq!(driver.number("s", "Reconnections"), 0, "it was not lost");
    check_sums(&driver, &journal);
}

#[test]
fn an_idle_timeout_of_zero_keeps_connections() {
    let mut driver = one("forever", &[], r#""pool_idle_timeout":0"#);
    driver.text("s", "pid", "{}");
    assert_eq!(driver.client.timeout(), None);
}

#[test]
fn the_numbers_count_every_kind_of_end() {
    let (mut driver, journal) = journaled("numbers", &[], r#""retry_backoff":1"#);
    for _ in 0..5 {
        driver.text("s", "echo", r#"{"text":"x"}"#);
    }
    driver.call("s", "fail", r#"{"message":"no"}"#);
    assert_eq!(driver.error("s", "boom", "{}").kind(), Kind::Server);
    assert_eq!(driver.error("s", "crash", "{}").kind(), Kind::OutcomeUnknown);
    let id = driver.start("s", "sleep", r#"{"ms":10000}"#);
    driver.until("its start", |_| (journal.count("sleep") == 1).then_some(()));
    assert!(driver.client.cancel(id));
    assert_eq!(journal.calls().len(), 9);
    assert_eq!(driver.number("s", "Requests Sent"), 9);
    assert_eq!(driver.number("s", "Responses Received"), 7);
    assert_eq!(driver.number("s", "Successful Calls"), 5);
    assert_eq!(
        driver.stat("s", "Failed Calls"),
        "3 (tool 1, server 1, timeout 0, lost 1, refused 0)"
    );
    assert_eq!(driver.number("s", "Cancelled"), 1);
    assert_eq!(driver.client.format("mcp_calls").as_deref(), Some("9"));
    assert_eq!(driver.client.format("mcp_errors").as_deref(), Some("3"));
    assert_eq!(driver.client.format("mcp_inflight").as_deref(), Some("0"));
}

#[test]
fn a_server_added_twice_under_two_names_is_two_pools() {
    let home = Home::new("two-names");
    write_config(&home, &format!("{{\"a\":{0},\"b\":{0}}}", entry(&[], "")));
    let mut driver = Driver::at(home);
    assert_ne!(driver.text("a", "pid", "{}"), driver.text("b", "pid", "{}"));
}

#[test]
fn a_process_of_a_new_entry_is_kept_while_the_old_one_finishes() {
    let mut driver = Driver::new("two-entries", &format!("{{\"s\":{}}}", stdio(&[])));
    let slow = driver.start("s", "sleep", r#"{"ms":700}"#);
    driver.until("the old process", |driver| driver.logged("spawned server pid").then_some(()));
    write_config(&driver.home, &format!("{{\"s\":{}}}", stdio(&["--page", "5"])));
    driver.client.reload();
    driver.until("the reload", |driver| {
        let loaded = |event: &Event| matches!(event, Event::ConfigLoaded { .. });
        (driver.events.iter().filter(|event| loaded(event)).count() == 2).then_some(())
    });
    let first = driver.text("s", "pid", "{}");
    let second = driver.text("s", "pid", "{}");
    assert_eq!(first, second);
    assert!(driver.done(slow).outcome.is_ok());
}

#[test]
fn three_hundred_calls_at_once_are_all_served_by_the_connections_of_a_small_pool() {
    let (mut driver, _daemon, journal) = on_socket("crowd", &[], r#""pool_max_size":2"#);
    let ids: Vec<_> = (0..300).map(|_| driver.start("s", "echo", r#"{"text":"x"}"#)).collect();
    for id in ids {
        assert_eq!(text_of(&driver.done(id)), "x");
    }
    check_sums(&driver, &journal);
    assert_eq!(driver.number("s", "Rejected"), 0);
    assert_eq!(driver.number("s", "Errors"), 0);
    assert!(driver.number("s", "Overflow") > 0);
}

#[test]
fn those_who_wait_for_a_list_of_tools_count_among_those_who_wait() {
    let mut driver = one("crowd-list", &["--never-reply", "--only", "tools/list"], "");
    driver.ready();
    let call = || tmcp::client::CallTool {
        server: "s".into(),
        tool: "echo".into(),
        arguments: tmcp::client::Arguments::Pairs(Vec::new()),
        is_unattended: false,
    };
    for _ in 0..128 {
        driver.client.call(call(), None, 0).expect("it may wait");
    }
    let refused = driver.client.call(call(), None, 0).unwrap_err();
    assert_eq!(refused.kind(), Kind::Busy, "{refused}");
    assert!(refused.message().contains("and 128 wait"), "{refused}");
    assert_eq!(driver.number("s", "Rejected"), 1);
    assert_eq!(driver.number("s", "Refused"), 1, "it is among the calls");
}
