//! Questions of servers, prompts, resources and completion, in both eras.

mod common;

use common::{Driver, stdio, text_of};
use serde_json::json;
use tmcp::client::{
    Abilities, Answer, Arguments, Asks, Event, Listing, Pair, Reference, Reply, Unfinished,
};

fn driver(name: &str, args: &[&str]) -> Driver {
    let mut driver = Driver::new(name, &format!("{{\"s\":{}}}", stdio(args)));
    driver.client.set_abilities(Abilities { elicitation: true, ..Abilities::default() });
    driver
}

fn pair(key: &str, value: &str) -> Pair {
    Pair { key: key.into(), value: value.into(), is_json: false }
}

#[test]
fn a_question_reaches_the_caller_and_its_answer_the_tool_in_both_eras() {
    for era in ["legacy", "modern"] {
        let mut driver = driver(&format!("ask-{era}"), &["--era", era]);
        let id = driver.start("s", "ask", "{}");
        let asked = driver.question();
        assert_eq!(asked.request, Some(id), "{era}");
        assert_eq!((&*asked.server, &*asked.tool), ("s", "ask"), "{era}");
        let Asks::Form { message, schema } = &asked.asks else { panic!("{asked:?}") };
        assert!(!message.is_empty() && schema.contains("properties"), "{era}: {asked:?}");
        let wrong = Answer::Accept(vec![pair("no such field", "x")]);
        let error = driver.client.answer(asked.id, wrong).unwrap_err();
        assert!(error.message().contains("no argument 'no such field'"), "{era}: {error}");
        let fields: serde_json::Value = serde_json::from_str(schema).unwrap();
        let name = fields["properties"].as_object().unwrap().keys().next().unwrap().clone();
        driver.client.answer(asked.id, Answer::Accept(vec![pair(&name, "blue")])).unwrap();
        let done = driver.done(id);
        assert!(text_of(&done).contains("blue"), "{era}: {}", text_of(&done));
        let error = driver.client.answer(asked.id, Answer::Cancel).unwrap_err();
        assert_eq!(error.message(), "the question is not open any more", "{era}");
    }
}

#[test]
fn a_question_is_declined_and_dismissed_in_both_eras() {
    for era in ["legacy", "modern"] {
        for answer in [Answer::Decline, Answer::Cancel] {
            let mut driver = driver(&format!("no-{era}-{answer:?}"), &["--era", era]);
            let id = driver.start("s", "ask", "{}");
            let asked = driver.question();
            let word = format!("{answer:?}").to_lowercase();
            driver.client.answer(asked.id, answer).unwrap();
            let done = driver.done(id);
            assert!(format!("{:?}", done.outcome).len() > 10, "{era} {word}");
            assert!(text_of(&done).contains(&word), "{era} {word}: {}", text_of(&done));
        }
    }
}

#[test]
fn a_question_goes_when_its_call_is_cancelled_or_its_server_dies() {
    for era in ["legacy", "modern"] {
        let mut driver = driver(&format!("gone-{era}"), &["--era", era]);
        let id = driver.start("s", "ask", "{}");
        let asked = driver.question();
        assert!(driver.client.cancel(id));
        driver.until("the end of the question", |driver| {
            driver
                .events
                .iter()
                .any(|e| matches!(e, Event::QuestionGone(q) if *q == asked.id))
                .then_some(())
        });
        assert!(driver.client.answer(asked.id, Answer::Decline).is_err());
    }
}

