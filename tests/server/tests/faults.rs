//! Each fault switch does what it says, and only that.

mod common;

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Peer, Scratch, Server, initialize_params, modern_params, text, wait_until};
use serde_json::json;

/// A session whose tools/call replies have the fault.
fn faulty(args: &[&str]) -> (Server, Peer) {
    let (server, mut peer) = Server::stdio(&[args, &["--only", "tools/call"]].concat());
    assert!(peer.initialize()["error"].is_null());
    (server, peer)
}

fn echo(peer: &mut Peer, id: u64) {
    peer.request(id, "tools/call", json!({"name": "echo", "arguments": {"text": "hi"}}));
}

#[test]
fn the_probe_is_met_in_every_way() {
    for (how, code) in [("error-32602", -32602), ("error--32000", -32000)] {
        let (_server, mut peer) = Server::stdio(&["--probe", how]);
        assert_eq!(peer.modern(1, "server/discover", json!({}))["error"]["code"], code);
        assert!(peer.initialize()["error"].is_null());
    }

    let (_server, mut peer) = Server::stdio(&["--probe", "silent"]);
    peer.request(1, "server/discover", modern_params(json!({})));
    assert_eq!(peer.initialize()["id"], 900);

    let (mut server, mut peer) = Server::stdio(&["--probe", "exit"]);
    peer.request(1, "server/discover", modern_params(json!({})));
    peer.end();
    assert!(server.status().success());

    let (_server, mut peer) = Server::stdio(&["--era", "dual", "--probe", "late-100"]);
    peer.request(1, "server/discover", modern_params(json!({})));
    peer.request(2, "initialize", initialize_params("2025-11-25"));
    assert_eq!(peer.read()["error"]["code"], -32022);
    assert!(peer.read()["result"]["supportedVersions"].is_array());
}

#[test]
fn a_probe_that_ends_a_socket_ends_the_connection_only() {
    let scratch = Scratch::new();
    let (_server, path) = Server::socket(&scratch, &["--probe", "exit"]);
    let mut peer = Peer::connect(&path);
    peer.request(1, "server/discover", modern_params(json!({})));
    peer.end();
    assert!(Peer::connect(&path).initialize()["error"].is_null());
}

#[test]
fn versions_can_be_refused() {
    let (_server, mut peer) = Server::stdio(&["--refuse-version"]);
    assert_eq!(peer.initialize()["result"]["protocolVersion"], "1999-01-01");
    let (_server, mut peer) = Server::stdio(&["--refuse-version", "--era", "modern"]);
    let reply = peer.modern(1, "server/discover", json!({}));
    assert_eq!(reply["error"]["code"], -32022);
    assert_eq!(reply["error"]["data"]["supported"], json!(["2099-01-01"]));
}

#[test]
fn a_ping_comes_before_the_answer_to_initialize() {
    let (_server, mut peer) = Server::stdio(&["--ping-on-init"]);
    peer.request(1, "initialize", initialize_params("2025-11-25"));
    let ping = peer.read();
    assert_eq!((&ping["method"], &ping["id"]), (&json!("ping"), &json!(1)));
    assert!(peer.is_silent());
    peer.send(json!({"jsonrpc": "2.0", "id": ping["id"], "result": {}}));
    assert_eq!(peer.read()["result"]["protocolVersion"], "2025-11-25");
}

#[test]
fn ids_change_their_shape() {
    for (shape, id) in [("float", "\"id\":7.0"), ("string", "\"id\":\"7\"")] {
        let (_server, mut peer) = faulty(&["--ids", shape]);
        echo(&mut peer, 7);
        let line = String::from_utf8(peer.line()).expect("UTF-8");
        assert!(line.contains(id), "{line}");
    }
}

#[test]
fn lines_are_framed_strangely() {
    let (_server, mut peer) = Server::stdio(&["--crlf", "--bom", "--junk", "2"]);
    peer.request(1, "ping", json!({}));
    let first = peer.line();
    assert!(first.starts_with(b"\xef\xbb\xbfnpm warn") && first.ends_with(b"\r\n"));
    assert!(peer.line().starts_with(b"npm warn"));
    assert!(peer.line().ends_with(b"}\r\n"));
    peer.request(2, "ping", json!({}));
    assert!(peer.line().starts_with(b"npm warn"), "one mark is enough");
}

