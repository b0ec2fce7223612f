//! What a server may do to a stream, and what becomes of the calls.

mod common;

use std::time::Duration;

use common::{Driver, Home, entry, journaled, one, write_config};
use tmcp::client::Reply;
use tmcp::error::Kind;

const ECHO: &str = r#"{"text":"häl\"lo"}"#;

fn echoes(driver: &mut Driver, what: &str) {
    for _ in 0..3 {
        assert_eq!(driver.text("s", "echo", ECHO), "häl\"lo", "{what}");
    }
}

#[test]
fn odd_framing_is_read_in_both_eras() {
    for era in ["legacy", "modern"] {
        for switches in [
            &["--crlf"][..],
            &["--bom"],
            &["--junk", "3"],
            &["--split", "1"],
            &["--split", "7"],
            &["--batch"],
            &["--ids", "float"],
            &["--ids", "string"],
            &["--ping-on-init"],
            &["--crlf", "--bom", "--split", "3", "--junk", "1"],
        ] {
            let mut args = vec!["--era", era];
            args.extend(switches);
            echoes(&mut one("framing", &args, ""), &format!("{args:?}"));
        }
    }
}

#[test]
fn junk_between_the_replies_is_skipped_and_counted() {
    let mut driver = one("junk", &["--junk", "2", "--only", "tools/call"], "");
    echoes(&mut driver, "junk");
    assert_eq!(driver.number("s", "Junk Lines"), 6);
    assert!(driver.logged("s sent a line that is no message"));
}

#[test]
fn a_reply_that_comes_twice_is_delivered_once() {
    let mut driver = one("duplicate", &["--duplicate", "--only", "tools/call"], "");
    echoes(&mut driver, "duplicate");
    driver.until("the duplicates", |d| (d.number("s", "Duplicate Replies") == 3).then_some(()));
    assert!(driver.events.iter().all(|event| !format!("{event:?}").contains("Done")));
}

#[test]
fn the_answer_to_somebody_else_s_question_reaches_nobody() {
    let mut driver = one("foreign", &["--foreign", "--only", "tools/call"], "");
    echoes(&mut driver, "foreign");
    assert_eq!(driver.number("s", "Foreign Replies"), 3);
}

#[test]
fn replies_out_of_order_reach_their_callers() {
    let mut driver = one("reorder", &["--reorder", "--only", "tools/call"], "");
    let calls: Vec<_> = (0..20)
        .map(|n| (n, driver.start("s", "echo", &format!("{{\"text\":\"call {n}\"}}"))))
        .collect();
    for (n, id) in calls {
        let done = driver.done(id);
        assert_eq!(common::text_of(&done), format!("call {n}"));
    }
}

#[test]
fn a_reply_with_result_and_error_is_an_error() {
    let mut driver = one("both", &["--both", "--only", "tools/call"], "");
    let error = driver.error("s", "echo", ECHO);
    assert!(matches!(error.kind(), Kind::Server | Kind::Protocol), "{error:?}");
}

#[test]
fn half_a_reply_and_the_end_leaves_the_outcome_unknown_and_the_call_run_once() {
    let (mut driver, journal) = journaled("half", &["--half", "--only", "tools/call"], "");
    let error = driver.error("s", "echo", ECHO);
    assert_eq!(error.kind(), Kind::OutcomeUnknown, "{error}");
    assert!(error.message().starts_with("server 's': outcome unknown, the call may have run"));
    driver.turns_within(Duration::from_millis(300));
    assert_eq!(journal.count("echo"), 1);
}

#[test]
fn a_reply_that_lacks_only_its_newline_is_a_reply() {
    // What `exit` leaves behind is the end of the stream; a last line without
    // its newline has been said all the same.
    let script = r#"read a; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
        read a; echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}'
        read a; read a; printf '%s' '{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"last words"}]}}'"#;
    let servers = serde_json::json!({"s": {"command": "sh", "args": ["-c", script]}});
    let mut driver = Driver::new("no-newline", &servers.to_string());
    assert_eq!(driver.text("s", "anything", "{}"), "last words");
}

#[test]
fn garbage_only_is_a_timeout_that_harms_nobody_else() {
    let home = Home::new("garbage");
    let bad = entry(&["--garbage", "--only", "tools/call"], r#""timeout":300"#);
    write_config(&home, &format!("{{\"s\":{bad},\"good\":{}}}", entry(&[], "")));
    let mut driver = Driver::at(home);
    driver.warm("s");
    let id = driver.start("s", "echo", ECHO);
    assert_eq!(driver.text("good", "echo", r#"{"text":"fine"}"#), "fine");
    let error = driver.done(id).outcome.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert!(driver.number("s", "Junk Lines") >= 1);
    assert_eq!(driver.number("s", "Timeouts"), 1);
}

#[test]
fn a_program_that_is_no_server_at_all_is_a_clear_error() {
    for (command, args) in [("yes", vec!["no"]), ("cat", vec!["/dev/zero"]), ("cat", vec![])] {
        let servers = serde_json::json!({"s": {"command": command, "args": args,
            "timeout": 500, "retry_attempts": 0}});
        let mut driver = Driver::new("no-server", &servers.to_string());
        let done = driver.call("s", "echo", ECHO);
        let error = done.outcome.expect_err(command);
        assert!(error.message().starts_with("server 's': "), "{command}: {error}");
    }
}

#[test]
fn a_server_that_never_replies_is_timed_out_without_spinning() {
    let mut driver = one("mute", &["--never-reply", "--only", "tools/call"], "");
    assert_eq!(driver.tools("s").len(), 28);
    let id = driver.start("s", "echo", ECHO);
    let turns = driver.turns_within(Duration::from_millis(400));
    assert!(turns < 50, "{turns} turns for nothing");
    assert!(driver.client.cancel(id));
}

#[test]
fn a_server_that_stops_reading_holds_up_neither_the_loop_nor_the_others() {
    let home = Home::new("stopped");
    let bad = entry(&["--stop-reading"], r#""timeout":1500"#);
    write_config(&home, &format!("{{\"s\":{bad},\"good\":{}}}", entry(&[], "")));
    let mut driver = Driver::at(home);
    assert_eq!(driver.text("good", "echo", ECHO), "häl\"lo");
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(1 << 20));
    let calls: Vec<_> = (0..8).map(|_| driver.start("s", "echo", &large)).collect();
    let turns = driver.turns_within(Duration::from_millis(500));
    assert!(turns < 100, "{turns} turns for a stream that is full");
    assert_eq!(driver.text("good", "echo", ECHO), "häl\"lo");
    for id in calls {
        let error = driver.done(id).outcome.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
    }
}

#[test]
fn a_megabyte_goes_there_and_comes_back() {
    let mut driver = one("large", &[], "");
    let text = "0123456789abcdef".repeat(1 << 16);
    let done = driver.call("s", "echo", &format!("{{\"text\":\"{text}\"}}"));
    assert!(common::text_of(&done) == text);
    let done = driver.call("s", "big", r#"{"bytes":15000000}"#);
    assert!(matches!(done.outcome, Ok(Reply::Tool { result, .. }) if result.len() > 15_000_000));
}
