//! What a server lists, for people.
//!
//! Separate from the tables, which programs read: here everything is shown as
//! far as it can be understood, on as few lines as it takes.
//!
//! Invariants:
//! - every input gives a listing; what cannot be read is named as such;
//! - an entry takes one line, each of its arguments one, whatever a server wrote.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::plain::rows;
use crate::plain::schema::parse;
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
        match serde_json::from_str::<Tool<'_>>(raw.get()) {
            Ok(tool) => tool.write(&mut out),
            Err(_) => out.push_str("[a tool that cannot be read]\n"),
        }
    }
    out
}

/// The readable listing of a raw array of resources: each with its URI and its
/// best short words.
pub fn resources(items: &[u8]) -> String {
    lines(&rows::resources(items), "uri", &["title", "description", "name"])
}

/// The readable listing of a raw array of resource templates.
pub fn templates(items: &[u8]) -> String {
    lines(&rows::templates(items), "uri_template", &["title", "description", "name"])
}

/// The readable listing of a raw array of prompts and their arguments.
pub fn prompts(items: &[u8]) -> String {
    let table = rows::prompts(items);
    let mut out = String::new();
    for row in 0..table.rows() {
        write_line(&mut out, &table, row, "name", &["title", "description"]);
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

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
    #[serde(rename = "inputSchema", borrow)]
    input_schema: Option<&'a RawValue>,
}

/// Older servers keep the title here.
#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
}

impl Tool<'_> {
    fn write(&self, out: &mut String) {
        push_words(out, &self.name);
        let annotations = self.annotations.and_then(parse::<Annotations<'_>>);
        let title = [
            self.title.as_deref(),
            annotations.as_ref().and_then(|annotations| annotations.title.as_deref()),
            self.description.as_deref(),
        ];
        if let Some(title) = title.into_iter().flatten().map(first_line).find(|t| !t.is_empty()) {
            out.push_str("  ");
            push_words(out, title);
        }
        out.push('\n');
        // What a schema means is held by tests/schemas.rs; here it counts where it stands.
        if let Some(schema) = self.input_schema {
            let alone = format!(r#"[{{"name":"t","inputSchema":{}}}]"#, schema.get());
            let listing = tmcp::protocol::listing::text(alone.as_bytes());
            out.push_str(listing.strip_prefix("t\n").expect("the name comes first"));
        }
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

/// Appends `text` on one line.
fn push_words(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
}
