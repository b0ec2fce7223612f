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

use crate::protocol::rows;
use crate::protocol::schema::{Field, Schema, bare, parse};
use crate::table::Table;

/// The readable listing of a raw JSON array of tool definitions. Lines end in a
/// newline.
///
/// ```
/// let tools = br#"[{"name":"add","description":"Adds.\nMore.","inputSchema":{"type":"object",
///     "properties":{"a":{"type":"number","description":"First"},"b":{"type":"number","default":1}},
///     "required":["a"]}}]"#;
/// assert_eq!(
///     tmcp::protocol::listing::text(tools),
///     "add  Adds.\n    a  number, required  First\n    b  number, default 1\n"
/// );
/// ```
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
        match self.input_schema.map(parse::<Schema<'_>>) {
            Some(Some(schema)) => write_arguments(&schema, out),
            Some(None) => out.push_str("    [arguments that cannot be read]\n"),
            None => {}
        }
    }
}

fn write_arguments(schema: &Schema<'_>, out: &mut String) {
    // One long name must not push every type off the screen.
    const WIDEST: usize = 24;
    let width = |name: &str| name.chars().count();
    let column = schema.names().map(width).max().unwrap_or(0).min(WIDEST);
    for (name, required, field) in schema.fields() {
        out.push_str("    ");
        push_words(out, &name);
        let facts = facts(&field, required);
        let words = [&field.description, &field.title].into_iter().flatten();
        let words = words.map(|words| first_line(words)).find(|words| !words.is_empty());
        if !facts.is_empty() || words.is_some() {
            out.extend(std::iter::repeat_n(' ', column.saturating_sub(width(&name)) + 2));
        }
        push_words(out, &facts);
        if let Some(words) = words {
            if !facts.is_empty() {
                out.push_str("  ");
            }
            push_words(out, words);
        }
        out.push('\n');
    }
}

/// Type, required mark, default and choices.
fn facts(field: &Field<'_>, required: bool) -> String {
    let mut facts = vec![field.type_name()];
    if required {
        facts.push("required".to_owned());
    }
    facts.extend(field.default.map(|default| format!("default {}", plain(default))));
    match &*field.choices {
        [only] if field.constant => facts.push(format!("always {}", plain(only.value))),
        [] => {}
        choices => {
            let names: Vec<_> = choices.iter().map(|choice| plain(choice.value)).collect();
            facts.push(format!("one of {}", names.join(" | ")));
        }
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join(", ")
}

/// A string without its quotes, anything else as JSON.
fn plain(raw: &RawValue) -> Cow<'_, str> {
    match bare(raw) {
        // Without quotes an empty default or choice would not be seen at all.
        empty if empty.is_empty() => Cow::Borrowed(raw.get()),
        text => text,
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

/// Appends `text` on one line.
fn push_words(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(schema: &str) -> String {
        let listing = text(format!(r#"[{{"name":"t","inputSchema":{schema}}}]"#).as_bytes());
        listing.strip_prefix("t\n").unwrap().to_owned()
    }

    #[test]
    fn a_tool_is_its_name_and_its_best_short_words() {
        let tools = br#"[{"name":"a","title":"Title","description":"no"},
            {"name":"b","annotations":{"title":"Old title"}},
            {"name":"c","description":"\n  First line.\nSecond."},
            {"name":"d"}]"#;
        assert_eq!(text(tools), "a  Title\nb  Old title\nc  First line.\nd\n");
    }

    #[test]
    fn arguments_stand_in_the_order_of_the_server_and_in_columns() {
        let schema = r#"{"type":"object","required":["path"],"properties":{
            "path":{"type":"string","description":"File\nto read"},
            "n":{"type":["integer","null"],"default":10},
            "mode":{"enum":["fast","",3]},
            "tags":{"type":"array","items":{"type":"string"}}}}"#;
        assert_eq!(
            arguments(schema),
            "    path  string, required  File\n    \
             n     integer or null, default 10\n    \
             mode  one of fast | \"\" | 3\n    \
             tags  array of string\n"
        );
    }

    #[test]
    fn alternatives_constants_and_nested_types_are_spelt_out() {
        let schema = r#"{"properties":{
            "a":{"anyOf":[{"type":"string"},{"type":"null"}],"default":null,"title":"A"},
            "b":{"const":"x"},
            "c":{"type":"array","items":{"type":"array","items":{"type":"number"}}},
            "d":true}}"#;
        assert_eq!(
            arguments(schema),
            "    a  string or null  A\n    b  always x\n    c  array of array of number\n    d\n"
        );
    }

    #[test]
    fn a_server_cannot_break_the_lines() {
        let tools =
            br#"[{"name":"a\nb","inputSchema":{"properties":{"x\ny":{"default":"1\n2"}}}}]"#;
        assert_eq!(text(tools), "a b\n    x y  default 1 2\n");
    }

    #[test]
    fn resources_and_prompts_are_a_line_each() {
        let list = br#"[{"uri":"a:b","name":"n"},{"uri":"c:d","name":"n","title":"The\nC"}]"#;
        assert_eq!(resources(list), "a:b  n\nc:d  The\n");
        assert_eq!(templates(br#"[{"uriTemplate":"u/{x}","name":"n"}]"#), "u/{x}  n\n");
        let list = br#"[{"name":"p","description":"Says.","arguments":[
            {"name":"a","required":true,"description":"who"},{"name":"b"}]}]"#;
        assert_eq!(prompts(list), "p  Says.\n    a  required  who\n    b\n");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(text(b"{}"), "[tools that cannot be read]\n");
        assert_eq!(text(br#"[7,{"name":"x"}]"#), "[a tool that cannot be read]\nx\n");
        assert_eq!(
            text(br#"[{"name":"x","inputSchema":{"properties":[]}}]"#),
            "x\n    [arguments that cannot be read]\n"
        );
        assert_eq!(text(b"[]"), "");
    }
}
