use serde_json::{Value, json};

use crate::engine::testing::Bench;
use crate::engine::{Arguments, CallTool, Completion, Event, Pair};

/// Calls a tool with words, which need its list.
fn call(bench: &mut Bench, tool: &str, key: &str) {
    let pair = Pair { key: key.into(), value: "1".into(), is_json: false };
    let arguments = Arguments::Pairs(vec![pair]);
    let call = CallTool { server: "s".into(), tool: tool.into(), arguments, is_unattended: false };
    bench.engine.call(bench.now, call, None, 0).unwrap();
    bench.wait(0);
}

/// Answers every request that was sent: lists with `list`, calls with nothing.
/// Returns how many lists were asked for, and the arguments of the calls.
fn answer(bench: &mut Bench, list: &Value) -> (usize, Vec<Value>) {
    let (mut lists, mut calls) = (0, Vec::new());
    loop {
        let sent = bench.sent();
        if sent.is_empty() {
            return (lists, calls);
        }
        for message in sent {
            let result = match message["method"].as_str() {
                Some("tools/list") => {
                    lists += 1;
                    list.clone()
                }
                Some("tools/call") => {
                    calls.push(message["params"]["arguments"].clone());
                    json!({"content": []})
                }
                _ => continue,
            };
            bench.says(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}));
        }
        bench.wait(0);
    }
}

fn list(of: &str) -> Value {
    json!({"tools": [{"name": "t", "inputSchema":
        {"type": "object", "properties": {"a": {"type": of}}}}]})
}

fn done(bench: &mut Bench) -> Completion {
    let done = |event| match event {
        Event::Done(done) => Some(done),
        _ => None,
    };
    bench.events().into_iter().find_map(done).unwrap()
}

#[test]
fn a_list_of_the_legacy_era_is_good_while_its_connection_lives() {
    let mut bench = Bench::legacy();
    call(&mut bench, "t", "a");
    assert_eq!(answer(&mut bench, &list("string")), (1, vec![json!({"a": "1"})]));
    bench.wait(10_000_000);
    call(&mut bench, "t", "a");
    assert_eq!(answer(&mut bench, &list("integer")), (0, vec![json!({"a": "1"})]));
    bench.hang_up();
    bench.wait(60_000_000);
    call(&mut bench, "t", "a");
    assert_eq!(answer(&mut bench, &list("integer")), (1, vec![json!({"a": 1})]));
}

#[test]
fn a_list_goes_with_a_socket_that_is_lost_and_with_one_that_was_idle() {
    for idle in [false, true] {
        let mut bench = Bench::new(&json!({"transport": "socket", "socket_path": "/x",
            "era": "legacy", "pool_idle_timeout": 5}));
        call(&mut bench, "t", "a");
        assert_eq!(answer(&mut bench, &list("string")).0, 1);
        match idle {
            true => bench.wait(6_000_000),
            false => bench.hang_up(),
        }
        bench.wait(60_000_000);
        call(&mut bench, "t", "a");
        assert_eq!(answer(&mut bench, &list("integer")), (1, vec![json!({"a": 1})]), "{idle}");
    }
}

#[test]
fn a_list_of_the_modern_era_is_good_for_as_long_as_it_says() {
    for (ttl, again) in
        [(json!(5000), 0), (json!(0), 1), (json!(-1), 1), (json!(null), 1), (json!(1), 1)]
    {
        let mut bench = Bench::modern();
        let mut kept = list("string");
        kept["ttlMs"] = ttl.clone();
        call(&mut bench, "t", "a");
        assert_eq!(answer(&mut bench, &kept).0, 1, "{ttl}");
        bench.wait(100_000);
        call(&mut bench, "t", "a");
        assert_eq!(answer(&mut bench, &kept).0, again, "{ttl}");
    }
}

