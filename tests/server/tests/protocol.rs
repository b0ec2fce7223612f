//! What the server does when it behaves: eras, tools, pages, cancellation.

mod common;

use std::os::unix::fs::PermissionsExt;

use common::{Peer, Scratch, Server, initialize_params, modern_params, text, wait_until};
use serde_json::json;

#[test]
fn a_legacy_session_starts_with_initialize() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.request(1, "tools/list", json!({}));
    assert_eq!(peer.read()["error"]["code"], -32602);
    peer.request(2, "server/discover", modern_params(json!({})));
    assert_eq!(peer.read()["error"]["code"], -32601);
    peer.request(3, "ping", json!({}));
    assert_eq!(peer.read(), json!({"jsonrpc": "2.0", "id": 3, "result": {}}));
    let reply = peer.initialize();
    assert_eq!(reply["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(text(&peer.call(4, "echo", json!({"text": "hi"}))), "hi");
}

#[test]
fn calls_have_to_wait_for_initialized() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.request(1, "initialize", initialize_params("2025-06-18"));
    assert_eq!(peer.read()["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(peer.call(2, "pid", json!({}))["error"]["code"], -32602);
    peer.notify("notifications/initialized", json!({}));
    assert!(peer.call(3, "pid", json!({}))["error"].is_null());
}

#[test]
fn an_unknown_version_is_answered_with_the_newest() {
    let (_server, mut peer) = Server::stdio(&["--versions", "2025-03-26,2024-11-05"]);
    peer.request(1, "initialize", initialize_params("2025-11-25"));
    assert_eq!(peer.read()["result"]["protocolVersion"], "2025-03-26");
}

#[test]
fn a_modern_server_refuses_initialize_and_wants_meta() {
    let (_server, mut peer) = Server::stdio(&["--era", "modern"]);
    peer.request(1, "initialize", initialize_params("2025-11-25"));
    let reply = peer.read();
    assert_eq!(reply["error"]["code"], -32022);
    assert_eq!(reply["error"]["data"]["supported"], json!(["2026-07-28"]));
    peer.request(2, "server/discover", json!({}));
    assert_eq!(peer.read()["error"]["code"], -32602);
    let reply = peer.modern(3, "server/discover", json!({}));
    assert_eq!(reply["result"]["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(reply["result"]["resultType"], "complete");
    assert_eq!(peer.modern(4, "ping", json!({}))["error"]["code"], -32601);
    let call = json!({"name": "add", "arguments": {"a": 2, "b": 0.5}});
    let reply = peer.modern(5, "tools/call", call);
    assert_eq!(text(&reply), "2.5");
    assert_eq!(reply["result"]["resultType"], "complete");
    let mut params = modern_params(json!({}));
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2031-01-01");
    peer.request(6, "tools/list", params);
    assert_eq!(peer.read()["error"]["code"], -32022);
}

#[test]
fn a_dual_server_locks_on_the_first_era_it_sees() {
    let (_server, mut peer) = Server::stdio(&["--era", "dual"]);
    assert!(peer.modern(1, "server/discover", json!({}))["error"].is_null());
    assert_eq!(peer.initialize()["error"]["code"], -32022);

    let (_server, mut peer) = Server::stdio(&["--era", "dual"]);
    assert!(peer.initialize()["error"].is_null());
    assert_eq!(peer.modern(1, "server/discover", json!({}))["error"]["code"], -32601);
    assert_eq!(text(&peer.call(2, "upper", json!({"text": "ab"}))), "AB");

    let (_server, mut peer) = Server::stdio(&["--era", "dual-ts"]);
    assert!(peer.modern(1, "server/discover", json!({}))["error"].is_null());
    assert!(peer.initialize()["error"].is_null());
    assert_eq!(text(&peer.call(2, "upper", json!({"text": "ab"}))), "AB");
}

#[test]
fn discover_may_list_only_legacy_versions() {
    let (_server, mut peer) =
        Server::stdio(&["--era", "dual-ts", "--versions", "2025-11-25,2025-06-18"]);
    let reply = peer.modern(1, "server/discover", json!({}));
    assert_eq!(reply["result"]["supportedVersions"], json!(["2025-11-25", "2025-06-18"]));
    assert_eq!(peer.initialize()["result"]["protocolVersion"], "2025-11-25");
}

#[test]
fn pages_go_through_the_empty_cursor() {
    let (_server, mut peer) = Server::stdio(&["--page", "7"]);
    peer.initialize();
    let (mut names, mut cursors, mut params) = (vec![], vec![], json!({}));
    loop {
        peer.request(1, "tools/list", params);
        let result = peer.read()["result"].take();
        for tool in result["tools"].as_array().expect("a list") {
            assert!(tool["title"].is_string() && tool["description"].is_string());
            names.push(tool["name"].as_str().expect("a name").to_string());
        }
        let Some(cursor) = result["nextCursor"].as_str() else { break };
        cursors.push(cursor.to_string());
        params = json!({"cursor": cursor});
    }
    assert_eq!(cursors[0], "");
    assert!(cursors.len() >= 3 && cursors[1..].iter().all(|cursor| !cursor.is_empty()));
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    for name in ["echo", "types", "ask", "sleep", "bench"] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    peer.request(2, "tools/list", json!({"cursor": "nonsense"}));
    assert_eq!(peer.read()["error"]["code"], -32602);
}

#[test]
fn every_listed_tool_can_be_called() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    peer.request(1, "tools/list", json!({}));
    let reply = peer.read();
    let arguments = json!({"text": "a b", "a": 1, "b": 2, "ms": 1, "steps": 0, "bytes": 5, "n": 2,
        "name": "TMCP_TEST_VALUE", "message": "no", "s": "s", "i": 1, "sides": ["north"]});
    for tool in reply["result"]["tools"].as_array().expect("a list") {
        let name = tool["name"].as_str().expect("a name");
        if matches!(name, "exit" | "crash" | "ask") {
            continue;
        }
        let mut wanted = json!({});
        for required in tool["inputSchema"]["required"].as_array().into_iter().flatten() {
            let required = required.as_str().expect("a name");
            wanted[required] = arguments[required].clone();
        }
        let reply = peer.call(2, name, wanted);
        match name {
            "boom" => assert_eq!(reply["error"]["code"], -32000),
            "fail" | "roots" => assert_eq!(reply["result"]["isError"], true, "{name}"),
            _ => assert!(reply["result"]["isError"].is_null(), "{name}: {reply}"),
        }
        match name {
            "big" => assert_eq!(text(&reply), "01234"),
            "env" => assert_eq!(text(&reply), "from outside"),
            "rows" => assert_eq!(reply["result"]["structuredContent"]["rows"][1]["even"], true),
            "words" => assert_eq!(reply["result"]["structuredContent"]["words"], 2),
            "nul" => assert_eq!(text(&reply), "before\0after"),
            "markup" => assert!(text(&reply).contains("#(touch /nonexistent)")),
            "bench" => assert!((1990..2100).contains(&reply.to_string().len())),
            _ => {}
        }
    }
}

#[test]
fn arguments_are_checked_by_the_schema() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    let all = json!({"s": "x", "n": 1.5, "i": -3, "b": true, "a": ["1"], "o": {"x": 1},
        "e": "blue", "maybe": null});
    let reply = peer.call(1, "types", all.clone());
    assert_eq!(reply["result"]["structuredContent"], all);
    for (arguments, wrong) in [
        (json!({"i": 1}), "missing argument: s"),
        (json!({"s": "x", "i": "1"}), "argument i must be of type \"integer\""),
        (json!({"s": "x", "i": 1, "e": "mauve"}), "one of"),
        (json!({"s": "x", "i": 1, "z": 1}), "unknown argument: z"),
        (json!([]), "arguments must be an object"),
    ] {
        let reply = peer.call(2, "types", arguments);
        assert_eq!(reply["result"]["isError"], true, "{reply}");
        assert!(text(&reply).contains(wrong), "{reply}");
    }
    assert_eq!(peer.call(3, "nonesuch", json!({}))["error"]["code"], -32602);
}

#[test]
fn calls_run_side_by_side_unless_serial() {
    for (args, first) in [(&[][..], 2), (&["--serial"][..], 1)] {
        let (_server, mut peer) = Server::stdio(args);
        peer.initialize();
        let ms = if first == 2 { 3000 } else { 300 };
        peer.request(1, "tools/call", json!({"name": "sleep", "arguments": {"ms": ms}}));
        peer.request(2, "tools/call", json!({"name": "echo", "arguments": {"text": ""}}));
        assert_eq!(peer.read()["id"], first, "{args:?}");
        assert_eq!(peer.read()["id"], 3 - first, "{args:?}");
    }
}

#[test]
fn a_sleep_ends_when_there_is_the_file_that_it_waits_for() {
    let file = std::env::temp_dir().join(format!("tmcp-server-wakes-{}", std::process::id()));
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    let arguments = json!({"ms": 100_000, "until": file});
    peer.request(1, "tools/call", json!({"name": "sleep", "arguments": arguments}));
    assert!(peer.is_silent());
    std::fs::write(&file, "").expect("written");
    assert!(text(&peer.read()).starts_with("slept until there was /"));
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn a_resource_changes_as_often_as_told() {
    let (_server, mut peer) = Server::stdio(&["--updates", "1000"]);
    peer.initialize();
    peer.request(1, "resources/subscribe", json!({"uri": "test://greeting"}));
    let start = std::time::Instant::now();
    let mut seen = 0;
    while seen < 100 {
        seen += usize::from(peer.read()["method"] == "notifications/resources/updated");
    }
    assert!(start.elapsed().as_millis() >= 50, "{:?}", start.elapsed());
}

#[test]
fn a_cancelled_call_is_never_answered() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    peer.request(1, "tools/call", json!({"name": "sleep", "arguments": {"ms": 100_000}}));
    peer.notify("notifications/cancelled", json!({"requestId": 1}));
    peer.request(2, "ping", json!({}));
    assert_eq!(peer.read()["id"], 2);
    assert!(peer.is_silent());
}

#[test]
fn progress_comes_before_the_result() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    let arguments = json!({"steps": 3, "delay_ms": 1});
    peer.request(
        1,
        "tools/call",
        json!({"name": "progress", "arguments": arguments, "_meta": {"progressToken": "t"}}),
    );
    for step in 1..=3 {
        let message = peer.read();
        assert_eq!(message["method"], "notifications/progress");
        assert_eq!(message["params"]["progressToken"], "t");
        assert_eq!(message["params"]["progress"], step);
    }
    assert_eq!(text(&peer.read()), "3 steps done");
}

#[test]
fn ask_asks_in_the_way_of_each_era() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    let question = peer.call(1, "ask", json!({}));
    assert_eq!(question["method"], "elicitation/create");
    let accepted = json!({"action": "accept", "content": {"name": "Ada"}});
    peer.send(json!({"jsonrpc": "2.0", "id": question["id"], "result": accepted}));
    assert_eq!(text(&peer.read()), "hello, Ada");

    let (_server, mut peer) = Server::stdio(&["--era", "modern"]);
    let mut params = json!({"name": "ask", "arguments": {}});
    let reply = peer.modern(1, "tools/call", params.clone());
    assert_eq!(reply["result"]["resultType"], "input_required");
    params["requestState"] = reply["result"]["requestState"].clone();
    params["inputResponses"] = json!({"name": accepted});
    assert_eq!(text(&peer.modern(2, "tools/call", params.clone())), "hello, Ada");
    params["requestState"] = json!("changed");
    assert_eq!(peer.modern(3, "tools/call", params)["error"]["code"], -32602);
}

