//! Unix sockets: what can be wrong with one, and what comes of it.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Daemon, Driver, Home, PATIENCE, server_binary, socket, stdio, write_config};
use tmcp::error::Kind;

const QUICK: &str = r#""retry_attempts":1,"retry_backoff":1"#;
const ECHO: &str = r#"{"text":"x"}"#;

/// A client of a server `s` on `path` without a command.
fn client(home: Home, path: &Path, more: &str) -> Driver {
    write_config(&home, &format!("{{\"s\":{}}}", socket(path, more)));
    Driver::at(home)
}

/// A client of a server on `path` with the scripted server as its command.
fn with_command(home: Home, path: &Path, more: &str) -> Driver {
    let entry = stdio(&[]);
    let servers = format!(
        "{{\"s\":{{\"transport\":\"socket\",\"socket_path\":{path:?},{more}{}}}",
        &entry[1..]
    );
    write_config(&home, &servers);
    Driver::at(home)
}

#[test]
fn a_socket_that_cannot_be_used_is_a_clear_error_without_a_command() {
    let home = Home::new("bad-sockets");
    std::fs::create_dir(home.path("directory")).unwrap();
    std::fs::write(home.path("file"), "").unwrap();
    drop(UnixListener::bind(home.path("refused")).unwrap());
    for (name, text, permanent) in [
        ("absent", "No such file or directory", false),
        ("refused", "Connection refused", false),
        ("directory", "is a directory, not a socket", true),
        ("file", "is not a socket", true),
    ] {
        let mut driver = client(Home::new("bad-socket"), &home.path(name), QUICK);
        let error = driver.error("s", "echo", ECHO);
        assert_eq!(error.kind(), Kind::Io, "{name}: {error}");
        assert!(error.message().starts_with("server 's': "), "{error}");
        assert!(error.message().contains(text), "{name}: {error}");
        let path = home.path(name).display().to_string();
        assert_eq!(error.message().matches(&path).count(), 1, "the socket is named: {error}");
        assert_eq!(error.message().contains("(tried 2 times)"), !permanent, "{error}");
        assert_eq!(driver.stat("s", "Status"), "failing");
        assert!(
            driver.logged(&format!("connecting to s via socket {}", home.path(name).display()))
        );
        assert!(!driver.logged("falling back"), "there is nothing to fall back to");
    }
}

#[test]
fn a_path_that_is_too_long_names_the_limit_and_the_length() {
    let path = format!("/tmp/{}", "x".repeat(200));
    let home = Home::new("long-path");
    let mut driver = client(home, Path::new(&path), "");
    driver.until("the configuration", |d| d.client.is_ready().then_some(()));
    let message = driver.start_error("s", "echo", ECHO);
    assert!(message.contains("205 bytes") && message.contains("107"), "{message}");
    assert!(message.contains("'s'"), "{message}");
}

#[test]
fn whatever_is_wrong_with_the_socket_the_command_stands_in() {
    let home = Home::new("stand-in");
    std::fs::create_dir(home.path("directory")).unwrap();
    std::fs::write(home.path("file"), "").unwrap();
    for name in ["absent", "directory", "file"] {
        let mut driver = with_command(Home::new("stand-in-client"), &home.path(name), "");
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        assert_eq!(driver.stat("s", "Transport"), "stdio (fallback from socket)");
        assert_eq!(driver.stat("s", "Socket Path"), home.path(name).to_str().unwrap());
        assert!(!driver.stat("s", "Socket Error").is_empty());
        assert_eq!(driver.count_logged("falling back to stdio transport"), 1);
        assert_eq!(driver.number("s", "Errors"), 0);
    }
}

#[test]
fn a_daemon_that_comes_back_is_used_again_and_the_process_goes() {
    let home = Home::new("comes-back");
    let path = home.path("s.sock");
    let mut driver = with_command(home, &path, "");
    let stand_in = driver.text("s", "pid", "{}");
    let daemon = Daemon::start(&path, &[]);
    let start = Instant::now();
    // The socket is looked at again ten seconds after it failed.
    while driver.text("s", "pid", "{}") != daemon.0.id().to_string() {
        assert!(start.elapsed() < PATIENCE, "the daemon is never used");
        driver.turns_within(Duration::from_millis(50));
    }
    assert_eq!(driver.stat("s", "Transport"), "socket");
    driver.until("the end of the stand-in", |_| {
        (!common::is_running(stand_in.parse().unwrap())).then_some(())
    });
    assert_eq!(driver.number("s", "Errors"), 0);
}

#[test]
fn a_daemon_that_is_restarted_between_two_calls_is_used_at_once() {
    let home = Home::new("restarted");
    let path = home.path("s.sock");
    let first = Daemon::start(&path, &[]);
    let mut driver = client(home, &path, QUICK);
    assert_eq!(driver.text("s", "pid", "{}"), first.0.id().to_string());
    drop(first);
    std::fs::remove_file(&path).unwrap();
    let second = Daemon::start(&path, &[]);
    assert_eq!(driver.text("s", "pid", "{}"), second.0.id().to_string());
    assert_eq!(driver.number("s", "Errors"), 0);
}

