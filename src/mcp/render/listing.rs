//! Lists of tools, resources, templates and prompts, as text for people.
//!
//! Separate from the tables, which programs read: here everything is shown as
//! far as it can be understood, on as few lines as it takes.
//!
//! Invariants:
//! - every input gives a listing; an entry that cannot be read is named as such;
//! - an entry takes one line, each of its arguments one, whatever a server wrote.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

use crate::json::cursor::{Cursor, Read, given};
use crate::json::lenient::truth;
use crate::json::task::Task;
use crate::json::text::{FirstLine, OneLine, bare as write_bare};
use crate::json::{Budget, Sink};
use crate::mcp::listing::Listing;
use crate::mcp::render::rows::next_argument;
use crate::mcp::render::tool::Tool;
use crate::mcp::schema::field::Field;
use crate::mcp::schema::fields::{LONGEST, Schema};
use crate::mcp::schema::schema_value::bare;
use crate::mcp::schema::subschema::Work;
use crate::room;

/// The readable listing of a raw array, in steps. Lines end in a newline.
///
/// ```
/// use tmcp::mcp::{listing::Listing, render::listing};
///
/// let tools = br#"[{"name":"add","description":"Adds.\nMore.","inputSchema":{"type":"object",
///     "properties":{"a":{"type":"number","description":"First"},"b":{"type":"number","default":1}},
///     "required":["a"]}}]"#;
/// assert_eq!(
///     listing::task(tools, Listing::Tools).finish(),
///     "add  Adds.\n    a  number, required  First\n    b  number, default 1\n"
/// );
/// ```
pub fn task<'a>(items: impl AsRef<[u8]> + Send + Sync + 'a, list: Listing) -> Task<'a, String> {
    Task::new(move |mut budget| async move {
        let items = items.as_ref();
        let mut out = room::text(items.len() + 1);
        if write(items, list, &mut out, &mut budget).await.is_err() {
            out.clear();
            if list == Listing::Tools {
                out.push_str("[tools that cannot be read]\n");
            }
        }
        out
    })
}

async fn write(items: &[u8], list: Listing, out: &mut String, budget: &mut Budget) -> Read<()> {
    // Bytes that most entries need.
    const ENTRY: usize = 16 << 10;
    let most = items.len() + 1;
    let mut work = Work::new(items.len(), budget);
    let mut items = Cursor::list(items, work.budget).await?;
    let mut prompts = Prompts::default();
    loop {
        room::make(out, ENTRY, most);
        let has_entry = match list {
            Listing::Tools => write_tool(&mut items, out, &mut work).await?,
            Listing::Resources => write_entry(&mut items, "uri", out, work.budget).await?,
            Listing::ResourceTemplates => {
                write_entry(&mut items, "uriTemplate", out, work.budget).await?
            }
            Listing::Prompts => write_prompt(&mut items, &mut prompts, out, work.budget).await?,
        };
        if !has_entry {
            return items.end(work.budget).await;
        }
    }
}

/// Writes the next resource or template. False at the end of the list.
async fn write_entry(
    items: &mut Cursor<'_>,
    name: &str,
    out: &mut String,
    budget: &mut Budget,
) -> Read<bool> {
    let names = [name, "description", "title", "name"];
    let Some((_, members)) = items.entry(&names, budget).await? else { return Ok(false) };
    let [name, words @ ..] = members.unwrap_or_default();
    write_line(name, &words, out, budget).await;
    Ok(true)
}

/// A name and the first words there are.
async fn write_line(
    name: Option<&[u8]>,
    words: &[Option<&[u8]>],
    out: &mut String,
    budget: &mut Budget,
) {
    if let Some(name) = given(name) {
        write_words(name, out, budget).await;
    }
    write_first(words, out, budget).await;
    out.push('\n');
}

/// The first line of the first words that have one, behind two blanks.
async fn write_first(words: &[Option<&[u8]>], out: &mut String, budget: &mut Budget) {
    for words in words {
        let Some(words) = given(*words) else { continue };
        let start = out.len();
        out.push_str("  ");
        let mut line = FirstLine::new(out);
        write_bare(words, &mut line, budget).await;
        if line.end() {
            return;
        }
        out.truncate(start);
    }
}

/// The arguments of prompts by their names. Of several with one name the first has
/// its say. A map would make all of itself anew when it grows.
#[derive(Default)]
struct Prompts<'a> {
    hasher: RandomState,
    buckets: Vec<Vec<Prompt<'a>>>,
}

struct Prompt<'a> {
    hash: u64,
    name: &'a [u8],
    arguments: &'a [u8],
}

impl<'a> Prompts<'a> {
    const BUCKETS: u64 = 1024;