#[test]
fn roots_are_asked_for_and_kept() {
    let (_server, mut peer) = Server::stdio(&["--ask-roots"]);
    peer.initialize();
    let question = peer.read();
    assert_eq!(question["method"], "roots/list");
    peer.send(json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}}));
    wait_until("the roots", || {
        let reply = peer.call(1, "roots", json!({}));
        reply["result"]["isError"].is_null() && text(&reply).contains("\"roots\":[]")
    });
}

#[test]
fn tools_change_after_some_calls() {
    let (_server, mut peer) = Server::stdio(&["--change-tools-after", "2"]);
    peer.initialize();
    assert!(peer.call(1, "extra", json!({}))["error"].is_object());
    peer.call(2, "pid", json!({}));
    peer.call(3, "pid", json!({}));
    assert_eq!(peer.read()["method"], "notifications/tools/list_changed");
    assert!(peer.call(4, "extra", json!({}))["error"].is_null());

    let (_server, mut peer) = Server::stdio(&["--era", "modern", "--change-tools-after", "1"]);
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let reply = peer.modern(7, "subscriptions/listen", filter);
    assert_eq!(reply["method"], "notifications/subscriptions/acknowledged");
    peer.modern(8, "tools/call", json!({"name": "pid"}));
    let change = peer.read();
    assert_eq!(change["method"], "notifications/tools/list_changed");
    assert_eq!(change["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7);
}

#[test]
fn the_other_lists_are_there() {
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    for (method, params, pointer) in [
        ("resources/list", json!({}), "/result/resources/0/uri"),
        ("resources/read", json!({"uri": "test://greeting"}), "/result/contents/0/text"),
        ("prompts/list", json!({}), "/result/prompts/0/name"),
        ("prompts/get", json!({"name": "review"}), "/result/messages/0/content/text"),
        (
            "completion/complete",
            json!({"argument": {"name": "subject", "value": "be"}}),
            "/result/completion/values/0",
        ),
        ("no/such", json!({}), "/error/message"),
        ("resources/read", json!({"uri": "test://none"}), "/error/message"),
    ] {
        peer.request(1, method, params);
        let reply = peer.read();
        assert!(reply.pointer(pointer).is_some_and(|found| found.is_string()), "{reply}");
    }
    peer.request(2, "logging/setLevel", json!({"level": "debug"}));
    assert_eq!(peer.read()["method"], "notifications/message");
    assert_eq!(peer.read()["id"], 2);
}

#[test]
fn nonsense_is_refused_and_survived() {
    let (_server, mut peer) = Server::stdio(&[]);
    for (line, code) in [
        ("{", -32700),
        ("7", -32600),
        ("{\"id\":1}", -32600),
        ("{\"id\":1,\"method\":\"ping\",\"params\":[1]}", -32602),
    ] {
        peer.send_raw(format!("\n{line}\n").as_bytes());
        assert_eq!(peer.read()["error"]["code"], code, "{line}");
    }
    peer.initialize();
    assert!(peer.call(1, "echo", json!({"text": 5}))["result"]["isError"] == true);
}

#[test]
fn a_socket_is_private_shared_and_removed() {
    let scratch = Scratch::new();
    let (mut server, path) = Server::socket(&scratch, &[]);
    let mode = std::fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (mut one, mut two) = (Peer::connect(&path), Peer::connect(&path));
    one.initialize();
    assert!(two.call(1, "pid", json!({}))["error"].is_object(), "sessions are separate");
    two.initialize();
    let pid = server.child.id().to_string();
    assert_eq!(text(&one.call(2, "pid", json!({}))), pid);
    assert_eq!(text(&two.call(2, "pid", json!({}))), pid);
    assert_eq!(text(&two.call(3, "count", json!({}))), "2");
    one.hang_up();
    server.signal(15);
    assert_eq!(server.status().code(), Some(128 + 15));
    assert!(!path.exists());
    two.end();
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let scratch = Scratch::new();
    let (mut server, path) = Server::socket(&scratch, &[]);
    server.signal(9);
    server.status();
    assert!(path.exists());
    let (_server, path) = Server::socket(&scratch, &[]);
    let mut second = Server::start(&["--socket", path.to_str().expect("a UTF-8 path")]);
    assert_eq!(second.status().code(), Some(1));
    assert!(path.exists());
}

#[test]
fn stdio_too_serves_both_and_ends_with_stdin() {
    let scratch = Scratch::new();
    let (mut server, path) = Server::socket(&scratch, &["--stdio-too"]);
    let (mut pipe, mut socket) = (server.peer(), Peer::connect(&path));
    pipe.initialize();
    socket.initialize();
    pipe.call(1, "pid", json!({}));
    assert_eq!(text(&socket.call(1, "count", json!({}))), "1");
    pipe.hang_up();
    assert!(server.status().success());
    assert!(!path.exists());
}

#[test]
fn the_journal_has_each_call_once() {
    let scratch = Scratch::new();
    let (journal, pids) = (scratch.file("journal"), scratch.file("pid"));
    let (server, mut peer) = Server::stdio(&["--journal", &journal, "--pid-file", &pids]);
    peer.initialize();
    peer.call(1, "echo", json!({"text": "one"}));
    peer.call(2, "fail", json!({"message": "two"}));
    peer.call(3, "count", json!({}));
    peer.call(4, "nonesuch", json!({}));
    let lines = std::fs::read_to_string(&journal).expect("a journal");
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let pid = server.child.id();
    assert_eq!(
        lines,
        [
            json!({"id": 1, "tool": "echo", "arguments": {"text": "one"}, "pid": pid}),
            json!({"id": 2, "tool": "fail", "arguments": {"message": "two"}, "pid": pid}),
        ]
    );
    let reply = peer.call(5, "calls", json!({}));
    assert_eq!(reply["result"]["structuredContent"], json!({"echo": 1, "fail": 1}));
    assert_eq!(std::fs::read_to_string(&pids).expect("a pid file"), format!("{pid}\n"));
}

#[test]
fn work_takes_its_time_side_by_side() {
    let (_server, mut peer) = Server::stdio(&["--work-ms", "60"]);
    peer.initialize();
    let start = std::time::Instant::now();
    for id in 1..=20 {
        peer.request(id, "tools/call", json!({"name": "bench", "arguments": {}}));
    }
    for _ in 1..=20 {
        assert!(peer.read()["error"].is_null());
    }
    let took = start.elapsed().as_millis();
    assert!((60..1200).contains(&took), "{took} ms");
}

#[test]
fn bench_answers_alike_by_the_short_way_and_the_long() {
    let (_server, mut peer) = Server::stdio(&[]);
    // Out of order: the short way must not lead around the handshake.
    let call = |id: u64| {
        let params = "{\"name\":\"bench\",\"arguments\":{\"text\":\"x\"}}";
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{params}}}\n"
        )
    };
    peer.send_raw(call(1).as_bytes());
    assert!(peer.read()["error"].is_object());
    peer.initialize();
    let mut replies = vec![];
    for id in 2..=4 {
        peer.send_raw(call(id).as_bytes());
        let mut reply = peer.read();
        assert_eq!(reply["id"].take(), id);
        replies.push(reply);
    }
    assert!(text(&replies[0]).len() > 1900);
    assert_eq!(replies[0], replies[1]);
    assert_eq!(replies[0], replies[2]);
    assert_eq!(text(&peer.call(5, "count", json!({}))), "3");
}

