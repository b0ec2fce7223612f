//! Results and the hands of who waits for them: a result opens in a pause, in what the
//! person sees, and gives back a key that came too soon after it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use tmcp_tmux_tests::{Setup, Tmux, Viewer, held, stdio, until};

/// With the pause that users have, a pane that shows what is typed, and a call on C-y
/// that lasts until [`over`].
fn demo(sink: &str) -> Tmux {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set -gu mcp-key-delay")
        .conf("set -g status-interval 0")
        .start();
    let pager = tmux.path("pager");
    fs::write(&pager, "#!/bin/sh\ncat\nexec sleep 600\n").expect("written");
    fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).expect("executable");
    let _ = tmux.run(["set-environment", "-g", "PAGER", &pager.to_string_lossy()]).ok();
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:0.0", "exec cat"]).ok();
    let [ms, file] = held(&tmux.path("over"));
    let _ =
        tmux.run(["bind", "-n", "C-y", "mcp-call", "-o", sink, "demo", "sleep", &ms, &file]).ok();
    tmux
}

/// Presses the key of the call and waits until it is under way.
#[track_caller]
fn call(tmux: &Tmux, viewer: &Viewer<'_>) {
    viewer.keys(&["C-y"]);
    tmux.until_format("#{mcp_inflight}", "1");
}

/// Ends the call.
#[track_caller]
fn over(tmux: &Tmux) {
    fs::write(tmux.path("over"), "").expect("written");
    tmux.until_format("#{mcp_inflight}", "0");
}

fn pane(tmux: &Tmux, pane: &str) -> String {
    tmux.run(["capture-pane", "-p", "-J", "-t", pane]).ok()
}

#[track_caller]
fn typed(tmux: &Tmux, target: &str, letters: usize) {
    until(&format!("{letters} letters are in the pane, not\n{}", pane(tmux, target)), || {
        pane(tmux, target).matches('x').count() == letters
    });
}

/// Types so many letters, each before the hands would be taken to rest.
fn letters(viewer: &Viewer<'_>, count: usize) {
    for _ in 0..count {
        viewer.keys(&["x"]);
        thread::sleep(Duration::from_millis(40));
    }
}

/// Types for longer than the pause that a result waits for.
fn go_on(viewer: &Viewer<'_>) -> usize {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < Duration::from_millis(1200) {
        letters(viewer, 1);
        count += 1;
    }
    count
}

