use serde_json::{Value, json};

use crate::engine::testing::Bench;
use crate::engine::{Answer, Event, Question, QuestionId, RequestId};

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

/// Makes two calls, of which the first is asked something: its request, the id of the second
/// on the wire, and the question.
fn two_calls_and_a_question(bench: &mut Bench) -> (RequestId, Value, QuestionId) {
    let first = bench.call("one");
    bench.call("two");
    let second = wire(bench);
    bench.says(&asks("q"));
    let question = questions(bench).remove(0).id;
    (first, second, question)
}

#[test]
fn a_call_that_asks_for_what_nobody_gives_dismisses_no_question_of_another() {
    let mut bench = shared();
    let (first, second, question) = two_calls_and_a_question(&mut bench);
    bench.says(&wants(&second, &json!({"k": {"method": "other/method"}})));
    assert!(bench.engine.is_open(question));
    assert_eq!(bench.sent(), [] as [Value; 0]);
    assert_eq!(bench.engine.questions.count_of(first), 1);
}

#[test]
fn a_call_whose_question_is_too_long_dismisses_no_question_of_another() {
    let mut bench = shared();
    let (_, second, question) = two_calls_and_a_question(&mut bench);
    let long = json!({"message": "x".repeat(300_000)});
    bench.says(&wants(&second, &json!({"k": {"method": "elicitation/create", "params": long}})));
    assert!(bench.engine.is_open(question));
    assert_eq!(bench.sent(), [] as [Value; 0]);
}

#[test]
fn a_model_that_is_refused_dismisses_no_question_of_another() {
    let mut bench = shared();
    let (_, second, question) = two_calls_and_a_question(&mut bench);
    let sample = json!({"k": {"method": "sampling/createMessage", "params": {}},
        "l": {"method": "sampling/createMessage", "params": {}}});
    bench.says(&wants(&second, &sample));
    let asked = questions(&mut bench);
    bench.engine.answer(bench.now, asked[0].id, Answer::Decline).unwrap();
    assert!(bench.engine.is_open(question));
    assert!(!bench.engine.is_open(asked[1].id));
    assert_eq!(bench.sent(), [] as [Value; 0]);
}

fn declines(sent: &[Value]) -> usize {
    sent.iter().filter(|message| message["result"]["action"] == "decline").count()
}

#[test]
fn eight_questions_of_a_server_are_open_and_the_others_are_declined() {
    let mut bench = shared();
    bench.call("t");
    bench.sent();
    for n in 0..1000 {
        bench.says(&asks(&format!("q{n}")));
    }
    assert_eq!(bench.engine.questions.len(), 8);
    assert_eq!(questions(&mut bench).len(), 8);
    let sent = bench.sent();
    assert_eq!((sent.len(), declines(&sent)), (992, 992));
    assert_eq!(sent[0]["id"], "q8");
    assert_eq!(bench.engine.servers[0].metrics.wire.declined, 992);
}

#[test]
fn thirty_two_questions_of_all_servers_are_open() {
    let mut bench = shared();
    let names = ["a", "b", "c", "d", "e", "s"];
    let entry = json!({"command": "x", "era": "legacy"});
    let servers: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), entry.clone())).collect();
    bench.configure(&Value::Object(servers));
    for name in names {
        bench.call_of(name, "t");
        for n in 0..10 {
            bench.says(&asks(&format!("q{n}")));
        }
    }
    assert_eq!(bench.engine.questions.len(), 32);
}

#[test]
fn a_server_that_asks_without_end_is_heard_ten_times_a_second() {
    let mut bench = shared();
    bench.call("t");
    let mut heard = 0;
    for n in 0..10_000 {
        bench.says(&asks(&format!("q{n}")));
        for question in questions(&mut bench) {
            heard += 1;
            bench.engine.answer(bench.now, question.id, Answer::Decline).unwrap();
        }
        bench.wait(1_000);
    }
    assert!((130..=141).contains(&heard), "{heard}");
}

