//! Clients and servers that do what they should not.

mod common;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::process::Command;
use std::time::Duration;

use common::{Bridge, is_alive, until};
use serde_json::json;

#[test]
fn a_call_whose_process_dies_ends_as_unknown_and_runs_once() {
    let bridge = Bridge::new(&["--journal", "DIR/journal"]);
    let (mut one, mut two) = (bridge.client(), bridge.client());
    one.send(
        json!({"id": "s", "method": "resources/subscribe", "params": {"uri": "test://greeting"}}),
    );
    one.answer(&json!("s"));
    two.call(7, "sleep", json!({"ms": 60_000}));
    until("it runs", || bridge.journal().contains("sleep").then_some(()));
    let before = one.text(1, "pid", json!({}));
    one.call(2, "exit", json!({"code": 3}));
    for (client, id) in [(&mut one, 2), (&mut two, 7)] {
        let error = client.answer(&json!(id))["error"]["message"].as_str().unwrap().to_owned();
        assert!(error.starts_with("outcome unknown: the server process"), "{error}");
        assert!(error.contains("exit status 3"), "{error}");
    }
    // Both go on in the session that they have, with another process.
    assert_ne!(two.text(8, "pid", json!({})), before);
    assert_eq!(one.text(3, "count", json!({})), two.text(9, "count", json!({})));
    assert_eq!(bridge.figure("Restarts"), "1");
    // What was watched is watched again.
    two.text(10, "update", json!({}));
    one.notice("notifications/resources/updated");
    let ran = bridge.journal();
    assert_eq!(ran.matches("\"sleep\"").count(), 1, "{ran}");
    assert_eq!(ran.matches("\"exit\"").count(), 1, "{ran}");
}

#[test]
fn requests_wait_while_a_process_starts_and_are_told_when_none_does() {
    let bridge = Bridge::new(&["--probe", "exit"]);
    let mut client = bridge.client();
    // A client that asks for the other era in a session ends nothing.
    client.send(json!({"id": 1, "method": "server/discover"}));
    assert_eq!(client.answer(&json!(1))["error"]["code"], -32601);
    assert_eq!(client.text(2, "echo", json!({"text": "x"})), "x");

    let bridge = Bridge::new(&["--exit-after", "0", "--start-delay", "50"]);
    let pid = bridge.figure("Server pid");
    assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    let mut client = bridge.connect();
    client.initialize(json!({}));
    assert!(bridge.status().contains("Last end: the server process"));
}

#[test]
fn a_command_that_ends_at_once_is_tried_ever_more_slowly_and_the_clients_are_told_why() {
    let directory = common::Directory::new();
    let socket = directory.path("s");
    fs::write(directory.path("broken"), "#!/bin/sh\necho no key is set >&2\nexit 9\n").unwrap();
    let bridge = Command::new(common::BRIDGE)
        .args(["--socket", socket.to_str().unwrap(), "--", "/bin/sh"])
        .arg(directory.path("broken"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut bridge = common::Ended(bridge);
    until("it listens", || socket.exists().then_some(()));
    let mut client = common::Peer::connect(&socket);
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}});
    client.send(json!({"id": 1, "method": "initialize", "params": params}));
    let why = client.answer(&json!(1))["error"]["message"].as_str().unwrap().to_owned();
    assert!(why.contains("exit status 9") && why.contains("no key is set"), "{why}");
    // After some more, nobody waits for the next process.
    let status = || {
        let asked = Command::new(common::BRIDGE)
            .args(["--status", "--socket"])
            .arg(&socket)
            .output()
            .unwrap();
        let text = String::from_utf8(asked.stdout).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Restarts: ")).unwrap();
        line.parse::<u32>().unwrap()
    };
    // Its pause is 3.2 s then.
    let before = until("five starts", || Some(status()).filter(|starts| *starts >= 5));
    for id in 2..5 {
        client.send(json!({"id": id, "method": "initialize", "params": params}));
        let why = client.answer(&json!(id))["error"]["message"].as_str().unwrap().to_owned();
        assert!(why.contains("no key is set; the request was not sent"), "{why}");
    }
    assert_eq!(status(), before, "they were told before another process was started");
    drop(client);
    assert!(bridge.end());
}

#[test]
fn garbage_is_answered_and_harms_nobody() {
    let bridge = Bridge::new(&[]);
    let (mut good, mut bad) = (bridge.client(), bridge.client());
    for (line, code) in [
        (&b"garbage"[..], -32700),
        (b"{\"id\":1,", -32700),
        (b"\xff\xfe", -32700),
        (b"7", -32600),
        (b"[]", -32600),
        (b"{\"id\":null,\"method\":\"ping\"}", -32600),
        (b"{\"id\":{},\"method\":\"ping\"}", -32600),
        (b"{\"id\":1,\"id\":2,\"method\":\"ping\"}", -32600),
        (b"{\"id\":1,\"method\":\"ping\",\"params\":{\"_meta\":{},\"_meta\":{\"progressToken\":1}}}", -32600),
    ] {
        bad.raw(line);
        bad.raw(b"\n");
        assert_eq!(bad.next()["error"]["code"], code, "{}", String::from_utf8_lossy(line));
    }
    // An answer to nothing, blanks, CRLF and a batch.
    bad.raw(b"{\"id\":99,\"result\":{}}\n\n  \r\n");
    bad.raw(b"[{\"id\":\"a\",\"method\":\"ping\"},{\"id\":\"b\",\"method\":\"ping\"}]\r\n");
    bad.answer(&json!("a"));
    bad.answer(&json!("b"));
    bad.call(5, "sleep", json!({"ms": 60_000}));
    bad.call(5, "echo", json!({"text": "x"}));
    assert!(bad.answer(&json!(5))["error"]["message"].as_str().unwrap().contains("in flight"));
    assert_eq!(good.text(1, "echo", json!({"text": "on"})), "on");
    assert_eq!(good.aside.len(), 0);
}

