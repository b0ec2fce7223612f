//! One tool of a list with everything that its server says of it.
//!
//! A list shows each tool on a line and each argument on another. Here the
//! descriptions are whole, and members of objects and items of lists stand below
//! the argument that holds them.

use std::borrow::Cow;

use crate::json::cursor::{Cursor, given};
use crate::json::lenient::{LONGEST_WORD, truth};
use crate::json::task::Task;
use crate::json::text::{bare as write_bare, copy};
use crate::json::{Budget, NotJson};
use crate::mcp::render::listing::{NEEDS_TASKS, plain, push_words, write_facts, write_words};
use crate::mcp::render::tool::Tool;
use crate::mcp::schema::field::{Field, ValueLimits};
use crate::mcp::schema::fields::{LONGEST, Schema};
use crate::mcp::schema::schema_type::Type;
use crate::mcp::schema::schema_value::bare;
use crate::mcp::schema::subschema::Work;

/// Lines of arguments of one schema.
const LINES: usize = 2000;
/// How deep arguments are shown inside others.
const DEPTH: usize = 6;

/// Everything about the tool `name` of a raw list of tools, as text for people.
/// `None` when the list has no such tool. Lines end in a newline.
///
/// ```
/// let tools = br#"[{"name":"add","description":"Adds.\nMore.","inputSchema":{"type":"object",
///     "properties":{"to":{"type":"object","properties":{"a":{"type":"number","description":"First"}},
///     "required":["a"]}}},"annotations":{"readOnlyHint":true}}]"#;
/// assert_eq!(
///     tmcp::mcp::render::tool_details::text(tools, "add").unwrap(),
///     "Tool: add\n  Description:\n    Adds.\n    More.\n  Annotations: read only\n  \
///      Arguments:\n    to  object\n      a  number, required\n         First\n"
/// );
/// ```
pub fn text(tools: &[u8], name: &str) -> Option<String> {
    text_task(tools, name.to_owned()).finish()
}

/// The same as [`text`], in steps.
pub fn text_task<'a>(
    tools: impl AsRef<[u8]> + Send + Sync + 'a,
    name: String,
) -> Task<'a, Option<String>> {
    Task::new(|mut budget| async move {
        let definition = find(tools.as_ref(), &name, &mut budget).await.ok()??;
        let mut out = String::new();
        let mut work = Work::new(definition.len().min(LONGEST), &mut budget);
        write_tool(&name, definition, &mut out, &mut work).await.ok()?;
        Some(out)
    })
}

/// The definition of the tool `name` in a raw list of tools, byte by byte as its
/// server sent it. `None` when the list has no such tool.
pub fn definition(tools: &[u8], name: &str) -> Option<String> {
    definition_task(tools, name.to_owned()).finish()
}

/// The same as [`definition`], in steps.
pub fn definition_task<'a>(
    tools: impl AsRef<[u8]> + Send + Sync + 'a,
    name: String,
) -> Task<'a, Option<String>> {
    Task::new(|mut budget| async move {
        let definition = find(tools.as_ref(), &name, &mut budget).await.ok()??;
        // One more byte for the NUL of a C string.
        let mut out = String::with_capacity(definition.len() + 1);
        copy(definition, &mut out, &mut budget).await;
        Some(out)
    })
}

/// The first definition of a tool of this name.
async fn find<'a>(
    tools: &'a [u8],
    name: &str,
    budget: &mut Budget,
) -> Result<Option<&'a [u8]>, NotJson> {
    let mut list = Cursor::list(tools, budget).await?;
    while let Some((raw, members)) = list.entry(&["name"], budget).await? {
        let Some(raw_name) = given(members.unwrap_or_default()[0]) else { continue };
        let mut word = String::new();
        write_bare(raw_name, &mut word, budget).await;
        if word == name {
            return Ok(Some(raw));
        }
    }
    Ok(None)
}

async fn write_tool<'a>(
    name: &str,
    raw: &'a [u8],
    out: &mut String,
    work: &mut Work<'_, 'a>,
) -> Result<(), NotJson> {
    let budget = &mut *work.budget;
    let tool = Tool::read(raw, budget).await?;
    out.push_str("Tool: ");
    push_words(out, name, budget).await;
    out.push('\n');

    if let Some(title) = tool.title.or(tool.old_title) {
        out.push_str("  Title: ");
        write_words(title, out, budget).await;
        out.push('\n');
    }
    if let Some(description) = tool.description {
        let mut words = String::new();
        write_bare(description, &mut words, budget).await;
        if !words.trim().is_empty() {
            out.push_str("  Description:\n");
            write_lines(&words, 4, out, budget).await;
        }
    }
    write_annotations(&tool, out);
    if let Some(tasks) = tool.tasks {
        out.push_str("  Tasks: ");
        write_words(tasks, out, budget).await;
        if tool.needs_tasks() {
            out.push_str(NEEDS_TASKS);
        }
        out.push('\n');
    }
    write_schema("Arguments", tool.input, out, work).await;
    write_schema("Result", tool.output, out, work).await;
    Ok(())
}

