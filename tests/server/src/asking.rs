//! What tools ask of the client: of its person, its model, or itself.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::output::Body;
use crate::session::Session;
use crate::tools::{Call, Outcome, done, failure, text};

const STATE: &str = "v1.opaque+/=\u{e9}\"\\ state";

/// Asks the user.
pub(crate) fn ask(call: &Call, session: &Arc<Session>) -> Outcome {
    let question = call.arguments["question"].as_str().unwrap_or("what is your name?");
    if call.arguments["kind"] == "rounds" {
        return ask_again(call, session, question);
    }
    let form = match call.arguments["kind"].as_str() {
        Some("url") => json!({"mode": "url", "message": question, "elicitationId": "e1",
            "url": "https://example.com/sign-in?state=a%20b&for=you"}),
        Some("fields") => json!({"message": question, "requestedSchema": fields()}),
        Some("rules") => json!({"message": question, "requestedSchema": rules()}),
        Some("long") => json!({"message": question, "requestedSchema": long()}),
        Some("far") => json!({"mode": "url", "message": question, "elicitationId": "e2",
            "url": far_address()}),
        _ => json!({"mode": "form", "message": question, "requestedSchema": {
            "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
        }}),
    };
    let answer = match put(call, session, "elicitation/create", form) {
        Ok(answer) => answer,
        Err(outcome) => return outcome,
    };
    let result = &answer["result"];
    done(
        call,
        match (result["action"].as_str(), result["content"]["name"].as_str()) {
            (Some("accept"), Some(name)) => text(format!("hello, {name}")),
            (Some("accept"), None) if result["content"].is_object() => {
                text(format!("accepted {}", result["content"]))
            }
            (Some(action), _) => text(format!("the user chose: {action}")),
            _ => failure(format!("the client could not ask: {}", answer["error"])),
        },
    )
}

/// Has the client's model say something.
pub(crate) fn sample(call: &Call, session: &Arc<Session>) -> Outcome {
    let params = json!({"maxTokens": 10, "messages": [
        {"role": "user", "content": {"type": "text", "text": "say \"hello\""}}]});
    match put(call, session, "sampling/createMessage", params) {
        Ok(answer) => done(
            call,
            match answer["result"]["content"]["text"].as_str() {
                Some(words) => text(format!("the model says: {words}")),
                None => failure(format!("the client has no model: {}", answer["error"])),
            },
        ),
        Err(outcome) => outcome,
    }
}

/// Asks for the roots at once.
pub(crate) fn roots(call: &Call, session: &Arc<Session>) -> Outcome {
    match put(call, session, "roots/list", json!({})) {
        Ok(answer) => done(call, text(answer["result"].to_string())),
        Err(outcome) => outcome,
    }
}

/// Puts a question to the client: by a request of the server's own in the legacy
/// era, by an `input_required` result in the modern one.
fn put(call: &Call, session: &Arc<Session>, method: &str, params: Value) -> Result<Value, Outcome> {
    if !call.modern {
        return session.ask(method, params).recv().map_err(|_| Outcome::Cancelled);
    }
    let answer = &call.params["inputResponses"]["name"];
    if answer.is_null() {
        return Err(Outcome::Body(Body::Result(json!({
            "resultType": "input_required",
            "inputRequests": {"name": {"method": method, "params": params}},
            "requestState": STATE,
        }))));
    }
    if call.params["requestState"] != STATE {
        return Err(Outcome::Body(Body::error(-32602, "requestState came back changed")));
    }
    Ok(json!({"result": answer}))
}

/// Asks three times, and each time knows what was answered before: in the modern
/// era by nothing but the state that the client carries.
fn ask_again(call: &Call, session: &Arc<Session>, question: &str) -> Outcome {
    let form = |round: usize| {
        json!({"mode": "form", "message": format!("{question} ({round} of 3)"), "requestedSchema": {
            "type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"],
        }})
    };
    let word = |answer: &Value| answer["content"]["word"].as_str().map(str::to_string);
    let mut words = Vec::new();
    if call.modern {
        let answer = &call.params["inputResponses"]["again"];
        if !answer.is_null() {
            let state = call.params["requestState"].as_str().unwrap_or_default();
            let Some(before) = state.strip_prefix(STATE) else {
                return Outcome::Body(Body::error(-32602, "requestState came back changed"));
            };
            words.extend(before.split('/').skip(1).map(str::to_string));
            match word(answer) {
                Some(word) => words.push(word),
                None => return done(call, text(format!("the user chose: {}", answer["action"]))),
            }
        }
        if words.len() < 3 {
            let before: String = words.iter().map(|word| format!("/{word}")).collect();
            return Outcome::Body(Body::Result(json!({
                "resultType": "input_required",
                "inputRequests": {
                    "again": {"method": "elicitation/create", "params": form(words.len() + 1)}},
                "requestState": format!("{STATE}{before}"),
            })));
        }
    } else {
        while words.len() < 3 {
            let form = form(words.len() + 1);
            let Ok(answer) = session.ask("elicitation/create", form).recv() else {
                return Outcome::Cancelled;
            };
            match word(&answer["result"]) {
                Some(word) => words.push(word),
                None => {
                    let action = &answer["result"]["action"];
                    return done(call, text(format!("the user chose: {action}")));
                }
            }
        }
    }
    done(call, text(words.join(", ")))
}

/// A form whose fields have limits.
fn rules() -> Value {
    json!({"type": "object", "required": ["nick", "ratio", "day", "site"], "properties": {
        "nick": {"type": "string", "minLength": 3, "maxLength": 5},
        "ratio": {"type": "number", "minimum": 0.5, "maximum": 1.5},
        "day": {"type": "string", "format": "date"},
        "site": {"type": "string", "format": "uri"},
    }})
}

/// A form whose field is explained at length: the words are numbered.
fn long() -> Value {
    let words: Vec<String> = (1..=120).map(|number| format!("word{number}")).collect();
    json!({"type": "object", "required": ["essay"], "properties": {
        "essay": {"type": "string", "description": words.join(" ")},
    }})
}

/// An address longer than a screen.
fn far_address() -> String {
    let steps: String = (1..=150).map(|number| format!("/step{number}")).collect();
    format!("https://example.com{steps}?end")
}

/// A form with one field of each kind.
fn fields() -> Value {
    json!({"type": "object", "required": ["email"], "properties": {
        "size": {"type": "string", "title": "Size", "default": "m", "oneOf": [
            {"const": "s", "title": "Small"}, {"const": "m", "title": "Medium"}]},
        "email": {"type": "string", "format": "email", "description": "where to write to"},
        "count": {"type": "integer", "minimum": 1, "maximum": 5, "default": 2},
        "agree": {"type": "boolean", "default": false},
        "colours": {"type": "array", "items": {"type": "string", "enum": ["red", "green"]}},
    }})
}
