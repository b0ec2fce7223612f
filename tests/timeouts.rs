//! Time limits and cancellation: what the caller hears, and what the server does.

mod common;

use std::time::{Duration, Instant};

use common::{Daemon, Driver, Home, Journal, journaled, one, socket, text_of, write_config};
use tmcp::client::{Arguments, CallTool, Event};
use tmcp::error::Kind;

const LONG: &str = r#"{"ms":20000}"#;

fn sleep(ms: u64) -> CallTool {
    let json = format!("{{\"ms\":{ms}}}");
    CallTool {
        server: "s".into(),
        tool: "sleep".into(),
        arguments: Arguments::Json(json),
        is_unattended: false,
    }
}

/// A shell server that answers the handshake and keeps what it hears.
fn listening(name: &str, more: serde_json::Value) -> Driver {
    let home = Home::new(name);
    let heard = home.path("heard");
    let script = format!(
        r#"read a; echo '{{"jsonrpc":"2.0","id":1,"error":{{"code":-32601,"message":"no"}}}}'
        read a; echo '{{"jsonrpc":"2.0","id":2,"result":{{"protocolVersion":"2025-06-18","capabilities":{{}},"serverInfo":{{"name":"x","version":"1"}}}}}}'
        while read -r a; do printf '%s\n' "$a" >> {heard:?}; done"#
    );
    let mut server = serde_json::json!({"command": "sh", "args": ["-c", script]});
    for (key, value) in more.as_object().unwrap() {
        server[key] = value.clone();
    }
    write_config(&home, &serde_json::json!({"s": server}).to_string());
    Driver::at(home)
}

/// What such a server heard with this method.
fn heard(driver: &mut Driver, method: &str) -> serde_json::Value {
    heard_that(driver, method, |_| true)
}

/// The same, if there is something about it, too.
fn heard_that(
    driver: &mut Driver,
    method: &str,
    fits: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    let path = driver.home.path("heard");
    driver.until(method, |_| {
        let text = std::fs::read_to_string(&path).ok()?;
        let mut messages = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        messages.find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            (message["method"] == method && fits(&message)).then_some(message)
        })
    })
}

