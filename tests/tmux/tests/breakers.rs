//! Servers that fail: people are let through, hooks are told when to try again.

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

/// One server that never starts, and one that does.
fn failing(more: &str) -> Tmux {
    Setup::new()
        .server("demo", stdio(&[]))
        .server("gone", json!({"command": "/does/not/exist", "retry_attempts": 0}))
        .conf("set-hook -g mcp-breaker-changed { set -gF @told '#{@told}+#{mcp_server}:#{mcp_breaker}' }")
        .conf(more)
        .start()
}

#[track_caller]
fn person_fails(tmux: &Tmux) {
    let error = tmux.call(["gone", "echo", "text=x"]).fails(2);
    assert!(error.contains("/does/not/exist"), "a person sees the real error: {error}");
    assert!(!error.contains("left alone"), "{error}");
}

#[test]
fn people_see_the_real_error_and_hooks_are_told_when_to_try_again() {
    let tmux = failing("set-hook -g after-rename-window 'mcp-call gone echo text=hook'");
    tmux.until_format("#{mcp_breaker_gone}/#{mcp_retry_after_gone}", "closed/0");
    for _ in 0..3 {
        person_fails(&tmux);
    }
    let state = tmux.format("#{mcp_breaker_gone}");
    assert!(["open", "half-open"].contains(&&*state), "{state}");
    until("the hook ran", || tmux.format("#{@told}") == "+gone:open");
    // It stays so: one way or the other, nothing changes for people.
    for _ in 0..3 {
        person_fails(&tmux);
    }
    let error = tmux.run(["rename-window", "-t", "one:", "other"]).fails(1);
    let wanted = "server 'gone' is left alone for now: it failed soon after its start 3 times; try again in ";
    assert!(error.starts_with(wanted), "{error}");
    let report = tmux.run(["mcp-stats", "-v", "gone"]).ok();
    assert!(report.contains("it failed soon after its start 3 times), opened 1 times"), "{report}");
    let figures: Value = serde_json::from_str(&tmux.run(["mcp-stats", "-j", "gone"]).ok()).unwrap();
    assert_eq!(figures["breaker"]["opened"], 1, "{figures}");
    assert_ne!(figures["breaker"]["state"], "closed", "{figures}");
    // Other servers have breakers of their own.
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    assert_eq!(tmux.format("#{mcp_breaker_demo}"), "closed");
    tmux.finish();
}

#[test]
fn an_option_switches_all_breakers_off() {
    let tmux = failing("set -g mcp-breaker-failures 0");
    for _ in 0..8 {
        person_fails(&tmux);
    }
    assert_eq!(tmux.format("#{mcp_breaker_gone}#{@told}"), "closed");
    tmux.finish();
}

#[test]
fn a_server_that_is_back_is_called_again() {
    let tmux = failing("set -g @none ''");
    for _ in 0..3 {
        // The process ends while the call is under way.
        let _ = tmux.call(["demo", "crash"]).fails(2);
    }
    until("it is left alone", || tmux.format("#{@told}") == "+demo:open");
    // A person is let through, and the answer ends it.
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    assert_eq!(tmux.format("#{mcp_breaker_demo}"), "closed");
    until("the hook ran again", || tmux.format("#{@told}") == "+demo:open+demo:closed");
    tmux.finish();
}

#[test]
fn calls_that_may_have_run_are_listed_and_counted_and_run_once() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.run(["mcp-jobs", "-u"]).ok(), "");
    assert_eq!(tmux.run(["mcp-jobs", "-uj"]).ok(), "[]\n");
    let _ = tmux.call(["demo", "crash"]).fails(2);
    let line = tmux.run(["mcp-jobs", "-u"]).ok();
    assert!(line.contains(": demo crash ") && line.contains("outcome unknown"), "{line}");
    let rows: Value = serde_json::from_str(&tmux.run(["mcp-jobs", "-uj"]).ok()).unwrap();
    assert_eq!((&rows[0]["server"], &rows[0]["tool"]), (&json!("demo"), &json!("crash")));
    assert!(rows[0]["ago_us"].is_u64() && rows[0]["elapsed_us"].is_u64(), "{rows}");
    assert_eq!(tmux.run(["mcp-jobs", "-uF", "#{mcp_tool}"]).ok(), "crash\n");
    assert_eq!(tmux.format("#{mcp_outcome_unknown_demo}"), "1");
    assert!(tmux.run(["mcp-stats", "-v", "demo"]).ok().contains("Outcome Unknown: 1"));
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    assert_eq!(tmux.journal(), ["crash", "echo"], "it is not repeated");
    tmux.finish();
}