    async fn arguments(
        &mut self,
        name: &'a [u8],
        arguments: &'a [u8],
        budget: &mut Budget,
    ) -> &'a [u8] {
        let mut words = String::new();
        write_bare(name, &mut words, budget).await;
        let hash = self.hasher.hash_one(&words);
        self.buckets.resize_with(Self::BUCKETS as usize, Vec::new);
        let bucket = &mut self.buckets[(hash % Self::BUCKETS) as usize];
        budget.spend(bucket.len() + 64).await;
        for known in bucket.iter().filter(|known| known.hash == hash) {
            let mut others = String::new();
            write_bare(known.name, &mut others, budget).await;
            if others == words {
                return known.arguments;
            }
        }
        bucket.push(Prompt { hash, name, arguments });
        arguments
    }
}

async fn write_prompt<'a>(
    items: &mut Cursor<'a>,
    known: &mut Prompts<'a>,
    out: &mut String,
    budget: &mut Budget,
) -> Read<bool> {
    // Longer names, in bytes, are not compared.
    const LONGEST: usize = 4096;
    let names = ["name", "title", "description", "arguments"];
    let Some((_, members)) = items.entry(&names, budget).await? else { return Ok(false) };
    let [name, title, description, arguments] = members.unwrap_or_default();
    write_line(name, &[description, title], out, budget).await;
    let arguments = arguments.unwrap_or_default();
    let arguments = match given(name).unwrap_or_default() {
        long if long.len() > LONGEST => arguments,
        raw => known.arguments(raw, arguments, budget).await,
    };
    let Ok(mut list) = Cursor::list(arguments, budget).await else { return Ok(true) };
    let names = ["name", "required", "description", "title"];
    while let Some(argument) = next_argument(&mut list, &names, budget).await {
        let [name, required, description, title] = argument;
        out.push_str("    ");
        if let Some(name) = given(name) {
            write_words(name, out, budget).await;
        }
        if required.is_some_and(truth) {
            out.push_str("  required");
        }
        write_first(&[description, title], out, budget).await;
        out.push('\n');
    }
    Ok(true)
}

/// Behind a tool that is called as a task alone (`execution.taskSupport`).
pub(super) const NEEDS_TASKS: &str = "  (needs tasks, which this client does not have)";

async fn write_tool<'a>(
    items: &mut Cursor<'a>,
    out: &mut String,
    work: &mut Work<'_, 'a>,
) -> Read<bool> {
    let budget = &mut *work.budget;
    let Some(tool) = Tool::next(items, budget).await? else { return Ok(false) };
    let Some(name) = tool.name else {
        out.push_str("[a tool that cannot be read]\n");
        return Ok(true);
    };
    write_words(name, out, budget).await;
    // A title that stands beside a description mostly says the name again.
    write_first(&[tool.description, tool.title, tool.old_title], out, budget).await;
    if tool.needs_tasks() {
        out.push_str(NEEDS_TASKS);
    }
    out.push('\n');
    match tool.input {
        None => {}
        Some(schema) if schema.len() > LONGEST => {
            out.push_str(&format!("    [a definition of {} bytes]\n", schema.len()));
        }
        Some(schema) => {
            let schema = Schema::read(schema, work).await;
            write_arguments(&schema, out, work).await;
        }
    }
    Ok(true)
}

async fn write_arguments<'a>(schema: &Schema<'a>, out: &mut String, work: &mut Work<'_, 'a>) {
    // One long name must not push every type off the screen.
    const WIDEST: usize = 24;
    let width = |name: &str| name.chars().take(WIDEST).count();
    let mut column = 0;
    for name in schema.names() {
        column = width(name).max(column);
        work.budget.spend(32).await;
    }
    for at in 0..schema.len() {
        let Some((name, required, field)) = schema.argument(at, work).await else { continue };
        let budget = &mut *work.budget;
        out.push_str("    ");
        push_words(out, &name, budget).await;
        let start = out.len();
        out.extend(std::iter::repeat_n(' ', column.saturating_sub(width(&name)) + 2));
        let facts = out.len();
        write_facts(&field, required, out, budget).await;
        let mut is_bare = out.len() == facts;
        for words in [&field.description, &field.title].into_iter().flatten() {
            let end = out.len();
            if !is_bare {
                out.push_str("  ");
            }
            let mut line = FirstLine::new(out);
            line.push(words);
            budget.spend(words.len()).await;
            if line.end() {
                is_bare = false;
                break;
            }
            out.truncate(end);
        }
        if is_bare {
            out.truncate(start);
        }
        out.push('\n');
    }
}

/// Bytes of the choices of one argument.
const CHOICES: usize = 2048;