#[test]
fn the_timeout_of_the_entry_ends_a_call_that_works_and_one_that_waits() {
    let mut driver = one("timeout", &[], r#""timeout":300,"max_in_flight":1"#);
    driver.warm("s");
    let working = driver.start("s", "sleep", LONG);
    let waiting = driver.start("s", "echo", r#"{"text":"x"}"#);
    let error = driver.done(working).outcome.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert_eq!(error.message(), "server 's': timed out after 300 ms ('timeout' of the entry)");
    let done = driver.done(waiting);
    match done.outcome {
        // The server let go of the first call in time, or not.
        Ok(_) => {}
        Err(error) => assert_eq!(
            error.message(),
            "server 's': timed out after 300 ms ('timeout' of the entry) waiting for a connection"
        ),
    }
    assert!(driver.number("s", "Timeouts") >= 1);
}

#[test]
fn the_timeout_of_the_call_wins_over_the_entry_s() {
    let mut driver = one("own-timeout", &[], r#""timeout":60000"#);
    driver.warm("s");
    let timeout = Some(Duration::from_millis(200));
    let id = driver.client.call(sleep(20_000), timeout, 7).unwrap();
    let done = driver.done(id);
    assert_eq!(done.user_data, 7);
    assert!(done.elapsed >= Duration::from_millis(200));
    assert_eq!(done.outcome.unwrap_err().message(), "server 's': timed out after 200 ms");
}

#[test]
fn the_operation_timeout_counts_from_the_sending() {
    let mut driver = one("operation", &["--start-delay", "1500"], r#""operation_timeout":1000"#);
    // The start takes longer than the limit, the call does not.
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
    let error = driver.error("s", "sleep", LONG);
    assert_eq!(error.message(), "server 's': timed out after 1 s (operation_timeout)");
}

#[test]
fn a_server_that_does_not_start_in_time_is_a_timeout() {
    let mut driver = one("slow-start", &["--start-delay", "20000"], r#""timeout":300"#);
    let error = driver.error("s", "echo", r#"{"text":"x"}"#);
    assert_eq!(error.kind(), Kind::Timeout);
    let wanted = "server 's': timed out after 300 ms ('timeout' of the entry), still starting: \
                  no answer to server/discover";
    assert_eq!(error.message(), wanted);
}

#[test]
fn progress_is_told_and_belongs_to_its_call() {
    let mut driver = one("progress", &[], "");
    let a = driver.start("s", "progress", r#"{"steps":5,"delay_ms":30}"#);
    let b = driver.start("s", "progress", r#"{"steps":3,"delay_ms":50}"#);
    assert_eq!(text_of(&driver.done(a)), "5 steps done");
    assert_eq!(text_of(&driver.done(b)), "3 steps done");
    for (id, total) in [(a, 5.0), (b, 3.0)] {
        let steps: Vec<f64> = driver
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Progress(p) if p.id == id => {
                    assert_eq!(p.total, Some(total));
                    assert!(p.message.as_deref().unwrap().starts_with("step "));
                    Some(p.progress)
                }
                _ => None,
            })
            .collect();
        assert_eq!(steps.last(), Some(&total), "{steps:?}");
        assert!(steps.is_sorted());
    }
}

#[test]
fn progress_does_not_extend_the_limit_of_the_whole_call() {
    let mut driver = one("whole", &[], r#""timeout":500"#);
    driver.warm("s");
    let error = driver.error("s", "progress", r#"{"steps":1000,"delay_ms":20}"#);
    assert_eq!(error.message(), "server 's': timed out after 500 ms ('timeout' of the entry)");
}

#[test]
fn a_call_that_times_out_is_cancelled_at_the_server_by_its_id() {
    let mut driver = listening("heard-timeout", serde_json::json!({}));
    // Once another one has arrived, nothing but its own limit is in its way.
    driver.start("s", "first", "{}");
    heard(&mut driver, "tools/call");
    let id = driver.client.call(sleep(1), Some(Duration::from_millis(300)), 0).unwrap();
    assert_eq!(driver.done(id).outcome.unwrap_err().kind(), Kind::Timeout);
    let call = heard_that(&mut driver, "tools/call", |call| call["params"]["name"] == "sleep");
    let cancelled = heard(&mut driver, "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], call["id"]);
    assert_eq!(cancelled["params"]["reason"], "timed out");
    assert!(cancelled.get("id").is_none());
}

#[test]
fn a_cancelled_call_is_never_completed_and_the_server_is_told() {
    let mut driver = listening("heard-cancel", serde_json::json!({}));
    let id = driver.start("s", "anything", "{}");
    let call = heard(&mut driver, "tools/call");
    assert!(driver.client.cancel(id));
    assert!(!driver.client.cancel(id), "it is gone");
    let cancelled = heard(&mut driver, "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], call["id"]);
    driver.turns_within(Duration::from_millis(100));
    assert!(!driver.events.iter().any(|event| matches!(event, Event::Done(_))));
}

#[test]
fn the_server_stops_what_was_cancelled_and_its_slot_is_free_at_once_or_after_a_while() {
    let (mut driver, journal) = journaled("slot", &[], r#""max_in_flight":1"#);
    driver.tools("s");
    let id = driver.start("s", "sleep", LONG);
    driver.until("its start", |_| (journal.count("sleep") == 1).then_some(()));
    let start = Instant::now();
    assert!(driver.client.cancel(id));
    assert_eq!(driver.text("s", "echo", r#"{"text":"next"}"#), "next");
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(driver.number("s", "Restarts"), 0, "a shared process is not killed");
}

#[test]
fn a_cancelled_call_that_had_not_left_is_never_run() {
    let (mut driver, journal) = journaled("unsent", &["--serial"], r#""max_in_flight":1"#);
    driver.tools("s");
    let working = driver.start("s", "sleep", r#"{"ms":300}"#);
    let queued: Vec<_> = (0..10).map(|_| driver.start("s", "upper", r#"{"text":"x"}"#)).collect();
    for id in queued {
        assert!(driver.client.cancel(id));
    }
    assert_eq!(text_of(&driver.done(working)), "slept 300 ms");
    assert_eq!(driver.text("s", "echo", r#"{"text":"last"}"#), "last");
    assert_eq!(journal.count("upper"), 0);
    assert_eq!(driver.number("s", "Cancelled"), 10);
    // Also before there is any connection, or a configuration.
    let (mut driver, journal) = journaled("unsent-early", &[], "");
    let id = driver.start("s", "upper", r#"{"text":"x"}"#);
    assert!(driver.client.cancel(id));
    assert_eq!(driver.text("s", "echo", r#"{"text":"last"}"#), "last");
    assert_eq!(journal.count("upper"), 0);
}

#[test]
fn a_call_that_was_cancelled_after_its_end_but_before_it_was_told_is_not_told() {
    let mut driver = one("ended", &[], "");
    driver.tools("s");
    let id = driver.start("s", "echo", r#"{"text":"x"}"#);
    // The end waits in the client; nobody has pulled it.
    let start = Instant::now();
    while driver.number("s", "Responses Received") == 0 {
        assert!(start.elapsed() < common::PATIENCE);
        common::poll(driver.client.as_raw_fd(), 50);
        driver.client.dispatch(Duration::from_millis(2));
    }
    assert!(driver.client.cancel(id));
    driver.turns_within(Duration::from_millis(50));
    assert!(!driver.events.iter().any(|event| matches!(event, Event::Done(_))));
}

#[test]
fn a_reply_that_comes_too_late_reaches_nobody() {
    let home = Home::new("late");
    let path = home.path("s.sock");
    let journal = Journal(home.path("journal"));
    let args = ["--journal", journal.0.to_str().unwrap(), "--delay", "500"];
    let _daemon = Daemon::start(&path, &[&args[..], &["--only", "tools/call"]].concat());
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, "")));
    let mut driver = Driver::at(home);
    driver.tools("s");
    let late = CallTool {
        server: "s".into(),
        tool: "echo".into(),
        arguments: Arguments::Json(r#"{"text":"late"}"#.into()),
        is_unattended: false,
    };
    let id = driver.client.call(late, Some(Duration::from_millis(200)), 0).unwrap();
    assert_eq!(driver.done(id).outcome.unwrap_err().kind(), Kind::Timeout);
    // The next one is not given the other's answer.
    assert_eq!(driver.text("s", "echo", r#"{"text":"next"}"#), "next");
    driver.until("both ran", |_| (journal.count("echo") == 2).then_some(()));
    driver.until("the late reply", |d| {
        let late = d.number("s", "Late Replies");
        let closed = d.stat("s", "Connections Closed");
        (late == 1 || closed.contains("abandoned 1")).then_some(())
    });
    assert!(!driver.events.iter().any(|event| matches!(event, Event::Done(_))));
}

#[test]
fn a_connection_whose_server_ignores_the_cancellation_is_given_up() {
    let home = Home::new("ignores");
    let path = home.path("s.sock");
    let _daemon = Daemon::start(&path, &["--never-reply", "--only", "tools/call"]);
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, r#""pool_max_size":1"#)));
    let mut driver = Driver::at(home);
    driver.tools("s");
    let id = driver.client.call(sleep(1), Some(Duration::from_millis(100)), 0).unwrap();
    assert_eq!(driver.done(id).outcome.unwrap_err().kind(), Kind::Timeout);
    driver.until("the end of the connection", |d| {
        d.stat("s", "Connections Closed").contains("abandoned 1").then_some(())
    });
    assert_eq!(driver.number("s", "Total Connections"), 0);
}

#[test]
fn an_answer_that_is_there_is_read_before_the_clock_is_asked() {
    let mut driver = one("stopped", &[], r#""timeout":800"#);
    driver.warm("s");
    for _ in 0..3 {
        let id = driver.start("s", "sleep", r#"{"ms":300}"#);
        driver.turn();
        // As if we were stopped: nothing is looked at until its time is over.
        common::poll(driver.client.as_raw_fd(), 10_000);
        while driver.client.timeout() != Some(Duration::ZERO) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(driver.done(id).outcome.is_ok());
    }
}
