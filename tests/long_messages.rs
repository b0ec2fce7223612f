//! Messages that are too long to be read in one go: lists, questions and notices of
//! some hundred kilobytes and more.

mod common;

use common::{Driver, Home};
use serde_json::{Value, json};
use tmcp::client::{Abilities, Answer, Asks, Event, Listing, Reply};
use tmcp::error::Kind;

/// More than is read in one go.
const LONG: usize = 300 << 10;

/// A client of a legacy server that answers each line it reads with the next of
/// `replies`, beginning with the answer to its own `initialize`, and writes down
/// what it has read.
fn scripted(name: &str, replies: &[String]) -> Driver {
    let home = Home::new(name);
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25",
        "capabilities": {"tools": {}, "resources": {"subscribe": true}},
        "serverInfo": {"name": "x", "version": "1"}}});
    // The notification that ends the handshake is a line that needs no answer.
    let handshake = [initialize.to_string() + "\n", String::new()];
    for (at, reply) in handshake.iter().chain(replies).enumerate() {
        std::fs::write(home.path(&format!("{at}")), reply).unwrap();
    }
    let script = format!(
        "cd {:?}; n=0; while IFS= read -r line; do printf '%s\\n' \"$line\" >>heard; \
         test ! -f $n || cat $n; n=$((n + 1)); done",
        home.0
    );
    let servers = json!({"mcpServers": {"s": {"command": "sh", "args": ["-c", script],
        "era": "legacy", "retry_attempts": 0}}});
    std::fs::write(home.path(".claude.json"), servers.to_string()).unwrap();
    let mut driver = Driver::at(home);
    let abilities = Abilities { elicitation: true, sampling: true, roots: false };
    driver.client.set_abilities(abilities);
    driver
}

/// What the server has heard once there are so many lines.
fn heard(driver: &mut Driver, lines: usize) -> Vec<Value> {
    driver.until("what the server has heard", |driver| {
        let text = std::fs::read_to_string(driver.home.path("heard")).unwrap_or_default();
        let all: Vec<Value> =
            text.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
        (all.len() >= lines).then_some(all)
    })
}

fn line(message: Value) -> String {
    message.to_string() + "\n"
}

fn done(id: u64) -> String {
    line(json!({"jsonrpc": "2.0", "id": id, "result": {"content": []}}))
}

