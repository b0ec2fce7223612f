//! Formats: values, names, and the status line.

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, held, stdio, until};

#[test]
fn formats_have_values_before_during_and_after_calls() {
    let tmux = Setup::new().server("demo", stdio(&[])).server("other", stdio(&[])).start();
    until("the configuration is loaded", || tmux.format("#{mcp_servers}") == "2");
    assert_eq!(tmux.format("#{mcp_inflight}/#{mcp_calls}/#{mcp_errors}"), "0/0/0");
    assert_eq!(tmux.format("#{mcp_state_demo}"), "disconnected");
    let over = tmux.path("over");
    let [ms, until_file] = held(&over);
    let call = tmux.start_call(["demo", "sleep", &ms, &until_file]);
    tmux.until_format("#{mcp_inflight}/#{mcp_state_demo}", "1/connected");
    std::fs::write(&over, "").expect("written");
    let _ = call.wait().ok();
    let _ = tmux.call(["demo", "fail", "message=x"]).fails(1);
    assert_eq!(tmux.format("#{mcp_inflight}/#{mcp_calls}/#{mcp_errors}"), "0/2/1");
    let p95 = tmux.format("#{mcp_p95_demo}");
    assert!(p95.ends_with("ms"), "{p95}");
    assert_eq!(tmux.format("#{mcp_state_other}"), "disconnected", "formats start nothing");
    assert_eq!(tmux.mcp_children().len(), 1);
    tmux.finish();
}

#[test]
fn tmux_lists_the_figures_of_all_servers_with_its_own_formats() {
    let tmux = Tmux::demo();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let all = tmux.run(["display-message", "-a", "-p", "-t", "one:"]).ok();
    for line in ["mcp_servers=1", "mcp_calls=1", "mcp_questions=0", "mcp_state=connected"] {
        assert!(all.lines().any(|shown| shown == line), "{line:?} is missing in {all}");
    }
    // Each has the value that it has by itself.
    for line in all.lines().filter(|line| line.starts_with("mcp_") && line.contains("errors")) {
        let (key, value) = line.split_once('=').expect("a value");
        assert_eq!(tmux.format(&format!("#{{{key}}}")), value, "{key}");
    }
    assert!(all.matches("\nmcp_").count() > 40, "{all}");
    assert!(all.contains("\npane_id=%0\n"), "{all}");
    tmux.finish();
}

#[test]
fn requests_that_nobody_asked_for_are_not_counted() {
    let tmux =
        Setup::new().server("mute", stdio(&["--never-reply", "--only", "tools/list"])).start();
    // The list of tools is fetched for key=value and outlives its caller.
    let _ = tmux.call(["-T", "300", "mute", "echo", "text=x"]).fails(124);
    assert_eq!(tmux.format("#{mcp_inflight}/#{mcp_calls}/#{mcp_errors}"), "0/1/1");
    let report = tmux.run(["mcp-stats", "-v", "mute"]).ok();
    assert!(report.contains("    In Flight: 0\n    Queued: 0\n"), "{report}");
    assert!(report.contains("    Requests Sent: 1\n"), "{report}");
    tmux.finish();
}

#[test]
fn names_with_dashes_and_dots_can_be_written_as_they_are_or_with_underscores() {
    let tmux = Setup::new().server("my-server.v2", stdio(&[])).start();
    let _ = tmux.call(["my-server.v2", "echo", "text=x"]).ok();
    assert_eq!(tmux.format("#{mcp_state_my-server.v2}"), "connected");
    assert_eq!(tmux.format("#{mcp_state_my_server_v2}"), "connected");
    assert!(tmux.format("#{mcp_p95_my-server.v2}").ends_with("ms"));
    assert_eq!(tmux.format("before #{mcp_state_my-server.v2} after"), "before connected after");
    tmux.finish();
}

#[test]
fn unknown_formats_are_empty_and_cut_nothing_off() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.format("a[#{mcp_}#{mcp_bogus}#{mcp_state_}#{mcp_state_nobody}#{mcp_p95_nobody}#{mcp_state_demo_}]b"), "a[]b");
    assert_eq!(tmux.format("#{?mcp_bogus,yes,no}"), "no");
    assert_eq!(tmux.format("#{?#{==:#{mcp_errors},0},none,some}"), "none");
    tmux.finish();
}

#[test]
fn the_status_line_follows_what_happens_by_itself() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set -g status-interval 0")
        .conf("set -g status-right-length 60")
        .conf(
            "set -g status-right '<#{mcp_inflight}|#{mcp_calls}|#{mcp_errors}|#{mcp_state_demo}>'",
        )
        .start();
    let viewer = tmux.view();
    viewer.until("<0|0|0|disconnected>");
    let over = tmux.path("over");
    let [ms, until_file] = held(&over);
    let call = tmux.start_call(["demo", "sleep", &ms, &until_file]);
    viewer.until("<1|1|0|connected>");
    std::fs::write(&over, "").expect("written");
    let _ = call.wait().ok();
    viewer.until("<0|1|0|connected>");
    let _ = tmux.call(["-b", "demo", "exit"]).ok();
    viewer.until("<0|2|1|");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_state_tells_of_a_server_that_does_not_start() {
    let tmux = Setup::new().server("gone", json!({"command": "/does/not/exist"})).start();
    let _ = tmux.call(["gone", "echo", "text=x"]).fails(2);
    assert_eq!(tmux.format("#{mcp_state_gone}"), "failing");
    assert_eq!(tmux.format("#{mcp_errors}"), "1");
    tmux.finish();
}