#[test]
fn nobody_is_asked_while_no_call_is_under_way() {
    let mut bench = shared();
    let id = bench.call("t");
    assert!(bench.engine.cancel(bench.now, id));
    bench.wait(0);
    bench.sent();
    bench.says(&asks("q"));
    let sample = json!({"jsonrpc": "2.0", "id": "m", "method": "sampling/createMessage",
        "params": {}});
    bench.says(&sample);
    assert!(questions(&mut bench).is_empty());
    let sent = bench.sent();
    assert_eq!(sent[0]["result"], json!({"action": "decline"}));
    assert_eq!(sent[1]["error"]["code"], -1);
    assert!(sent[1]["error"]["message"].as_str().unwrap().contains("no call is under way"));
}

#[test]
fn an_entry_may_say_that_a_server_asks_when_it_likes() {
    let mut bench = Bench::new(&json!({"command": "x", "era": "legacy", "unsolicited": true}));
    let id = bench.call("t");
    assert!(bench.engine.cancel(bench.now, id));
    for n in 0..20 {
        bench.says(&asks(&format!("q{n}")));
    }
    let asked = questions(&mut bench);
    assert_eq!(asked.len(), 8);
    assert_eq!(asked[0].request, None);
}

#[test]
fn a_result_asks_eight_questions_and_gets_an_answer_to_each() {
    let mut bench = Bench::modern();
    bench.call("t");
    let id = wire(&mut bench);
    let form = json!({"method": "elicitation/create",
        "params": {"message": "m", "requestedSchema": {"type": "object", "properties": {}}}});
    let wanted: serde_json::Map<_, _> =
        (0..12).map(|n| (format!("k{n:02}"), form.clone())).collect();
    bench.says(&wants(&id, &Value::Object(wanted)));
    let asked = questions(&mut bench);
    assert_eq!(asked.len(), 8);
    for question in asked {
        bench.engine.answer(bench.now, question.id, Answer::Accept(vec![])).unwrap();
    }
    bench.wait(0);
    let sent = bench.sent();
    let answers = sent.last().unwrap()["params"]["inputResponses"].clone();
    let answers = answers.as_object().unwrap();
    let declined = answers.values().filter(|answer| answer["action"] == "decline");
    assert_eq!((answers.len(), declined.count()), (12, 4));
}

#[test]
fn large_questions_take_the_room_of_several() {
    let mut bench = shared();
    bench.call("t");
    for n in 0..8 {
        let text = "x".repeat(1 << 20);
        let message = json!({"jsonrpc": "2.0", "id": n, "method": "sampling/createMessage",
            "params": {"messages": [text]}});
        bench.says(&message);
    }
    assert_eq!(questions(&mut bench).len(), 3);
}

#[test]
fn answers_of_people_that_a_server_does_not_read_end_its_connection() {
    let mut bench = shared();
    bench.call("t");
    bench.is_deaf = true;
    let long = "x".repeat(1000);
    for n in 0..2000 {
        let mut question = asks(&format!("{n}{long}"));
        question["id"] = json!(format!("{n}{long}"));
        bench.says(&question);
        for question in questions(&mut bench) {
            let _ = bench.engine.answer(bench.now, question.id, Answer::Decline);
        }
        bench.wait(100_000);
    }
    assert!(bench.engine.era(bench.stream).is_none());
    assert!(bench.engine.questions.len() == 0);
}

#[test]
fn a_question_that_the_host_has_not_heard_of_goes_without_a_word() {
    let mut bench = shared();
    let id = bench.call("t");
    for n in 0..8 {
        bench.says(&asks(&format!("q{n}")));
        if n == 3 {
            questions(&mut bench);
        }
    }
    bench.sent();
    assert!(bench.engine.cancel(bench.now, id));
    bench.wait(0);
    let gone = bench.events();
    assert!(gone.iter().all(|event| matches!(event, Event::QuestionGone(_))), "{gone:?}");
    assert_eq!(gone.len(), 4);
    let dismissed = |message: &&Value| message["result"]["action"] == "cancel";
    assert_eq!(bench.sent().iter().filter(dismissed).count(), 8);
}