#[test]
fn a_list_of_many_long_pages_is_whole_and_in_order() {
    const TOOLS: usize = 9_000;
    let tool = |n: usize| {
        json!({"name": format!("tool-{n}"), "description": "x".repeat(n % 700),
            "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}}})
    };
    let page = |id: u64, tools: std::ops::Range<usize>, next: Option<&str>| {
        let tools: Vec<Value> = tools.map(tool).collect();
        line(json!({"jsonrpc": "2.0", "id": id, "result": {"tools": tools, "nextCursor": next}}))
    };
    let replies = [
        page(2, 0..4_000, Some("a")),
        page(3, 4_000..4_000, Some("")),
        page(4, 4_000..TOOLS, None),
        // Asked for once more when a tool is called that is not among them.
        page(5, 0..TOOLS, None),
        done(6),
    ];
    let mut driver = scripted("long-list", &replies);
    let tools = driver.tools("s");
    assert_eq!(tools.len(), TOOLS);
    assert!(tools.iter().enumerate().all(|(n, found)| *found == tool(n)));
    let lines = heard(&mut driver, 5);
    assert_eq!(lines[3]["params"]["cursor"], "a");
    assert_eq!(lines[4]["params"]["cursor"], "");

    let last = format!("tool-{}", TOOLS - 1);
    assert!(driver.client.tool_definition("s", &last).is_some_and(|text| text.contains(&last)));
    let error = driver.words("s", "tool-9999", &["n=1"]).outcome.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.message().contains("it has tool-0, tool-1, "), "{error}");
    assert!(error.message().contains("and 8800 more"), "{error}");
    let result = driver.words("s", &last, &["n=7"]).outcome;
    assert!(result.is_ok(), "{result:?}");
    let asked = heard(&mut driver, 7).pop().unwrap();
    assert_eq!(asked["params"]["arguments"], json!({"n": 7}), "the schema was known");
}

#[test]
fn a_list_that_was_given_up_is_not_told_any_more() {
    let tools: Vec<Value> = (0..9_000).map(|n| json!({"name": format!("t{n}")})).collect();
    let list = line(json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": tools}}));
    let mut driver = scripted("long-gone", &[list, done(3)]);
    // Of such a turn only a piece of anything is done.
    driver.budget = std::time::Duration::from_nanos(1);
    let id = driver.client.list("s", Listing::Tools, None, 0).unwrap();
    driver.until("its last byte", |driver| driver.client.tool_definition("s", "t8999").map(|_| ()));
    if driver.client.cancel(id) {
        assert!(driver.words("s", "t8999", &[]).outcome.is_ok());
        assert!(!driver.events.iter().any(|event| matches!(event, Event::Done(_))));
    }
}

#[test]
fn the_definition_of_a_tool_may_be_too_long_to_be_looked_through() {
    let long = json!({"name": "long", "inputSchema": {"type": "object", "properties":
        {"n": {"type": "integer", "description": "x".repeat(LONG)}}}});
    let list = line(json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": [long.clone()]}}));
    let mut driver = scripted("long-tool", &[list, done(3)]);
    assert_eq!(driver.tools("s"), [long]);
    let result = driver.words("s", "long", &["n=7"]).outcome;
    assert!(result.is_ok(), "{result:?}");
    let asked = heard(&mut driver, 4).pop().unwrap();
    assert_eq!(asked["params"]["arguments"], json!({"n": "7"}), "nothing is known of it");
}

#[test]
fn a_model_is_asked_whatever_is_long_and_a_person_is_not() {
    let text = "words ".repeat(LONG / 3);
    let sample = json!({"maxTokens": 5, "messages":
        [{"role": "user", "content": {"type": "text", "text": text}}]});
    let form = json!({"message": text, "requestedSchema": {"type": "object", "properties": {}}});
    let ask = |id: &str, method: &str, params: &Value| {
        line(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    };
    // On a connection.
    let replies = [
        ask("q1", "sampling/createMessage", &sample),
        ask("q2", "elicitation/create", &form),
        done(2),
    ];
    let mut driver = scripted("long-question", &replies);
    let id = driver.start("s", "anything", "{}");
    let asked = driver.question();
    let Asks::Sample { params } = &asked.asks else { panic!("{:?}", asked.id) };
    assert!(serde_json::from_slice::<Value>(params).is_ok_and(|params| params == sample));
    driver.client.answer(asked.id, Answer::Decline).unwrap();
    assert!(driver.done(id).outcome.is_ok());
    let lines = heard(&mut driver, 5);
    assert_eq!((&lines[3]["id"], &lines[3]["error"]["code"]), (&json!("q1"), &json!(-1)));
    assert_eq!((&lines[4]["id"], &lines[4]["error"]["code"]), (&json!("q2"), &json!(-32602)));
    let why = lines[4]["error"]["message"].as_str().unwrap();
    assert!(why.contains("a question of 6"), "{why}");

    // In a result.
    let required = |id: u64, requests: Value, state: &str| {
        line(json!({"jsonrpc": "2.0", "id": id, "result": {"resultType": "input_required",
            "inputRequests": requests, "requestState": state}}))
    };
    let requests =
        json!({"a": {"method": "sampling/createMessage", "params": sample.clone(), "x": [{}]}});
    let replies = [
        required(2, requests, "state"),
        done(3),
        required(4, json!({"b": {"method": "elicitation/create", "params": form}}), "s"),
        required(5, json!({"c": {"method": "roots/list"}}), &text),
        required(
            6,
            (0..101).map(|n| (n.to_string(), json!({"method": "roots/list"}))).collect(),
            "s",
        ),
        required(7, json!({"d": {"params": {}, "pad": text}}), "s"),
    ];
    let mut driver = scripted("long-round", &replies);
    let id = driver.start("s", "anything", "{}");
    let asked = driver.question();
    let Asks::Sample { params } = &asked.asks else { panic!("{:?}", asked.id) };
    assert!(serde_json::from_slice::<Value>(params).is_ok_and(|params| params == sample));
    driver.client.answer(asked.id, Answer::Json("{\"role\":\"assistant\"}".into())).unwrap();
    assert!(driver.done(id).outcome.is_ok());
    let again = heard(&mut driver, 4).pop().unwrap();
    assert_eq!(again["params"]["inputResponses"], json!({"a": {"role": "assistant"}}));
    assert_eq!(again["params"]["requestState"], "state");
    for part in
        ["a question of 6", "requestState: 6", "inputRequests: more than 100", "'d': no method"]
    {
        let error = driver.error("s", "anything", "{}");
        assert!(error.message().contains(part), "{part}: {error}");
    }
}

#[test]
fn notices_are_told_without_what_is_long_in_them() {
    let long = "x".repeat(LONG);
    let tell = |method: &str, params: Value| {
        line(json!({"jsonrpc": "2.0", "method": method, "params": params}))
    };
    let replies =
        tell(
            "notifications/progress",
            json!({"message": long, "progressToken": 3, "total": 4, "progress": 1}),
        ) + &tell("notifications/message", json!({"data": {"a": [long]}, "level": "warning"}))
            + &tell(
                "notifications/message",
                json!({"data": "short", "_meta": long, "level": "error"}),
            )
            + &tell("notifications/resources/updated", json!({"_meta": {"x": long}, "uri": "a:b"}))
            + &tell("notifications/resources/updated", json!({"uri": long}))
            + &done(3);
    let mut driver = scripted("long-notices", &[done(2), replies]);
    let watching = driver.client.subscribe("s", "a:b", None, 0).expect("it is asked for");
    driver.until("the resource is watched", |driver| {
        let is_it = |event: &Event| matches!(event, Event::Done(done) if done.id == watching);
        driver.events.iter().any(is_it).then_some(())
    });
    driver.call("s", "anything", "{}");
    let progress = driver.events.iter().find_map(|event| match event {
        Event::Progress(progress) => Some((progress.progress, progress.total, &progress.message)),
        _ => None,
    });
    let words = Some(format!("({} bytes)", LONG + 2));
    assert_eq!(progress, Some((1.0, Some(4.0), &words)));
    let updated: Vec<&str> = driver
        .events
        .iter()
        .filter_map(|event| match event {
            Event::ResourceUpdated { uri, .. } => Some(uri.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(updated, ["a:b"]);
    assert!(driver.logged(&format!("s says: \"({} bytes)\"", LONG + 10)), "{:?}", driver.log);
    assert!(driver.logged("s says: \"short\""));
}

#[test]
fn what_answers_the_handshake_at_length_is_no_server() {
    let long = "x".repeat(LONG);
    let answer =
        line(json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25",
        "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}, "instructions": long}}));
    let mut driver = scripted("long-handshake", &[]);
    std::fs::write(driver.home.path("0"), answer).unwrap();
    let error = driver.error("s", "anything", "{}");
    assert!(error.message().contains("the answer has 307"), "{error}");
}

#[test]
fn a_result_is_never_copied_however_long_the_rest_of_its_message_is() {
    let (text, pad) = ("y".repeat(LONG), "x".repeat(4 * LONG));
    let result = json!({"content": [{"type": "text", "text": text}]});
    let reply = line(json!({"id": 2, "result": result, "x": pad}));
    let mut driver = scripted("long-rest", &[reply]);
    let done = driver.call("s", "anything", "{}");
    let Ok(Reply::Tool { result: found, .. }) = done.outcome else { panic!("{:?}", done.id) };
    assert!(serde_json::from_slice::<Value>(&found).is_ok_and(|found| found == result));
}