#[test]
fn a_line_beyond_the_limit_is_refused_and_takes_no_memory() {
    let bridge = Bridge::new(&[]);
    let (mut good, mut bad) = (bridge.client(), bridge.client());
    bad.raw(b"{\"jsonrpc\":\"2.0\",\"id\":\"long\",\"method\":\"tools/call\",\"params\":{\"x\":\"");
    let piece = vec![b'x'; 1 << 20];
    for n in 0..100 {
        bad.raw(&piece);
        if n == 60 {
            assert_eq!(good.text(1, "echo", json!({"text": "on"})), "on");
        }
    }
    bad.raw(b"\"}}\n");
    let error = bad.answer(&json!("long"))["error"]["message"].as_str().unwrap().to_owned();
    assert!(error.contains("16777216 are allowed; it was not sent"), "{error}");
    assert_eq!(bad.text(1, "echo", json!({"text": "on"})), "on");
    let peak = peak_memory(bridge.process.id());
    assert!(peak < 64 << 10, "{peak} KiB");
}

/// The most memory that a process had, in KiB.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn an_answer_beyond_the_limit_fails_its_request_only() {
    let bridge = Bridge::new(&["--huge-line", "17000000", "--only", "tools/call", "--skip", "1"]);
    let (mut one, mut two) = (bridge.client(), bridge.client());
    assert_eq!(two.text(1, "echo", json!({"text": "x"})), "x");
    one.call(1, "echo", json!({"text": "x"}));
    let error = one.answer(&json!(1))["error"]["message"].as_str().unwrap().to_owned();
    assert!(error.contains("16777216 are allowed"), "{error}");
    two.send(json!({"id": 2, "method": "ping"}));
    two.answer(&json!(2));
}

#[test]
fn who_does_not_read_is_disconnected_and_holds_nobody_up() {
    let bridge = Bridge::new(&[]);
    let (mut good, mut bad) = (bridge.client(), bridge.client());
    for id in 0..3 {
        bad.call(id, "big", json!({"bytes": 12 << 20}));
    }
    until("it is disconnected", || bridge.said().contains("it does not read").then_some(()));
    assert_eq!(good.text(1, "echo", json!({"text": "on"})), "on");
    bridge.until_status("Connections: 1");
    let mut rest = Vec::new();
    match bad.stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(e) => assert_eq!(e.kind(), ErrorKind::ConnectionReset),
    }
    assert!(rest.len() < 40 << 20);
}

#[test]
fn large_answers_reach_who_reads_slowly() {
    let bridge = Bridge::new(&[]);
    let mut client = bridge.client();
    for id in 0..3 {
        client.call(id, "big", json!({"bytes": 6 << 20}));
    }
    bridge.until_status("Requests in flight: 0");
    for id in 0..3 {
        let answer = client.answer(&json!(id));
        assert_eq!(common::text_of(&answer).len(), 6 << 20);
    }
}

#[test]
fn a_server_that_does_not_read_stops_the_clients_and_not_the_bridge() {
    let bridge = Bridge::new(&["--stop-reading"]);
    let mut client = bridge.client();
    client.stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let line = format!("{{\"id\":1,\"method\":\"{}\"}}\n", "x".repeat(3000));
    let mut written = 0;
    while written < 64 << 20 {
        match client.stream.write(line.replace("\"id\":1", &format!("\"id\":{written}")).as_bytes())
        {
            Ok(n) => written += n,
            Err(_) => break,
        }
    }
    assert!(written < 16 << 20, "{written} bytes were taken");
    assert_eq!(bridge.figure("Connections"), "1");
    drop(client);
    bridge.until_status("Connections: 0");
    bridge.until_status("Requests in flight: 0");
}

#[test]
fn a_server_that_asks_and_never_reads_is_given_up() {
    let directory = common::Directory::new();
    let (socket, log) = (directory.path("s"), directory.path("log"));
    let bridge = Command::new(common::BRIDGE)
        .args(["--socket", socket.to_str().unwrap(), "--", "yes"])
        .arg(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let pid = bridge.id();
    let mut bridge = common::Ended(bridge);
    let said = || fs::read_to_string(&log).unwrap();
    until("it is given up", || said().contains("reads nothing and was given up").then_some(()));
    let peak = peak_memory(pid);
    assert!(peak < 64 << 10, "{peak} KiB");
    assert!(bridge.end());
}

#[test]
fn junk_of_a_server_is_passed_over() {
    let bridge = Bridge::new(&["--junk", "2", "--ids", "string", "--duplicate", "--foreign"]);
    let mut client = bridge.client();
    assert_eq!(client.text(1, "echo", json!({"text": "x"})), "x");
    assert_eq!(client.text(2, "echo", json!({"text": "y"})), "y");
    assert_eq!(client.aside.len(), 0, "each answer comes once");
    assert!(bridge.said().contains("something that is no message"));
}

#[test]
fn the_server_ends_with_the_bridge_even_if_it_ignores_everything() {
    let mut bridge = Bridge::new(&["--no-eof-exit", "--ignore-term"]);
    let pid = bridge.figure("Server pid");
    let mut client = bridge.client();
    bridge.signal("TERM");
    assert_eq!(client.line(), None, "the connection ends");
    assert_eq!(bridge.until_ended(), Some(0));
    assert!(!is_alive(&pid));
    assert!(!bridge.socket.exists());
}
