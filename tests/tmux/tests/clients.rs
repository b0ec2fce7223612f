//! Clients that may not call, cannot be shown anything, or go at the wrong moment.

use tmcp_tmux_tests::{Terminal, Tmux, until};

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
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "sleep", "ms=700"]).ok();
    for how in ["detach", "kill", "view"] {
        let mut terminal = tmux.attach();
        if how == "view" {
            let _ = tmux
                .run([
                    "bind-key", "-n", "C-g", "mcp-call", "-o", "popup", "demo", "sleep", "ms=300",
                ])
                .ok();
        }
        terminal.keys(b"\x07");
        tmux.until_format("#{mcp_inflight}", "1");
        if how == "detach" {
            let _ = tmux.run(["detach-client", "-s", "one"]).ok();
            until("it has gone", || terminal.ended());
        }
        drop(terminal);
        tmux.until_format("#{mcp_inflight}", "0");
        tmux.lives();
    }
    tmux.finish();
}

#[test]
fn the_result_for_a_client_that_has_gone_is_kept_in_a_buffer() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "sleep", "ms=700"]).ok();
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    drop(terminal);
    until("the result is kept", || tmux.buffer("mcp").as_deref() == Some("slept 700 ms"));
    tmux.finish();
}

#[test]
fn a_locked_client_is_shown_nothing_and_harmed_by_nothing() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-option", "-g", "lock-command", "exec sleep 600"]).ok();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "sleep", "ms=700"]).ok();
    let _ =
        tmux.run(["bind-key", "-n", "C-y", "mcp-call", "demo", "fail", "message=secret news"]).ok();
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    terminal.keys(b"\x19");
    let _ = tmux.run(["lock-session", "-t", "one"]).ok();
    tmux.until_format("#{mcp_inflight}", "0");
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
    let call = tmux.start_call(["-o", "view", "-t", pane, "demo", "sleep", "ms=700"]);
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["kill-pane", "-t", pane]).ok();
    let _ = call.wait();
    tmux.until_format("#{mcp_inflight}", "0");
    assert_eq!(tmux.buffer("mcp").as_deref(), Some("slept 700 ms"), "the result is kept");
    tmux.lives();
    tmux.finish();
}

#[test]
fn the_session_of_a_call_may_end_before_it_does() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["new-session", "-d", "-s", "two", "cat"]).ok();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "sleep", "ms=700"]).ok();
    let mut terminal = tmux.attach();
    let _ = tmux.run(["switch-client", "-t", "two"]).ok();
    terminal.keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["kill-session", "-t", "two"]).ok();
    until("the client has gone or moved", || {
        !tmux.run(["list-clients", "-F", "#{session_name}"]).stdout.contains("two")
    });
    tmux.until_format("#{mcp_inflight}", "0");
    tmux.lives();
    drop(terminal);
    tmux.finish();
}
