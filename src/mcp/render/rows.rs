//! What servers list, as tables: one row each, in the server's order.
//!
//! Invariant: every entry of a list has its row, and what cannot be read in it
//! is an empty cell.

use crate::json::cursor::{Bad, Split, given, last};
use crate::json::task::{Job, Pace};
use crate::json::text::{Sink, bare, is_utf8, length, truth};
use crate::mcp::render::blob;
use crate::mcp::render::blocks::Blocks;
use crate::mcp::schema::fields;
use crate::table::Table;

/// What a raw list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Tools.
    Tools,
    /// Resources.
    Resources,
    /// Resource templates.
    Templates,
    /// Prompts.
    Prompts,
}

/// The tools of a raw list.
pub fn tools(items: &[u8]) -> Table {
    list_job(items, List::Tools).finish()
}

/// The resources of a raw list.
pub fn resources(items: &[u8]) -> Table {
    list_job(items, List::Resources).finish()
}

/// The resource templates of a raw list.
pub fn templates(items: &[u8]) -> Table {
    list_job(items, List::Templates).finish()
}

/// The prompts of a raw list.
pub fn prompts(items: &[u8]) -> Table {
    list_job(items, List::Prompts).finish()
}

/// The entries of a raw list, in steps: what [`tools`], [`resources`],
/// [`templates`] or [`prompts`] gives.
pub fn list_job<'a>(items: impl AsRef<[u8]> + Send + Sync + 'a, list: List) -> Job<'a, Table> {
    Job::new(move |mut pace| async move { entries(items.as_ref(), list, &mut pace).await })
}

/// The answer to a question that only reads, from the raw result: the parts of a
/// resource, or the values of an argument.
pub fn of_result(result: &[u8]) -> Option<Table> {
    of_result_job(result).finish()
}

/// What [`of_result`] gives, in steps.
pub fn of_result_job<'a>(result: impl AsRef<[u8]> + Send + Sync + 'a) -> Job<'a, Option<Table>> {
    Job::new(|mut pace| async move { answer(result.as_ref(), &mut pace).await.ok() })
}

/// The arguments of one prompt of a raw list.
pub fn prompt_arguments(items: &[u8], name: &str) -> Option<Table> {
    let of = |mut pace| async move { named(items, name, &mut pace).await.ok().flatten() };
    Job::new(of).finish()
}

pub(crate) async fn entries(items: &[u8], list: List, pace: &mut Pace) -> Table {
    let columns: &'static [&'static str] = match list {
        List::Tools => &[
            "name",
            "title",
            "description",
            "read_only",
            "destructive",
            "idempotent",
            "arguments",
            "required",
        ],
        List::Resources => &["uri", "name", "title", "description", "mime", "size"],
        List::Templates => &["uri_template", "name", "title", "description", "mime"],
        List::Prompts => &["name", "title", "description", "arguments"],
    };
    let mut table = Table::with_room(columns, items.len());
    match fill(items, list, &mut table, pace).await {
        Ok(()) => table,
        // What is no list has no entries.
        Err(Bad) => Table::new(columns),
    }
}

async fn fill(items: &[u8], list: List, table: &mut Table, pace: &mut Pace) -> Result<(), Bad> {
    if !is_utf8(items, pace).await {
        return Err(Bad);
    }
    let mut items = Split::list(items, pace).await?;
    while let Some(raw) = items.element(pace).await? {
        match list {
            List::Tools => tool(raw, table, pace).await,
            List::Resources => {
                let names = ["uri", "name", "title", "description", "mimeType", "size"];
                plain(raw, &names, table, pace).await;
            }
            List::Templates => {
                let names = ["uriTemplate", "name", "title", "description", "mimeType"];
                plain(raw, &names, table, pace).await;
            }
            List::Prompts => prompt(raw, table, pace).await,
        }
    }
    items.end(pace).await
}

async fn plain<const N: usize>(raw: &[u8], names: &[&str; N], table: &mut Table, pace: &mut Pace) {
    for member in last(raw, names, pace).await.unwrap_or([None; N]) {
        cell(member, table, pace).await;
    }
}

async fn tool(raw: &[u8], table: &mut Table, pace: &mut Pace) {
    let members = last(raw, &["name", "title", "description", "annotations"], pace).await;
    let [name, title, description, notes] = members.unwrap_or_default();
    let hints = ["title", "readOnlyHint", "destructiveHint", "idempotentHint"];
    let notes = last(notes.unwrap_or_default(), &hints, pace).await.unwrap_or_default();
    cell(name, table, pace).await;
    write(title, table, pace).await;
    if table.appended() == 0 {
        write(notes[0], table, pace).await;
    }
    table.end_cell();
    cell(description, table, pace).await;
    for hint in &notes[1..] {
        flag(*hint, table);
    }
    let (names, required) = fields::names_of_tool(raw, pace).await;
    for names in [names, required] {
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                table.append(" ");
            }
            table.append(name);
            pace.spend(name.len() / 4 + 8).await;
        }
        table.end_cell();
    }
}