/// Type, required mark, default and choices.
pub(super) async fn write_facts(
    field: &Field<'_>,
    required: bool,
    out: &mut String,
    budget: &mut Budget,
) {
    let start = out.len();
    push_words(out, &field.type_name(), budget).await;
    let comma = |out: &mut String| {
        if out.len() > start {
            out.push_str(", ");
        }
    };
    if required {
        comma(out);
        out.push_str("required");
    }
    if let Some(default) = field.default {
        comma(out);
        out.push_str("default ");
        push_words(out, &plain(default), budget).await;
    }
    let mut choices = field.choices();
    match choices.next() {
        Some(only) if field.constant && field.choices_len() == 1 => {
            comma(out);
            out.push_str("always ");
            push_words(out, &plain(only.value), budget).await;
        }
        None => {}
        Some(first) => {
            comma(out);
            out.push_str(if field.is_open() { "such as " } else { "one of " });
            push_words(out, &plain(first.value), budget).await;
            let start = out.len();
            for choice in choices {
                // Thousands of choices would hide the other arguments.
                if out.len() - start > CHOICES {
                    out.push_str(" | ..");
                    break;
                }
                out.push_str(" | ");
                push_words(out, &plain(choice.value), budget).await;
            }
        }
    }
}

/// A string without its quotes, anything else as JSON.
pub(super) fn plain(raw: &str) -> Cow<'_, str> {
    match bare(raw) {
        // Without quotes an empty default or choice would not be seen at all.
        empty if empty.is_empty() => Cow::Borrowed(raw),
        text => text,
    }
}

/// Appends `text` on one line.
pub(super) async fn push_words(out: &mut String, text: &str, budget: &mut Budget) {
    OneLine { out, tabs: true }.push(text);
    budget.spend(text.len() * 2 + 16).await;
}

/// Appends a raw string, or other JSON, on one line.
pub(super) async fn write_words(raw: &[u8], out: &mut String, budget: &mut Budget) {
    write_bare(raw, &mut OneLine { out, tabs: true }, budget).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(list: Listing, items: &[u8]) -> String {
        task(items, list).finish()
    }

    fn arguments(schema: &str) -> String {
        let listing = listed(
            Listing::Tools,
            format!(r#"[{{"name":"t","inputSchema":{schema}}}]"#).as_bytes(),
        );
        listing.strip_prefix("t\n").unwrap().to_owned()
    }

    #[test]
    fn a_tool_is_its_name_and_its_best_short_words() {
        let tools = br#"[{"name":"a","title":"Title","description":"What it does."},
            {"name":"t","title":"Title","description":""},
            {"name":"b","annotations":{"title":"Old title"}},
            {"name":"c","description":"\n  First line.\nSecond."},
            {"name":"d"}]"#;
        assert_eq!(
            listed(Listing::Tools, tools),
            "a  What it does.\nt  Title\nb  Old title\nc  First line.\nd\n"
        );
    }

    #[test]
    fn a_tool_that_needs_tasks_says_so() {
        let tools = br#"[{"name":"a","title":"T","execution":{"taskSupport":"required"}},
            {"name":"b","execution":{"taskSupport":"optional"}},{"name":"c","execution":"required"},
            {"name":"d","execution":{"taskSupport":["required"]}},{"name":"e","execution":null}]"#;
        let expected = "a  T  (needs tasks, which this client does not have)\nb\nc\nd\ne\n";
        assert_eq!(listed(Listing::Tools, tools), expected);
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
        assert_eq!(listed(Listing::Tools, tools), "a b\n    x y  default 1 2\n");
    }

    #[test]
    fn resources_and_prompts_are_a_line_each() {
        let list = br#"[{"uri":"a:b","name":"n"},{"uri":"c:d","name":"n","title":"The\nC"}]"#;
        assert_eq!(listed(Listing::Resources, list), "a:b  n\nc:d  The\n");
        assert_eq!(
            listed(Listing::ResourceTemplates, br#"[{"uriTemplate":"u/{x}","name":"n"}]"#),
            "u/{x}  n\n"
        );
        let list = br#"[{"name":"p","description":"Says.","arguments":[
            {"name":"a","required":true,"description":"who"},{"name":"b"}]}]"#;
        assert_eq!(listed(Listing::Prompts, list), "p  Says.\n    a  required  who\n    b\n");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(listed(Listing::Tools, b"{}"), "[tools that cannot be read]\n");
        assert_eq!(
            listed(Listing::Tools, br#"[7,{"name":"x"}]"#),
            "[a tool that cannot be read]\nx\n"
        );
        assert_eq!(
            listed(Listing::Tools, br#"[{"name":"x","inputSchema":{"properties":[]}}]"#),
            "x\n"
        );
        assert_eq!(listed(Listing::Tools, b"[]"), "");
    }

    #[test]
    fn a_member_of_the_wrong_type_costs_nothing_but_itself() {
        let tools = br#"[{"name":7,"title":null,"description":["x",1.0],"annotations":"no"},
            {"name":"no","name":"a","title":{},"description":"d","annotations":[]},
            {"name":"b \ud83d","description":true,"annotations":{"title":null}}]"#;
        assert_eq!(listed(Listing::Tools, tools), "7  [\"x\",1.0]\na  d\nb \u{fffd}  true\n");
        let list =
            br#"[{"name":"p","description":5,"arguments":["a",{"name":"b","required":"true"},7]}]"#;
        assert_eq!(listed(Listing::Prompts, list), "p  5\n    a\n    b  required\n");
    }
}
