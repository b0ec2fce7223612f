use serde_json::{Value, json};

use crate::engine::testing::Bench;
use crate::engine::{Answer, Event, Question};

/// A server whose calls share a connection.
fn shared() -> Bench {
    Bench::new(&json!({"command": "x", "era": "legacy", "max_in_flight": 4}))
}

fn asks(id: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "elicitation/create",
        "params": {"message": id, "requestedSchema": {"type": "object", "properties": {}}}})
}

/// The answer that asks for what stands in `wanted` first.
fn wants(wire: &Value, wanted: &Value) -> Value {
    let result = json!({"resultType": "input_required", "inputRequests": wanted});
    json!({"jsonrpc": "2.0", "id": wire, "result": result})
}

/// The id that the last call has on the wire.
fn wire(bench: &mut Bench) -> Value {
    let sent = bench.sent();
    sent.iter().rfind(|message| message["method"] == "tools/call").unwrap()["id"].clone()
}

fn questions(bench: &mut Bench) -> Vec<Question> {
    let question = |event| match event {
        Event::Question(question) => Some(question),
        _ => None,
    };
    bench.events().into_iter().filter_map(question).collect()
}

#[test]
fn a_call_that_asks_for_what_nobody_gives_dismisses_no_question_of_another() {
    let mut bench = shared();
    let first = bench.call("one");
    bench.call("two");
    let second = wire(&mut bench);
    bench.says(&asks("q"));
    let question = questions(&mut bench).remove(0).id;
    bench.says(&wants(&second, &json!({"k": {"method": "other/method"}})));
    assert!(bench.engine.is_open(question));
    assert_eq!(bench.sent(), [] as [Value; 0]);
    let waits = bench.engine.questions[&question].request;
    assert_eq!(waits, Some(first));
}

#[test]
fn a_call_whose_question_is_too_long_dismisses_no_question_of_another() {
    let mut bench = shared();
    bench.call("one");
    bench.call("two");
    let second = wire(&mut bench);
    bench.says(&asks("q"));
    let question = questions(&mut bench).remove(0).id;
    let long = json!({"message": "x".repeat(300_000)});
    bench.says(&wants(&second, &json!({"k": {"method": "elicitation/create", "params": long}})));
    assert!(bench.engine.is_open(question));
    assert_eq!(bench.sent(), [] as [Value; 0]);
}

#[test]
fn a_model_that_is_refused_dismisses_no_question_of_another() {
    let mut bench = shared();
    bench.call("one");
    bench.call("two");
    let second = wire(&mut bench);
    bench.says(&asks("q"));
    let question = questions(&mut bench).remove(0).id;
    let sample = json!({"k": {"method": "sampling/createMessage", "params": {}},
        "l": {"method": "sampling/createMessage", "params": {}}});
    bench.says(&wants(&second, &sample));
    let asked = questions(&mut bench);
    bench.engine.answer(bench.now, asked[0].id, Answer::Decline).unwrap();
    assert!(bench.engine.is_open(question));
    assert!(!bench.engine.is_open(asked[1].id));
    assert_eq!(bench.sent(), [] as [Value; 0]);
}