#[test]
fn a_bridge_gives_each_connection_a_process() {
    let scratch = Scratch::new();
    let path = scratch.0.join("b.sock");
    let text_path = path.to_str().expect("a UTF-8 path");
    let program = env!("CARGO_BIN_EXE_tmcp-test-server");
    let mut bridge = Server::start(&["--bridge", text_path, "--", program, "--ignore-term"]);
    wait_until("the socket", || std::os::unix::net::UnixStream::connect(&path).is_ok());
    let (mut one, mut two) = (Peer::connect(&path), Peer::connect(&path));
    one.initialize();
    two.initialize();
    let first = text(&one.call(1, "pid", json!({}))).to_string();
    let second = text(&two.call(1, "pid", json!({}))).to_string();
    assert_ne!(first, second);
    let big = two.call(2, "big", json!({"bytes": 3_000_000}));
    assert_eq!(text(&big).len(), 3_000_000);
    two.request(3, "tools/call", json!({"name": "exit", "arguments": {}}));
    two.end();
    let alive = |pid: &str| std::path::Path::new("/proc").join(pid).exists();
    wait_until("the second server's end", || !alive(&second));
    assert!(alive(&first));
    bridge.signal(15);
    bridge.status();
    assert!(!path.exists());
    wait_until("the first server's end", || !alive(&first));
}

#[test]
fn those_who_watch_a_resource_hear_of_it_and_nobody_else() {
    let watched = json!({"uri": "test://greeting"});
    let (_server, mut peer) = Server::stdio(&[]);
    peer.initialize();
    peer.send(
        json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": watched}),
    );
    assert!(peer.read()["result"].is_object());
    peer.send(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "update", "arguments": {"uri": "test://pixel"}}}));
    assert_eq!(text(&peer.read()), "test://pixel changed");
    peer.send(json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call",
        "params": {"name": "update", "arguments": {}}}));
    let note = peer.read();
    assert_eq!(note["method"], "notifications/resources/updated");
    assert_eq!(note["params"]["uri"], "test://greeting");
    assert_eq!(text(&peer.read()), "test://greeting changed");
    peer.send(json!({"jsonrpc": "2.0", "id": 4, "method": "resources/unsubscribe",
        "params": watched}));
    assert!(peer.read()["result"].is_object());
    assert_eq!(text(&peer.call(5, "update", json!({}))), "test://greeting changed");
}
