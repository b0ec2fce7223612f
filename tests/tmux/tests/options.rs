//! Options: defaults for servers, another configuration, and bad values.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use tmcp_tmux_tests::{Setup, SocketServer, Tmux, held, stdio, until};

#[test]
fn the_pool_grows_to_the_size_of_the_option() {
    let setup = Setup::new();
    let server = SocketServer::start(&setup.path("s"), &[]);
    let tmux = setup.server("demo", server.entry()).conf("set -g mcp-pool-max-size 3").start();
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
    let _ = tmux.run(["set-option", "-g", "mcp-timeout", "400"]).ok();
    let error = tmux.call(["demo", "sleep", "ms=60000"]).fails(124);
    assert!(error.contains("400 ms"), "{error}");
    let _ = tmux.run(["set-option", "-gu", "mcp-timeout"]).ok();
    assert_eq!(tmux.call(["demo", "sleep", "ms=800"]).ok(), "slept 800 ms\n");
    tmux.finish();
}

#[test]
fn another_configuration_can_be_named() {
    let setup = Setup::new().server("home", stdio(&[]));
    let other = setup.path("home/other.json");
    fs::write(&other, json!({"mcpServers": {"other": stdio(&[])}}).to_string()).expect("written");
    let tmux = setup.conf("set -g mcp-config '~/other.json'").start();
    assert_eq!(tmux.call(["other", "echo", "text=x"]).ok(), "x\n");
    let error = tmux.call(["home", "echo", "text=x"]).fails(1);
    assert!(error.starts_with("unknown server 'home'; there are other (configured in "), "{error}");
    let _ = tmux.run(["set-option", "-gu", "mcp-config"]).ok();
    until("the usual one is back", || tmux.call(["home", "echo", "text=x"]).code == 0);
    let _ = tmux.run(["set-option", "-g", "mcp-config", "/does/not/exist.json"]).ok();
    let _ = tmux.format("#{mcp_servers}");
    let error = tmux.run(["mcp-reload"]).fails(1);
    assert!(error.contains("/does/not/exist.json"), "{error}");
    tmux.finish();
}

/// The options that are numbers, with their ranges.
const NUMBERS: [(&str, i64, i64); 12] = [
    ("breaker-failures", 0, 1000),
    ("breaker-pause", 1, 3600),
    ("key-delay", 0, 10_000),
    ("max-answer", 1, 256),
    ("max-in-flight", 0, 1024),
    ("operation-timeout", 0, 604_800_000),
    ("pool-idle-timeout", 0, 31_536_000),
    ("pool-max-size", 0, 1024),
    ("retry-attempts", 0, 100),
    ("retry-backoff", 1, 30_000),
    ("startup-timeout", 0, 604_800_000),
    ("timeout", 0, 604_800_000),
];

#[test]
fn a_value_out_of_its_range_is_an_error_and_the_bounds_are_those_of_the_library() {
    let tmux = Tmux::demo();
    let _terminal = tmux.attach();
    for (name, min, max) in NUMBERS {
        let option = format!("mcp-{name}");
        let set = |value: &str| tmux.run(["set-option", "-g", &option, value]);
        let before = tmux.run(["show-options", "-gv", &option]).ok();
        for bad in [(min - 1).to_string(), (max + 1).to_string(), "1x".into(), String::new()] {
            let error = set(&bad).fails(1);
            assert!(error.starts_with("value is "), "{option} {bad}: {error}");
            assert_eq!(tmux.run(["show-options", "-gv", &option]).ok(), before, "{option}");
        }
        // A bound that the library refused would be told with the next command.
        for good in [min, max] {
            let _ = set(&good.to_string()).ok();
            let _ = tmux.run(["mcp-jobs"]).ok();
        }
        let _ = tmux.run(["set-option", "-gu", &option]).ok();
        assert_eq!(tmux.format(&format!("#{{{option}}}")), default(name), "{option}");
    }
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    let messages = tmux.messages();
    assert!(!messages.iter().any(|line| line.contains("bad value")), "{messages:#?}");
    for (option, value) in [("mcp-log-level", "loud"), ("mcp-roots", "perhaps")] {
        let error = tmux.run(["set-option", "-g", option, value]).fails(1);
        assert!(error.ends_with(&format!(" value: {value}\n")), "{option}: {error}");
    }
    tmux.finish();
}

