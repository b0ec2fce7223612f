//! What the tool `ask` asks of people, by requests in the legacy era and by
//! `input_required` results in the modern one.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::output::Body;
use crate::session::Session;
use crate::tools::{Call, Outcome, done, failure, text};

const STATE: &str = "v1.opaque+/=\u{e9}\"\\ state";

/// Asks the user: by a request of the server's own in the legacy era, by an
/// `input_required` result in the modern one.
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
    let answer = if call.modern {
        let answer = &call.params["inputResponses"]["name"];
        if answer.is_null() {
            return Outcome::Body(Body::Result(json!({
                "resultType": "input_required",
                "inputRequests": {"name": {"method": "elicitation/create", "params": form}},
                "requestState": STATE,
            })));
        }
        if call.params["requestState"] != STATE {
            return Outcome::Body(Body::error(-32602, "requestState came back changed"));
        }
        json!({"result": answer})
    } else {
        match session.ask("elicitation/create", form).recv() {
            Ok(answer) => answer,
            Err(_) => return Outcome::Cancelled,
        }
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
