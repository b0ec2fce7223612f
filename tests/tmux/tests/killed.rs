//! Somebody goes while somebody waits.

use std::fs;
use std::time::Instant;

use serde_json::json;
use tmcp_tmux_tests::process::Process;
use tmcp_tmux_tests::{Setup, SocketServer, Tmux, gated, recorded, stdio, until};

#[test]
fn the_call_of_a_killed_client_is_cancelled() {
    let setup = Setup::new();
    let file = setup.path("sent");
    let tmux = setup.server("demo", recorded(&file, &[])).start();
    let call = tmux.start_call(["demo", "sleep", "ms=60000"]);
    tmux.until_format("#{mcp_inflight}", "1");
    until("the call is on its way", || {
        fs::read_to_string(&file).is_ok_and(|sent| sent.contains("tools/call"))
    });
    call.process().signal(libc::SIGKILL);
    let _ = call.wait();
    tmux.until_format("#{mcp_inflight}", "0");
    until("the server is told", || {
        fs::read_to_string(&file).is_ok_and(|sent| sent.contains("notifications/cancelled"))
    });
    tmux.lives();
    assert!(tmux.run(["mcp-stats", "-v", "demo"]).ok().contains("    Cancelled: 1\n"));
    assert_eq!(tmux.call(["demo", "echo", "text=on"]).ok(), "on\n");
    tmux.finish();
}

#[test]
fn clients_that_are_killed_at_any_moment_harm_nobody() {
    let tmux = Tmux::demo();
    let _ = tmux.call(["demo", "echo", "text=warm"]).ok();
    for n in 0_u64..40 {
        let call = match n % 4 {
            0 => tmux.start_call(["demo", "echo", "text=x"]),
            1 => tmux.start_call(["demo", "sleep", "ms=20"]),
            2 => tmux.start_call(["demo", "big", "bytes=300000"]),
            _ => tmux.start(["mcp-tools"]),
        };
        // Not a wait for anything: the moment is to differ.
        std::thread::sleep(std::time::Duration::from_millis(n % 13));
        call.process().signal(libc::SIGKILL);
        let _ = call.wait();
    }
    tmux.until_format("#{mcp_inflight}", "0");
    tmux.lives();
    tmux.finish();
}

