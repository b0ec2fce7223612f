//! What each tool does.
//!
//! A tool knows its arguments and nothing of ids, eras apart from `ask`, or
//! faults; it never writes a reply itself.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::asking;
use crate::catalog::PIXEL;
use crate::large;
use crate::output::Body;
use crate::session::{Cancel, Session};

/// One `tools/call`, its tool known to exist.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
    /// The other members of the params.
    pub(crate) params: Value,
    pub(crate) modern: bool,
    pub(crate) definition: &'static Value,
}

/// How a call ends.
#[derive(Debug)]
pub(crate) enum Outcome {
    Body(Body),
    Cancelled,
    /// Half of this reply, then an abort.
    Crash(Body),
    Exit(i32),
}

/// Whether the tool may keep its thread waiting.
pub(crate) fn takes_time(name: &str) -> bool {
    matches!(name, "sleep" | "progress" | "ask" | "sample" | "where")
}

/// Runs the tool.
pub(crate) fn run(call: &Call, session: &Arc<Session>, cancel: &Cancel) -> Outcome {
    if call.name == "bench" {
        return Outcome::Body(bench());
    }
    if let Some(wrong) = check(call) {
        return done(call, failure(wrong));
    }
    let args = &call.arguments;
    let said = args["text"].as_str().unwrap_or_default();
    let result = match call.name.as_str() {
        "echo" => text(said),
        "upper" => text(said.to_uppercase()),
        "add" => text(add(&args["a"], &args["b"])),
        "words" => words(said),
        "time" => text(time_of_day()),
        "sleep" => {
            let ms = args["ms"].as_u64().unwrap_or_default();
            match sleep(Duration::from_millis(ms), args["until"].as_str(), cancel) {
                Slept::Through => text(format!("slept {ms} ms")),
                Slept::Until(file) => text(format!("slept until there was {file}")),
                Slept::Cancelled => return Outcome::Cancelled,
            }
        }
        "progress" => match progress(call, session, cancel) {
            Some(result) => result,
            None => return Outcome::Cancelled,
        },
        "big" => {
            let bytes = args["bytes"].as_u64().unwrap_or_default() as usize;
            text("0123456789abcdef".repeat(bytes / 16 + 1).split_at(bytes).0)
        }
        "large" => {
            let bytes = args["bytes"].as_u64().unwrap_or_default() as usize;
            let shape = args["shape"].as_str().unwrap_or("lines");
            large::result(shape, bytes)
                .unwrap_or_else(|| failure(format!("no such shape: {shape}")))
        }
        "rows" => rows(args["n"].as_u64().unwrap_or_default()),
        "fail" => failure(args["message"].as_str().unwrap_or_default()),
        "boom" => {
            let code = args["code"].as_i64().unwrap_or(-32000);
            let message = args["message"].as_str().unwrap_or("boom").to_string();
            let data = Some(json!({"tool": "boom"}));
            return Outcome::Body(Body::Error { code, message, data });
        }
        "exit" => return Outcome::Exit(args["code"].as_i64().unwrap_or(0) as i32),
        "crash" => return Outcome::Crash(Body::Result(text("this is never heard in full"))),
        "env" => {
            let name = args["name"].as_str().unwrap_or_default();
            match std::env::var_os(name) {
                Some(value) => text(value.to_string_lossy()),
                None => failure(format!("{name} is not set")),
            }
        }
        "cwd" => match std::env::current_dir() {
            Ok(path) => text(path.to_string_lossy()),
            Err(error) => failure(error.to_string()),
        },
        "pid" => text(std::process::id().to_string()),
        "count" => text(session.server.journal.counts().values().sum::<u64>().to_string()),
        "calls" => structured(json!(session.server.journal.counts())),
        "markup" => text(MARKUP),
        "nul" => text("before\0after"),
        "unicode" => text(UNICODE),
        "image" => json!({"content": [
            {"type": "text", "text": "one pixel:"},
            {"type": "image", "data": PIXEL, "mimeType": "image/png"},
        ]}),
        "update" => {
            let uri = args["uri"].as_str().unwrap_or("test://greeting");
            session.server.announce_update(uri);
            text(format!("{uri} changed"))
        }
        "ask" => return asking::ask(call, session),
        "answer" => args["result"].clone(),
        "sample" => return asking::sample(call, session),
        "where" => return asking::roots(call, session),
        "roots" => match session.roots() {
            Some(answer) => text(answer.to_string()),
            None => failure("the client has not answered roots/list"),
        },
        "types" | "pick" => structured(args.clone()),
        _ => text(format!("{} has nothing to say", call.name)),
    };
    done(call, result)
}

