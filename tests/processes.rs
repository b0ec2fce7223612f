//! Servers that are processes: how they start, fail, end and are cleared away.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use common::{Driver, Home, entry, is_running, journaled, one, server_binary, write_config};
use tmcp::error::Kind;

fn error_of(name: &str, server: serde_json::Value) -> tmcp::error::Error {
    let mut driver = Driver::new(name, &serde_json::json!({"s": server}).to_string());
    driver.error("s", "echo", r#"{"text":"x"}"#)
}

/// Waits until a process is gone, without turning anybody's loop.
fn gone(pid: u32) {
    let start = Instant::now();
    while is_running(pid) {
        assert!(start.elapsed() < common::PATIENCE, "process {pid} lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The pid file's numbers, once it is there.
fn pids(driver: &mut Driver, name: &str) -> Vec<u32> {
    let path = driver.home.path(name);
    driver.until("the pid file", |_| {
        let text = std::fs::read_to_string(&path).ok()?;
        Some(text.lines().map(|line| line.parse().unwrap()).collect())
    })
}

fn with_pid_file(name: &str, args: &[&str], more: &str) -> Driver {
    let home = Home::new(name);
    let file = home.path("pids");
    let mut all = vec!["--pid-file", file.to_str().unwrap()];
    all.extend(args);
    write_config(&home, &format!("{{\"s\":{}}}", entry(&all, more)));
    Driver::at(home)
}

#[test]
fn a_command_that_does_not_exist_is_named_and_not_tried_again() {
    let error = error_of("no-command", serde_json::json!({"command": "tmcp-no-such-command"}));
    assert!(error.message().contains("tmcp-no-such-command"), "{error}");
    assert!(!error.message().contains("tried"), "{error}");
    let error = error_of("no-path", serde_json::json!({"command": "/nowhere/server"}));
    assert!(error.message().contains("/nowhere/server"), "{error}");
}

#[test]
fn a_file_that_cannot_be_executed_is_named() {
    let home = Home::new("no-exec");
    let path = home.path("server");
    std::fs::write(&path, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = error_of("no-exec-call", serde_json::json!({"command": path}));
    assert!(error.message().contains(path.to_str().unwrap()), "{error}");
    assert!(error.message().to_lowercase().contains("permission"), "{error}");
    let error = error_of("a-directory", serde_json::json!({"command": home.0}));
    assert!(error.message().contains(home.0.to_str().unwrap()), "{error}");
}

#[test]
fn a_directory_that_does_not_exist_is_named() {
    let server = serde_json::json!({"command": server_binary(), "cwd": "/nowhere/at/all"});
    let error = error_of("no-cwd", server);
    assert!(error.message().contains("/nowhere/at/all"), "{error}");
}

#[test]
fn a_process_that_exits_at_once_is_told_with_its_status_and_last_words() {
    let script = "echo first >&2; echo 'no license found' >&2; exit 7";
    let server = serde_json::json!({"command": "sh", "args": ["-c", script], "retry_attempts": 1,
        "retry_backoff": 1});
    let error = error_of("exits", server);
    assert_eq!(error.kind(), Kind::Io);
    assert_eq!(
        error.message(),
        "server 's': the server process ended: exit status 7; stderr: first | no license found"
    );
    let server = serde_json::json!({"command": "sh", "args": ["-c", "kill -9 $$"],
        "retry_attempts": 0});
    let error = error_of("killed", server);
    assert!(error.message().contains("killed by signal 9 (SIGKILL)"), "{error}");
}

#[test]
fn a_crash_in_a_call_leaves_its_outcome_unknown_and_the_next_call_gets_a_new_process() {
    for tool in ["crash", "exit"] {
        let (mut driver, journal) = journaled("crash", &[], r#""retry_backoff":1"#);
        let first = driver.text("s", "pid", "{}");
        let error = driver.error("s", tool, "{}");
        assert_eq!(error.kind(), Kind::OutcomeUnknown, "{tool}: {error}");
        assert!(error.message().contains("the server process ended: "), "{tool}: {error}");
        let second = driver.text("s", "pid", "{}");
        assert_ne!(first, second);
        assert_eq!(journal.count(tool), 1, "{tool} ran more than once");
        assert_eq!(driver.number("s", "Restarts"), 1);
        assert_eq!(driver.number("s", "Reconnections"), 1);
        assert!(!is_running(first.parse().unwrap()));
    }
}

#[test]
fn a_process_that_ends_at_once_is_started_twice_for_each_call_and_without_a_pause() {
    // A pause would outlast the patience of this test, if not each time.
    let server = serde_json::json!({"command": "false", "retry_attempts": 3,
        "retry_backoff": 30_000});
    let mut driver = Driver::new("backoff", &serde_json::json!({"s": server}).to_string());
    for call in 1..=4 {
        for words in [false, true] {
            let before = driver.count_logged("spawned server pid");
            let error = match words {
                false => driver.error("s", "echo", r#"{"text":"x"}"#),
                // What waits for a list of tools waits as well.
                true => driver.words("s", "echo", &["text=x"]).outcome.unwrap_err(),
            };
            assert_eq!(error.message(), "server 's': the server process ended: exit status 1");
            // One start with the probe and one without.
            let spawned = driver.count_logged("spawned server pid") - before;
            assert_eq!(spawned, 2, "in call {call}");
        }
    }
    let spawned = driver.count_logged("spawned server pid");
    driver.turns_within(Duration::from_millis(100));
    assert_eq!(driver.count_logged("spawned server pid"), spawned, "nobody waits for it");
}

#[test]
fn fifty_processes_are_started_in_many_turns_and_not_in_one() {
    let all: Vec<String> = (0..50).map(|n| format!("\"s{n}\":{}", entry(&[], ""))).collect();
    let mut driver = Driver::new("fifty", &format!("{{{}}}", all.join(",")));
    driver.ready();
    for n in 0..50 {
        driver.client.connect(&format!("s{n}")).unwrap();
    }
    let started = |driver: &Driver| driver.count_logged("spawned server pid");
    assert_eq!(started(&driver), 0, "to ask for one starts none");
    let mut turns = 0;
    while started(&driver) < 50 {
        assert_eq!(driver.client.timeout(), Some(Duration::ZERO), "there is more to do");
        // Without any time, a turn does one piece of work.
        driver.client.dispatch(Duration::ZERO);
        turns += 1;
    }
    assert!(turns >= 50, "{turns} turns");
    driver.until("all to be there", |d| (d.count_logged(" is ready") == 50).then_some(()));
}

#[test]
fn a_process_that_ignores_everything_is_killed_when_it_is_retired() {
    let args = ["--no-eof-exit", "--ignore-term"];
    let mut driver = with_pid_file("stubborn", &args, r#""pool_idle_timeout":1"#);
    driver.text("s", "pid", "{}");
    let pid = pids(&mut driver, "pids")[0];
    driver.until("its end", |_| (!is_running(pid)).then_some(()));
    driver.until("the news", |d| {
        d.logged(&format!("server pid {pid} is gone: killed by signal 9")).then_some(())
    });
    assert!(driver.stat("s", "Connections Closed").contains("idle 1"));
    let turns = driver.turns_within(Duration::from_millis(200));
    assert!(turns < 20, "{turns} turns after the end");
}

#[test]
fn an_idle_process_leaves_by_itself_when_its_input_is_closed() {
    let mut driver = with_pid_file("retired", &[], r#""pool_idle_timeout":1"#);
    driver.text("s", "pid", "{}");
    let pid = pids(&mut driver, "pids")[0];
    driver.until("its end", |d| {
        d.logged(&format!("server pid {pid} is gone: exit status 0")).then_some(())
    });
    assert!(!is_running(pid));
    assert_eq!(driver.stat("s", "Status"), "idle");
    assert_eq!(driver.number("s", "Evictions"), 1);
}

#[test]
fn a_grandchild_that_holds_the_pipes_does_not_hide_the_end_and_goes_too() {
    let mut driver = with_pid_file("grandchild", &["--grandchild"], r#""retry_backoff":1"#);
    driver.text("s", "pid", "{}");
    let first = pids(&mut driver, "pids");
    assert_eq!(first.len(), 2);
    let start = Instant::now();
    let error = driver.error("s", "exit", r#"{"code":3}"#);
    assert!(error.message().contains("exit status 3"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
    driver.until("the grandchild's end", |_| (!is_running(first[1])).then_some(()));
    let second: u32 = driver.text("s", "pid", "{}").parse().unwrap();
    let pids = pids(&mut driver, "pids");
    assert_eq!(pids[0], second);
    drop(driver);
    gone(pids[0]);
    gone(pids[1]);
}

#[test]
fn a_flood_on_stderr_blocks_nobody_and_its_lines_are_logged() {
    let mut driver = one("flood", &["--stderr-flood", "3000000"], "");
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
    assert!(driver.logged("s stderr: "));
    let turns = driver.turns_within(Duration::from_millis(200));
    assert!(turns < 20, "{turns} turns after the flood");
}

#[test]
fn every_line_of_stderr_is_logged_however_many_come_at_once() {
    let script = "i=0; while [ $i -lt 1000 ]; do echo \"line $i\"; i=$((i+1)); done >&2; \
        printf 'the end' >&2; read a; exit 1";
    let server = serde_json::json!({"command": "sh", "args": ["-c", script],
        "retry_attempts": 0});
    let mut driver = Driver::new("lines", &serde_json::json!({"s": server}).to_string());
    let error = driver.error("s", "echo", "{}");
    assert!(
        error.message().ends_with("exit status 1; stderr: line 998 | line 999 | the end"),
        "{error}"
    );
    let lines: Vec<String> = driver.log.lock().unwrap().clone();
    let lines: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("s stderr: ")).collect();
    // The probe may have been blamed for the first death.
    let all: Vec<String> =
        (0..1000).map(|n| format!("line {n}")).chain(["the end".to_owned()]).collect();
    assert!(lines.starts_with(&all.iter().map(String::as_str).collect::<Vec<_>>()), "{lines:#?}");
}

#[test]
fn the_environment_and_the_directory_are_those_of_the_entry() {
    let home = Home::new("environment");
    std::fs::create_dir(home.path("below")).unwrap();
    let more = format!(
        r#""cwd":{:?},"env":{{"TMCP_SET":"by entry","TMCP_BOTH":"entry","HOME_OF":"${{HOME}}"}}"#,
        home.path("below")
    );
    write_config(&home, &format!("{{\"s\":{}}}", entry(&[], &more)));
    let place = home.0.clone();
    let mut driver = Driver::with(home, |options| {
        options.env.push(("TMCP_BOTH".into(), "host".into()));
        options.env.push(("TMCP_HOST".into(), "by host".into()));
    });
    for (name, value) in [
        ("TMCP_SET", "by entry"),
        ("TMCP_BOTH", "entry"),
        ("TMCP_HOST", "by host"),
        ("HOME_OF", place.to_str().unwrap()),
    ] {
        assert_eq!(driver.text("s", "env", &format!("{{\"name\":\"{name}\"}}")), value);
    }
    // Set in this very process by cargo, and not given to the client.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let text = driver.text("s", "env", r#"{"name":"CARGO_MANIFEST_DIR"}"#);
    assert_eq!(text, "CARGO_MANIFEST_DIR is not set");
    let below = std::fs::canonicalize(place.join("below")).unwrap();
    assert_eq!(driver.text("s", "cwd", "{}"), below.to_str().unwrap());
}

#[test]
fn a_process_that_stands_in_for_a_socket_is_told_the_path() {
    let home = Home::new("socket-path");
    let path = home.path("s.sock");
    let more = format!("\"transport\":\"socket\",\"socket_path\":{path:?}");
    write_config(&home, &format!("{{\"s\":{}}}", entry(&[], &more)));
    let mut driver = Driver::at(home);
    let text = driver.text("s", "env", r#"{"name":"MCP_SOCKET_PATH"}"#);
    assert_eq!(text, path.to_str().unwrap());
}

#[test]
fn a_dropped_client_leaves_no_process_behind() {
    let mut driver = with_pid_file("dropped", &["--grandchild", "--no-eof-exit"], "");
    driver.start("s", "sleep", r#"{"ms":60000}"#);
    let pids = pids(&mut driver, "pids");
    drop(driver);
    for pid in pids {
        gone(pid);
    }
}

#[test]
fn a_process_that_ignores_everything_does_not_outlive_a_dropped_client() {
    let args = ["--no-eof-exit", "--ignore-term", "--grandchild"];
    let mut driver = with_pid_file("outlive", &args, "");
    driver.start("s", "sleep", r#"{"ms":60000}"#);
    let pids = pids(&mut driver, "pids");
    drop(driver);
    for pid in pids {
        gone(pid);
    }
}

#[test]
fn a_process_killed_from_outside_while_idle_is_noticed_and_replaced() {
    let mut driver = with_pid_file("killed-idle", &[], r#""retry_backoff":1"#);
    let first = driver.text("s", "pid", "{}");
    let status = std::process::Command::new("kill").args(["-9", &first]).status().unwrap();
    assert!(status.success());
    driver.until("the loss", |d| {
        d.logged("lost s: the server process ended: killed by signal 9 (SIGKILL)").then_some(())
    });
    assert_ne!(driver.text("s", "pid", "{}"), first);
    assert_eq!(driver.number("s", "Errors"), 0);
}

/// A legacy server in a shell that goes on with `rest` after the handshake.
fn shell(name: &str, rest: &str, more: serde_json::Value) -> Driver {
    let script = format!(
        r#"read a; echo '{{"jsonrpc":"2.0","id":1,"error":{{"code":-32601,"message":"no"}}}}'
        read a; echo '{{"jsonrpc":"2.0","id":2,"result":{{"protocolVersion":"2025-06-18","capabilities":{{}},"serverInfo":{{"name":"x","version":"1"}}}}}}'
        {rest}"#
    );
    let mut server = serde_json::json!({"command": "sh", "args": ["-c", script]});
    for (key, value) in more.as_object().expect("an object") {
        server[key] = value.clone();
    }
    Driver::new(name, &serde_json::json!({"s": server}).to_string())
}

/// How many descriptors of all processes are ends of a pipe.
fn holders(pipe: &str) -> usize {
    let entries = |path: std::path::PathBuf| {
        std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path())
    };
    // Without "self", which is one of them.
    let is_process = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit())
    };
    let processes = entries("/proc".into()).filter(is_process);
    let descriptors = processes.flat_map(|process| entries(process.join("fd")));
    let links = descriptors.filter_map(|descriptor| std::fs::read_link(descriptor).ok());
    links.filter(|link| link.as_os_str() == pipe).count()
}

#[test]
fn a_process_that_closes_its_input_is_given_up() {
    let more = serde_json::json!({"retry_attempts": 0});
    let home = Home::new("closes-input");
    let (closed, pipe) = (home.path("closed"), home.path("pipe"));
    let rest = format!(
        "readlink /proc/$$/fd/0 >{pipe:?}; read a; exec 0<&-; echo >{closed:?}; exec sleep 60"
    );
    let mut driver = shell("closes-input-call", &rest, more);
    driver.start("s", "first", "{}");
    driver.until("the handshake", |d| d.logged("s is ready").then_some(()));
    driver.until("the end of its input", |_| closed.exists().then_some(()));
    // Processes that other tests start hold a copy of it for a moment.
    let pipe = std::fs::read_to_string(&pipe).expect("it is written");
    driver.until("our end alone", |_| (holders(pipe.trim()) == 1).then_some(()));
    let start = Instant::now();
    let error = driver.error("s", "anything", "{}");
    assert_eq!(error.message(), "server 's': the server closed the stream");
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
}

#[test]
fn a_process_that_closes_its_output_and_lives_on_is_given_up_and_ended() {
    let home = Home::new("closes-output");
    let pid_file = home.path("pid");
    let rest = format!("echo $$ > {pid_file:?}; read a; read a; exec 1>&-; exec sleep 60");
    let mut driver = shell("closes-output-call", &rest, serde_json::json!({}));
    let error = driver.error("s", "anything", "{}");
    assert_eq!(error.kind(), Kind::OutcomeUnknown);
    assert!(error.message().ends_with("the server closed the stream"), "{error}");
    let pid = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    driver.until("its end", |_| (!is_running(pid)).then_some(()));
}

#[test]
fn a_stopped_process_is_timed_out_and_goes_on_when_it_is_woken() {
    let mut driver = with_pid_file("stopped", &[], "");
    let pid = driver.text("s", "pid", "{}");
    let signal = |name: &str| {
        let status = std::process::Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(status.success());
    };
    signal("-STOP");
    let call = tmcp::client::CallTool {
        server: "s".into(),
        tool: "echo".into(),
        arguments: tmcp::client::Arguments::Json(r#"{"text":"x"}"#.into()),
        is_unattended: false,
    };
    let id = driver.client.call(call, Some(Duration::from_millis(200)), 0).unwrap();
    assert_eq!(driver.done(id).outcome.unwrap_err().kind(), Kind::Timeout);
    signal("-CONT");
    assert_eq!(driver.text("s", "pid", "{}"), pid);
}
