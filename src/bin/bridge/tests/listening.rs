//! The socket: where it may be, who may connect, what is left of it.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{BRIDGE, Bridge, Directory, is_alive, server_binary, until};
use serde_json::json;

/// What a bridge says that cannot start. It fails if it does not end.
fn refused(arguments: &[&str]) -> String {
    let mut process = Command::new(BRIDGE)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + common::PATIENCE;
    while process.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            process.kill().unwrap();
            panic!("{arguments:?}: it started");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let Output { status, stderr, .. } = process.wait_with_output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_socket_is_for_its_owner_alone_and_goes_with_the_bridge() {
    let mut bridge = Bridge::new(&[]);
    assert_eq!(mode(&bridge.socket), 0o600);
    assert_eq!(mode(bridge.socket.parent().unwrap()), 0o700);
    let pid = bridge.figure("Server pid");
    assert!(is_alive(&pid));
    bridge.signal("INT");
    assert_eq!(bridge.until_ended(), Some(0));
    assert!(!is_alive(&pid));
    let left: Vec<_> = fs::read_dir(bridge.socket.parent().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_path_that_somebody_holds_is_refused_and_a_stale_one_is_taken() {
    let bridge = Bridge::new(&[]);
    let socket = bridge.socket.to_str().unwrap();
    let said = refused(&["--socket", socket, "--", "cat"]);
    assert!(said.contains(&format!("is in use by process {}", bridge.process.id())), "{said}");
    assert_eq!(bridge.client().text(1, "echo", json!({"text": "on"})), "on");

    let directory = Directory::new();
    let path = directory.path("s");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "a stale socket");
    let process = Command::new(BRIDGE)
        .args(["--socket", path.to_str().unwrap(), "--"])
        .arg(server_binary())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut process = common::Ended(process);
    until("it listens", || std::os::unix::net::UnixStream::connect(&path).ok());
    assert!(process.end());
    assert!(!path.exists());
}

#[test]
fn mistakes_are_named_before_anybody_can_connect() {
    let directory = Directory::new();
    let at = |name: &str| directory.path(name).to_str().unwrap().to_owned();
    fs::write(at("file"), "mine").unwrap();
    fs::create_dir(at("open")).unwrap();
    fs::set_permissions(at("open"), Permissions::from_mode(0o777)).unwrap();
    for (arguments, part) in [
        (vec!["--socket", &at("file"), "--", "cat"], "is there and is no socket"),
        (vec!["--socket", &at("open/s"), "--", "cat"], "others may write to the directory"),
        (vec!["--socket", &at(&"x".repeat(200)), "--", "cat"], "the system allows 107"),
        (
            vec!["--socket", &at("s"), "--", "no-such-command"],
            "'no-such-command' not found on PATH",
        ),
        (vec!["--socket", &at("s")], "no command"),
        (vec!["--", "cat"], "give --socket PATH"),
        (vec!["--status", "--socket", &at("s")], "no bridge runs at"),
        (vec!["connect", "--socket", &at("s")], "cannot connect to"),
    ] {
        let said = refused(&arguments);
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    assert_eq!(fs::read(at("file")).unwrap(), b"mine");
    assert!(!directory.path("s").exists(), "what did not start leaves no socket");
}

#[test]
fn it_leaves_when_nobody_has_been_there_for_a_while() {
    let mut bridge = Bridge::with(&["--idle-timeout", "1"], &[]);
    let mut client = bridge.client();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1500) {
        assert_eq!(client.text(1, "echo", json!({"text": "on"})), "on");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(client);
    assert_eq!(bridge.until_ended(), Some(0));
    assert!(!bridge.socket.exists());
}

#[test]
fn more_clients_than_allowed_are_told_so() {
    let bridge = Bridge::with(&["--max-clients", "1"], &[]);
    let mut first = bridge.client();
    let mut second = bridge.connect();
    let said = second.next();
    assert!(said["error"]["message"].as_str().unwrap().contains("--max-clients"), "{said}");
    assert_eq!(second.line(), None);
    assert_eq!(first.text(1, "echo", json!({"text": "on"})), "on");
    assert_eq!(bridge.figure("Refused"), "1");
    drop(first);
    bridge.until_status("Connections: 0");
    assert_eq!(bridge.client().text(1, "echo", json!({"text": "on"})), "on");
}

#[test]
fn the_socket_of_systemd_is_used_and_left_alone() {
    let directory = Directory::new();
    let path = directory.path("s");
    // What systemd does: descriptor 3 listens, the variables name the process itself.
    let script = "import os, socket, sys\n\
        s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(8)\n\
        os.dup2(s.fileno(), 3); os.set_inheritable(3, True)\n\
        os.environ['LISTEN_PID'] = str(os.getpid()); os.environ['LISTEN_FDS'] = '1'\n\
        os.execv(sys.argv[2], sys.argv[2:])\n";
    let process = Command::new("python3")
        .args(["-c", script, path.to_str().unwrap(), BRIDGE, "--"])
        .arg(server_binary())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut process = common::Ended(process);
    let connected = until("it listens", || std::os::unix::net::UnixStream::connect(&path).ok());
    drop(connected);
    let mut client = common::Peer::connect(&path);
    client.initialize(json!({}));
    let told = client.text(1, "env", json!({"name": "LISTEN_FDS"}));
    assert_eq!(told, "LISTEN_FDS is not set");
    assert!(process.end());
    assert!(path.exists(), "the file is systemd's");
}

#[test]
fn a_process_for_each_connection_ends_with_it() {
    let mut bridge = Bridge::with(&["--per-connection"], &[]);
    let (mut one, mut two) = (bridge.client(), bridge.client());
    let (first, second) = (one.text(1, "pid", json!({})), two.text(1, "pid", json!({})));
    assert_ne!(first, second);
    assert_eq!(bridge.figure("Connections"), "2");
    // Bytes pass unread: the server itself speaks to garbage, or does not.
    assert_eq!(
        common::text_of(&{
            one.call(2, "big", json!({"bytes": 4 << 20}));
            one.answer(&json!(2))
        })
        .len(),
        4 << 20
    );
    drop(one);
    until("its process ends", || (!is_alive(&first)).then_some(()));
    assert_eq!(two.text(2, "echo", json!({"text": "on"})), "on");
    two.call(3, "exit", json!({}));
    assert_eq!(two.line(), None, "the connection ends with the process");
    let third = bridge.client().text(1, "pid", json!({}));
    bridge.signal("TERM");
    assert_eq!(bridge.until_ended(), Some(0));
    until("the last process ends", || (!is_alive(&third)).then_some(()));
}

#[test]
fn stdin_and_stdout_can_be_joined_to_a_socket() {
    use std::io::Write;
    let bridge = Bridge::new(&[]);
    let mut joined = Command::new(BRIDGE)
        .args(["connect", "--socket", bridge.socket.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}});
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let mut stdin = joined.stdin.take().unwrap();
    stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    drop(stdin);
    let output = joined.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout).unwrap().contains("\"protocolVersion\":\"2025-06-18\"")
    );
}

#[test]
fn what_a_program_asked_ends_with_the_program_that_started_connect() {
    use std::io::Write;
    let bridge = Bridge::new(&[]);
    let joined = Command::new(BRIDGE)
        .args(["connect", "--socket", bridge.socket.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut joined = common::Ended(joined);
    let (mut stdin, stdout) = (joined.0.stdin.take().unwrap(), joined.0.stdout.take().unwrap());
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}});
    let call = json!({"name": "sleep", "arguments": {"ms": 60_000}});
    for message in [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}),
    ] {
        stdin.write_all(format!("{message}\n").as_bytes()).unwrap();
    }
    bridge.until_status("Requests in flight: 1");
    drop((stdin, stdout));
    bridge.until_status("Requests in flight: 0");
    until("it ends", || joined.0.try_wait().unwrap());
}