#[test]
fn a_full_backlog_is_tried_again() {
    let home = Home::new("backlog");
    let path = home.path("s.sock");
    // Listens with the smallest backlog and accepts nobody for now.
    let listener = UnixListener::bind(&path).unwrap();
    #[allow(unsafe_code)]
    // SAFETY: listen(2) on a socket that is open only changes its backlog.
    unsafe {
        libc::listen(std::os::fd::AsRawFd::as_raw_fd(&listener), 0);
    }
    let filler = UnixStream::connect(&path).unwrap();
    let more = r#""retry_attempts":50,"retry_backoff":20"#;
    let mut driver = client(home, &path, more);
    let id = driver.start("s", "echo", ECHO);
    driver.until("the full backlog", |d| d.logged("backlog is full").then_some(()));
    drop(listener.accept().unwrap());
    drop(filler);
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        answer(&stream, |_| true);
    });
    let done = driver.done(id);
    assert_eq!(common::text_of(&done), "scripted");
    drop(driver);
    server.join().unwrap();
}

/// Answers as a legacy server until the end, or until `go_on` says no to a method.
fn answer(stream: &UnixStream, go_on: impl Fn(&str) -> bool) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        let message: serde_json::Value = serde_json::from_str(&line).unwrap();
        let method = message["method"].as_str().unwrap_or_default();
        if !go_on(method) {
            return;
        }
        let reply = match method {
            "initialize" => serde_json::json!({"result": {"protocolVersion": "2025-06-18",
                "capabilities": {}, "serverInfo": {"name": "scripted", "version": "1"}}}),
            "tools/call" => {
                serde_json::json!({"result": {"content": [{"type": "text", "text": "scripted"}]}})
            }
            _ => serde_json::json!({"error": {"code": -32601, "message": "no"}}),
        };
        if message["id"].is_null() {
            continue;
        }
        let mut reply = reply;
        reply["jsonrpc"] = "2.0".into();
        reply["id"] = message["id"].clone();
        // The client may be gone.
        let _ = (&*stream).write_all(format!("{reply}\n").as_bytes());
    }
}

#[test]
fn a_peer_that_closes_idle_connections_costs_no_call() {
    let home = Home::new("closes-idle");
    let path = home.path("s.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..5 {
            let (stream, _) = listener.accept().unwrap();
            let served = std::cell::Cell::new(false);
            stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            while !served.get() {
                answer(&stream, |method| {
                    served.set(served.get() || method == "tools/call");
                    true
                });
            }
        }
    });
    let mut driver = client(home, &path, QUICK);
    for _ in 0..5 {
        assert_eq!(driver.text("s", "anything", "{}"), "scripted");
        driver.until("the close", |d| (d.number("s", "Idle") == 0).then_some(()));
    }
    server.join().unwrap();
    assert!(
        driver.stat("s", "Connections Closed").contains("peer closed 5"),
        "{}",
        driver.stat("s", "Connections Closed")
    );
    assert_eq!(driver.number("s", "Errors"), 0);
}

#[test]
fn a_close_that_is_told_together_with_the_last_bytes_is_noticed() {
    let home = Home::new("closes-with-bytes");
    let path = home.path("s.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let served = std::cell::Cell::new(false);
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        while !served.get() {
            answer(&stream, |method| {
                served.set(method == "tools/call");
                true
            });
        }
    });
    let mut driver = client(home, &path, QUICK);
    driver.ready();
    let id = driver.start("s", "anything", "{}");
    driver.until("the sending", |d| (d.number("s", "In Flight") == 1).then_some(()));
    // The reply and the end of the stream are both there before anybody looks.
    server.join().unwrap();
    assert_eq!(common::text_of(&driver.done(id)), "scripted");
    driver.until("the close", |d| (d.number("s", "Idle") == 0).then_some(()));
}

#[test]
fn a_peer_that_closes_in_a_call_leaves_its_outcome_unknown() {
    let home = Home::new("closes-busy");
    let path = home.path("s.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut calls = 0;
        answer(&stream, |method| method != "tools/call");
        calls += 1;
        drop(stream);
        drop(listener);
        calls
    });
    let mut driver = client(home, &path, QUICK);
    let error = driver.error("s", "anything", "{}");
    assert_eq!(error.kind(), Kind::OutcomeUnknown);
    assert_eq!(
        error.message(),
        "server 's': outcome unknown, the call may have run: the server closed the connection"
    );
    assert_eq!(server.join().unwrap(), 1);
}

#[test]
fn a_peer_of_another_user_is_sent_nothing() {
    // Only root can run a server as somebody else.
    if !Path::new("/proc/self").exists() || current_uid() != 0 {
        // Past the harness, which keeps what a passing test prints.
        let note = "SKIPPED: a peer of another user can only be had by root\n";
        let _ = std::io::stderr().write_all(note.as_bytes());
        return;
    }
    let home = Home::new("foreign-peer");
    let everybody = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(&home.0, everybody).unwrap();
    let program = home.path("server");
    std::fs::copy(server_binary(), &program).unwrap();
    let path = home.path("s.sock");
    let journal = home.path("journal");
    let child = Command::new(&program)
        .arg("--socket")
        .arg(&path)
        .arg("--journal")
        .arg(&journal)
        .uid(65534)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let daemon = Daemon(child);
    let start = Instant::now();
    while UnixStream::connect(&path).is_err() {
        assert!(start.elapsed() < PATIENCE, "the server does not listen");
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut refused = client(Home::new("foreign-refused"), &path, QUICK);
    let error = refused.error("s", "echo", ECHO);
    assert!(error.message().contains("is served by uid 65534"), "{error}");
    assert!(!error.message().contains("tried"), "{error}");
    assert_eq!(refused.number("s", "Bytes Sent"), 0);
    let mut allowed = client(Home::new("foreign-allowed"), &path, r#""socket_allow_uid":[65534]"#);
    assert_eq!(allowed.text("s", "echo", ECHO), "x");
    drop(daemon);
}

fn current_uid() -> u32 {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap())
}
