//! One process behind several connections: everything reaches the client that it is for.

mod common;

use std::fs;
use std::net::Shutdown;

use common::{Bridge, text_of};
use serde_json::{Value, json};

#[test]
fn two_clients_with_the_same_ids_each_get_their_own_answers_with_the_ids_as_they_were() {
    let bridge = Bridge::new(&[]);
    let (mut one, mut two) = (bridge.client(), bridge.client());
    for id in [json!(1), json!("1"), json!(-7), json!("a\"b\u{e9}"), json!(1.5)] {
        one.call(id.clone(), "echo", json!({"text": "of one"}));
        two.call(id.clone(), "echo", json!({"text": "of two"}));
        assert_eq!(text_of(&two.answer(&id)), "of two");
        assert_eq!(text_of(&one.answer(&id)), "of one");
    }
    // Byte for byte, not only the same number.
    one.raw(b"{\"jsonrpc\":\"2.0\",\"id\":1.0e0,\"method\":\"ping\"}\n");
    assert_eq!(one.line().unwrap(), r#"{"jsonrpc":"2.0","id":1.0e0,"result":{}}"#);
    assert_eq!(one.text(2, "pid", json!({})), two.text(2, "pid", json!({})), "one process");
    assert_eq!((one.aside.len(), two.aside.len()), (0, 0));
}

#[test]
fn initialize_reaches_the_server_once_and_every_client_is_answered_with_its_version() {
    // A second initialize would be answered with the version that it asks for.
    let bridge = Bridge::new(&["--ask-roots"]);
    let mut first = bridge.client_with(json!({"roots": {}}));
    let asked = first.notice("roots/list");
    first.send(json!({"id": asked["id"], "result": {"roots": []}}));
    let mut second = bridge.connect();
    second.send(json!({"id": 0, "method": "initialize", "params": {
        "protocolVersion": "2024-11-05", "capabilities": {"roots": {}},
        "clientInfo": {"name": "old", "version": "0"}}}));
    assert_eq!(second.answer(&json!(0))["result"]["protocolVersion"], "2025-06-18");
    second.send(json!({"method": "notifications/initialized"}));
    assert_eq!(second.text(1, "echo", json!({"text": "x"})), "x");
    // The server asks whoever is initialized; it was not initialized again.
    assert_eq!(second.aside, [] as [Value; 0]);
    assert_eq!(first.text(1, "echo", json!({"text": "x"})), "x");
    assert_eq!(first.aside, [] as [Value; 0]);
}

#[test]
fn calls_of_ten_clients_run_side_by_side() {
    let bridge = Bridge::new(&["--journal", "DIR/journal"]);
    let gate = bridge.directory.path("gate");
    let mut clients: Vec<_> = (0..10).map(|_| bridge.client()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.call(1, "sleep", json!({"ms": 60_000, "until": gate}));
        client.call(2, "echo", json!({"text": n.to_string()}));
    }
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(text_of(&client.answer(&json!(2))), n.to_string());
    }
    assert_eq!(bridge.figure("Requests in flight"), "10");
    assert_eq!(bridge.figure("Connections"), "10");
    fs::write(&gate, "").unwrap();
    for client in &mut clients {
        assert!(text_of(&client.answer(&json!(1))).starts_with("slept until"));
    }
    assert_eq!(bridge.journal().lines().count(), 20);
}

#[test]
fn progress_goes_to_the_client_whose_token_it_is() {
    let bridge = Bridge::new(&[]);
    let (mut one, mut two) = (bridge.client(), bridge.client());
    for (client, token) in [(&mut one, json!("t")), (&mut two, json!(1))] {
        client.send(json!({"id": 1, "method": "tools/call", "params": {
            "name": "progress", "arguments": {"steps": 3, "delay_ms": 1},
            "_meta": {"progressToken": token, "other": [1]}}}));
    }
    for (client, token) in [(&mut one, json!("t")), (&mut two, json!(1))] {
        client.answer(&json!(1));
        let tokens: Vec<_> =
            client.aside.iter().map(|n| n["params"]["progressToken"].clone()).collect();
        assert!(!tokens.is_empty() && tokens.iter().all(|t| *t == token), "{token}: {tokens:?}");
    }
}

