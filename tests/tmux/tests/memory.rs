//! A tmux that may not have much memory: an answer that is too large for it ends
//! its call, and nothing else.

use std::fs;
use std::process::Command;

use tmcp_tmux_tests::Tmux;

/// KiB of address space that the server has.
fn size(tmux: &Tmux) -> u64 {
    let status =
        fs::read_to_string(format!("/proc/{}/status", tmux.server().pid)).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmSize:")).expect("it has a size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Lets it have so many KiB more than now.
fn limit(tmux: &Tmux, more: u64) {
    let bytes = (size(tmux) + more) * 1024;
    let status = Command::new("prlimit")
        .args(["--pid", &tmux.server().pid.to_string(), &format!("--as={bytes}")])
        .status()
        .expect("prlimit runs");
    assert!(status.success());
}

#[test]
fn an_answer_for_which_there_is_no_memory_ends_its_call_and_not_tmux() {
    if std::env::var_os("TMCP_SANITIZED").is_some() {
        return; // The sanitizer maps terabytes.
    }
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    limit(&tmux, 24 * 1024);
    let large = |bytes: u64| {
        tmux.call(["demo", "large", &format!("{{\"bytes\":{bytes},\"shape\":\"lines\"}}")])
    };
    assert_eq!(large(900_000).ok().len(), 900_000);
    let error = large(15_000_000).fails(2);
    assert!(error.contains("not enough memory"), "{error}");
    tmux.lives();
    assert_eq!(tmux.call(["demo", "echo", "text=y"]).ok(), "y\n");
    tmux.finish();
}

#[test]
fn what_is_reserved_for_an_answer_is_in_proportion_to_it() {
    if std::env::var_os("TMCP_SANITIZED").is_some() {
        return;
    }
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    limit(&tmux, 60 * 1024);
    let call = tmux.call(["demo", "large", "{\"bytes\":2000000,\"shape\":\"lines\"}"]);
    assert_eq!(call.ok().len(), 2_000_000);
    tmux.finish();
}