#[test]
fn a_result_waits_while_a_prompt_or_a_menu_is_used_and_for_the_line_typed_after_it() {
    let prompt = "command-prompt -p ask: 'set -g @said %%'";
    let menu = "display-menu -T ask: yes y 'set -g @said x' no n ''";
    for sink in ["view", "popup", "window"] {
        for (open, last) in [(prompt, "Enter"), (menu, "y")] {
            let tmux = demo(sink);
            let file = tmux.path("bind.conf");
            fs::write(&file, format!("bind -n C-o {open}\n")).expect("written");
            let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
            let viewer = tmux.view_sized(80, 24);
            call(&tmux, &viewer);
            viewer.keys(&["C-o"]);
            viewer.until("ask:");
            over(&tmux);
            // Slowly: the person thinks.
            thread::sleep(Duration::from_millis(800));
            letters(&viewer, 3);
            assert!(viewer.screen().contains("ask:"), "{sink}:\n{}", viewer.screen());
            assert_eq!(tmux.format("#{pane_mode}#{window_index}"), "0", "{sink}");
            viewer.keys(&[last]);
            // The key of the prompt was one of those that it waits for.
            thread::sleep(Duration::from_millis(350));
            assert_eq!(tmux.format("#{pane_mode}#{window_index}"), "0", "{sink}");
            assert!(!viewer.screen().contains("slept until"), "{sink}\n{}", viewer.screen());
            let count = go_on(&viewer);
            typed(&tmux, "one:0.0", count);
            viewer.until("slept until");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn a_result_waits_until_a_mode_is_left_that_was_entered_after_it_was_asked_for() {
    for (sink, keys) in [
        ("view", &["C-b", "["]),
        ("view", &["C-b", "w"]),
        ("popup", &["C-b", "["]),
        ("window", &["C-b", "["]),
    ] {
        let tmux = demo(sink);
        let viewer = tmux.view_sized(80, 24);
        call(&tmux, &viewer);
        viewer.keys(keys);
        until("the mode is there", || !tmux.format("#{pane_mode}").is_empty());
        let mode = tmux.format("#{pane_mode}");
        over(&tmux);
        if sink == "view" {
            viewer.until(&format!("demo sleep: the result opens when you leave {mode}"));
        }
        thread::sleep(Duration::from_millis(1200));
        assert_eq!(tmux.format("#{pane_mode}#{window_index}"), format!("{mode}0"));
        assert!(!viewer.screen().contains("slept until"), "{sink}\n{}", viewer.screen());
        viewer.keys(&["q"]);
        viewer.until("slept until");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_result_that_was_asked_for_in_copy_mode_opens_there() {
    let tmux = demo("view");
    let viewer = tmux.view_sized(80, 24);
    let _ = tmux.run(["copy-mode", "-t", "one:0.0"]).ok();
    call(&tmux, &viewer);
    over(&tmux);
    tmux.until_format("#{pane_mode}", "view-mode");
    viewer.until("slept until");
    // A key that comes sooner is not for it.
    thread::sleep(Duration::from_millis(400));
    viewer.keys(&["q"]);
    // The person is where it was before.
    tmux.until_format("#{pane_mode}", "copy-mode");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_result_waits_for_hands_that_type_into_synchronized_panes() {
    let tmux = demo("view");
    let _ = tmux.run(["split-window", "-t", "one:0.0", "exec cat"]).ok();
    let _ = tmux.run(["select-pane", "-t", "one:0.0"]).ok();
    let viewer = tmux.view_sized(80, 24);
    call(&tmux, &viewer);
    let _ = tmux.run(["set-option", "-w", "-t", "one:0", "synchronize-panes", "on"]).ok();
    let _ = tmux.run(["select-pane", "-t", "one:0.1"]).ok();
    letters(&viewer, 3);
    over(&tmux);
    let count = 3 + go_on(&viewer);
    for target in ["one:0.0", "one:0.1"] {
        typed(&tmux, target, count);
    }
    viewer.until("slept until");
    let modes = tmux.run(["list-panes", "-t", "one:0", "-F", "#{pane_index}#{pane_mode}"]).ok();
    assert_eq!(modes, "0view-mode\n1\n");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_key_that_comes_with_the_result_is_given_back() {
    for sink in ["view", "popup", "window"] {
        let tmux = demo(sink);
        let viewer = tmux.view_sized(80, 24);
        call(&tmux, &viewer);
        letters(&viewer, 2);
        over(&tmux);
        let shown = || match sink {
            "view" => tmux.format("#{pane_mode}") == "view-mode",
            "popup" => viewer.screen().contains("slept until"),
            _ => tmux.format("#{window_index}") == "1",
        };
        until("it opens", shown);
        letters(&viewer, 3);
        typed(&tmux, "one:0.0", 5);
        if sink == "window" {
            assert_eq!(tmux.format("#{window_index}"), "0");
            let told = "the result is in window mcp";
            assert!(tmux.messages().iter().any(|line| line.contains(told)));
            assert!(pane(&tmux, "one:1").contains("slept until"));
        } else {
            until("it comes back", shown);
            viewer.until("slept until");
            assert_eq!(viewer.screen().matches("slept until").count(), 1);
            // It has been seen now, and takes keys.
            thread::sleep(Duration::from_millis(400));
            viewer.keys(&["x", "y"]);
            thread::sleep(Duration::from_millis(100));
            typed(&tmux, "one:0.0", 5);
        }
        until("its buffer is taken away", || tmux.run(["list-buffers"]).ok().is_empty());
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn keys_typed_right_after_the_key_of_a_fast_call_are_not_for_its_result() {
    for sink in ["view", "popup"] {
        let tmux = demo(sink);
        let _ = tmux
            .run(["bind", "-n", "C-f", "mcp-call", "-o", sink, "demo", "echo", "text=fast answer"])
            .ok();
        let _ = tmux.call(["demo", "echo", "text=warm"]).ok();
        let viewer = tmux.view_sized(80, 24);
        let shown = || match sink {
            "view" => tmux.format("#{pane_mode}") == "view-mode",
            _ => viewer.screen().contains("fast answer"),
        };
        viewer.keys(&["C-f"]);
        until("it opens", shown);
        letters(&viewer, 4);
        typed(&tmux, "one:0.0", 4);
        until("it comes back", shown);
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_result_looks_at_the_hands_again_when_commands_have_kept_it_waiting() {
    for sink in ["popup", "window"] {
        let tmux = demo(sink);
        let go = tmux.path("go");
        let wait = format!("while ! [ -e '{}' ]; do sleep 0.05; done", go.display());
        let _ = tmux.run(["bind", "-n", "C-o", "run-shell", &wait]).ok();
        let viewer = tmux.view_sized(80, 24);
        call(&tmux, &viewer);
        viewer.keys(&["C-o"]);
        over(&tmux);
        // By now it waits behind that command in the queue of the client.
        thread::sleep(Duration::from_millis(800));
        letters(&viewer, 3);
        fs::write(&go, "").expect("written");
        let count = 3 + go_on(&viewer);
        typed(&tmux, "one:0.0", count);
        viewer.until("slept until");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_popup_that_does_not_fit_leaves_its_result_in_the_usual_buffer() {
    let tmux = demo("popup");
    let viewer = tmux.view_sized(80, 24);
    call(&tmux, &viewer);
    viewer.resize(3, 3);
    let list = ["list-clients", "-F", "#{client_width}x#{client_height}"];
    until("the client is small", || tmux.run(list).ok().trim() == "3x3");
    over(&tmux);
    until("it is kept", || tmux.buffer("mcp").is_some_and(|text| text.contains("slept until")));
    assert_eq!(tmux.run(["list-buffers", "-F", "#{buffer_name}"]).ok(), "mcp\n");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_result_waits_for_the_key_after_the_prefix() {
    let tmux = demo("view");
    let _ = tmux.run(["bind", "X", "set", "-g", "@got", "1"]).ok();
    let viewer = tmux.view_sized(80, 24);
    call(&tmux, &viewer);
    viewer.keys(&["C-b"]);
    tmux.until_format("#{client_prefix}", "1");
    over(&tmux);
    thread::sleep(Duration::from_millis(1200));
    assert_eq!(tmux.format("#{pane_mode}"), "");
    viewer.keys(&["X"]);
    tmux.until_format("#{@got}", "1");
    viewer.until("slept until");
    drop(viewer);
    tmux.finish();
}