/// Writes the annotations that the tool has.
fn write_annotations(tool: &Tool<'_>, out: &mut String) {
    const HINTS: [(&str, &str); 4] = [
        ("read only", "not read only"),
        ("destructive", "not destructive"),
        ("idempotent", "not idempotent"),
        ("open world", "closed world"),
    ];
    let mut words = Vec::new();
    for ((yes, no), hint) in HINTS.iter().zip(tool.hints) {
        match hint.filter(|hint| hint.len() <= LONGEST_WORD) {
            Some(hint) if truth(hint) => words.push(*yes),
            Some(_) => words.push(*no),
            None => {}
        }
    }
    if !words.is_empty() {
        out.push_str(&format!("  Annotations: {}\n", words.join(", ")));
    }
}

async fn write_schema<'a>(
    heading: &str,
    raw: Option<&'a [u8]>,
    out: &mut String,
    work: &mut Work<'_, 'a>,
) {
    let Some(raw) = raw else { return };
    if raw.len() > LONGEST {
        out.push_str(&format!("  {heading}: [a schema of {} bytes]\n", raw.len()));
        return;
    }
    let schema = Schema::read(raw, work).await;
    if schema.len() == 0 {
        if heading == "Arguments" {
            out.push_str("  Arguments: none\n");
        }
        return;
    }
    out.push_str(&format!("  {heading}:\n"));
    let mut left = LINES;
    for at in 0..schema.len() {
        let Some((name, required, field)) = schema.argument(at, work).await else { continue };
        let mut lines = Vec::new();
        lines_of(name, required, &field, 0, &mut lines);
        for line in &lines {
            if left == 0 {
                out.push_str("    ..\n");
                return;
            }
            left -= 1;
            write_line(line, out, work.budget).await;
        }
    }
}

/// An argument, a member of one or an item of one.
struct FieldLine<'f, 'a> {
    depth: usize,
    name: Cow<'f, str>,
    required: bool,
    field: &'f Field<'a>,
    /// More is inside than is shown.
    is_cut: bool,
}

fn lines_of<'f, 'a>(
    name: Cow<'f, str>,
    required: bool,
    field: &'f Field<'a>,
    depth: usize,
    lines: &mut Vec<FieldLine<'f, 'a>>,
) {
    if lines.len() > LINES {
        return;
    }
    let at = lines.len();
    lines.push(FieldLine { depth, name, required, field, is_cut: false });
    // The members of the items of a list stand right below it.
    let object = match field.items() {
        Some(items) if field.takes(Type::Array) => items,
        _ => field,
    };
    let has_more = object.alternatives.iter().any(|one| !one.properties.is_empty());
    let members = object.members();
    if depth == DEPTH || (has_more && members.is_empty()) {
        lines[at].is_cut = has_more;
        return;
    }
    for (member, member_required) in members {
        let name = Cow::Borrowed(&*member.name);
        lines_of(name, member_required, &member.field, depth + 1, lines);
    }
    for (at, item) in field.prefix().iter().enumerate() {
        lines_of(Cow::Owned(format!("item {}", at + 1)), false, item, depth + 1, lines);
    }
    let others = object.alternatives.iter().find_map(|one| one.inside.others.as_deref());
    if let Some(others) = others {
        lines_of(Cow::Borrowed("(any other)"), false, others, depth + 1, lines);
    }
}

async fn write_line(line: &FieldLine<'_, '_>, out: &mut String, budget: &mut Budget) {
    let FieldLine { depth, required, field, .. } = *line;
    let indent = 4 + depth * 2;
    out.extend(std::iter::repeat_n(' ', indent));
    push_words(out, &line.name, budget).await;
    let start = out.len();
    out.push_str("  ");
    write_facts(field, required, out, budget).await;
    write_limits(&field.limits(), out, start + 2);
    if out.len() == start + 2 {
        out.truncate(start);
    }
    if line.is_cut {
        out.push_str("  ..");
    }
    out.push('\n');

    let mut words = field.title.as_deref().unwrap_or_default().to_owned();
    if let Some(description) = field.description.as_deref() {
        if !words.is_empty() && !description.is_empty() {
            words.push('\n');
        }
        words.push_str(description);
    }
    write_lines(&words, indent + 3, out, budget).await;
    for choice in field.choices().take(LINES) {
        let Some(title) = choice.title.as_deref() else { continue };
        out.extend(std::iter::repeat_n(' ', indent + 3));
        push_words(out, &format!("{}: {title}", plain(choice.value)), budget).await;
        out.push('\n');
    }
}

