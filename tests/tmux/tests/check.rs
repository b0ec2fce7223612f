//! `mcp-check`: the lists pass where all is well, and name what is wrong where it is not.

use std::fs;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Output, Setup, SocketServer, Tmux, stdio, until};

/// Enough calls for every share.
const ENOUGH: usize = 25;

/// What the check prints, with its exit status.
#[track_caller]
fn check<const N: usize>(tmux: &Tmux, words: [&str; N], code: i32) -> String {
    let Output { stdout, stderr, code: ended, .. } =
        tmux.run(["mcp-check"].into_iter().chain(words));
    assert_eq!((ended, stderr.as_str()), (code, ""), "{stdout}");
    stdout
}

/// The line of a title, with the advice below it.
#[track_caller]
fn line<'a>(page: &'a str, title: &str) -> (&'a str, &'a str) {
    let mut lines = page.lines();
    let found = lines.find(|line| line.get(8..).is_some_and(|rest| rest.starts_with(title)));
    let found = found.unwrap_or_else(|| panic!("no {title} in\n{page}"));
    (found.trim(), lines.next().unwrap_or_default().trim())
}

/// The line of a title fails, with these words in it and in the advice.
#[track_caller]
fn assert_fails(page: &str, title: &str, found: &str, advice: &str) {
    let (line, below) = line(page, title);
    assert!(line.starts_with("FAIL"), "{page}");
    assert!(line.contains(found) && below.contains(advice), "{line}\n{below}");
}

#[track_caller]
fn call(tmux: &Tmux, server: &str, times: usize) {
    for _ in 0..times {
        let _ = tmux.call([server, "echo", "text=x"]).ok();
    }
}

#[test]
fn a_server_on_a_socket_that_does_well_passes_both_lists() {
    let setup = Setup::new();
    let server = SocketServer::start(&setup.path("s"), &[]);
    let mut entry = server.entry();
    entry["command"] = stdio(&[])["command"].clone();
    let tmux = setup.server("mem", entry).start();
    // Nothing is known yet, and nothing fails.
    let cold = check(&tmux, [], 0);
    assert!(line(&cold, "Pool Hit Rate").0.starts_with("- "), "{cold}");
    call(&tmux, "mem", ENOUGH);
    let page = check(&tmux, [], 0);
    for title in [
        "Configuration",
        "Socket",
        "Transport",
        "Fallback",
        "Reached",
        "Warm Pool",
        "P95 Latency",
        "Metrics",
        "Leaks",
        "Success Rate",
        "Pool Hit Rate",
        "Evictions",
        "Uptime",
        "Timeouts",
    ] {
        assert!(line(&page, title).0.starts_with("pass"), "{title} in\n{page}");
    }
    assert!(page.ends_with("15 passed, 0 failed, 0 not known\n"), "{page}");
    let setup_alone = check(&tmux, ["-s", "mem"], 0);
    assert!(setup_alone.starts_with("Set-up: mem\n"), "{setup_alone}");
    assert!(!setup_alone.contains("Monitoring"), "{setup_alone}");
    let json: Value = serde_json::from_str(&check(&tmux, ["-jm", "mem"], 0)).unwrap();
    assert_eq!(json[0]["list"], "monitoring");
    assert!(json.as_array().unwrap().iter().all(|line| line["verdict"] == "pass"), "{json}");
    let error = tmux.run(["mcp-check", "nobody"]).fails(1);
    assert!(error.contains("unknown server 'nobody'"), "{error}");
    tmux.finish();
}

#[test]
fn files_that_are_missing_or_broken_fail_with_their_names() {
    let tmux = Setup::new().start();
    assert_fails(&check(&tmux, ["-s"], 1), "Configuration", ": 0 servers", "mcp-import");
    fs::remove_file(tmux.path("home/.claude.json")).unwrap();
    let _ = tmux.run(["mcp-reload"]);
    let page = check(&tmux, ["-s"], 1);
    assert_fails(&page, "Configuration", "No such file or directory", "correct the file");
    tmux.write_config("{\"mcpServers\": {\"a\": ");
    let _ = tmux.run(["mcp-reload"]);
    assert_fails(&check(&tmux, ["-s"], 1), "Configuration", ".claude.json", "correct the file");
    tmux.write_servers(&json!({"odd": {"command": 7}}));
    let _ = tmux.run(["mcp-reload"]);
    let page = check(&tmux, ["-s"], 1);
    assert_fails(&page, "Entry", "'odd'", "correct the entry");
    // That list is not asked for.
    let _ = check(&tmux, ["-m"], 0);
    tmux.finish();
}

