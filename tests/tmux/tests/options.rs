//! Options: defaults for servers, another configuration, and bad values.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use tmcp_tmux_tests::{Setup, SocketServer, Tmux, held, stdio, until};

#[test]
fn the_pool_grows_to_the_size_of_the_option() {
    let setup = Setup::new();
    let server = SocketServer::start(&setup.path("s"), &[]);
    let tmux = setup.server("demo", server.entry()).conf("set -g @mcp-pool-max-size 3").start();
    let [ms, file] = held(&tmux.path("over"));
    let calls: Vec<_> = (0..3).map(|_| tmux.start_call(["demo", "sleep", &ms, &file])).collect();
    until("three connections are active", || {
        tmux.run(["mcp-stats", "demo"]).stdout.contains("    Active: 3\n")
    });
    fs::write(tmux.path("over"), "").expect("written");
    for call in calls {
        let _ = call.wait().ok();
    }
    let report = tmux.run(["mcp-stats", "demo"]).ok();
    assert!(report.contains("    Total Connections: 3\n"), "{report}");
    tmux.finish();
}

#[test]
fn an_option_that_changes_later_counts_from_then_on() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let _ = tmux.run(["set-option", "-g", "@mcp-timeout", "400"]).ok();
    let error = tmux.call(["demo", "sleep", "ms=60000"]).fails(124);
    assert!(error.contains("400 ms"), "{error}");
    let _ = tmux.run(["set-option", "-gu", "@mcp-timeout"]).ok();
    assert_eq!(tmux.call(["demo", "sleep", "ms=800"]).ok(), "slept 800 ms\n");
    tmux.finish();
}

#[test]
fn another_configuration_can_be_named() {
    let setup = Setup::new().server("home", stdio(&[]));
    let other = setup.path("home/other.json");
    fs::write(&other, json!({"mcpServers": {"other": stdio(&[])}}).to_string()).expect("written");
    let tmux = setup.conf("set -g @mcp-config '~/other.json'").start();
    assert_eq!(tmux.call(["other", "echo", "text=x"]).ok(), "x\n");
    let error = tmux.call(["home", "echo", "text=x"]).fails(1);
    assert!(error.starts_with("unknown server 'home'; there are other (configured in "), "{error}");
    let _ = tmux.run(["set-option", "-gu", "@mcp-config"]).ok();
    until("the usual one is back", || tmux.call(["home", "echo", "text=x"]).code == 0);
    let _ = tmux.run(["set-option", "-g", "@mcp-config", "/does/not/exist.json"]).ok();
    let _ = tmux.format("#{mcp_servers}");
    let error = tmux.run(["mcp-reload"]).fails(1);
    assert!(error.contains("/does/not/exist.json"), "{error}");
    tmux.finish();
}

#[test]
fn bad_values_are_reported_and_change_nothing() {
    let tmux = Tmux::demo();
    let _terminal = tmux.attach();
    for (name, value) in [
        ("pool-max-size", "many"),
        ("pool-max-size", "0"),
        ("timeout", "-5"),
        ("retry-attempts", "1x"),
        ("pool-idle-timeout", ""),
    ] {
        let _ = tmux.run(["set-option", "-g", &format!("@mcp-{name}"), value]).ok();
        assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
        let want = format!("mcp: bad value for @mcp-{name}: {value}: ");
        assert!(
            tmux.messages().iter().any(|line| line.contains(&want)),
            "{want:?} in {:#?}",
            tmux.messages()
        );
    }
    tmux.finish();
}

#[test]
fn an_unknown_option_is_mentioned_in_the_report() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set -g @mcp-pool-maxsize 3")
        .conf("set -g @mcp-timeout 5000")
        .start();
    let report = tmux.run(["mcp-stats", "-v"]).ok();
    assert!(report.contains("Warning: unknown option @mcp-pool-maxsize\n"), "{report}");
    assert_eq!(report.matches("Warning").count(), 1, "{report}");
    tmux.finish();
}

/// Waits until tmux has nothing to do any more.
fn rest(tmux: &Tmux) {
    let path = format!("/proc/{}/status", tmux.server().pid);
    let woken = || {
        let status = fs::read_to_string(&path).expect("the server runs");
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"));
        line.expect("Linux counts them").to_owned()
    };
    let (mut last, mut since) = (woken(), Instant::now());
    until("tmux sleeps", || {
        let now = woken();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(2500)
    });
}

#[test]
fn servers_to_connect_to_may_be_named_while_nothing_goes_on() {
    let setup = Setup::new();
    let (shell, key) = (setup.path("shell.pid"), setup.path("key.pid"));
    let entry = |pid: &std::path::Path| stdio(&["--pid-file", &pid.to_string_lossy()]);
    let (first, second) = (entry(&shell), entry(&key));
    let tmux = setup
        .server("shell", first)
        .server("key", second)
        .conf("set -g status-interval 0")
        .conf("bind -n C-g set -g @mcp-preconnect 'shell key'")
        .start();
    until("the configuration is loaded", || tmux.format("#{mcp_servers}") == "2");
    rest(&tmux);
    let _ = tmux.run(["set", "-g", "@mcp-preconnect", "shell"]).ok();
    // Any other client of tmux would wake it, so only files are looked at.
    until("a process of it runs", || shell.exists());
    let mut terminal = tmux.attach();
    terminal.until(b"[one]");
    rest(&tmux);
    assert!(!key.exists());
    terminal.keys(b"\x07");
    until("the other one runs", || key.exists());
    drop(terminal);
    tmux.finish();
}