/// Writes the limits of a number or a text, and the format of a text.
fn write_limits(limits: &ValueLimits<'_>, out: &mut String, start: usize) {
    let word =
        |raw: Option<&str>| raw.map(|raw| bare(raw).into_owned()).filter(|word| word.len() < 64);
    let mut facts = Vec::new();
    match (word(limits.minimum), word(limits.maximum)) {
        (Some(least), Some(most)) => facts.push(format!("{least} to {most}")),
        (Some(least), None) => facts.push(format!("at least {least}")),
        (None, Some(most)) => facts.push(format!("at most {most}")),
        (None, None) => {}
    }
    match (word(limits.shortest), word(limits.longest)) {
        (Some(least), Some(most)) => facts.push(format!("{least} to {most} characters")),
        (Some(least), None) => facts.push(format!("at least {least} characters")),
        (None, Some(most)) => facts.push(format!("at most {most} characters")),
        (None, None) => {}
    }
    if let Some(format) = limits.format.as_deref().filter(|format| format.len() < 64) {
        facts.push(format!("format {}", format.replace(['\n', '\r', '\t'], " ")));
    }
    for fact in facts {
        if out.len() > start {
            out.push_str(", ");
        }
        out.push_str(&fact);
    }
}

/// Each line of `text` behind so many blanks, but for empty ones at both ends.
async fn write_lines(text: &str, indent: usize, out: &mut String, budget: &mut Budget) {
    for line in text.trim().lines() {
        let line = line.trim_end();
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            push_words(out, line, budget).await;
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: &[u8] = br##"[{"name":"no"}, { "name" : "one", "title":"One","x":1.00,
        "description":"First.\n\n  Second.  \n","execution":{"taskSupport":"required"},
        "annotations":{"readOnlyHint":false,"destructiveHint":true,"openWorldHint":false},
        "inputSchema":{"type":"object","required":["who","n"],"properties":{
          "who":{"type":"array","items":{"$ref":"#/$defs/person"},"title":"People"},
          "n":{"type":"integer","minimum":1,"maximum":9,"default":3},
          "mode":{"oneOf":[{"const":"a","title":"Alpha"},{"const":"b"}]},
          "pair":{"type":"array","prefixItems":[{"type":"string"},{"type":"boolean"}]},
          "map":{"type":"object","additionalProperties":{"type":"number"}},
          "any":{}},
          "$defs":{"person":{"type":"object","properties":{
            "name":{"type":"string","minLength":1,"description":"What\nto call"},
            "site":{"type":"string","format":"uri"}},"required":["name"]}}},
        "outputSchema":{"properties":{"sum":{"type":"number"}}} }, {"name":"one"}]"##;

    #[test]
    fn a_tool_is_shown_with_everything() {
        let expected = "Tool: one\n  Title: One\n  Description:\n    First.\n\n      Second.\n  \
            Annotations: not read only, destructive, closed world\n  \
            Tasks: required  (needs tasks, which this client does not have)\n  Arguments:\n    \
            who  array of object, required\n       People\n      \
            name  string, required, at least 1 characters\n         What\n         to call\n      \
            site  string, format uri\n    \
            n  integer, required, default 3, 1 to 9\n    \
            mode  one of a | b\n       a: Alpha\n    \
            pair  array\n      item 1  string\n      item 2  boolean\n    \
            map  object\n      (any other)  number\n    any\n  \
            Result:\n    sum  number\n";
        assert_eq!(text(TOOLS, "one").unwrap(), expected);
        let bare = "Tool: no\n";
        assert_eq!(text(TOOLS, "no").as_deref(), Some(bare));
        assert_eq!(text(TOOLS, "on"), None);
        assert_eq!(text(b"{}", "one"), None);
    }

    #[test]
    fn a_definition_is_what_the_server_sent() {
        let all = std::str::from_utf8(TOOLS).unwrap();
        let start = all.find("{ \"name\"").unwrap();
        let end = all.find(", {\"name\":\"one\"}]").unwrap();
        assert_eq!(definition(TOOLS, "one").as_deref(), Some(&all[start..end]));
        assert_eq!(definition(TOOLS, "two"), None);
        let long = format!(r#"[{{"name":"l","description":"{}"}}]"#, "\u{e9}".repeat(70_000));
        let wanted = &long[1..long.len() - 1];
        assert_eq!(definition(long.as_bytes(), "l").as_deref(), Some(wanted));
        assert_eq!(definition(b"[{\"name\":\"\xff\"}]", "x"), None);
    }

    #[test]
    fn a_tool_of_the_wrong_shape_costs_nothing_but_its_members() {
        let odd = br#"[7,{"name":7,"title":[],"description":{"a":1},"annotations":"no",
            "execution":[],"inputSchema":{"properties":[]},"outputSchema":null}]"#;
        let expected = "Tool: 7\n  Title: []\n  Description:\n    {\"a\":1}\n  Arguments: none\n";
        assert_eq!(text(odd, "7").as_deref(), Some(expected));
        let deep = br##"[{"name":"d","inputSchema":{"properties":{"a":{"$ref":"#"}}}}]"##;
        let shown = text(deep, "d").unwrap();
        assert!(shown.ends_with("a  object  ..\n"), "{shown}");
    }
}