#[test]
fn replies_come_in_batches_pieces_and_pairs() {
    let (_server, mut peer) = Server::stdio(&["--batch"]);
    assert!(peer.initialize().is_object());
    let two = "{\"id\":1,\"method\":\"ping\"}\n{\"id\":2,\"method\":\"ping\"}\n";
    peer.send_raw(two.as_bytes());
    let batch = peer.read();
    assert_eq!(batch[0]["id"], 1);
    // The two requests may have arrived apart.
    assert!(batch[1]["id"] == 2 || peer.read()[0]["id"] == 2);

    let (_server, mut peer) = Server::stdio(&["--split", "3"]);
    peer.initialize();
    assert_eq!(text(&peer.call(1, "echo", json!({"text": "größer"}))), "größer");

    let (_server, mut peer) = faulty(&["--duplicate"]);
    echo(&mut peer, 1);
    assert_eq!(peer.read(), peer.read());

    let (_server, mut peer) = faulty(&["--foreign"]);
    echo(&mut peer, 1);
    assert!(peer.read()["id"].as_u64() > Some(1000));
    assert_eq!(text(&peer.read()), "hi");

    let (_server, mut peer) = faulty(&["--reorder"]);
    echo(&mut peer, 1);
    echo(&mut peer, 2);
    echo(&mut peer, 3);
    let order = [peer.read(), peer.read(), peer.read()].map(|reply| reply["id"].as_u64());
    assert_eq!(order, [Some(2), Some(1), Some(3)]);
}

#[test]
fn replies_are_wrong_in_themselves() {
    let (_server, mut peer) = faulty(&["--both"]);
    let reply = peer.call(1, "echo", json!({"text": "hi"}));
    assert!(reply["result"].is_object() && reply["error"].is_object());
    let reply = peer.call(2, "boom", json!({}));
    assert!(reply["result"].is_object() && reply["error"].is_object());

    let (_server, mut peer) = faulty(&["--garbage"]);
    echo(&mut peer, 1);
    assert!(serde_json::from_slice::<serde_json::Value>(&peer.line()).is_err());

    let (_server, mut peer) = faulty(&["--huge-line", "2000000"]);
    echo(&mut peer, 1);
    assert_eq!(peer.line().len(), 2_000_001);

    let (_server, mut peer) = faulty(&["--never-reply"]);
    echo(&mut peer, 1);
    peer.request(2, "ping", json!({}));
    assert_eq!(peer.read()["id"], 2);
    assert!(peer.is_silent());
}

#[test]
fn skip_spares_the_first_replies() {
    let (_server, mut peer) = faulty(&["--garbage", "--skip", "2"]);
    echo(&mut peer, 1);
    echo(&mut peer, 2);
    echo(&mut peer, 3);
    assert_eq!(peer.read()["id"], 1);
    assert_eq!(peer.read()["id"], 2);
    assert!(peer.line().starts_with(b"\0"));
}

#[test]
fn replies_are_delayed_side_by_side() {
    let (_server, mut peer) = faulty(&["--delay", "500"]);
    let start = Instant::now();
    for id in 1..=10 {
        echo(&mut peer, id);
    }
    for _ in 1..=10 {
        peer.read();
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(500) && took < Duration::from_millis(4900), "{took:?}");
}

#[test]
fn half_a_reply_ends_a_connection() {
    let (mut server, mut peer) = faulty(&["--half"]);
    echo(&mut peer, 1);
    assert!(!peer.line().ends_with(b"\n"));
    peer.end();
    assert!(server.status().success());

    let scratch = Scratch::new();
    let (_server, path) = Server::socket(&scratch, &["--half", "--only", "tools/call"]);
    let mut peer = Peer::connect(&path);
    peer.initialize();
    echo(&mut peer, 1);
    assert!(!peer.line().ends_with(b"\n"));
    peer.end();
    assert!(Peer::connect(&path).initialize()["error"].is_null());
}