#[test]
fn a_cancellation_reaches_the_request_that_it_names_and_no_other() {
    let bridge = Bridge::new(&[]);
    let gate = bridge.directory.path("gate");
    let (mut one, mut two) = (bridge.client(), bridge.client());
    one.call(1, "sleep", json!({"ms": 60_000, "until": gate}));
    two.call(1, "sleep", json!({"ms": 60_000, "until": gate}));
    bridge.until_status("Requests in flight: 2");
    one.send(json!({"method": "notifications/cancelled", "params": {"requestId": 1}}));
    // Of an id that is not in flight nothing comes.
    one.send(json!({"method": "notifications/cancelled", "params": {"requestId": "1"}}));
    bridge.until_status("Requests in flight: 1");
    fs::write(&gate, "").unwrap();
    assert!(text_of(&two.answer(&json!(1))).starts_with("slept until"));
    assert_eq!(one.text(2, "echo", json!({"text": "on"})), "on");
}

#[test]
fn a_resource_is_watched_until_the_last_client_lets_go() {
    let bridge = Bridge::new(&[]);
    let (mut one, mut two, mut other) = (bridge.client(), bridge.client(), bridge.client());
    let uri = json!({"uri": "test://greeting"});
    for client in [&mut one, &mut two] {
        client.send(json!({"id": "s", "method": "resources/subscribe", "params": uri}));
        assert!(client.answer(&json!("s"))["result"].is_object());
    }
    other.text(1, "update", json!({}));
    for client in [&mut one, &mut two] {
        assert_eq!(client.notice("notifications/resources/updated")["params"], uri);
    }
    one.send(json!({"id": "u", "method": "resources/unsubscribe", "params": uri}));
    assert!(one.answer(&json!("u"))["result"].is_object());
    other.text(2, "update", json!({}));
    two.notice("notifications/resources/updated");
    one.text(3, "echo", json!({"text": "x"}));
    assert_eq!((one.aside.len(), other.aside.len()), (0, 0), "they do not watch");
    assert_eq!(bridge.figure("Subscriptions"), "1");
    drop(two);
    bridge.until_status("Subscriptions: 0");
    other.text(3, "update", json!({}));
    assert_eq!(other.aside.len(), 0);
}

#[test]
fn what_concerns_all_is_told_to_all() {
    let bridge = Bridge::new(&["--change-tools-after", "1"]);
    let (mut one, mut two, mut silent) = (bridge.client(), bridge.client(), bridge.connect());
    one.text(1, "echo", json!({"text": "x"}));
    one.notice("notifications/tools/list_changed");
    two.notice("notifications/tools/list_changed");
    // Who has no session is told nothing.
    silent.initialize(json!({}));
    assert_eq!(silent.aside.len(), 0);
}

#[test]
fn a_question_goes_to_the_client_whose_call_is_in_flight_and_its_answer_comes_back_once() {
    let bridge = Bridge::new(&[]);
    let able = json!({"elicitation": {}});
    let (mut one, mut two) = (bridge.client_with(able.clone()), bridge.client_with(able));
    one.call(1, "ask", json!({}));
    let question = one.notice("elicitation/create");
    // Somebody else's answer reaches nobody.
    let accept = |name: &str| json!({"action": "accept", "content": {"name": name}});
    two.send(json!({"id": question["id"], "result": accept("two")}));
    two.text(1, "echo", json!({"text": "read"}));
    for name in ["one", "again"] {
        one.send(json!({"id": question["id"], "result": accept(name)}));
    }
    assert_eq!(text_of(&one.answer(&json!(1))), "hello, one");
    two.call(2, "ask", json!({}));
    let question = two.notice("elicitation/create");
    two.send(json!({"id": question["id"], "result": accept("two")}));
    assert_eq!(text_of(&two.answer(&json!(2))), "hello, two");
    assert_eq!(bridge.figure("Questions open"), "0");
}

#[test]
fn of_several_in_flight_the_last_that_can_is_asked_and_nobody_who_cannot() {
    let bridge = Bridge::new(&[]);
    let mut able = bridge.client_with(json!({"elicitation": {}}));
    let mut unable = bridge.client();
    let gate = bridge.directory.path("gate");
    able.call(1, "sleep", json!({"ms": 60_000, "until": gate}));
    bridge.until_status("Requests in flight: 1");
    unable.call(1, "ask", json!({}));
    let question = able.notice("elicitation/create");
    able.send(json!({"id": question["id"], "result": {"action": "decline"}}));
    assert_eq!(text_of(&unable.answer(&json!(1))), "the user chose: decline");
    fs::write(&gate, "").unwrap();
    able.answer(&json!(1));
    // Alone in flight and unable: nobody else is asked in its place.
    unable.call(2, "ask", json!({}));
    assert!(text_of(&unable.answer(&json!(2))).contains("could not ask"));
    assert_eq!((able.aside.len(), unable.aside.len()), (0, 0));
}