/// Adds a name to a cell of them.
async fn another(name: &[u8], is_first: &mut bool, table: &mut Table, pace: &mut Pace) {
    if !std::mem::take(is_first) {
        table.append(" ");
    }
    bare(name, table, pace).await;
}

async fn prompt(raw: &[u8], table: &mut Table, pace: &mut Pace) {
    let members = last(raw, &["name", "title", "description", "arguments"], pace).await;
    let [name, title, description, arguments] = members.unwrap_or_default();
    for member in [name, title, description] {
        cell(member, table, pace).await;
    }
    if let Ok(mut list) = Split::list(arguments.unwrap_or_default(), pace).await {
        let mut is_first = true;
        while let Ok(Some(argument)) = list.element(pace).await {
            let Some([name]) = argument_members(argument, &["name"], pace).await else { continue };
            another(given(name).unwrap_or(b"\"\""), &mut is_first, table, pace).await;
        }
    }
    table.end_cell();
}

/// The members of an argument of a prompt, the name first. A string is the name
/// alone.
pub(crate) async fn argument_members<'a, const N: usize>(
    argument: &'a [u8],
    names: &[&str; N],
    pace: &mut Pace,
) -> Option<[Option<&'a [u8]>; N]> {
    if argument.starts_with(b"\"") {
        let mut members = [None; N];
        members[0] = Some(argument);
        return Some(members);
    }
    last(argument, names, pace).await.ok()
}

async fn answer(result: &[u8], pace: &mut Pace) -> Result<Table, Bad> {
    if !is_utf8(result, pace).await {
        return Err(Bad);
    }
    let names = ["contents", "completion", "content"];
    let [parts, completion, content] = last(result, &names, pace).await?;
    // Some servers take the name of a tool's result.
    if let Some(parts) = parts.or(content.filter(|_| completion.is_none())) {
        return Ok(contents(parts, pace).await);
    }
    let completion = completion.ok_or(Bad)?;
    let values = match completion.starts_with(b"{") {
        true => last(completion, &["values"], pace).await?[0],
        false => Some(completion),
    };
    let mut table = Table::with_room(&["value"], result.len());
    let mut values = Blocks::of(values.unwrap_or(b"null"));
    while let Ok(Some(value)) = values.next(pace).await {
        bare(value, &mut table, pace).await;
        table.end_cell();
    }
    Ok(table)
}

/// The size is in bytes, of what a blob stands for.
async fn contents(parts: &[u8], pace: &mut Pace) -> Table {
    let mut table = Table::with_room(&["uri", "mime", "size", "text"], parts.len());
    let mut parts = Blocks::of(parts);
    while let Ok(Some(part)) = parts.next(pace).await {
        let members = match part.starts_with(b"{") {
            true => last(part, &["uri", "mimeType", "text", "blob"], pace).await,
            // The text alone.
            false => Ok([None, None, Some(part), None]),
        };
        let [uri, mime, text, blob] = members.unwrap_or_default();
        cell(uri, &mut table, pace).await;
        cell(mime, &mut table, pace).await;
        let mut size = match given(text) {
            Some(text) => length(text, pace).await,
            None => 0,
        };
        if let (0, Some(blob)) = (size, given(blob)) {
            size = blob::length(blob, pace).await;
        }
        table.append(&size.to_string());
        table.end_cell();
        cell(text, &mut table, pace).await;
    }
    table
}

async fn named(items: &[u8], wanted: &str, pace: &mut Pace) -> Result<Option<Table>, Bad> {
    if !is_utf8(items, pace).await {
        return Err(Bad);
    }
    let mut found = None;
    let mut items = Split::list(items, pace).await?;
    while let Some(raw) = items.element(pace).await? {
        // All of it must be a list before any of it counts.
        if found.is_some() {
            continue;
        }
        let [name, list] = last(raw, &["name", "arguments"], pace).await.unwrap_or_default();
        let mut word = String::new();
        if let Some(name) = given(name) {
            bare(name, &mut word, pace).await;
        }
        found = (word == wanted).then_some(list.unwrap_or_default());
    }
    items.end(pace).await?;
    let Some(list) = found else { return Ok(None) };
    Ok(Some(arguments(list, pace).await))
}

