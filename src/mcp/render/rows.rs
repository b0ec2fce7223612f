//! Lists and results as tables: one row for each entry, in the server's order.
//!
//! Invariant: every entry of a list has its row, and a member that cannot be read is
//! an empty cell.

use crate::json::cursor::{Cursor, FoundMembers, Read, given, last};
use crate::json::lenient::truth;
use crate::json::task::Task;
use crate::json::text::{bare, length};
use crate::json::{Budget, NotJson, Sink};
use crate::mcp::listing::Listing;
use crate::mcp::render::blob;
use crate::mcp::render::blocks::Blocks;
use crate::mcp::render::tool::Tool;
use crate::mcp::schema::fields;
use crate::table::Table;

/// The entries of a raw list, in steps. Text that is not a list has none.
pub fn list_task<'a>(items: impl AsRef<[u8]> + Send + Sync + 'a, list: Listing) -> Task<'a, Table> {
    Task::new(move |mut budget| async move { entries(items.as_ref(), list, &mut budget).await })
}

/// The table of a raw result, in steps: the parts of a resource, or the values of an
/// argument. `None` for any other result.
pub fn of_result_task<'a>(result: impl AsRef<[u8]> + Send + Sync + 'a) -> Task<'a, Option<Table>> {
    Task::new(|mut budget| async move { answer(result.as_ref(), &mut budget).await.ok() })
}

/// The arguments of one prompt of a raw list.
pub fn prompt_arguments(items: &[u8], name: &str) -> Option<Table> {
    let of = |mut budget| async move { named(items, name, &mut budget).await.ok().flatten() };
    Task::new(of).finish()
}

pub(crate) async fn entries(items: &[u8], list: Listing, budget: &mut Budget) -> Table {
    let columns: &'static [&'static str] = match list {
        Listing::Tools => &[
            "name",
            "title",
            "description",
            "read_only",
            "destructive",
            "idempotent",
            "arguments",
            "required",
            "tasks",
        ],
        Listing::Resources => &["uri", "name", "title", "description", "mime", "size"],
        Listing::ResourceTemplates => &["uri_template", "name", "title", "description", "mime"],
        Listing::Prompts => &["name", "title", "description", "arguments"],
    };
    let mut table = Table::with_room(columns, items.len());
    match fill(items, list, &mut table, budget).await {
        Ok(()) => table,
        // Any other value has no entries.
        Err(NotJson) => Table::new(columns),
    }
}

async fn fill(items: &[u8], list: Listing, table: &mut Table, budget: &mut Budget) -> Read<()> {
    let mut items = Cursor::list(items, budget).await?;
    loop {
        let has_row = match list {
            Listing::Tools => tool(&mut items, table, budget).await?,
            Listing::Resources => {
                let names = ["uri", "name", "title", "description", "mimeType", "size"];
                plain(&mut items, &names, table, budget).await?
            }
            Listing::ResourceTemplates => {
                let names = ["uriTemplate", "name", "title", "description", "mimeType"];
                plain(&mut items, &names, table, budget).await?
            }
            Listing::Prompts => prompt(&mut items, table, budget).await?,
        };
        if !has_row {
            return items.end(budget).await;
        }
    }
}

/// A row with the members of `names`. False at the end of the list.
async fn plain<const N: usize>(
    items: &mut Cursor<'_>,
    names: &[&str; N],
    table: &mut Table,
    budget: &mut Budget,
) -> Read<bool> {
    let Some((_, members)) = items.entry(names, budget).await? else { return Ok(false) };
    for member in members.unwrap_or([None; N]) {
        cell(member, table, budget).await;
    }
    Ok(true)
}

async fn tool(items: &mut Cursor<'_>, table: &mut Table, budget: &mut Budget) -> Read<bool> {
    let Some(tool) = Tool::next(items, budget).await? else { return Ok(false) };
    cell(tool.name, table, budget).await;
    write(tool.title, table, budget).await;
    if table.appended() == 0 {
        write(tool.old_title, table, budget).await;
    }
    table.end_cell();
    cell(tool.description, table, budget).await;
    for hint in &tool.hints[..3] {
        flag(*hint, table);
    }
    let (names, required) = fields::names(tool.input, budget).await;
    for names in [names, required] {
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                table.append(" ");
            }
            table.append(name);
            budget.spend(name.len() / 4 + 8).await;
        }
        table.end_cell();
    }
    cell(tool.tasks, table, budget).await;
    Ok(true)
}

