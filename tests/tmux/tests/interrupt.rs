//! Ctrl-C in a shell client that waits: with series/0003 it ends and its call is
//! cancelled at the server; without, tmux's clients do not hear it.

use std::fs;

use tmcp_tmux_tests::{Setup, recorded, until};

/// Whether the tmux under test was built with `--sigint`.
fn patched() -> bool {
    std::env::var_os("TMCP_SIGINT").is_some_and(|value| value == "yes")
}

#[test]
fn an_interrupted_client_ends_if_it_can_hear_it() {
    let setup = Setup::new();
    let file = setup.path("sent");
    let tmux = setup.server("demo", recorded(&file, &[])).start();
    let sent = |what: &str| fs::read_to_string(&file).is_ok_and(|sent| sent.contains(what));
    let call = tmux.start_call(["demo", "sleep", "ms=60000"]);
    until("the call is at the server", || sent("tools/call"));
    call.process().signal(libc::SIGINT);
    if patched() {
        assert_eq!(call.wait().code, 130);
        until("the server is told", || sent("notifications/cancelled"));
    } else {
        let _ = tmux.run(["mcp-cancel", "-a"]).ok();
        assert!(call.wait().fails(1).contains("cancelled"));
    }
    tmux.until_format("#{mcp_inflight}", "0");
    assert_eq!(tmux.call(["demo", "echo", "text=on"]).ok(), "on\n");
    tmux.finish();
}