#[test]
fn exit_and_crash_end_the_process() {
    let (mut server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    peer.request(1, "tools/call", json!({"name": "exit", "arguments": {"code": 7}}));
    peer.end();
    assert_eq!(server.status().code(), Some(7));

    let (mut server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    peer.request(1, "tools/call", json!({"name": "crash", "arguments": {}}));
    let line = peer.line();
    assert!(line.starts_with(b"{\"jsonrpc\"") && !line.ends_with(b"\n"));
    peer.end();
    assert_eq!(server.status().code(), None);

    let (mut server, mut peer) = Server::stdio(&["--exit-after", "2"]);
    peer.initialize();
    assert_eq!(text(&peer.call(1, "echo", json!({"text": "a"}))), "a");
    assert_eq!(text(&peer.call(2, "echo", json!({"text": "b"}))), "b");
    peer.end();
    assert!(server.status().success());
}

#[test]
fn a_server_ends_with_its_stdin_unless_told_not_to() {
    let (mut server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    peer.hang_up();
    assert!(server.status().success());

    let (mut server, mut peer) = Server::stdio(&["--no-eof-exit", "--ignore-term"]);
    peer.initialize();
    peer.hang_up();
    server.signal(15);
    assert!(peer.is_silent());
    assert!(server.child.try_wait().expect("ours").is_none());
    server.signal(9);
    assert_eq!(server.status().code(), None);
}

#[test]
fn a_grandchild_holds_the_pipe() {
    let scratch = Scratch::new();
    let pids = scratch.file("pids");
    let (mut server, mut peer) = Server::stdio(&["--grandchild", "--pid-file", &pids]);
    peer.initialize();
    let pids = std::fs::read_to_string(pids).expect("a pid file");
    let grandchild: i32 = pids.lines().nth(1).expect("two pids").parse().expect("a number");
    peer.hang_up();
    assert!(server.status().success());
    assert!(peer.is_silent(), "the pipe is still open");
    let kill = std::process::Command::new("kill").arg(grandchild.to_string()).status();
    assert!(kill.expect("kill runs").success());
    peer.end();
}

#[test]
fn a_server_can_stop_reading() {
    let (mut server, mut peer) = Server::stdio(&["--stop-reading"]);
    peer.initialize();
    echo(&mut peer, 1);
    assert!(peer.is_silent());
    peer.hang_up();
    assert!(server.status().success());
}

#[test]
fn a_flood_on_stderr_blocks_who_does_not_drain_it() {
    let mut server = Server::start(&["--stderr-flood", "300000"]);
    let mut peer = server.peer();
    peer.request(1, "ping", json!({}));
    assert!(peer.is_silent());
    let mut noise = vec![0; 300_000];
    let stderr = server.child.stderr.as_mut().expect("stderr is piped");
    stderr.read_exact(&mut noise).expect("all the noise");
    assert_eq!(peer.read()["id"], 1);
}

#[test]
fn a_slow_start_delays_everything() {
    let start = Instant::now();
    let (_server, mut peer) = Server::stdio(&["--start-delay", "200"]);
    peer.initialize();
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[test]
fn wrong_switches_are_named() {
    for (args, wrong) in [
        (&["--nonesuch"][..], "unknown switch --nonesuch"),
        (&["--era", "bronze"][..], "not bronze"),
        (&["--page"][..], "--page needs a value"),
        (&["--page", "x"][..], "--page: not a number: x"),
        (&["--probe", "error-x"][..], "--probe"),
        (&["--stdio-too"][..], "--stdio-too needs --socket"),
        (&["--bridge", "x"][..], "--bridge needs"),
        (&["--bridge", "x", "--"][..], "--bridge needs a command"),
    ] {
        let mut server = Server::start(args);
        assert_eq!(server.status().code(), Some(2), "{args:?}");
        let mut said = String::new();
        let stderr = server.child.stderr.as_mut().expect("stderr is piped");
        stderr.read_to_string(&mut said).expect("UTF-8");
        assert!(said.contains(wrong), "{said}");
    }
    let mut server = Server::start(&["--socket", "/nonexistent/s.sock"]);
    assert_eq!(server.status().code(), Some(1));
}

#[test]
fn help_names_every_switch() {
    let mut server = Server::start(&["--help"]);
    let mut help = String::new();
    let stdout = server.child.stdout.as_mut().expect("stdout is piped");
    stdout.read_to_string(&mut help).expect("UTF-8");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/args.rs");
    let source = std::fs::read_to_string(source).expect("the source");
    let switches = source.split('"').filter(|part| {
        part.strip_prefix("--").is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
    });
    let mut count = 0;
    for switch in switches.filter(|switch| !matches!(*switch, "--hold" | "--help")) {
        count += 1;
        assert!(help.contains(&format!("  {switch}")), "{switch}");
    }
    assert!(count > 35, "{count}");
    wait_until("the exit", || server.child.try_wait().expect("ours").is_some());
}