async fn prompt(items: &mut Cursor<'_>, table: &mut Table, budget: &mut Budget) -> Read<bool> {
    let names = ["name", "title", "description", "arguments"];
    let Some((_, members)) = items.entry(&names, budget).await? else { return Ok(false) };
    let [name, title, description, arguments] = members.unwrap_or_default();
    for member in [name, title, description] {
        cell(member, table, budget).await;
    }
    if let Ok(mut list) = Cursor::list(arguments.unwrap_or_default(), budget).await {
        let mut is_first = true;
        while let Some([name]) = next_argument(&mut list, &["name"], budget).await {
            if !std::mem::take(&mut is_first) {
                table.append(" ");
            }
            write(name, table, budget).await;
        }
    }
    table.end_cell();
    Ok(true)
}

/// The next argument of a prompt, the name first. An argument that is a string is its name,
/// and any other that is no object is left out.
pub(crate) async fn next_argument<'a, const N: usize>(
    list: &mut Cursor<'a>,
    names: &[&str; N],
    budget: &mut Budget,
) -> Option<FoundMembers<'a, N>> {
    while let Ok(Some((raw, members))) = list.entry(names, budget).await {
        if members.is_some() {
            return members;
        }
        if raw.starts_with(b"\"") {
            let mut members = [None; N];
            members[0] = Some(raw);
            return Some(members);
        }
    }
    None
}

async fn answer(result: &[u8], budget: &mut Budget) -> Read<Table> {
    let names = ["contents", "completion", "content"];
    let [parts, completion, content] = last(result, &names, budget).await?;
    // Some servers take the name of a tool's result.
    if let Some(parts) = parts.or(content.filter(|_| completion.is_none())) {
        return Ok(contents(parts, budget).await);
    }
    let completion = completion.ok_or(NotJson)?;
    let values = match completion.starts_with(b"{") {
        true => last(completion, &["values"], budget).await?[0],
        false => Some(completion),
    };
    let mut table = Table::with_room(&["value"], result.len());
    let mut cursor = Cursor::at(values.unwrap_or(b"null"));
    let mut values = Blocks::of(&mut cursor);
    while let Ok(Some((value, _))) = values.next(&[], budget).await {
        bare(value, &mut table, budget).await;
        table.end_cell();
    }
    Ok(table)
}

/// The parts of a resource. The size is in bytes, of a blob when it is decoded.
async fn contents(parts: &[u8], budget: &mut Budget) -> Table {
    let mut table = Table::with_room(&["uri", "mime", "size", "text"], parts.len());
    let names = ["uri", "mimeType", "text", "blob"];
    let mut cursor = Cursor::at(parts);
    let mut parts = Blocks::of(&mut cursor);
    while let Ok(Some((part, members))) = parts.next(&names, budget).await {
        // A part that is no object is its text.
        let [uri, mime, text, blob] = members.unwrap_or([None, None, Some(part), None]);
        cell(uri, &mut table, budget).await;
        cell(mime, &mut table, budget).await;
        let mut size = match given(text) {
            Some(text) => length(text, budget).await,
            None => 0,
        };
        if let (0, Some(blob)) = (size, given(blob)) {
            size = blob::length(blob, budget).await;
        }
        table.append(&size.to_string());
        table.end_cell();
        cell(text, &mut table, budget).await;
    }
    table
}

async fn named(items: &[u8], wanted: &str, budget: &mut Budget) -> Read<Option<Table>> {
    let mut found = None;
    let mut items = Cursor::list(items, budget).await?;
    // The whole list must be JSON before any of it counts.
    while let Some((_, members)) = items.entry(&["name", "arguments"], budget).await? {
        let [name, list] = members.unwrap_or_default();
        if found.is_some() {
            continue;
        }
        let mut word = String::new();
        if let Some(name) = given(name) {
            bare(name, &mut word, budget).await;
        }
        found = (word == wanted).then_some(list.unwrap_or_default());
    }
    items.end(budget).await?;
    let Some(list) = found else { return Ok(None) };
    Ok(Some(arguments(list, budget).await))
}

async fn arguments(list: &[u8], budget: &mut Budget) -> Table {
    let names = ["name", "required", "description", "title"];
    let mut table = Table::with_room(&["name", "required", "description", "title"], list.len());
    let Ok(mut list) = Cursor::list(list, budget).await else { return table };
    while let Some(argument) = next_argument(&mut list, &names, budget).await {
        let [name, required, description, title] = argument;
        cell(name, &mut table, budget).await;
        flag(required, &mut table);
        cell(description, &mut table, budget).await;
        cell(title, &mut table, budget).await;
    }
    table
}

