//! Big results: nothing hangs, nothing is lost, what is cut says where the rest is.

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, Viewer, stdio, until};

/// Goes to the last line until it is this one: lines are added a few at a time.
#[track_caller]
fn at_the_end(tmux: &Tmux, viewer: &Viewer<'_>, text: &str) {
    until(&format!("the last line is {text}"), || {
        let _ = tmux.run(["send-keys", "-t", "one:", "-X", "history-bottom"]).ok();
        viewer.screen().contains(text)
    });
}

#[test]
fn ten_megabytes_reach_standard_output_whole() {
    let tmux = Tmux::demo();
    for bytes in [1_000_000, 10_000_000] {
        let call = tmux.start_call(["demo", "big", &format!("bytes={bytes}")]);
        let output = call.wait().ok();
        assert_eq!(output.len(), bytes + 1);
        assert!(output.starts_with("0123456789abcdef0123"));
    }
    tmux.finish();
}

#[test]
fn a_client_that_does_not_read_its_big_result_holds_nobody_up() {
    let tmux = Tmux::demo();
    let mut command = tmux.command(["mcp-call", "demo", "big", "bytes=10000000"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    until("the call has run", || tmux.format("#{mcp_calls}/#{mcp_inflight}") == "1/0");
    let mut control = tmux.control();
    for _ in 0..50 {
        control.round_trip();
    }
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    control.round_trip();
    drop(control);
    tmux.lives();
    tmux.finish();
}

#[test]
fn view_mode_shows_a_part_and_says_where_the_rest_is() {
    let tmux = Tmux::demo();
    let lines: String = (0..5000).map(|n| format!("line {n}\n")).collect();
    let file = tmux.path("home/args.json");
    std::fs::write(&file, json!({"text": lines}).to_string()).expect("written");
    let _ = tmux
        .run(["bind-key", "-n", "C-g", "mcp-call", "-i", &file.to_string_lossy(), "demo", "echo"])
        .ok();
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("line 0");
    at_the_end(&tmux, &viewer, &format!("[cut: all {} bytes are in buffer mcp]", lines.len()));
    assert_eq!(tmux.buffer("mcp").as_deref(), Some(lines.as_str()));
    drop(viewer);
    tmux.finish();
}

#[test]
fn one_long_line_of_ten_megabytes_opens_in_view_mode() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "big", "bytes=10000000"]).ok();
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("0123456789abcdef");
    at_the_end(&tmux, &viewer, "[cut: all 10000000 bytes are in buffer mcp]");
    let mut control = tmux.control();
    control.round_trip();
    drop(control);
    let size = tmux.run(["list-buffers", "-F", "#{buffer_name} #{buffer_size}"]).ok();
    assert!(size.contains("mcp 10000000"), "{size}");
    viewer.keys(&["q"]);
    tmux.until_format("#{pane_in_mode}", "0");
    drop(viewer);
    tmux.finish();
}

#[test]
fn control_mode_gets_a_part_and_the_buffer() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let _ = control.command("mcp-call demo big bytes=3000000");
    let late = control.late(1);
    assert_eq!(
        late[0].lines.last().map(String::as_str),
        Some("[cut: all 3000000 bytes are in buffer mcp]")
    );
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn a_big_result_is_cut_in_the_formats_of_a_follow_up() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let _ =
        control.command("mcp-call demo big bytes=1000000 { set-option -gF @n '#{n:mcp_result}' }");
    until("the commands ran", || tmux.format("#{@n}") == "65536");
    assert_eq!(tmux.buffer("mcp").map(|text| text.len()), Some(1_000_000));
    drop(control);
    tmux.finish();
}

#[test]
fn a_line_above_the_limit_is_an_error_and_not_the_end() {
    let tmux = Setup::new()
        .server("demo", stdio(&["--huge-line", "100000000", "--only", "tools/call", "--skip", "1"]))
        .start();
    let _ = tmux.call(["demo", "echo", "{\"text\":\"x\"}"]).ok();
    let output = tmux.call(["-T", "30000", "demo", "echo", "{\"text\":\"x\"}"]);
    let error = output.fails(2);
    assert!(error.contains("'demo'"), "{error}");
    tmux.lives();
    tmux.finish();
}
