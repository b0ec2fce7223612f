use serde_json::{Value, json};

use crate::engine::testing::Bench;
use crate::engine::{Event, Listing, StreamId};

fn changed() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
}

fn updated(uri: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": uri}})
}

/// What the host hears, in short.
fn heard(bench: &mut Bench) -> Vec<String> {
    let word = |event| match event {
        Event::ToolsChanged { .. } => Some("tools".to_owned()),
        Event::ResourceUpdated { uri, .. } => Some(uri),
        _ => None,
    };
    bench.events().into_iter().filter_map(word).collect()
}

fn dropped(bench: &Bench) -> u64 {
    bench.engine.servers[0].metrics.wire.dropped
}

/// The id of the last request of a method.
fn wire(bench: &mut Bench, method: &str) -> Value {
    let sent = bench.sent();
    sent.iter().rfind(|message| message["method"] == method).unwrap()["id"].clone()
}

/// A resource is watched.
fn watch(bench: &mut Bench, uri: &str) -> Value {
    bench.engine.subscribe(bench.now, "s", uri, None, 0).unwrap();
    bench.wait(0);
    if bench.is_modern() {
        let id = wire(bench, "subscriptions/listen");
        let meta = json!({"io.modelcontextprotocol/subscriptionId": id});
        bench.says(&json!({"jsonrpc": "2.0",
            "method": "notifications/subscriptions/acknowledged",
            "params": {"notifications": {"resourceSubscriptions": [uri]}, "_meta": meta}}));
        bench.events();
        return id;
    }
    let id = wire(bench, "resources/subscribe");
    bench.says(&json!({"jsonrpc": "2.0", "id": id, "result": {}}));
    bench.events();
    id
}

#[test]
fn of_a_storm_of_changes_ten_a_second_are_told_and_the_last() {
    let mut bench = Bench::legacy();
    bench.call("t");
    bench.events();
    let mut told = 0;
    for _ in 0..1000 {
        bench.says(&changed());
        told += heard(&mut bench).len();
        bench.wait(1_000);
        told += heard(&mut bench).len();
    }
    assert!((9..=11).contains(&told), "{told}");
    bench.says(&changed());
    bench.wait(200_000);
    assert_eq!(heard(&mut bench), ["tools"], "the last one");
    assert!(dropped(&bench) > 900);
    bench.wait(10_000_000);
    assert_eq!(heard(&mut bench), [""; 0]);
}

#[test]
fn a_host_that_does_not_pull_has_one_event_of_each_kind() {
    let mut bench = Bench::legacy();
    watch(&mut bench, "u:a");
    for _ in 0..100 {
        bench.says(&changed());
        bench.says(&updated("u:a"));
        bench.wait(150_000);
    }
    let mut all = heard(&mut bench);
    all.sort();
    assert_eq!(all, ["tools", "u:a"]);
    bench.wait(0);
    let mut all = heard(&mut bench);
    all.sort();
    assert_eq!(all, ["tools", "u:a"], "what changed since is told once more");
}

#[test]
fn each_resource_that_changed_is_told_of() {
    let mut bench = Bench::legacy();
    for uri in ["u:a", "u:b", "u:c"] {
        watch(&mut bench, uri);
    }
    for _ in 0..100 {
        for uri in ["u:a", "u:b", "u:c"] {
            bench.says(&updated(uri));
        }
    }
    let mut told = heard(&mut bench);
    for _ in 0..5 {
        bench.wait(100_000);
        told.append(&mut heard(&mut bench));
    }
    assert_eq!(told[0], "u:a");
    told.sort();
    told.dedup();
    assert_eq!(told, ["u:a", "u:b", "u:c"]);
}

#[test]
fn only_what_is_watched_is_told_of() {
    let mut bench = Bench::legacy();
    watch(&mut bench, "file:///d");
    for n in 0..1000 {
        bench.says(&updated(&format!("u:{n}")));
    }
    bench.says(&updated("file:///dd"));
    bench.wait(1_000_000);
    assert_eq!(heard(&mut bench), [""; 0]);
    assert_eq!(dropped(&bench), 1001);
    bench.says(&updated("file:///d/e"));
    assert_eq!(heard(&mut bench), ["file:///d/e"]);
    bench.wait(1_000_000);
    bench.engine.unsubscribe(bench.now, "s", "file:///d").unwrap();
    bench.says(&updated("file:///d"));
    assert_eq!(heard(&mut bench), [""; 0]);
}

#[test]
fn ever_new_parts_of_what_is_watched_take_no_more_room_than_a_few() {
    let mut bench = Bench::legacy();
    watch(&mut bench, "u:a");
    for n in 0..10_000 {
        bench.says(&updated(&format!("u:a/{n}")));
    }
    bench.says(&updated(&format!("u:a/{}", "x".repeat(60_000))));
    let notices = &bench.engine.servers[0].notices;
    assert_eq!(notices.changed.len(), super::RESOURCES);
    assert_eq!(notices.changed.back().unwrap().as_ref(), "u:a/9999");
}

#[test]
fn in_the_modern_era_what_is_told_belongs_to_the_subscription() {
    let mut bench = Bench::modern();
    bench.call("t");
    bench.says(&changed());
    assert_eq!(heard(&mut bench), [""; 0], "nobody listens");
    let id = watch(&mut bench, "u:a");
    let tell = |bench: &mut Bench, id: &Value| {
        let mut message = updated("u:a");
        message["params"]["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": id});
        bench.says(&message);
        bench.wait(200_000);
        heard(bench)
    };
    assert_eq!(tell(&mut bench, &json!(99)), [""; 0], "another subscription");
    assert_eq!(tell(&mut bench, &id), ["u:a"]);
    bench.says(&updated("u:a"));
    assert_eq!(heard(&mut bench), ["u:a"], "there is only one it can be");
}

#[test]
fn a_change_that_each_list_brings_about_is_told_twice() {
    let mut bench = Bench::legacy();
    bench.call("t");
    bench.events();
    let mut lists = 0;
    let list = |bench: &mut Bench, tool: &str| {
        bench.engine.list(bench.now, "s", Listing::Tools, None, 0).unwrap();
        bench.wait(0);
        let id = wire(bench, "tools/list");
        let result = json!({"tools": [{"name": tool}]});
        bench.says(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        bench.says(&changed());
    };
    list(&mut bench, "t");
    // The host lists whenever it hears of a change.
    for _ in 0..100 {
        bench.wait(100_000);
        if heard(&mut bench).contains(&"tools".to_owned()) {
            lists += 1;
            list(&mut bench, "t");
        }
    }
    assert_eq!(lists, 2);
    bench.wait(10_000_000);
    bench.says(&changed());
    assert_eq!(heard(&mut bench), ["tools"], "no list brought that about");
    list(&mut bench, "other");
    bench.wait(1_000_000);
    assert_eq!(heard(&mut bench), ["tools"], "the list was another one");
}

#[test]
fn nothing_is_told_of_a_server_that_is_gone() {
    let mut bench = Bench::legacy();
    watch(&mut bench, "u:a");
    for _ in 0..3 {
        bench.says(&changed());
        bench.says(&updated("u:a"));
    }
    heard(&mut bench);
    bench.configure(&json!({}));
    bench.wait(10_000_000);
    assert_eq!(heard(&mut bench), [""; 0]);
    bench.configure(&json!({"s": {"command": "x", "era": "legacy"}}));
    bench.call("t");
    bench.says(&changed());
    assert_eq!(heard(&mut bench), ["tools"]);
    assert_ne!(bench.stream, StreamId(1));
}