fn flag(raw: Option<&[u8]>, table: &mut Table) {
    if raw.is_some_and(truth) {
        table.append("1");
    }
    table.end_cell();
}

async fn cell(raw: Option<&[u8]>, table: &mut Table, budget: &mut Budget) {
    write(raw, table, budget).await;
    table.end_cell();
}

/// Writes the words of a member, nothing when it is not there.
async fn write(raw: Option<&[u8]>, table: &mut Table, budget: &mut Budget) {
    if let Some(raw) = given(raw) {
        bare(raw, table, budget).await;
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

    fn table_of(list: Listing, items: &[u8]) -> Table {
        list_task(items, list).finish()
    }

    fn result_of(result: &[u8]) -> Option<Table> {
        of_result_task(result).finish()
    }

    #[test]
    fn tools_have_their_hints_and_their_arguments() {
        let table = table_of(
            Listing::Tools,
            br#"[{"name":"t","annotations":{"title":"T","readOnlyHint":true,"destructiveHint":1},
            "inputSchema":{"properties":{"b":{},"a":{}},"required":["a"]},
            "execution":{"taskSupport":"optional"}}, 7]"#,
        );
        let get = |name| table.get(0, name).unwrap();
        assert_eq!((get("name"), get("title"), get("description")), ("t", "T", ""));
        assert_eq!((get("read_only"), get("destructive"), get("idempotent")), ("1", "1", ""));
        assert_eq!((get("arguments"), get("required"), get("tasks")), ("b a", "a", "optional"));
        assert_eq!((table.rows(), table.get(1, "name")), (2, Some("")));
    }

    #[test]
    fn resources_templates_and_prompts_have_their_columns() {
        let table =
            table_of(Listing::Resources, br#"[{"uri":"u","name":"n","mimeType":"a/b","size":12}]"#);
        assert_eq!((table.get(0, "mime"), table.get(0, "size")), (Some("a/b"), Some("12")));
        let table =
            table_of(Listing::ResourceTemplates, br#"[{"uriTemplate":"u/{x}","name":"n"}]"#);
        assert_eq!((table.get(0, "uri_template"), table.get(0, "mime")), (Some("u/{x}"), Some("")));
        let list = br#"[{"name":"p","arguments":[{"name":"a","required":true},{"name":"b"}]}]"#;
        assert_eq!(table_of(Listing::Prompts, list).get(0, "arguments"), Some("a b"));
        let table = prompt_arguments(list, "p").unwrap();
        assert_eq!((table.get(0, "required"), table.get(1, "required")), (Some("1"), Some("")));
        assert!(prompt_arguments(list, "q").is_none());
        assert_eq!(table_of(Listing::Prompts, b"nonsense").rows(), 0);
    }

    #[test]
    fn parts_of_a_resource_have_their_sizes() {
        let table = result_of(
            br#"{"contents":[{"uri":"a://b","mimeType":"text/plain","text":"\u00e9\n"},
            {"uri":"c","blob":"AAEC"},{"blob":"AAE="},7]}"#,
        );
        let table = table.unwrap();
        let row = |row| ["uri", "mime", "size", "text"].map(|name| table.get(row, name).unwrap());
        assert_eq!(row(0), ["a://b", "text/plain", "3", "\u{e9}\n"]);
        assert_eq!(row(1), ["c", "", "3", ""]);
        assert_eq!(row(2), ["", "", "2", ""]);
        assert_eq!((row(3), table.rows()), (["", "", "1", "7"], 4));
        assert_eq!(result_of(br#"{"contents":null}"#).unwrap().rows(), 0);
        for one in [
            r#"{"contents":{"uri":"c","text":"t"}}"#,
            r#"{"content":[{"uri":"c","text":"t"}]}"#,
            r#"{"contents":["x"],"contents":[null,{"text":"t","uri":"d","uri":"c"}]}"#,
        ] {
            let table = result_of(one.as_bytes()).unwrap();
            assert_eq!(
                (table.get(0, "uri"), table.get(0, "text")),
                (Some("c"), Some("t")),
                "{one}"
            );
        }
    }

    #[test]
    fn values_of_an_argument_have_a_row_each() {
        let table = result_of(br#"{"completion":{"values":["a b",7],"total":9}}"#).unwrap();
        assert_eq!(
            (table.rows(), table.get(0, "value"), table.get(1, "value")),
            (2, Some("a b"), Some("7"))
        );
        assert!(result_of(b"{}").is_none() && result_of(b"[]").is_none());
    }
}