/// The first thing wrong with the arguments, by the tool's own schema.
fn check(call: &Call) -> Option<String> {
    let schema = &call.definition["inputSchema"];
    let Some(arguments) = call.arguments.as_object() else {
        return Some("arguments must be an object".to_string());
    };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !arguments.contains_key(name) {
            return Some(format!("missing argument: {name}"));
        }
    }
    for (name, value) in arguments {
        let property = &schema["properties"][name];
        if property.is_null() {
            if schema["additionalProperties"] == false {
                return Some(format!("unknown argument: {name}"));
            }
            continue;
        }
        let kinds = match &property["type"] {
            Value::Array(kinds) => kinds.clone(),
            kind => vec![kind.clone()],
        };
        if !kinds.iter().any(|kind| is_a(value, kind.as_str().unwrap_or_default())) {
            return Some(format!("argument {name} must be of type {}", property["type"]));
        }
        let allowed = property["enum"].as_array();
        if allowed.is_some_and(|allowed| !allowed.contains(value)) {
            return Some(format!("argument {name} must be one of {}", property["enum"]));
        }
    }
    None
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => true,
    }
}

pub(crate) fn done(call: &Call, mut result: Value) -> Outcome {
    if call.modern {
        result["resultType"] = json!("complete");
    }
    Outcome::Body(Body::Result(result))
}

pub(crate) fn text(text: impl AsRef<str>) -> Value {
    json!({"content": [{"type": "text", "text": text.as_ref()}]})
}

pub(crate) fn failure(message: impl AsRef<str>) -> Value {
    json!({"content": [{"type": "text", "text": message.as_ref()}], "isError": true})
}

fn structured(value: Value) -> Value {
    let mut result = text(value.to_string());
    result["structuredContent"] = value;
    result
}

fn add(a: &Value, b: &Value) -> String {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) if a.checked_add(b).is_some() => (a + b).to_string(),
        _ => (a.as_f64().unwrap_or_default() + b.as_f64().unwrap_or_default()).to_string(),
    }
}

fn words(text: &str) -> Value {
    structured(json!({
        "lines": text.lines().count(),
        "words": text.split_whitespace().count(),
        "characters": text.chars().count(),
    }))
}

fn time_of_day() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (hours, minutes, seconds) = (since / 3600 % 24, since / 60 % 60, since % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02} UTC")
}

/// What ended a sleep.
enum Slept<'a> {
    Through,
    Until(&'a str),
    Cancelled,
}

/// Sleeps for that long, or until there is a file of that name, which lets a test
/// decide when it has seen enough.
fn sleep<'a>(time: Duration, file: Option<&'a str>, cancel: &Cancel) -> Slept<'a> {
    let Some(file) = file else {
        return if cancel.wait(time) { Slept::Cancelled } else { Slept::Through };
    };
    let start = Instant::now();
    while start.elapsed() < time {
        if cancel.wait(Duration::from_millis(5)) {
            return Slept::Cancelled;
        }
        if std::fs::exists(file).is_ok_and(|there| there) {
            return Slept::Until(file);
        }
    }
    Slept::Through
}

fn progress(call: &Call, session: &Session, cancel: &Cancel) -> Option<Value> {
    let steps = call.arguments["steps"].as_u64().unwrap_or(5);
    let delay = Duration::from_millis(call.arguments["delay_ms"].as_u64().unwrap_or(10));
    let token = &call.params["_meta"]["progressToken"];
    for step in 1..=steps {
        if cancel.wait(delay) {
            return None;
        }
        if !token.is_null() {
            session.output.send_own(&json!({
                "jsonrpc": "2.0", "method": "notifications/progress",
                "params": {"progressToken": token, "progress": step, "total": steps,
                    "message": format!("step {step} of {steps}")},
            }));
        }
    }
    Some(text(format!("{steps} steps done")))
}

fn rows(count: u64) -> Value {
    let rows: Vec<_> = (1..=count)
        .map(|id| json!({"id": id, "name": format!("row {id}"), "even": id % 2 == 0}))
        .collect();
    structured(json!({"rows": rows}))
}

/// The result of `bench`: a line of about 2 KB, written once. Its resultType
/// means nothing to legacy clients, which have to ignore what they don't know.
pub(crate) fn bench() -> Body {
    static RESULT: OnceLock<String> = OnceLock::new();
    Body::Prepared(RESULT.get_or_init(|| {
        let mut result = text("0123456789abcdef".repeat(122));
        result["resultType"] = json!("complete");
        result.to_string()
    }))
}

const MARKUP: &str = "plain \u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{1b}P+q\u{1b}\\ \
    #[fg=red]styled#[default] #(touch /nonexistent) #{pane_id} ##{x} %1 $HOME `id` \u{9b}2J\r\nend";
const UNICODE: &str = "größer, 漢字かな, 한국어, e\u{301}, שלום, مرحبا, \u{1f44b}\u{1f3fd}, \
    \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}, a\u{200b}b, \u{202e}desrever\u{202c}, \u{2028}, \u{fffd}";
