//! What the server has to offer: tool definitions, pages, resources, prompts.
//!
//! Only descriptions live here; [`crate::tools`] carries the tools out.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// The definition of a tool that clients can call.
pub(crate) fn tool(name: &str, extended: bool) -> Option<&'static Value> {
    tools(extended).iter().chain(unlisted()).find(|tool| tool["name"] == name)
}

/// Tools that are there and that no list tells of, so that people who look through
/// the menus do not meet them.
fn unlisted() -> &'static [Value] {
    static TOOLS: OnceLock<Vec<Value>> = OnceLock::new();
    TOOLS.get_or_init(|| {
        ["answer", "large", "sample", "where"]
            .iter()
            .map(|name| json!({"name": name, "inputSchema": {"type": "object"}}))
            .collect()
    })
}

/// One page of `tools/list`; `page` is the number of tools in it, 0 for all.
///
/// The cursor after the first page is the empty string, which is a cursor like
/// any other; later ones are `after-N`. `more` tools, which can't be called, come
/// after the others.
pub(crate) fn tool_page(
    cursor: Option<&str>,
    page: usize,
    extended: bool,
    more: usize,
) -> Option<Value> {
    let number = |n| {
        let about = "One of many, with a sentence of the usual length about what it does.";
        let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}});
        json!({"name": format!("tool-{n:05}"), "description": about, "inputSchema": schema})
    };
    let tools: Vec<Value> = tools(extended).iter().cloned().chain((0..more).map(number)).collect();
    let start = match cursor {
        None => 0,
        Some("") if page > 0 => page,
        Some(cursor) if page > 0 => cursor.strip_prefix("after-")?.parse().ok()?,
        Some(_) => return None,
    };
    let end = if page == 0 { tools.len() } else { (start + page).min(tools.len()) };
    let mut result = json!({"tools": tools.get(start..end)?});
    if end < tools.len() {
        let next = if start == 0 { String::new() } else { format!("after-{end}") };
        result["nextCursor"] = Value::String(next);
    }
    Some(result)
}

/// The resources, as `resources/list` gives them.
pub(crate) fn resources() -> Value {
    json!({"resources": [{
        "uri": "test://greeting", "name": "greeting", "title": "A greeting",
        "mimeType": "text/plain", "description": "a line of text",
    }, {
        "uri": "test://pixel", "name": "pixel", "mimeType": "image/png", "size": 70,
    }]})
}

/// The resource templates, as `resources/templates/list` gives them.
pub(crate) fn templates() -> Value {
    json!({"resourceTemplates": [{
        "uriTemplate": "test://note/{name}", "name": "note", "title": "A note",
        "mimeType": "text/plain", "description": "a note of that name",
    }, {
        "uriTemplate": "test://words/{many}/{odd}/{none}{?lang}", "name": "words",
    }]})
}

/// One resource, as `resources/read` gives it.
pub(crate) fn resource(uri: &str) -> Option<Value> {
    let contents = match (uri, uri.strip_prefix("test://note/")) {
        ("test://greeting", _) => json!({"mimeType": "text/plain", "text": "hello, reader"}),
        ("test://pixel", _) => json!({"mimeType": "image/png", "blob": PIXEL}),
        (_, Some(name)) => json!({"mimeType": "text/plain", "text": format!("a note on {name}")}),
        (words, _) if words.starts_with("test://words/") => {
            json!({"mimeType": "text/plain", "text": format!("the words of {words}")})
        }
        _ => return None,
    };
    let mut result = json!({"contents": [contents]});
    result["contents"][0]["uri"] = json!(uri);
    Some(result)
}

/// The prompts, as `prompts/list` gives them.
pub(crate) fn prompts() -> Value {
    json!({"prompts": [{
        "name": "review", "title": "Review", "description": "asks for a review",
        "arguments": [{"name": "subject", "description": "what to review", "required": true}],
    }, {
        "name": "compose", "description": "shows how a letter begins",
        "arguments": [{"name": "tone", "description": "kind or stern"},
            {"name": "to", "description": "whom to write to", "required": true}],
    }]})
}

/// One prompt, as `prompts/get` gives it.
pub(crate) fn prompt(name: &str, arguments: &Value) -> Option<Value> {
    let argument =
        |name: &str, otherwise: &str| arguments[name].as_str().unwrap_or(otherwise).to_string();
    let said =
        |role: &str, text: String| json!({"role": role, "content": {"type": "text", "text": text}});
    match name {
        "review" => Some(json!({"description": "asks for a review", "messages": [
            said("user", format!("Please review {}.", argument("subject", "this"))),
        ]})),
        "compose" => Some(json!({"messages": [
            said("user", format!("Write a {} letter.", argument("tone", "kind"))),
            said("assistant", format!("Dear {},", argument("to", "nobody"))),
        ]})),
        _ => None,
    }
}

/// The completions of a half-typed argument. Whom to write to depends on the tone.
pub(crate) fn completions(params: &Value) -> Value {
    let value = params["argument"]["value"].as_str().unwrap_or_default();
    let tone = params["context"]["arguments"]["tone"].as_str();
    let many: Vec<String>;
    let all: Vec<&str> = match (params["argument"]["name"].as_str(), tone) {
        (Some("tone"), _) => vec!["kind", "stern"],
        (Some("to"), Some("kind")) => vec!["Ann", "Anton", "Bea"],
        (Some("to"), Some("stern")) => vec!["the council"],
        (Some("many"), _) => {
            many = (0..10_000).map(|number| format!("word-{number:05}")).collect();
            many.iter().map(String::as_str).collect()
        }
        (Some("odd"), _) => vec![
            "#(touch /nonexistent)",
            "\u{1b}[31mred\u{7}",
            "#[fg=red]styled",
            "two\nlines",
            "-",
            "%H;",
            "\u{9b}2J",
            "a/b c?",
        ],
        (Some("none"), _) => vec![],
        _ => vec!["alpha", "beta", "gamma"],
    };
    let values: Vec<_> = all.iter().filter(|word| word.starts_with(value)).collect();
    json!({"completion": {"total": values.len(), "hasMore": false, "values": values}})
}

/// A tiny PNG.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q\
    DwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn tools(extended: bool) -> &'static [Value] {
    static TOOLS: OnceLock<Vec<Value>> = OnceLock::new();
    let tools = TOOLS.get_or_init(|| {
        // The file is part of the program and parsed by a test.
        let mut tools: Vec<Value> = serde_json::from_str(include_str!("catalog.json")).unwrap();
        tools.push(json!({
            "name": "extra", "title": "Extra", "description": "Was not there before.",
            "inputSchema": {"type": "object", "properties": {}},
        }));
        tools
    });
    if extended { tools } else { &tools[..tools.len() - 1] }
}
