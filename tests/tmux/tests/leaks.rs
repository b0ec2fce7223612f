//! After many calls and crashes, tmux holds what it held before.

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

/// Waits until the server has as many descriptors as before.
#[track_caller]
fn settled(tmux: &Tmux, before: usize) {
    let server = tmux.server();
    let start = std::time::Instant::now();
    while server.descriptors() > before {
        assert!(
            start.elapsed() < tmcp_tmux_tests::PATIENCE,
            "{before} descriptors became\n{}",
            server.descriptor_list()
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn two_hundred_calls_with_crashes_leave_no_descriptor_and_no_child() {
    let setup = Setup::new();
    let journal = setup.path("journal").to_string_lossy().into_owned();
    let tmux = setup
        .server("demo", stdio(&["--journal", &journal]))
        .conf("set -g mcp-retry-backoff 1")
        .start();
    let _ = tmux.call(["demo", "echo", "text=warm"]).ok();
    let before = tmux.server().descriptors();
    let mut failed = 0;
    for n in 0..200 {
        let output = match n % 8 {
            0 => tmux.call(["demo", "crash", "{}"]),
            1 => tmux.call(["demo", "exit", "{\"code\":1}"]),
            2 => tmux.call(["demo", "exit", "{\"code\":0}"]),
            3 => tmux.call(["-T", "1", "demo", "sleep", "{\"ms\":5000}"]),
            4 => tmux.call(["demo", "fail", "{\"message\":\"x\"}"]),
            _ => tmux.call(["demo", "echo", &format!("{{\"text\":\"{n}\"}}")]),
        };
        match n % 8 {
            0..=2 => assert_eq!(output.code, 2, "{n}: {output:?}"),
            3 => assert_eq!(output.code, 124, "{n}: {output:?}"),
            4 => assert_eq!(output.code, 1, "{n}: {output:?}"),
            _ => assert_eq!(output.ok(), format!("{n}\n")),
        }
        failed += u32::from(n % 8 < 5);
    }
    let _ = tmux.call(["demo", "echo", "text=last"]).ok();
    until("one server is left", || tmux.mcp_children().len() == 1);
    settled(&tmux, before);
    tmux.until_format("#{mcp_inflight}", "0");
    assert_eq!(tmux.format("#{mcp_calls} #{mcp_errors}"), format!("202 {failed}"));
    let ran = tmux.journal().len();
    assert!(ran <= 202, "{ran} of 202 calls ran: some ran twice");
    tmux.lives();
    tmux.finish();
}

#[test]
fn a_server_that_never_starts_leaves_nothing_however_often_it_is_asked() {
    let tmux = Setup::new()
        .server("none", json!({"command": "/does/not/exist"}))
        .server("exits", json!({"command": "/bin/false", "retry_attempts": 0}))
        .server(
            "nosock",
            json!({"transport": "socket", "socket_path": "/does/not/exist", "retry_attempts": 0}),
        )
        .start();
    let _ = tmux.call(["none", "echo", "{}"]);
    let before = tmux.server().descriptors();
    for _ in 0..10 {
        for name in ["none", "exits", "nosock"] {
            let _ = tmux.call(["-T", "300", name, "echo", "{}"]);
        }
    }
    until("no child is left", || tmux.mcp_children().is_empty());
    settled(&tmux, before);
    tmux.lives();
    tmux.finish();
}

#[test]
fn reloads_leave_nothing_of_the_servers_that_went() {
    let tmux = Tmux::demo();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let before = tmux.server().descriptors();
    for n in 0..10 {
        tmux.write_servers(&json!({"demo": stdio(&["--work-ms", &n.to_string()])}));
        let _ = tmux.run(["mcp-reload"]).ok();
        assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    }
    until("one server is left", || tmux.mcp_children().len() == 1);
    settled(&tmux, before);
    tmux.finish();
}

#[test]
fn children_inherit_nothing_of_tmux() {
    let tmux = Tmux::demo();
    let _terminal = tmux.attach();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let child = tmux.mcp_children()[0];
    let links: Vec<_> = std::fs::read_dir(format!("/proc/{}/fd", child.pid))
        .expect("it runs")
        .flatten()
        .map(|entry| std::fs::read_link(entry.path()).unwrap_or_default())
        .collect();
    let own = |n: u8| std::fs::read_link(format!("/proc/{}/fd/{n}", child.pid)).expect("open");
    let own = [own(0), own(1), own(2), tmux.path("journal")];
    assert!(links.iter().all(|link| own.contains(link)), "{}", child.descriptor_list());
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.pid)).expect("it runs");
    for mask in ["SigBlk", "SigIgn"] {
        let line = status.lines().find(|line| line.starts_with(mask)).expect("a mask");
        let bits =
            u64::from_str_radix(line.split_whitespace().nth(1).expect("a value"), 16).expect("hex");
        // Rust's runtime ignores SIGPIPE in the server itself.
        assert_eq!(bits & !(1 << 12), 0, "{line}");
    }
    tmux.finish();
}

#[test]
fn an_idle_tmux_does_nothing_at_all() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -g status off").start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let switches = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", tmux.server().pid))
            .expect("it runs");
        let line = status
            .lines()
            .find(|line| line.starts_with("voluntary_ctxt_switches"))
            .expect("a count")
            .to_string();
        line.split_whitespace().nth(1).expect("a value").parse::<u64>().expect("a number")
    };
    // The one wait for a length of time: what is looked for is that nothing happens in it.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let before = switches();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let woken = switches() - before;
    assert!(woken < 12, "woken {woken} times in three seconds");
    tmux.finish();
}
