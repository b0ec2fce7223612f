//! More places for a result to go, and parts of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

#[test]
fn a_message_and_a_window_show_the_result() {
    let setup = Setup::new();
    let pager = setup.path("pager");
    fs::write(&pager, "#!/bin/sh\ncat\nexec sleep 600\n").expect("written");
    fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).expect("executable");
    let tmux = setup
        .server("demo", stdio(&[]))
        .conf("set -g display-time 0")
        .conf("set -g allow-rename off")
        .env("PAGER", pager)
        .start();
    let viewer = tmux.view();
    let _ = tmux.call(["-o", "message", "demo", "echo", "text=one\ntwo #{pid}"]).ok();
    viewer.until("two #{pid}");
    viewer.keys(&["q"]);
    let _ = tmux.call(["-o", "window", "demo", "echo", "text=in a window"]).ok();
    viewer.until("in a window");
    assert_eq!(tmux.format("#{session_windows}"), "2");
    drop(viewer);
    tmux.finish();
}

#[test]
fn sinks_that_need_somebody_say_so() {
    let tmux = Tmux::demo();
    for sink in ["message", "window", "popup"] {
        let error = tmux.call(["-o", sink, "demo", "echo", "text=x"]).fails(1);
        assert!(error.contains(&format!("no client for output: {sink}")), "{error}");
    }
    let error = tmux.call(["-o", "nonsense", "demo", "echo", "text=x"]).fails(1);
    assert!(error.contains("unknown output: nonsense"), "{error}");
    assert!(tmux.journal().is_empty(), "no tool ran");
    tmux.finish();
}

#[test]
fn several_lines_are_pasted_only_where_brackets_are_known() {
    let tmux = Tmux::demo();
    let out = tmux.call(["-o", "pane", "-t", "one:", "demo", "echo", "text=one\ntwo"]);
    assert!(!tmux.pane().contains("two"), "{out:?}");
    let line = "printf '\\033[?2004h'; stty raw -echo; exec cat -v";
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", line]).ok();
    tmux.until_format("#{pane_current_command}", "cat");
    let text = "text=one\ntwo\u{1b}[201~rm";
    let _ = tmux.call(["-o", "pane", "-t", "one:", "demo", "echo", text]).ok();
    until("it is pasted", || tmux.pane().contains("^[[201~"));
    let pane = tmux.pane();
    assert!(pane.contains("^[[200~one^Mtwo\\033[201~rm^[[201~"), "{pane}");
    tmux.finish();
}

#[test]
fn one_field_is_picked_by_a_json_pointer() {
    let tmux = Tmux::demo();
    let pick = |pointer: &str| tmux.call(["-q", pointer, "demo", "rows", "n=3"]);
    assert_eq!(pick("/rows/1/name").ok(), "row 2\n");
    assert_eq!(pick("/rows/0/even").ok(), "false\n");
    let error = pick("/nothing").fails(1);
    assert!(error.contains("nothing in the result at: /nothing"), "{error}");
    assert_eq!(tmux.call(["-q", "/nope", "demo", "fail", "message=sorry"]).fails(1), "sorry\n");
    tmux.finish();
}

#[test]
fn structured_content_is_pretty_or_raw() {
    let tmux = Tmux::demo();
    let pretty = tmux.call(["-p", "demo", "rows", "n=1"]).ok();
    assert!(pretty.lines().count() > 3 && pretty.contains("\"name\": \"row 1\""), "{pretty}");
    let raw = tmux.call(["-j", "demo", "rows", "n=1"]).ok();
    assert_eq!(raw.lines().count(), 1, "{raw}");
    let value: serde_json::Value = serde_json::from_str(&raw).expect("JSON");
    assert_eq!(value["structuredContent"]["rows"][0]["name"], "row 1");
    tmux.finish();
}

#[test]
fn a_long_result_in_view_mode_is_whole_in_a_buffer() {
    let tmux = Tmux::demo();
    let viewer = tmux.view();
    let _ = tmux.call(["-o", "view", "-t", "one:", "demo", "big", "bytes=1000000"]).ok();
    until("view mode opens", || tmux.format("#{pane_mode}") == "view-mode");
    until("the whole is kept", || tmux.buffer("mcp").is_some_and(|text| text.len() == 1_000_000));
    drop(viewer);
    tmux.finish();
}
