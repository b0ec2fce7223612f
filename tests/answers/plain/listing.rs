//! What a server lists, for people.
//!
//! Separate from the tables, which programs read: here everything is shown as
//! far as it can be understood, on as few lines as it takes.
//!
//! Invariants:
//! - every input gives a listing; what cannot be read is named as such;
//! - an entry takes one line, each of its arguments one, whatever a server wrote.

use serde_json::value::RawValue;

use crate::plain::rows;
use crate::plain::schema::{Members, bare, parse};
use crate::plain::table::Table;

/// The readable listing of a raw JSON array of tool definitions. Lines end in a
/// newline.
///
pub fn text(tools: &[u8]) -> String {
    let Ok(tools) = serde_json::from_slice::<Vec<&RawValue>>(tools) else {
        return "[tools that cannot be read]\n".to_owned();
    };
    let mut out = String::new();
    for raw in tools {
        if parse::<Members<'_>>(raw).and_then(|tool| write_tool(&tool, &mut out)).is_none() {
            out.push_str("[a tool that cannot be read]\n");
        }
    }
    out
}

/// The readable listing of a raw array of resources: each with its URI and its
/// best short words.
pub fn resources(items: &[u8]) -> String {
    lines(&rows::resources(items), "uri", &["description", "title", "name"])
}

/// The readable listing of a raw array of resource templates.
pub fn templates(items: &[u8]) -> String {
    lines(&rows::templates(items), "uri_template", &["description", "title", "name"])
}

/// The readable listing of a raw array of prompts and their arguments.
pub fn prompts(items: &[u8]) -> String {
    let table = rows::prompts(items);
    let mut out = String::new();
    for row in 0..table.rows() {
        write_line(&mut out, &table, row, "name", &["description", "title"]);
        let name = table.get(row, "name").unwrap_or_default();
        let Some(arguments) = rows::prompt_arguments(items, name) else { continue };
        for at in 0..arguments.rows() {
            let cell = |name| arguments.get(at, name).unwrap_or_default();
            out.push_str("    ");
            push_words(&mut out, cell("name"));
            if !cell("required").is_empty() {
                out.push_str("  required");
            }
            let words = [cell("description"), cell("title")].map(first_line);
            if let Some(words) = words.into_iter().find(|words| !words.is_empty()) {
                out.push_str("  ");
                push_words(&mut out, words);
            }
            out.push('\n');
        }
    }
    out
}

fn lines(table: &Table, name: &str, words: &[&str]) -> String {
    let mut out = String::new();
    for row in 0..table.rows() {
        write_line(&mut out, table, row, name, words);
    }
    out
}

fn write_line(out: &mut String, table: &Table, row: usize, name: &str, words: &[&str]) {
    push_words(out, table.get(row, name).unwrap_or_default());
    let words = words.iter().filter_map(|name| table.get(row, name)).map(first_line);
    if let Some(words) = words.into_iter().find(|words| !words.is_empty()) {
        out.push_str("  ");
        push_words(out, words);
    }
    out.push('\n');
}

/// The best short words of a tool, and its arguments.
fn write_tool(tool: &Members<'_>, out: &mut String) -> Option<()> {
    let word = |of: &Members<'_>, name: &str| {
        let raw = of.get(name).filter(|raw| raw.get() != "null");
        raw.map(|raw| bare(raw).into_owned())
    };
    push_words(out, &word(tool, "name")?);
    let annotations = tool.get("annotations").and_then(parse::<Members<'_>>).unwrap_or_default();
    let words = [word(tool, "description"), word(tool, "title"), word(&annotations, "title")];
    let mut words = words.iter().flatten().map(|words| first_line(words));
    if let Some(words) = words.find(|words| !words.is_empty()) {
        out.push_str("  ");
        push_words(out, words);
    }
    out.push('\n');
    // What a schema means is held by tests/schemas.rs; here it counts where it stands.
    if let Some(schema) = tool.get("inputSchema") {
        let alone = format!(r#"[{{"name":"t","inputSchema":{}}}]"#, schema.get());
        let listing =
            tmcp::mcp::render::listing::task(alone.as_bytes(), tmcp::mcp::listing::Listing::Tools)
                .finish();
        out.push_str(listing.strip_prefix("t\n").expect("the name comes first"));
    }
    Some(())
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

/// Appends `text` on one line.
fn push_words(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
}