#[test]
fn a_question_outlives_a_call_that_may_not_have_caused_it() {
    let mut driver = driver("whose", &["--era", "legacy"]);
    driver.text("s", "echo", r#"{"text":"ready"}"#);
    let over = driver.home.path("over");
    let asks = driver.start("s", "ask", "{}");
    // The newest is the likeliest to have made it ask, and here it did not.
    let other = driver.start("s", "sleep", &common::held(&over));
    let asked = driver.question();
    assert_eq!(asked.request, Some(other));
    std::fs::write(&over, "").unwrap();
    assert!(text_of(&driver.done(other)).starts_with("slept until"));
    let answer = Answer::Accept(vec![pair("name", "Ann")]);
    driver.client.answer(asked.id, answer).unwrap();
    assert_eq!(text_of(&driver.done(asks)), "hello, Ann");
    // It goes with the last that may have caused it.
    std::fs::remove_file(&over).unwrap();
    let asks = driver.start("s", "ask", "{}");
    let other = driver.start("s", "sleep", &common::held(&over));
    let asked = driver.question();
    assert!(driver.client.cancel(other));
    assert!(driver.client.cancel(asks));
    let gone = |e: &Event| matches!(e, Event::QuestionGone(id) if *id == asked.id);
    driver.until("its end", |driver| driver.events.iter().any(gone).then_some(()));
}

#[test]
fn nobody_to_ask_is_a_decline() {
    let mut driver = Driver::new("nobody", &format!("{{\"s\":{}}}", stdio(&["--era", "legacy"])));
    let done = driver.call("s", "ask", "{}");
    assert!(done.outcome.is_ok(), "{done:?}");
    assert!(!driver.events.iter().any(|event| matches!(event, Event::Question(_))));
}

#[test]
fn resources_prompts_and_completions_come_in_both_eras() {
    for era in ["legacy", "modern"] {
        let mut driver = driver(&format!("lists-{era}"), &["--era", era]);
        for what in [Listing::Resources, Listing::ResourceTemplates, Listing::Prompts] {
            let id = driver.client.list("s", what, None, 0).unwrap();
            let done = driver.done(id);
            let Ok(Reply::List { items, .. }) = done.outcome else {
                panic!("{era} {what:?}: {done:?}")
            };
            let items: serde_json::Value = serde_json::from_slice(&items).unwrap();
            let Some(first) = items.as_array().unwrap().first() else { continue };
            let id = match what {
                Listing::Resources => {
                    let uri = first["uri"].as_str().unwrap();
                    driver.client.read_resource("s", uri, None, 0).unwrap()
                }
                Listing::Prompts => {
                    let name = first["name"].as_str().unwrap().to_owned();
                    let first_argument = first["arguments"][0]["name"].as_str().unwrap_or("x");
                    let wanted = Unfinished {
                        reference: Reference::Prompt(&name),
                        argument: first_argument,
                        value: "",
                        given: &[],
                    };
                    let done = driver.client.complete("s", wanted, None, 0).unwrap();
                    let done = driver.done(done);
                    assert!(done.outcome.is_ok(), "{era}: {done:?}");
                    let arguments = Arguments::Pairs(vec![pair(first_argument, "v\"1")]);
                    driver.client.get_prompt("s", &name, arguments, None, 0).unwrap()
                }
                _ => continue,
            };
            let done = driver.done(id);
            assert!(matches!(done.outcome, Ok(Reply::Result(_))), "{era} {what:?}: {done:?}");
        }
    }
}

#[test]
fn a_completion_tells_the_arguments_that_are_given_already() {
    for era in ["legacy", "modern"] {
        let mut driver = driver(&format!("complete-{era}"), &["--era", era]);
        let mut candidates = |given: &[Pair], value: &str| {
            let reference = Reference::Prompt("compose");
            let wanted = Unfinished { reference, argument: "to", value, given };
            let id = driver.client.complete("s", wanted, None, 0).unwrap();
            let done = driver.done(id);
            let Ok(Reply::Result(json)) = &done.outcome else { panic!("{era}: {done:?}") };
            let value: serde_json::Value = serde_json::from_slice(json).unwrap();
            value["completion"]["values"].clone()
        };
        assert_eq!(candidates(&[], ""), json!(["alpha", "beta", "gamma"]), "{era}");
        assert_eq!(candidates(&[pair("tone", "kind")], "An"), json!(["Ann", "Anton"]), "{era}");
        let given = [pair("x", "\"}"), pair("tone", "stern")];
        assert_eq!(candidates(&given, ""), json!(["the council"]), "{era}");
    }
}

#[test]
fn what_a_server_offers_is_known_after_its_handshake() {
    for era in ["legacy", "modern"] {
        let mut driver = driver(&format!("offers-{era}"), &["--era", era]);
        let offers = |driver: &Driver| {
            let table = driver.client.servers_table();
            let column = table.columns().iter().position(|name| *name == "offers").unwrap();
            table.cell(0, column).unwrap_or_default().to_owned()
        };
        assert_eq!(offers(&driver), "");
        let id = driver.client.list("s", Listing::Prompts, None, 0).unwrap();
        driver.done(id);
        assert_eq!(offers(&driver), "tools resources prompts completions", "{era}");
    }
}