async fn arguments(list: &[u8], pace: &mut Pace) -> Table {
    let names = ["name", "required", "description", "title"];
    let mut table = Table::with_room(&["name", "required", "description", "title"], list.len());
    let Ok(mut list) = Split::list(list, pace).await else { return table };
    while let Ok(Some(argument)) = list.element(pace).await {
        let Some([name, required, description, title]) =
            argument_members(argument, &names, pace).await
        else {
            continue;
        };
        cell(name, &mut table, pace).await;
        flag(required, &mut table);
        cell(description, &mut table, pace).await;
        cell(title, &mut table, pace).await;
    }
    table
}

fn flag(raw: Option<&[u8]>, table: &mut Table) {
    if raw.is_some_and(|raw| raw.len() < 64 && truth(raw)) {
        table.append("1");
    }
    table.end_cell();
}

async fn cell(raw: Option<&[u8]>, table: &mut Table, pace: &mut Pace) {
    write(raw, table, pace).await;
    table.end_cell();
}

/// Writes the words of a member, nothing when it is not there.
async fn write(raw: Option<&[u8]>, table: &mut Table, pace: &mut Pace) {
    if let Some(raw) = given(raw) {
        bare(raw, table, pace).await;
    }
}

impl Sink for Table {
    fn push(&mut self, text: &str) {
        self.append(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_have_their_hints_and_their_arguments() {
        let table = tools(
            br#"[{"name":"t","annotations":{"title":"T","readOnlyHint":true,"destructiveHint":1},
            "inputSchema":{"properties":{"b":{},"a":{}},"required":["a"]}}, 7]"#,
        );
        let get = |name| table.get(0, name).unwrap();
        assert_eq!((get("name"), get("title"), get("description")), ("t", "T", ""));
        assert_eq!((get("read_only"), get("destructive"), get("idempotent")), ("1", "1", ""));
        assert_eq!((get("arguments"), get("required")), ("b a", "a"));
        assert_eq!((table.rows(), table.get(1, "name")), (2, Some("")));
    }

    #[test]
    fn resources_templates_and_prompts_have_their_columns() {
        let table = resources(br#"[{"uri":"u","name":"n","mimeType":"a/b","size":12}]"#);
        assert_eq!((table.get(0, "mime"), table.get(0, "size")), (Some("a/b"), Some("12")));
        let table = templates(br#"[{"uriTemplate":"u/{x}","name":"n"}]"#);
        assert_eq!((table.get(0, "uri_template"), table.get(0, "mime")), (Some("u/{x}"), Some("")));
        let list = br#"[{"name":"p","arguments":[{"name":"a","required":true},{"name":"b"}]}]"#;
        assert_eq!(prompts(list).get(0, "arguments"), Some("a b"));
        let table = prompt_arguments(list, "p").unwrap();
        assert_eq!((table.get(0, "required"), table.get(1, "required")), (Some("1"), Some("")));
        assert!(prompt_arguments(list, "q").is_none());
        assert_eq!(prompts(b"nonsense").rows(), 0);
    }

    #[test]
    fn parts_of_a_resource_have_their_sizes() {
        let table = of_result(
            br#"{"contents":[{"uri":"a://b","mimeType":"text/plain","text":"\u00e9\n"},
            {"uri":"c","blob":"AAEC"},{"blob":"AAE="},7]}"#,
        );
        let table = table.unwrap();
        let row = |row| ["uri", "mime", "size", "text"].map(|name| table.get(row, name).unwrap());
        assert_eq!(row(0), ["a://b", "text/plain", "3", "\u{e9}\n"]);
        assert_eq!(row(1), ["c", "", "3", ""]);
        assert_eq!(row(2), ["", "", "2", ""]);
        assert_eq!((row(3), table.rows()), (["", "", "1", "7"], 4));
        assert_eq!(of_result(br#"{"contents":null}"#).unwrap().rows(), 0);
        for one in [
            r#"{"contents":{"uri":"c","text":"t"}}"#,
            r#"{"content":[{"uri":"c","text":"t"}]}"#,
            r#"{"contents":["x"],"contents":[null,{"text":"t","uri":"d","uri":"c"}]}"#,
        ] {
            let table = of_result(one.as_bytes()).unwrap();
            assert_eq!(
                (table.get(0, "uri"), table.get(0, "text")),
                (Some("c"), Some("t")),
                "{one}"
            );
        }
    }

    #[test]
    fn values_of_an_argument_have_a_row_each() {
        let table = of_result(br#"{"completion":{"values":["a b",7],"total":9}}"#).unwrap();
        assert_eq!(
            (table.rows(), table.get(0, "value"), table.get(1, "value")),
            (2, Some("a b"), Some("7"))
        );
        assert!(of_result(b"{}").is_none() && of_result(b"[]").is_none());
    }
}
