//! A key calls a tool. That nothing typed ever waits for it is measured in `stall.rs`.

use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

fn bind(tmux: &Tmux, command: &[&str]) {
    let _ = tmux.run(["bind-key", "-n", "C-g"].iter().chain(command)).ok();
}

#[test]
fn the_result_of_a_key_opens_in_view_mode() {
    let tmux = Tmux::demo();
    bind(&tmux, &["mcp-call", "demo", "echo", "text=shown in view mode\nand a second line"]);
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("shown in view mode");
    viewer.until("and a second line");
    assert_eq!(tmux.format("#{pane_mode}"), "view-mode");
    viewer.keys(&["q"]);
    until("q leaves it", || tmux.format("#{pane_in_mode}") == "0");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_error_of_a_key_is_shown_in_the_status_line() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-option", "-g", "display-time", "0"]).ok();
    bind(&tmux, &["mcp-call", "demo", "fail", "message=it is broken"]);
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("It is broken");
    assert_eq!(tmux.format("#{pane_in_mode}"), "0");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_key_that_calls_a_server_which_never_answers_harms_nobody() {
    let tmux = Setup::new().server("mute", stdio(&["--never-reply"])).start();
    bind(&tmux, &["mcp-call", "-T", "1500", "mute", "echo", "text=x"]);
    let mut terminal = tmux.attach();
    // One at a time: what comes at once is a paste to tmux.
    for n in 1..4 {
        terminal.keys(b"\x07");
        tmux.until_format("#{mcp_inflight}", &n.to_string());
    }
    let _ = terminal.echo(b'x');
    tmux.until_format("#{mcp_inflight}", "0");
    until("the user is told", || {
        tmux.messages().iter().any(|line| line.contains("imed out after 1.5 s"))
    });
    drop(terminal);
    tmux.finish();
}