#[test]
fn a_client_that_is_killed_while_its_arguments_are_read_harms_nobody() {
    let tmux = Tmux::demo();
    let mut command = tmux.command(["mcp-call", "-i", "-", "demo", "echo"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("it starts");
    let pid = child.id().to_string();
    until("the client waits", || {
        tmux.run(["list-clients", "-F", "#{client_pid}"]).code == 0
            && Process::of(pid.parse().expect("a pid")).is_some()
    });
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    tmux.lives();
    assert_eq!(tmux.call(["demo", "echo", "text=on"]).ok(), "on\n");
    tmux.finish();
}

#[test]
fn a_server_that_is_killed_in_a_call_is_named_and_started_again() {
    let tmux = Tmux::demo();
    let call = tmux.start_call(["demo", "sleep", "ms=60000"]);
    until("the call runs", || tmux.journal() == ["sleep"]);
    let servers = tmux.mcp_children();
    assert_eq!(servers.len(), 1, "one server runs");
    servers[0].signal(libc::SIGKILL);
    let error = call.wait().fails(2);
    assert!(error.starts_with("server 'demo': outcome unknown"), "{error}");
    let pid: i32 = tmux.call(["demo", "pid"]).ok().trim().parse().expect("a pid");
    assert_ne!(pid, servers[0].pid, "it is another process");
    assert_eq!(tmux.journal(), ["sleep", "pid"], "nothing ran twice");
    until("the dead one is reaped", || !servers[0].is_zombie());
    tmux.finish();
}

#[test]
fn a_socket_server_that_is_killed_in_a_call_can_come_back() {
    let setup = Setup::new();
    let path = setup.path("s");
    let journal = setup.path("journal").to_string_lossy().into_owned();
    let server = SocketServer::start(&path, &["--journal", &journal]);
    let tmux = setup.server("demo", server.entry()).start();
    let call = tmux.start_call(["demo", "sleep", "ms=60000"]);
    until("the call runs", || tmux.journal() == ["sleep"]);
    drop(server);
    assert!(call.wait().fails(2).contains("outcome unknown"));
    assert!(tmux.call(["demo", "echo", "text=x"]).fails(2).contains("'demo'"));
    let server = SocketServer::start(&path, &["--journal", &journal]);
    assert_eq!(tmux.call(["demo", "echo", "text=back"]).ok(), "back\n");
    assert_eq!(tmux.journal(), ["sleep", "echo"]);
    tmux.finish();
    drop(server);
}

#[test]
fn kill_server_while_calls_wait_leaves_nothing_behind() {
    let setup = Setup::new();
    let pids = setup.path("pids");
    let tmux = setup
        .server("demo", stdio(&[]))
        .server("family", stdio(&["--grandchild", "--pid-file", &pids.to_string_lossy()]))
        .server("silent", stdio(&["--never-reply"]))
        .start();
    let calls = [
        tmux.start_call(["demo", "sleep", "ms=60000"]),
        tmux.start_call(["family", "sleep", "ms=60000"]),
        tmux.start_call(["silent", "echo", "text=x"]),
    ];
    tmux.until_format("#{mcp_inflight}", "3");
    until("three servers run", || tmux.mcp_children().len() == 3);
    until("the grandchild runs", || {
        fs::read_to_string(&pids).is_ok_and(|text| text.lines().count() == 2)
    });
    let mut left = tmux.server().descendants();
    left.push(tmux.server());
    let text = fs::read_to_string(&pids).expect("read above");
    left.extend(text.lines().filter_map(|pid| Process::of(pid.parse().ok()?)));
    let start = Instant::now();
    let _ = tmux.run(["kill-server"]).ok();
    until("all have gone", || !left.iter().any(|process| process.runs()));
    assert!(start.elapsed().as_secs() < 10, "it took {:?}", start.elapsed());
    for call in calls {
        let _ = call.wait();
    }
}

#[test]
fn a_stubborn_server_does_not_outlive_tmux() {
    let setup = Setup::new();
    let tmux = setup
        .server("demo", stdio(&["--ignore-term"]))
        .server("deaf", stdio(&["--no-eof-exit"]))
        .start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let _ = tmux.call(["deaf", "echo", "text=x"]).ok();
    tmux.finish();
}

#[test]
fn calls_in_tmux_conf_do_not_delay_the_start() {
    let setup = Setup::new();
    let journal = setup.path("journal").to_string_lossy().into_owned();
    let gate = setup.path("gate");
    let tmux = setup
        .server("demo", gated(&gate, stdio(&["--journal", &journal])))
        .server("never", stdio(&["--probe", "silent", "--never-reply"]))
        .server("gone", json!({"command": "/does/not/exist"}))
        .conf("mcp-call demo echo text=from-conf")
        .conf("mcp-call -T 500 never echo text=x")
        .conf("mcp-call gone echo text=x")
        .conf("set -g @after yes")
        .start();
    // It has started, and its first server cannot have.
    assert_eq!(tmux.format("#{@after}"), "yes", "what follows in the file ran");
    fs::write(&gate, "").expect("the gate opens");
    until("the call runs in the end", || tmux.journal() == ["echo"]);
    until("its result is in the buffer", || tmux.buffer("mcp").as_deref() == Some("from-conf"));
    let _terminal = tmux.attach();
    until("errors are in the messages", || {
        let messages = tmux.messages();
        messages.iter().any(|line| line.contains("gone echo") && line.contains("/does/not/exist"))
            && messages.iter().any(|line| line.contains("never echo") && line.contains("timed out"))
    });
    tmux.finish();
}

#[test]
fn calls_in_a_sourced_file_run_and_do_not_hold_up_the_command() {
    let tmux = Tmux::demo();
    let file = tmux.path("calls.conf");
    fs::write(
        &file,
        "mcp-call -o buffer:a demo echo text=a\nmcp-call -o buffer:b demo echo 'text=b c'\n",
    )
    .expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
    until("both ran", || {
        tmux.buffer("a").as_deref() == Some("a") && tmux.buffer("b").as_deref() == Some("b c")
    });
    let mut terminal = tmux.attach();
    let _ = tmux.run(["bind-key", "-n", "C-g", "source-file", &file.to_string_lossy()]).ok();
    terminal.keys(b"\x07");
    until("and again for a key", || tmux.journal().len() == 4);
    drop(terminal);
    tmux.finish();
}
