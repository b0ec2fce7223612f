//! Clients that may not call, cannot be shown anything, or go at the wrong moment.

use std::fs;

use tmcp_tmux_tests::{Terminal, Tmux, held, until};

/// Puts a call on C-g that is under way until [`over`] says otherwise.
fn bind_held(tmux: &Tmux, more: &[&str]) {
    let [ms, file] = held(&tmux.path("over"));
    let start = ["bind-key", "-n", "C-g", "mcp-call"].iter().chain(more);
    let _ = tmux.run(start.chain(&["demo", "sleep", &ms, &file])).ok();
}

/// Lets the calls end, and waits for that.
#[track_caller]
fn over(tmux: &Tmux) {
    fs::write(tmux.path("over"), "").expect("written");
    tmux.until_format("#{mcp_inflight}", "0");
    fs::remove_file(tmux.path("over")).expect("removed");
}

#[test]
fn a_read_only_client_cannot_call_but_may_look() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "echo", "text=x"]).ok();
    let _ = tmux.run(["bind-key", "-n", "C-y", "mcp-stats"]).ok();
    let mut terminal = Terminal::attach(&tmux, &["-r"]);
    terminal.keys(b"\x07");
    terminal.keys(b"\x19");
    until("the report opens", || tmux.format("#{pane_mode}") == "view-mode");
    assert!(tmux.journal().is_empty(), "the key before it called a tool");
    drop(terminal);
    tmux.finish();
}

#[test]
fn a_client_that_detaches_during_its_call_harms_nobody() {
    let tmux = Tmux::demo();
    bind_held(&tmux, &[]);
    for how in ["detach", "kill", "view"] {
        let mut terminal = tmux.attach();
        if how == "view" {
            bind_held(&tmux, &["-o", "popup"]);
        }
        terminal.keys(b"\x07");
        tmux.until_format("#{mcp_inflight}", "1");
        if how == "detach" {
            let _ = tmux.run(["detach-client", "-s", "one"]).ok();
            until("it has gone", || terminal.ended());
        }
        if how == "view" {
            over(&tmux);
        }
        drop(terminal);
        // A result that comes before that is shown, and view mode takes the key.
        until("the client has gone", || tmux.run(["list-clients"]).ok().is_empty());
        over(&tmux);
        tmux.lives();
    }
    tmux.finish();
}

#[test]
fn the_result_for_a_client_that_has_gone_is_kept_in_a_buffer() {
    let tmux = Tmux::demo();
    bind_held(&tmux, &[]);
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    drop(terminal);
    until("the client has gone", || tmux.run(["list-clients"]).ok().is_empty());
    over(&tmux);
    until("the result is kept", || {
        tmux.buffer("mcp").is_some_and(|text| text.starts_with("slept until"))
    });
    tmux.finish();
}

#[test]
fn a_locked_client_is_shown_nothing_and_harmed_by_nothing() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-option", "-g", "lock-command", "exec sleep 600"]).ok();
    bind_held(&tmux, &[]);
    let _ =
        tmux.run(["bind-key", "-n", "C-y", "mcp-call", "demo", "fail", "message=secret news"]).ok();
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    terminal.keys(b"\x19");
    let _ = tmux.run(["lock-session", "-t", "one"]).ok();
    over(&tmux);
    tmux.lives();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    drop(terminal);
    tmux.finish();
}

#[test]
fn a_pane_that_closes_during_a_call_harms_nobody() {
    let tmux = Tmux::demo();
    let pane = tmux.run(["split-window", "-t", "one:", "-PF", "#{pane_id}", "cat"]).ok();
    let pane = pane.trim();
    let [ms, file] = held(&tmux.path("over"));
    let call = tmux.start_call(["-o", "view", "-t", pane, "demo", "sleep", &ms, &file]);
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["kill-pane", "-t", pane]).ok();
    over(&tmux);
    let _ = call.wait();
    let text = tmux.buffer("mcp").expect("the result is kept");
    assert!(text.starts_with("slept until"), "{text}");
    tmux.lives();
    tmux.finish();
}

#[test]
fn the_session_of_a_call_may_end_before_it_does() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["new-session", "-d", "-s", "two", "cat"]).ok();
    bind_held(&tmux, &[]);
    let mut terminal = tmux.attach();
    let _ = tmux.run(["switch-client", "-t", "two"]).ok();
    terminal.keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["kill-session", "-t", "two"]).ok();
    until("the client has gone or moved", || {
        !tmux.run(["list-clients", "-F", "#{session_name}"]).stdout.contains("two")
    });
    over(&tmux);
    tmux.lives();
    drop(terminal);
    tmux.finish();
}
