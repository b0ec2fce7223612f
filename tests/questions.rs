//! Requests of servers to us: each is answered, none hangs.

mod common;

use common::{Driver, Home, one, write_config};

#[test]
fn a_ping_before_the_handshake_is_over_is_answered() {
    let mut driver = one("ping", &["--ping-on-init"], "");
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
    assert_eq!(driver.number("s", "Pings"), 1);
}

#[test]
fn roots_are_listed() {
    let mut driver = one("roots", &["--ask-roots"], "");
    driver.text("s", "echo", r#"{"text":"x"}"#);
    let answer = driver.until("the roots", |driver| {
        let done = driver.call("s", "roots", "{}");
        let text = common::text_of(&done);
        text.starts_with('{').then_some(text)
    });
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["result"], serde_json::json!({"roots": []}), "{answer}");
}

#[test]
fn elicitation_is_declined_in_the_legacy_era() {
    let mut driver = one("ask-legacy", &[], "");
    assert_eq!(driver.text("s", "ask", "{}"), "the user chose: decline");
}

#[test]
fn a_modern_tool_that_asks_nobody_is_told_that_nobody_answers() {
    let mut driver = one("ask-modern", &["--era", "modern"], "");
    assert_eq!(driver.text("s", "ask", "{}"), "the user chose: decline");
}

#[test]
fn every_question_has_an_answer_with_its_own_id() {
    let home = Home::new("questions");
    let heard = home.path("heard");
    let script = format!(
        r#"read a; echo '{{"jsonrpc":"2.0","id":1,"error":{{"code":-32601,"message":"no"}}}}'
        read a
        echo '{{"jsonrpc":"2.0","id":"a","method":"ping"}}'
        echo '{{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{{}}}}'
        echo '{{"jsonrpc":"2.0","id":2,"method":"roots/list"}}'
        echo '{{"jsonrpc":"2.0","id":1.5,"method":"no/such","params":[1]}}'
        echo '{{"jsonrpc":"2.0","id":"\u00e9\"x","method":"elicitation/create","params":{{}}}}'
        for i in 1 2 3 4 5; do read -r a; printf '%s\n' "$a" >> {heard:?}; done
        echo '{{"jsonrpc":"2.0","id":2,"result":{{"protocolVersion":"2025-06-18","capabilities":{{}},"serverInfo":{{"name":"x","version":"1"}}}}}}'
        read a; read a
        echo '{{"jsonrpc":"2.0","id":3,"result":{{"content":[{{"type":"text","text":"done"}}]}}}}'
        read a"#
    );
    let servers = serde_json::json!({"s": {"command": "sh", "args": ["-c", script]}});
    write_config(&home, &servers.to_string());
    let mut driver = Driver::at(home);
    assert_eq!(driver.text("s", "anything", "{}"), "done");
    let text = std::fs::read_to_string(driver.home.path("heard")).unwrap();
    let answers: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        (serde_json::json!("a"), Ok(serde_json::json!({}))),
        (serde_json::json!(7), Err(-32601)),
        (serde_json::json!(2), Ok(serde_json::json!({"roots": []}))),
        (serde_json::json!(1.5), Err(-32601)),
        (serde_json::json!("é\"x"), Ok(serde_json::json!({"action": "decline"}))),
    ];
    assert_eq!(answers.len(), expected.len());
    for (answer, (id, outcome)) in answers.iter().zip(&expected) {
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(&answer["id"], id);
        match outcome {
            Ok(result) => assert_eq!(&answer["result"], result),
            Err(code) => assert_eq!(answer["error"]["code"], *code),
        }
    }
}

#[test]
fn a_server_that_asks_without_end_and_never_reads_is_given_up() {
    let script = r#"read a; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
        read a; echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}'
        exec yes '{"jsonrpc":"2.0","id":"LONG","method":"ping"}'"#;
    // The answers are as long as the questions: some thousand of them are enough.
    let script = script.replace("LONG", &"x".repeat(4000));
    let servers = serde_json::json!({"s": {"command": "sh", "args": ["-c", script],
        "retry_attempts": 0}});
    let mut driver = Driver::new("flood", &servers.to_string());
    let error = driver.error("s", "anything", "{}");
    assert!(error.message().contains("asks without reading the answers"), "{error}");
}