#[test]
fn one_page_without_a_lifetime_is_enough() {
    let mut bench = Bench::modern();
    for again in 0..2 {
        call(&mut bench, "t", "a");
        for (at, page) in
            [json!({"tools": [], "nextCursor": "1"}), list("string")].iter().enumerate()
        {
            let sent = bench.sent();
            let id = &sent.last().unwrap()["id"];
            let mut page = page.clone();
            if at == 0 {
                page["ttlMs"] = json!(60_000);
            }
            bench.says(&json!({"jsonrpc": "2.0", "id": id, "result": page}));
            bench.wait(0);
        }
        let sent = bench.sent();
        assert_eq!(sent.last().unwrap()["method"], "tools/call", "{again}");
    }
}

#[test]
fn what_a_server_says_of_a_tool_that_it_does_not_list_is_told() {
    let mut bench = Bench::legacy();
    bench.call("new");
    let sent = bench.sent();
    let id = &sent.last().unwrap()["id"];
    let error = json!({"code": -32602, "message": "'bad' is no argument"});
    bench.says(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
    assert_eq!(answer(&mut bench, &list("string")).0, 1);
    let error = done(&mut bench).outcome.unwrap_err();
    assert_eq!(error.code(), Some(-32602));
    assert!(error.message().starts_with("'bad' is no argument (-32602); server 's' has no tool"));
}

#[test]
fn the_answer_to_an_unsubscription_is_an_answer() {
    let mut bench = Bench::legacy();
    bench.engine.subscribe(bench.now, "s", "u:a", None, 0).unwrap();
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        bench.wait(0);
        let sent = bench.sent();
        let request = sent.iter().find(|message| message["method"] == method).unwrap();
        bench.says(&json!({"jsonrpc": "2.0", "id": request["id"], "result": {}}));
        bench.engine.unsubscribe(bench.now, "s", "u:a").unwrap();
    }
    let metrics = &bench.engine.servers[0].metrics;
    assert_eq!(metrics.wire.duplicate_replies, 0);
    // With the handshake.
    assert_eq!((metrics.requests(), metrics.responses()), (3, 3));
}

#[test]
fn servers_that_are_gone_are_forgotten_and_their_places_taken() {
    let mut bench = Bench::legacy();
    bench.call("t");
    for n in 0..100 {
        let mut servers = serde_json::Map::new();
        servers.insert(format!("n{n}"), json!({"command": "x", "era": "legacy"}));
        bench.configure(&Value::Object(servers));
        bench.call_of(&format!("n{n}"), "t");
        bench.hang_up();
        bench.wait(60_000_000);
        bench.sent();
    }
    assert!(bench.engine.servers.len() <= 4, "{}", bench.engine.servers.len());
    bench.configure(&json!({}));
    bench.wait(60_000_000);
    bench.configure(&json!({"n7": {"command": "x", "era": "legacy"}}));
    let report = bench.engine.snapshot("n7").unwrap().report;
    assert_eq!(report.metrics.requests(), 0, "another one of that name is another one");
}

#[test]
fn a_list_that_may_not_be_kept_refuses_nothing_but_has_a_call_look_at_the_new_one() {
    let needs = |name: &str| {
        let schema = json!({"type": "object", "properties": {name: {}}, "required": [name]});
        json!({"tools": [{"name": "t", "inputSchema": schema}]})
    };
    let mut bench = Bench::modern();
    call(&mut bench, "t", "a");
    assert_eq!(answer(&mut bench, &needs("a")).0, 1);
    bench.events();

    bench.call("t");
    assert_eq!(answer(&mut bench, &needs("a")), (1, vec![]), "nothing is sent to the tool");
    let told = format!("{:?}", bench.events());
    assert!(told.contains("tool 't' needs argument 'a'"), "{told}");

    bench.call("t");
    let without = json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}}]});
    assert_eq!(answer(&mut bench, &without), (1, vec![json!({})]), "the tool needs nothing now");

    bench.call("t");
    assert_eq!(answer(&mut bench, &needs("a")), (0, vec![json!({})]), "nothing speaks against it");
}
