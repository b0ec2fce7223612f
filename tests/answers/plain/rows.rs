//! What servers list, as tables: one row each, in the server's order.
//!
//! Invariant: every entry of a list has its row, and what cannot be read in it
//! is an empty cell.

use serde_json::value::RawValue;

use crate::plain::blob;
use crate::plain::content::blocks;
use crate::plain::schema::{Members, bare, parse};
use crate::plain::table::Table;

/// The tools of a raw list.
pub fn tools(items: &[u8]) -> Table {
    let mut table = Table::new(&[
        "name",
        "title",
        "description",
        "read_only",
        "destructive",
        "idempotent",
        "arguments",
        "required",
        "tasks",
    ]);
    for (_, tool) in entries(items) {
        let notes = tool.get("annotations").and_then(parse::<Members<'_>>).unwrap_or_default();
        let execution = tool.get("execution").and_then(parse::<Members<'_>>).unwrap_or_default();
        let hint = |name| flag(notes.get(name));
        let title = match word(&tool, "title") {
            none if none.is_empty() => word(&notes, "title"),
            title => title,
        };
        // What a schema means is held by tests/schemas.rs; here it counts where it stands.
        let schema = tool.get("inputSchema").map_or("{}", RawValue::get);
        let alone = format!(r#"[{{"inputSchema":{schema}}}]"#);
        let alone = tmcp::mcp::render::rows::list_task(
            alone.as_bytes(),
            tmcp::mcp::listing::Listing::Tools,
        )
        .finish();
        let of = |name| alone.get(0, name).unwrap_or_default().to_owned();
        table.push([
            word(&tool, "name"),
            title,
            word(&tool, "description"),
            hint("readOnlyHint"),
            hint("destructiveHint"),
            hint("idempotentHint"),
            of("arguments"),
            of("required"),
            word(&execution, "taskSupport"),
        ]);
    }
    table
}

/// The resources of a raw list.
pub fn resources(items: &[u8]) -> Table {
    plain(
        items,
        &["uri", "name", "title", "description", "mime", "size"],
        &["uri", "name", "title", "description", "mimeType", "size"],
    )
}

/// The resource templates of a raw list.
pub fn templates(items: &[u8]) -> Table {
    plain(
        items,
        &["uri_template", "name", "title", "description", "mime"],
        &["uriTemplate", "name", "title", "description", "mimeType"],
    )
}

/// The prompts of a raw list.
pub fn prompts(items: &[u8]) -> Table {
    let mut table = Table::new(&["name", "title", "description", "arguments"]);
    for (_, prompt) in entries(items) {
        let names: Vec<String> = arguments(&prompt)
            .iter()
            .map(|argument| argument.get("name").map(bare).unwrap_or_default().into_owned())
            .map(|name| if name == "null" { String::new() } else { name })
            .collect();
        let cells = ["name", "title", "description"].map(|name| word(&prompt, name));
        table.push(cells.into_iter().chain([names.join(" ")]));
    }
    table
}

/// The answer to a question that only reads, from the raw result: the parts of a
/// resource, or the values of an argument.
pub fn of_result(result: &[u8]) -> Option<Table> {
    let result: Members<'_> = serde_json::from_slice(result).ok()?;
    let content = result.get("content").filter(|_| result.get("completion").is_none());
    if let Some(parts) = result.get("contents").or(content) {
        return Some(contents(blocks(parts)));
    }
    let completion = result.get("completion")?;
    let values = match parse::<Members<'_>>(completion) {
        Some(completion) => completion.get("values"),
        None => Some(completion),
    };
    let mut table = Table::new(&["value"]);
    let values = values.map(blocks).unwrap_or_default();
    values.into_iter().for_each(|value| table.push([bare(value).into_owned()]));
    Some(table)
}

/// The size is in bytes, of what a blob stands for.
fn contents(parts: Vec<&RawValue>) -> Table {
    let mut table = Table::new(&["uri", "mime", "size", "text"]);
    for part in parts {
        let Some(part) = parse::<Members<'_>>(part) else {
            let text = bare(part).into_owned();
            table.push([String::new(), String::new(), text.len().to_string(), text]);
            continue;
        };
        let [uri, mime, text] = ["uri", "mimeType", "text"].map(|name| word(&part, name));
        let blob = part.get("blob").filter(|raw| raw.get() != "null");
        let size = if text.is_empty() { blob.map_or(0, blob::length) } else { text.len() };
        table.push([uri, mime, size.to_string(), text]);
    }
    table
}

/// The arguments of one prompt of a raw list.
pub fn prompt_arguments(items: &[u8], name: &str) -> Option<Table> {
    let (_, prompt) = entries(items).into_iter().find(|(_, entry)| word(entry, "name") == name)?;
    let mut table = Table::new(&["name", "required", "description", "title"]);
    for argument in arguments(&prompt) {
        table.push([
            word(&argument, "name"),
            flag(argument.get("required")),
            word(&argument, "description"),
            word(&argument, "title"),
        ]);
    }
    Some(table)
}

fn plain(items: &[u8], columns: &'static [&'static str], members: &[&str]) -> Table {
    let mut table = Table::new(columns);
    for (_, entry) in entries(items) {
        table.push(members.iter().map(|name| word(&entry, name)));
    }
    table
}

fn entries(items: &[u8]) -> Vec<(&RawValue, Members<'_>)> {
    let items: Vec<&RawValue> = serde_json::from_slice(items).unwrap_or_default();
    items.into_iter().map(|raw| (raw, parse(raw).unwrap_or_default())).collect()
}

fn arguments<'a>(prompt: &Members<'a>) -> Vec<Members<'a>> {
    let list = prompt.get("arguments").and_then(parse::<Vec<&'a RawValue>>).unwrap_or_default();
    let of = |raw: &'a RawValue| match raw.get().starts_with('"') {
        true => Some(Members(vec![("name".into(), raw)])),
        false => parse(raw),
    };
    list.into_iter().filter_map(of).collect()
}

fn flag(raw: Option<&RawValue>) -> String {
    let word = raw.filter(|raw| raw.get().len() < 64).map(bare).unwrap_or_default();
    let word = word.trim();
    let yes = ["true", "yes", "on"].iter().any(|yes| word.eq_ignore_ascii_case(yes));
    let number = word.parse::<f64>().is_ok_and(|number| number != 0.0 && !number.is_nan());
    if yes || number { "1".to_owned() } else { String::new() }
}

fn word(entry: &Members<'_>, name: &str) -> String {
    let raw = entry.get(name).filter(|raw| raw.get() != "null");
    raw.map(|raw| bare(raw).into_owned()).unwrap_or_default()
}
