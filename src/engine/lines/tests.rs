use serde_json::{Value, json};

use crate::engine::Event;
use crate::engine::testing::Bench;
use crate::error::Kind;

fn small() -> Bench {
    Bench::new(&json!({"command": "x", "era": "legacy", "tmux": {"max_answer": 1}}))
}

/// The outcome of the only call, if it has ended: what came, or why nothing did.
fn outcome(bench: &mut Bench) -> Option<Result<String, (Kind, String)>> {
    bench.events().into_iter().find_map(|event| match event {
        Event::Done(done) => Some(match done.outcome {
            Ok(reply) => Ok(format!("{reply:?}")),
            Err(error) => Err((error.kind(), error.message().to_owned())),
        }),
        _ => None,
    })
}

fn wire(bench: &mut Bench) -> Value {
    bench.sent().pop().expect("something was sent")["id"].clone()
}

#[test]
fn a_request_that_is_too_long_is_answered_with_an_error() {
    let long = "x".repeat(2 << 20);
    for (line, id) in [
        (format!(r#"{{"id":"q","method":"ping","params":{{"a":"{long}"}}}}"#), json!("q")),
        (format!(r#"{{"method":"sampling/createMessage","params":["{long}"],"id":7}}"#), json!(7)),
    ] {
        let mut bench = small();
        bench.call("t");
        bench.sent();
        bench.line(&line);
        let sent = bench.sent();
        assert_eq!((sent.len(), &sent[0]["id"]), (1, &id), "{sent:?}");
        assert_eq!(sent[0]["error"]["code"], -32600);
        let message = sent[0]["error"]["message"].as_str().expect("a sentence");
        assert!(message.contains("max_answer"), "{message}");
        assert_eq!(outcome(&mut bench), None, "the call goes on");
        assert_eq!(bench.engine.servers[0].metrics.wire.junk_lines, 1);
    }
}

#[test]
fn a_notice_that_is_too_long_and_a_modern_request_are_not_answered() {
    let long = "x".repeat(2 << 20);
    let entry = json!({"command": "x", "era": "modern", "tmux": {"max_answer": 1}});
    for (mut bench, id) in [(small(), ""), (Bench::new(&entry), r#","id":7"#)] {
        bench.call("t");
        bench.sent();
        bench.line(&format!(r#"{{"method":"x","params":["{long}"]{id}}}"#));
        assert_eq!(bench.sent(), [] as [Value; 0]);
        assert_eq!(outcome(&mut bench), None);
    }
}

#[test]
fn a_request_that_is_too_long_ends_no_call_of_the_same_id() {
    let long = "x".repeat(2 << 20);
    let mut bench = small();
    bench.call("t");
    let own = wire(&mut bench);
    bench.line(&format!(r#"{{"id":{own},"params":["{long}"],"method":"x"}}"#));
    assert_eq!(outcome(&mut bench), None);
    assert_eq!(bench.sent()[0]["error"]["code"], -32600);
}

#[test]
fn an_answer_that_names_no_request_ends_the_only_one_soon() {
    for id in ["null", "{}", "[1]", "true", "\"x\"", "4711", "-1", "1.5"] {
        let mut bench = Bench::legacy();
        bench.call("t");
        bench.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#));
        assert_eq!(outcome(&mut bench), None, "its own answer may follow: {id}");
        bench.wait(249_000);
        assert_eq!(outcome(&mut bench), None, "{id}");
        bench.wait(2_000);
        let message = "server 's': the server answered with an id that no request has";
        assert_eq!(outcome(&mut bench), Some(Err((Kind::Protocol, message.into()))), "{id}");
    }
}

#[test]
fn an_answer_that_names_no_request_is_nothing_beside_the_right_one() {
    let mut bench = Bench::legacy();
    bench.call("t");
    let own = wire(&mut bench);
    bench.line(r#"{"jsonrpc":"2.0","id":4711,"result":{"content":[]}}"#);
    bench.wait(100_000);
    bench.line(&format!(r#"{{"jsonrpc":"2.0","id":{own},"result":{{"own":1}}}}"#));
    assert!(outcome(&mut bench).expect("it has ended").expect("well").contains("own"));
    // The next call owes nothing to it.
    bench.call("t");
    bench.wait(1_000_000);
    assert_eq!(outcome(&mut bench), None);
}

#[test]
fn an_answer_that_names_no_request_ends_none_of_two() {
    let mut bench =
        Bench::new(&json!({"command": "x", "era": "legacy", "tmux": {"max_in_flight": 4}}));
    bench.call("t");
    bench.call("t");
    bench.line(r#"{"jsonrpc":"2.0","id":{},"result":{"content":[]}}"#);
    bench.wait(1_000_000);
    assert_eq!(outcome(&mut bench), None);
}

#[test]
fn the_answer_to_another_client_of_a_socket_ends_nothing() {
    let mut bench = Bench::new(&json!({"socket_path": "/s", "era": "legacy"}));
    bench.call("t");
    bench.line(r#"{"jsonrpc":"2.0","id":4711,"result":{"content":[]}}"#);
    bench.wait(1_000_000);
    assert_eq!(outcome(&mut bench), None);
}

#[test]
fn an_answer_that_breaks_off_in_a_line_ends_its_call_soon() {
    let mut bench = Bench::legacy();
    bench.call("t");
    let own = wire(&mut bench);
    bench.line(&format!(r#"{{"jsonrpc":"2.0","id":{own},"result":{{"#));
    bench.wait(1_900_000);
    bench.line(r#""content":["#);
    bench.wait(1_900_000);
    assert_eq!(outcome(&mut bench), None, "lines still come");
    bench.wait(200_000);
    let (kind, message) = outcome(&mut bench).expect("it has ended").expect_err("broken off");
    assert_eq!(kind, Kind::Protocol);
    assert!(message.contains("the answer cannot be read"), "{message}");
    assert!(message.contains("\"content\":["), "{message}");
    // The connection goes on, and blanks before a message are none of its text.
    bench.call("t");
    let own = wire(&mut bench);
    bench.line(&format!("  {{\"jsonrpc\":\"2.0\",\"id\":{own},\"result\":{{\"own\":1}}}}"));
    assert!(outcome(&mut bench).expect("it has ended").expect("well").contains("own"));
}

#[test]
fn an_answer_over_several_lines_is_read_however_slowly_they_come() {
    let mut bench = Bench::legacy();
    bench.call("t");
    let own = wire(&mut bench);
    for line in ["{", "\"jsonrpc\": \"2.0\",", &format!("\"id\": {own},"), "\"result\": {}"] {
        bench.line(line);
        bench.wait(1_500_000);
        assert_eq!(outcome(&mut bench), None);
    }
    bench.line("}");
    assert!(outcome(&mut bench).expect("it has ended").is_ok());
}