#[test]
fn a_capability_that_only_a_later_client_has_can_be_declared() {
    let bridge = Bridge::with(&["--declare", "sampling"], &[]);
    let _first = bridge.client();
    let mut later = bridge.client_with(json!({"sampling": {}}));
    later.call(1, "sample", json!({}));
    let question = later.notice("sampling/createMessage");
    let said =
        json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "hi"}});
    later.send(json!({"id": question["id"], "result": said}));
    assert_eq!(text_of(&later.answer(&json!(1))), "the model says: hi");
}

#[test]
fn requests_of_a_client_that_goes_are_cancelled_and_its_questions_end() {
    let bridge = Bridge::new(&[]);
    let mut stays = bridge.client();
    let mut goes = bridge.client_with(json!({"elicitation": {}}));
    goes.call(1, "sleep", json!({"ms": 60_000}));
    goes.call(2, "ask", json!({}));
    bridge.until_status("Requests in flight: 2");
    drop(goes);
    bridge.until_status("Requests in flight: 0");
    bridge.until_status("Connections: 1");
    assert_eq!(bridge.figure("Questions open"), "0");
    assert_eq!(stays.text(1, "echo", json!({"text": "on"})), "on");
    assert_eq!(stays.aside.len(), 0);
}

#[test]
fn who_only_stops_sending_still_gets_the_answers() {
    let bridge = Bridge::new(&[]);
    let gate = bridge.directory.path("gate");
    let mut client = bridge.client();
    client.call(1, "sleep", json!({"ms": 60_000, "until": gate}));
    client.stream.shutdown(Shutdown::Write).unwrap();
    bridge.until_status("Requests in flight: 1");
    fs::write(&gate, "").unwrap();
    assert!(text_of(&client.answer(&json!(1))).starts_with("slept until"));
    assert_eq!(client.line(), None, "nothing more is to come");
}

#[test]
fn who_stops_sending_and_then_goes_is_gone() {
    let bridge = Bridge::new(&[]);
    let mut client = bridge.client();
    client.call(1, "sleep", json!({"ms": 60_000}));
    client.stream.shutdown(Shutdown::Write).unwrap();
    bridge.until_status("Requests in flight: 1");
    drop(client);
    bridge.until_status("Requests in flight: 0");
    bridge.until_status("Connections: 0");
}

#[test]
fn a_stateless_server_is_passed_through_and_its_subscriptions_keep_their_ids() {
    let bridge = Bridge::new(&["--era", "modern"]);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}});
    let (mut one, mut two) = (bridge.connect(), bridge.connect());
    for (client, name) in [(&mut one, "of one"), (&mut two, "of two")] {
        client.send(json!({"id": 1, "method": "server/discover", "params": {"_meta": meta}}));
        assert!(client.answer(&json!(1))["result"]["supportedVersions"].is_array());
        let filter = json!({"resourceSubscriptions": ["test://greeting"]});
        client.send(json!({"id": name, "method": "subscriptions/listen",
            "params": {"_meta": meta, "notifications": filter}}));
        let acknowledged = client.notice("notifications/subscriptions/acknowledged");
        let id = &acknowledged["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
        assert_eq!(*id, name);
    }
    two.send(json!({"id": 2, "method": "tools/call", "params": {
        "name": "update", "arguments": {}, "_meta": meta}}));
    for (client, name) in [(&mut one, "of one"), (&mut two, "of two")] {
        let updated = client.notice("notifications/resources/updated");
        assert_eq!(updated["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], name);
    }
    two.answer(&json!(2));
    assert_eq!((one.aside.len(), two.aside.len()), (0, 0));
}

#[test]
fn a_client_that_probes_for_the_other_era_does_not_end_the_session_of_others() {
    let bridge = Bridge::new(&["--era", "dual"]);
    let mut first = bridge.client();
    let mut probes = bridge.connect();
    probes.send(json!({"id": 1, "method": "server/discover", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}}}}));
    assert_eq!(probes.answer(&json!(1))["error"]["code"], -32601);
    probes.initialize(json!({}));
    for client in [&mut first, &mut probes] {
        assert_eq!(client.text(2, "echo", json!({"text": "x"})), "x");
    }
}
