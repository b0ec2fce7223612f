//! Where results open, and what they leave alone: the pane of the key press, windows and
//! popups of their own, and hands that type.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use tmcp_tmux_tests::{Tmux, until};

/// A pager that stays.
fn pager(tmux: &Tmux) {
    let pager = tmux.path("pager");
    std::fs::write(&pager, "#!/bin/sh\ncat\nexec sleep 600\n").expect("written");
    std::fs::set_permissions(&pager, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let _ = tmux.run(["set-environment", "-g", "PAGER", &pager.to_string_lossy()]).ok();
}

fn bind(tmux: &Tmux, command: &str) {
    let file = tmux.path("bind.conf");
    std::fs::write(&file, format!("bind -n C-g {command}\n")).expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
}

fn pane_modes(tmux: &Tmux) -> String {
    tmux.run(["list-panes", "-s", "-F", "#{window_index}.#{pane_index}:#{pane_mode}"]).ok()
}

#[test]
fn the_result_of_a_key_opens_in_the_pane_of_the_key() {
    let tmux = Tmux::demo();
    bind(&tmux, "mcp-call demo sleep ms=700");
    let _ = tmux.run(["split-window", "-d", "-h", "exec cat"]).ok();
    let _ = tmux.run(["new-window", "-d", "exec cat"]).ok();
    for away in [&["select-pane", "-t", "one:0.1"][..], &["select-window", "-t", "one:1"]] {
        let _ = tmux.run(["select-window", "-t", "one:0"]).ok();
        let _ = tmux.run(["select-pane", "-t", "one:0.0"]).ok();
        let viewer = tmux.view();
        viewer.keys(&["C-g"]);
        tmux.until_format("#{mcp_inflight}", "1");
        let _ = tmux.run(away).ok();
        until("it is shown", || pane_modes(&tmux).contains("view-mode"));
        assert_eq!(pane_modes(&tmux), "0.0:view-mode\n0.1:\n1.0:\n");
        let _ = tmux.run(["send-keys", "-t", "one:0.0", "-X", "cancel"]).ok();
        drop(viewer);
    }
    tmux.finish();
}

#[test]
fn a_result_whose_pane_has_gone_is_in_a_buffer_and_no_other_pane_gets_it() {
    let tmux = Tmux::demo();
    bind(&tmux, "mcp-call demo sleep ms=700");
    let _ = tmux.run(["split-window", "-h", "exec cat"]).ok();
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["kill-pane", "-t", "one:0.1"]).ok();
    until("it is kept", || tmux.buffer("mcp").as_deref() == Some("slept 700 ms"));
    viewer.until("nowhere to show it, 12 bytes in buffer mcp");
    assert_eq!(pane_modes(&tmux), "0.0:\n");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_result_waits_until_nobody_types_into_its_pane() {
    for sink in ["view", "popup", "window"] {
        let tmux = Tmux::demo();
        pager(&tmux);
        let _ = tmux.run(["respawn-pane", "-k", "-t", "one:0.0", "exec cat"]).ok();
        bind(&tmux, &format!("mcp-call -o {sink} demo sleep ms=300"));
        let viewer = tmux.view();
        viewer.keys(&["C-g"]);
        let mut typed = 0;
        // Each letter comes before the hands would be taken to rest.
        while tmux.format("#{mcp_calls}/#{mcp_inflight}") != "1/0" || typed < 20 {
            viewer.keys(&["x"]);
            typed += 1;
        }
        let pane = || tmux.run(["capture-pane", "-p", "-t", "one:0.0"]).ok();
        until("all of it is in the pane", || pane().matches('x').count() == typed);
        viewer.until("slept 300 ms");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn two_results_at_once_have_windows_of_their_own() {
    let tmux = Tmux::demo();
    pager(&tmux);
    bind(
        &tmux,
        "{ mcp-call -o window demo echo text=one ; mcp-call -o window demo echo text=two }",
    );
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    let shown =
        |window: &str| tmux.run(["capture-pane", "-p", "-t", &format!("one:{window}")]).stdout;
    until("both are shown", || {
        let (a, b) = (shown("1"), shown("2"));
        let (a, b) = (a.trim(), b.trim());
        (a, b) == ("one", "two") || (a, b) == ("two", "one")
    });
    until("their buffers are taken away", || tmux.run(["list-buffers"]).ok().is_empty());
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_popup_waits_until_the_one_before_it_is_closed() {
    let tmux = Tmux::demo();
    pager(&tmux);
    bind(&tmux, "{ mcp-call -o popup demo echo text=one ; mcp-call -o popup demo echo text=two }");
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    until("the first is there", || {
        let screen = viewer.screen();
        screen.contains("one ") != screen.contains("two ")
    });
    let next = if viewer.screen().contains("one ") { "two " } else { "one " };
    let _ = tmux.run(["display-popup", "-C", "-c", &viewer.name()]).ok();
    viewer.until(next);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_shell_that_is_no_posix_shell_harms_no_popup_and_no_window() {
    for sink in ["popup", "window"] {
        let tmux = Tmux::demo();
        pager(&tmux);
        let shell = tmux.path("fish");
        std::fs::write(&shell, "#!/bin/sh\nexit 127\n").expect("written");
        std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755))
            .expect("executable");
        let _ = tmux.run(["set-option", "-g", "default-shell", &shell.to_string_lossy()]).ok();
        bind(&tmux, &format!("mcp-call -o {sink} demo echo text=shown"));
        let viewer = tmux.view();
        viewer.keys(&["C-g"]);
        viewer.until("shown");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_prompt_in_the_background_is_pasted_nowhere() {
    let tmux = Tmux::demo();
    let before = tmux.pane();
    let _ = tmux.run(["mcp-prompt", "-b", "-t", "one:", "demo", "review", "subject=x"]).ok();
    until("it is in the buffer", || tmux.buffer("mcp").is_some_and(|text| !text.is_empty()));
    assert_eq!(tmux.pane(), before);
    tmux.finish();
}

/// A message of tmux's protocol.
fn message(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut out = kind.to_ne_bytes().to_vec();
    out.extend((16 + data.len() as u16).to_ne_bytes());
    out.extend(0_u16.to_ne_bytes());
    out.extend(8_u32.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    out.extend(data);
    out
}

#[test]
fn a_control_client_that_is_not_ready_yet_is_told_nothing_and_harms_nobody() {
    const FLAGS: u32 = 100;
    const CONTROL: i32 = 0x2000;
    let tmux = Tmux::demo();
    let path = tmux.run(["display-message", "-p", "#{socket_path}"]).ok();
    for background in [true, false] {
        let mut socket = UnixStream::connect(path.trim()).expect("tmux listens");
        socket.write_all(&message(FLAGS, &CONTROL.to_ne_bytes())).expect("it reads");
        until("it is a client", || {
            let _ = tmux.run(["set-buffer", "-b", "x", "y"]);
            tmux.run(["list-clients"]).code == 0
        });
        if background {
            let _ = tmux.call(["-b", "demo", "echo", "text=x"]).ok();
            until("the buffer changed", || tmux.buffer("mcp").is_some());
        }
        drop(socket);
        tmux.lives();
    }
    tmux.finish();
}

/// Keys that mean nothing in view mode: two calls of `echo`, and one of `sleep`.
fn titled(sink: &str) -> Tmux {
    let tmux = Tmux::demo();
    let again = ["mcp-call", "-o", sink, "demo", "echo", "text=again"];
    let _ = tmux.run([&["bind", "-n", "F5"][..], &again].concat()).ok();
    let _ = tmux.run(["bind", "-n", "F6", "mcp-call demo echo text=first"]).ok();
    let _ = tmux.run(["bind", "-n", "F7", "mcp-call demo sleep ms=900"]).ok();
    tmux
}

#[test]
fn a_result_has_a_title_and_takes_the_place_of_the_one_before() {
    let tmux = titled("view");
    let viewer = tmux.view();
    viewer.keys(&["F6"]);
    viewer.until("demo echo: ok, ");
    viewer.until("first");
    viewer.keys(&["F5"]);
    viewer.until("again");
    assert!(!viewer.screen().contains("first"), "{}", viewer.screen());
    viewer.keys(&["q"]);
    viewer.until_gone("again");
    drop(viewer);
    tmux.finish();
}

#[test]
fn append_adds_a_result_below_the_one_before() {
    let tmux = titled("append");
    let viewer = tmux.view();
    viewer.keys(&["F6"]);
    viewer.until("first");
    viewer.keys(&["F5"]);
    viewer.until("again");
    viewer.until("first");
    assert_eq!(viewer.screen().matches("demo echo: ok, ").count(), 2);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_result_that_was_on_its_way_is_added_and_takes_no_place() {
    let tmux = titled("view");
    let viewer = tmux.view();
    viewer.keys(&["F7", "F6"]);
    viewer.until("first");
    viewer.until("slept 900 ms");
    viewer.until("first");
    drop(viewer);
    tmux.finish();
}

#[test]
fn what_tmux_itself_shows_is_not_replaced() {
    let tmux = titled("view");
    let viewer = tmux.view();
    let _ = tmux.run(["bind", "-n", "F8", "show-options -g status-left"]).ok();
    viewer.keys(&["F8"]);
    viewer.until("status-left ");
    viewer.keys(&["F5"]);
    viewer.until("again");
    viewer.until("status-left ");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_result_that_is_an_error_says_so_in_its_title() {
    let tmux = titled("view");
    let call = ["bind", "-n", "F9", "mcp-call", "demo", "fail", "message=one\ntwo"];
    let _ = tmux.run(call).ok();
    let viewer = tmux.view();
    viewer.keys(&["F9"]);
    viewer.until("demo fail: failed, ");
    drop(viewer);
    tmux.finish();
}