#[test]
fn sockets_and_commands_that_are_not_there_fail_before_anybody_calls() {
    let setup = Setup::new();
    let (gone, home) = (setup.path("gone"), setup.path("no-such-place"));
    let tmux = setup
        .server("alone", json!({"socket_path": gone}))
        .server("lost", json!({"command": "no-such-program"}))
        .server("away", json!({"command": "/bin/cat", "cwd": home}))
        .start();
    let alone = check(&tmux, ["alone"], 1);
    assert_fails(&alone, "Socket", "gone: ", "start the server so that it listens");
    let lost = check(&tmux, ["lost"], 1);
    assert_fails(&lost, "Command", "'no-such-program' not found on PATH", "PATH of the entry");
    let away = check(&tmux, ["away"], 1);
    assert_fails(&away, "Command", "no-such-place': no such directory", "cwd");
    assert_eq!(tmux.mcp_children(), [], "nothing was started");
    tmux.finish();
}

#[test]
fn a_server_that_fell_back_and_one_that_cannot_start_fail() {
    let setup = Setup::new();
    let mut fallen = stdio(&[]);
    fallen["transport"] = json!("socket");
    fallen["socket_path"] = json!(setup.path("gone"));
    let tmux = setup
        .server("fallen", fallen)
        .server("broken", json!({"command": "/bin/sh", "args": ["-c", "echo no >&2; exit 3"]}))
        .start();
    call(&tmux, "fallen", 1);
    let page = check(&tmux, ["fallen"], 1);
    assert_fails(&page, "Transport", "stdio (fallback from socket)", "could not be used");
    assert!(line(&page, "Fallback").0.starts_with("pass"), "{page}");
    let _ = tmux.call(["broken", "echo", "text=x"]);
    let page = check(&tmux, ["broken"], 1);
    assert_fails(&page, "Reached", "no", "mend what the error names");
    assert_fails(&page, "Success Rate", "no", "mend what the error names");
    tmux.finish();
}

#[test]
fn slow_calls_timeouts_and_lost_ones_fail_with_what_to_do() {
    let tmux = Setup::new()
        .server("slow", stdio(&[]))
        .server("late", stdio(&[]))
        .server("dying", stdio(&[]))
        .start();
    let running: Vec<_> =
        (0..ENOUGH).map(|_| tmux.start_call(["slow", "sleep", "ms=120"])).collect();
    for call in running {
        let _ = call.wait().ok();
    }
    let page = check(&tmux, ["-m", "slow"], 1);
    assert_fails(&page, "P95 Latency", "ms in the last 15 minutes", "most time is spent");

    let _ = tmux.call(["-T", "100", "late", "sleep", "ms=60000"]).fails(124);
    let page = check(&tmux, ["-m", "late"], 1);
    assert_fails(&page, "Timeouts", "1, the last ", "raise timeout");

    for _ in 0..ENOUGH {
        let _ = tmux.call(["dying", "exit", "code=1"]);
    }
    until("the ends are counted", || tmux.format("#{mcp_failed_lost_dying}") == ENOUGH.to_string());
    let page = check(&tmux, ["dying"], 1);
    assert_fails(&page, "Success Rate", "exit status 1", "mend what the error names");
    assert_fails(&page, "Pool Hit Rate", "50.0% of 50", "the server closed 25 of 25 connections");
    assert_fails(&page, "Uptime", "%", "connections lost");
    tmux.finish();
}

#[test]
fn from_a_key_the_page_is_shown_and_the_command_does_not_stop_others() {
    let tmux = Tmux::demo();
    let viewer = tmux.view();
    let _ = tmux.run(["bind-key", "-n", "F5", "mcp-check -m demo"]).ok();
    viewer.keys(&["F5"]);
    viewer.until("Monitoring: demo");
    drop(viewer);
    tmux.finish();
}
