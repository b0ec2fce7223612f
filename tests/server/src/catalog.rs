//! What the server has to offer: tool definitions, pages, resources, prompts.
//!
//! Only descriptions live here; [`crate::tools`] carries the tools out.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// The definition of a tool that clients can call.
pub(crate) fn tool(name: &str, extended: bool) -> Option<&'static Value> {
    tools(extended).iter().find(|tool| tool["name"] == name)
}

/// One page of `tools/list`; `page` is the number of tools in it, 0 for all.
///
/// The cursor after the first page is the empty string, which is a cursor like
/// any other; later ones are `after-N`.
pub(crate) fn tool_page(cursor: Option<&str>, page: usize, extended: bool) -> Option<Value> {
    let tools = tools(extended);
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
    }]})
}

/// One resource, as `resources/read` gives it.
pub(crate) fn resource(uri: &str) -> Option<Value> {
    (uri == "test://greeting").then(
        || json!({"contents": [{"uri": uri, "mimeType": "text/plain", "text": "hello, reader"}]}),
    )
}

/// The prompts, as `prompts/list` gives them.
pub(crate) fn prompts() -> Value {
    json!({"prompts": [{
        "name": "review", "title": "Review", "description": "asks for a review",
        "arguments": [{"name": "subject", "description": "what to review", "required": true}],
    }]})
}

/// One prompt, as `prompts/get` gives it.
pub(crate) fn prompt(name: &str, arguments: &Value) -> Option<Value> {
    let subject = arguments["subject"].as_str().unwrap_or("this");
    (name == "review").then(|| {
        let text = format!("Please review {subject}.");
        json!({"description": "asks for a review", "messages": [
            {"role": "user", "content": {"type": "text", "text": text}},
        ]})
    })
}

/// The completions of a half-typed argument.
pub(crate) fn completions(value: &str) -> Value {
    let all = ["alpha", "beta", "gamma"];
    let values: Vec<_> = all.iter().filter(|word| word.starts_with(value)).collect();
    json!({"completion": {"total": values.len(), "hasMore": false, "values": values}})
}

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