/// The default of an option that is a number; 0 where it depends on the server.
fn default(name: &str) -> &'static str {
    match name {
        "key-delay" | "pool-idle-timeout" => "300",
        "breaker-failures" => "5",
        "breaker-pause" => "60",
        "max-answer" => "16",
        "retry-attempts" => "3",
        "retry-backoff" => "100",
        _ => "0",
    }
}

#[test]
fn options_are_listed_with_their_defaults_and_explained() {
    let tmux = Tmux::demo();
    let shown = tmux.run(["show-options", "-s"]).ok();
    for line in [
        "mcp-breaker-failures 5",
        "mcp-config ''",
        "mcp-log-file off",
        "mcp-log-level info",
        "mcp-max-answer 16",
        "mcp-preconnect",
        "mcp-retry-backoff 100",
        "mcp-timeout 0",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line:?} is missing in {shown}");
    }
    assert!(tmux.run(["show-options", "-g"]).ok().contains("\nmcp-roots off\n"));
    let viewer = tmux.view();
    // A filter that leaves out a key is one that tmux 3.5a never ends with.
    let filter = "#{||:#{is_key},#{m:mcp-t*,#{option_name}}}";
    let _ = tmux.run(["customize-mode", "-t", "one:", "-f", filter]).ok();
    viewer.until("Server Options");
    // Expands the tree, and goes to the first option there is.
    let _ = tmux.run(["send-keys", "-t", "one:", "M-+", "Down"]).ok();
    viewer.until("Time that an MCP call may take in all.");
    let _ = tmux.run(["send-keys", "-t", "one:", "q"]).ok();
    drop(viewer);
    tmux.finish();
}

#[test]
fn an_option_of_the_time_before_is_told_once_with_what_takes_its_place() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set -g @mcp-pool-maxsize 3")
        .conf("set -g @mcp-timeout 400")
        .conf("set -g @mcp-call-done { set -g @done 1 }")
        .start();
    let _ = tmux.run(["set-option", "-g", "@mcp-timeout", "500"]).ok();
    assert_eq!(tmux.call(["demo", "sleep", "ms=800"]).ok(), "slept 800 ms\n");
    let log = tmux.run(["mcp-log"]).ok();
    for (old, new) in [
        ("@mcp-timeout", "set-option -g mcp-timeout"),
        ("@mcp-call-done", "set-hook -g mcp-call-done"),
    ] {
        let told = format!(" warning [tmux] mcp: {old} is not used any more: {new}\n");
        assert_eq!(log.matches(&told).count(), 1, "{told:?} in {log}");
    }
    let report = tmux.run(["mcp-stats", "-v"]).ok();
    assert!(report.contains("Warning: unknown option @mcp-pool-maxsize\n"), "{report}");
    assert!(
        report.contains("Warning: @mcp-timeout is not used any more: set-option -g mcp-timeout\n"),
        "{report}"
    );
    assert_eq!(report.matches("Warning").count(), 3, "{report}");
    for args in [
        &["set-option", "-s", "@mcp-roots", "1"][..],
        &["set-option", "-wg", "@mcp-roots", "1"],
        &["set-option", "-t", "one:", "@mcp-roots", "1"],
        &["set-option", "-wt", "one:", "@mcp-roots", "1"],
        &["set-option", "-pt", "one:", "@mcp-rots", "1"],
    ] {
        let _ = tmux.run(args).ok();
    }
    let report = tmux.run(["mcp-stats", "-v"]).ok();
    for scope in ["server", "windows", "session one", "window @0"] {
        let line = format!(
            "Warning: @mcp-roots ({scope}) is not used any more: set-option -g mcp-roots\n"
        );
        assert!(report.contains(&line), "{line}{report}");
    }
    assert!(report.contains("Warning: unknown option @mcp-rots (pane %0)\n"), "{report}");
    assert_eq!(report.matches("Warning").count(), 8, "{report}");
    assert_eq!(tmux.format("#{@done}"), "", "the old hook does not run");
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
        .conf("bind -n C-g set -g mcp-preconnect 'shell key'")
        .start();
    until("the configuration is loaded", || tmux.format("#{mcp_servers}") == "2");
    rest(&tmux);
    let _ = tmux.run(["set", "-g", "mcp-preconnect", "shell"]).ok();
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
