//! The text of a tool's result, for people.
//!
//! Separate from the messages because nothing on the loop needs it: a result
//! stays bytes until the host asks for its text, and then a few passes over those
//! bytes write the text, in pieces.
//!
//! Invariants:
//! - every input gives a text: unknown values are shown as JSON, and a
//!   member of the wrong type costs nothing but itself;
//! - of a member that is there twice the last counts;
//! - structured content is shown unless a text says the same;
//! - binary content is measured, never decoded.

use std::borrow::Cow;

use crate::json::cursor::{Cursor, FoundMembers, Read, given, last, position};
use crate::json::task::Task;
use crate::json::text::{OneLine, bare, copy, plain, trim};
use crate::json::{Budget, Dialect, NotJson, Token, pretty};
use crate::mcp::render::blob::Blob;
use crate::mcp::render::blocks::Blocks;
use crate::mcp::render::sameness;
use crate::room;

/// The readable text of a raw result: of a tool call its text blocks joined by
/// newlines, a note in brackets for whatever is binary or elsewhere, JSON for what
/// is unknown, and then the structured content, unless a text says the same; of a
/// resource its contents, of a prompt its messages, of a completion one value a
/// line. A result that is none of these is shown as JSON.
pub fn text(result: &[u8]) -> String {
    text_task(result).finish()
}

/// The same as [`text`], in steps.
pub fn text_task<'a>(result: impl AsRef<[u8]> + Send + Sync + 'a) -> Task<'a, String> {
    Task::new(|mut budget| async move { whole_text(result.as_ref(), &mut budget).await })
}

/// `json` with line breaks and indentation, its strings and numbers untouched.
pub fn pretty(json: &str) -> String {
    let of = |mut budget| async move {
        let mut out = String::new();
        pretty::pretty(json.as_bytes(), &mut out, &mut budget).await;
        out
    };
    Task::new(of).finish()
}

async fn whole_text(result: &[u8], budget: &mut Budget) -> String {
    let mut lines = TextLines::new(result.len(), false);
    if write(result, &mut lines, budget).await.is_err() {
        lines.text.clear();
        room::make(&mut lines.text, result.len(), lines.most);
        copy(result, &mut lines.text, budget).await;
    }
    lines.text
}

/// The text of a result without its structured content.
pub(crate) async fn texts(result: &[u8], budget: &mut Budget) -> String {
    let mut lines = TextLines::new(result.len(), true);
    // The caller finds that a text which breaks off is not JSON.
    let _ = write(result, &mut lines, budget).await;
    lines.text
}

/// Lines joined by newlines.
#[derive(Default)]
struct TextLines<'a> {
    text: String,
    /// Bytes that the text and a NUL are expected to have at most.
    most: usize,
    is_begun: bool,
    /// The current line holds only its prefix.
    is_prefix: bool,
    /// The first raw strings that were written, one more than are compared.
    texts: Vec<&'a [u8]>,
    /// One of the texts has more than blanks.
    has_words: bool,
    /// Lines other than texts were written.
    has_notes: bool,
    /// Structured content is not wanted.
    is_texts: bool,
}

/// The type of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockType {
    Text,
    Image,
    Audio,
    Link,
    Resource,
    /// None is given, or it is no string.
    Missing,
    Unknown,
}

const KINDS: [(&str, BlockType); 5] = [
    ("text", BlockType::Text),
    ("resource", BlockType::Resource),
    ("resource_link", BlockType::Link),
    ("image", BlockType::Image),
    ("audio", BlockType::Audio),
];

/// Members of a result that are no content.
const OTHERS: [&str; 8] = [
    "content",
    "contents",
    "messages",
    "completion",
    "structuredContent",
    "isError",
    "resultType",
    "_meta",
];

impl<'a> TextLines<'a> {
    /// The text of a result of `length` bytes.
    fn new(length: usize, is_texts: bool) -> TextLines<'a> {
        TextLines {
            text: room::text(length + 1),
            most: length + 1,
            is_texts,
            ..TextLines::default()
        }
    }

    fn begin(&mut self) -> &mut String {
        if std::mem::replace(&mut self.is_begun, true) && !std::mem::take(&mut self.is_prefix) {
            self.text.push('\n');
        }
        &mut self.text
    }

    fn note(&mut self) -> &mut String {
        self.has_notes = true;
        self.begin()
    }

    /// Writes a string without its quotes, or other JSON.
    async fn say(&mut self, raw: &'a [u8], budget: &mut Budget) {
        let most = self.most;
        let out = self.begin();
        room::make(out, raw.len(), most);
        let start = out.len();
        bare(raw, out, budget).await;
        let begins = |text: &str| text.starts_with(|c: char| !c.is_whitespace());
        if !self.has_words {
            let text = &self.text[start..];
            self.has_words = begins(text) || !trim(text.as_bytes(), budget).await.is_empty();
        }
        if raw.starts_with(b"\"") && self.texts.len() <= sameness::TEXTS {
            self.texts.push(raw);
        }
    }

    async fn note_bare(&mut self, raw: &[u8], budget: &mut Budget) {
        let most = self.most;
        let out = self.note();
        room::make(out, raw.len(), most);
        bare(raw, out, budget).await;
    }

    async fn json(&mut self, raw: &[u8], budget: &mut Budget) {
        let most = self.most;
        let out = self.note();
        room::make(out, raw.len(), most);
        pretty::compact(raw, Dialect::Json, out, budget).await;
    }
}

async fn write<'a>(result: &'a [u8], lines: &mut TextLines<'a>, budget: &mut Budget) -> Read<()> {
    let mut cursor = Cursor::at(result);
    match cursor.token(budget).await {
        Ok(Token::ObjectStart) => write_object(result, cursor, lines, budget).await,
        // Out of spec, and seen: the content without its object.
        Ok(Token::ListStart | Token::Text) => {
            let mut cursor = Cursor::at(result);
            write_blocks(&mut cursor, lines, budget).await?;
            cursor.end(budget).await
        }
        Ok(Token::Null) => Ok(()),
        // Nothing, or a null that broke off.
        Err(NotJson) if matches!(trim(result, budget).await, [] | [b'n', ..]) => Ok(()),
        _ => Err(NotJson),
    }
}

async fn write_object<'a>(
    result: &'a [u8],
    mut cursor: Cursor<'a>,
    lines: &mut TextLines<'a>,
    budget: &mut Budget,
) -> Read<()> {
    let mut found = [None; OTHERS.len()];
    let mut is_known = true;
    while let Some(name) = cursor.name(budget).await? {
        let at = position(name, &OTHERS);
        // The content is written as it is met, because it nearly always comes once.
        if at == Some(0) && found[0].is_none() {
            write_blocks(&mut cursor, lines, budget).await?;
            found[0] = Some(&b"null"[..]);
            continue;
        }
        let value = cursor.next_value(budget).await?;
        match at {
            Some(0) => {
                *lines = TextLines::new(result.len(), lines.is_texts);
                found[0] = Some(value);
            }
            Some(at) => found[at] = Some(value),
            None => is_known = false,
        }
    }
    cursor.end(budget).await?;
    let [content, contents, messages, completion, structured, ..] = found;
    if !is_known && found[..5].iter().all(Option::is_none) {
        // The data themselves, where a result should be.
        pretty::pretty(result, lines.note(), budget).await;
        return Ok(());
    }
    if let Some(value) = given(content) {
        write_blocks(&mut Cursor::at(value), lines, budget).await?;
    }
    if let Some(value) = given(contents) {
        write_contents(value, lines, budget).await?;
    }
    if let Some(value) = given(messages) {
        write_messages(value, lines, budget).await?;
    }
    if let Some(value) = given(completion) {
        write_values(value, lines, budget).await?;
    }
    if let Some(structured) = given(structured).filter(|_| !lines.is_texts) {
        write_structured(structured, lines, budget).await;
    }
    Ok(())
}

async fn write_structured(structured: &[u8], lines: &mut TextLines<'_>, budget: &mut Budget) {
    if lines.has_words && sameness::repeats(structured, &lines.texts, budget).await {
        return;
    }
    if !lines.has_words && !lines.has_notes {
        lines.text.clear();
        lines.is_begun = false;
    }
    match structured.starts_with(b"\"") {
        true => lines.note_bare(structured, budget).await,
        false => pretty::pretty(structured, lines.note(), budget).await,
    }
}

async fn write_blocks<'a>(
    cursor: &mut Cursor<'a>,
    lines: &mut TextLines<'a>,
    budget: &mut Budget,
) -> Read<()> {
    let names = ["type", "text", "data", "mimeType", "name", "uri", "resource", "blob"];
    let mut blocks = Blocks::of(cursor);
    while let Some((raw, members)) = blocks.next(&names, budget).await? {
        match members {
            Some(members) => write_block(raw, members, lines, budget).await?,
            None => lines.say(raw, budget).await,
        }
    }
    Ok(())
}

/// The parts of a resource.
async fn write_contents<'a>(
    value: &'a [u8],
    lines: &mut TextLines<'a>,
    budget: &mut Budget,
) -> Read<()> {
    let names = ["uri", "mimeType", "text", "blob"];
    let mut cursor = Cursor::at(value);
    let mut parts = Blocks::of(&mut cursor);
    while let Some((raw, members)) = parts.next(&names, budget).await? {
        let Some(members) = members else {
            lines.say(raw, budget).await;
            continue;
        };
        let [uri, mime_type, text, blob] = members.map(given);
        let blob = blob.and_then(|blob| Blob::new(mime_type, blob));
        if let Some(text) = text.filter(|text| *text != b"\"\"" || blob.is_none()) {
            lines.say(text, budget).await;
        } else if uri.is_none() && mime_type.is_none() && blob.is_none() {
            lines.json(raw, budget).await;
        } else {
            let out = lines.note();
            out.push_str("[resource");
            for raw in [uri, mime_type].into_iter().flatten() {
                out.push(' ');
                bare(raw, out, budget).await;
            }
            match blob {
                None => out.push_str(" without content]"),
                Some(blob) => measure(None, &blob, out, budget).await,
            }
        }
    }
    Ok(())
}

/// Writes the messages of a prompt. Roles are named when there are several.
async fn write_messages<'a>(
    value: &'a [u8],
    lines: &mut TextLines<'a>,
    budget: &mut Budget,
) -> Read<()> {
    let (mut first, mut mixed) = (None, false);
    let names = ["role", "content"];
    let mut cursor = Cursor::at(value);
    let mut messages = Blocks::of(&mut cursor);
    while let Some((_, members)) = messages.next(&names, budget).await? {
        let Some(role) = message(members)[0].map(plain) else { continue };
        mixed |= first.as_ref().is_some_and(|first| *first != role);
        first.get_or_insert(role);
    }
    let mut cursor = Cursor::at(value);
    let mut messages = Blocks::of(&mut cursor);
    while let Some((raw, members)) = messages.next(&names, budget).await? {
        let [role, content] = message(members);
        if let Some(role) = role.filter(|role| mixed && plain(role) != "user") {
            let out = lines.begin();
            bare(role, out, budget).await;
            out.push_str(": ");
            lines.is_prefix = true;
        }
        write_blocks(&mut Cursor::at(content.unwrap_or(raw)), lines, budget).await?;
        lines.is_prefix = false;
    }
    Ok(())
}

/// Role and content of one message of a prompt. A message without either is a block.
fn message(members: Option<FoundMembers<'_, 2>>) -> FoundMembers<'_, 2> {
    // In bytes. A longer role is not shown.
    const LONGEST: usize = 256;
    let [role, content] = members.unwrap_or_default();
    let role = role.filter(|role| role.starts_with(b"\"") && role.len() <= LONGEST);
    [role, content.or(role.and(Some(&b"null"[..])))]
}

/// The values of a completion, one a line.
async fn write_values<'a>(
    raw: &'a [u8],
    lines: &mut TextLines<'a>,
    budget: &mut Budget,
) -> Read<()> {
    let values = match raw.starts_with(b"{") {
        true => last(raw, &["values"], budget).await?[0],
        false => Some(raw),
    };
    let Some(values) = given(values) else { return Ok(()) };
    let mut cursor = Cursor::at(values);
    let mut all = Blocks::of(&mut cursor);
    while let Some((value, _)) = all.next(&[], budget).await? {
        let mut out = OneLine { out: lines.note(), tabs: false };
        bare(value, &mut out, budget).await;
    }
    Ok(())
}

async fn write_block<'a>(
    raw: &'a [u8],
    members: FoundMembers<'a, 8>,
    lines: &mut TextLines<'a>,
    budget: &mut Budget,
) -> Read<()> {
    let is_text_null = members[1].is_some_and(|text| text == b"null");
    let [kind, text, data, mime_type, name, uri, resource, blob] = members.map(given);
    let data = data.and_then(|data| Blob::new(mime_type, data));
    let kind = match kind_of(kind) {
        BlockType::Missing if text.is_some() => BlockType::Text,
        BlockType::Missing if resource.is_some() || blob.is_some() => BlockType::Resource,
        BlockType::Missing if data.is_some() => match mime_type.map(plain) {
            Some(mime_type) if mime_type.starts_with("audio/") => BlockType::Audio,
            _ => BlockType::Image,
        },
        BlockType::Missing if uri.is_some() => BlockType::Link,
        kind => kind,
    };
    match (kind, text, data, resource) {
        (BlockType::Text, Some(text), ..) => lines.say(text, budget).await,
        // A text that is null is none; one that is not there may be elsewhere.
        (BlockType::Text, None, ..) if is_text_null => {}
        (BlockType::Image | BlockType::Audio, _, Some(data), _) => {
            let out = lines.note();
            out.push_str(if kind == BlockType::Audio { "[audio" } else { "[image" });
            measure(mime_type, &data, out, budget).await;
        }
        (BlockType::Resource, _, _, Some(resource)) if resource.starts_with(b"{") => {
            let names = ["uri", "mimeType", "text", "blob"];
            let [uri, mime_type, text, blob] = last(resource, &names, budget).await?.map(given);
            embedded([uri, mime_type, text, blob], raw, lines, budget).await;
        }
        // Its members stand where it should be.
        (BlockType::Resource, _, _, resource) => {
            let uri = resource.filter(|uri| uri.starts_with(b"\"")).or(uri);
            embedded([uri, mime_type, text, blob], raw, lines, budget).await;
        }
        (BlockType::Link, ..) if name.is_some() || uri.is_some() => {
            note([name, uri], lines.note(), budget).await;
        }
        _ => lines.json(raw, budget).await,
    }
    Ok(())
}

fn kind_of(raw: Option<&[u8]>) -> BlockType {
    // Longer than any of them, each character written as an escape.
    const LONGEST: usize = 100;
    match raw {
        Some(raw) if raw.starts_with(b"\"") && raw != b"\"\"" => {
            let name = if raw.len() <= LONGEST { plain(raw) } else { Cow::Borrowed("") };
            let known = KINDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
            known.map_or(BlockType::Unknown, |(_, kind)| *kind)
        }
        _ => BlockType::Missing,
    }
}

/// A resource sent along, as text or as base64; of one without either its name.
async fn embedded<'a>(
    [uri, mime_type, text, blob]: FoundMembers<'a, 4>,
    block: &[u8],
    lines: &mut TextLines<'a>,
    budget: &mut Budget,
) {
    let blob = blob.and_then(|blob| Blob::new(mime_type, blob));
    match (text, blob, uri) {
        (Some(text), None, _) => lines.say(text, budget).await,
        (Some(text), ..) if text != b"\"\"" => lines.say(text, budget).await,
        (_, Some(blob), _) => {
            let out = lines.note();
            out.push_str("[blob");
            measure(mime_type, &blob, out, budget).await;
        }
        (_, None, Some(_)) => note([uri, mime_type], lines.note(), budget).await,
        _ => lines.json(block, budget).await,
    }
}

async fn note(words: [Option<&[u8]>; 2], out: &mut String, budget: &mut Budget) {
    out.push_str("[resource");
    for word in words.into_iter().flatten() {
        out.push(' ');
        bare(word, out, budget).await;
    }
    out.push(']');
}

/// Type and decoded size of a base64 string, and the closing bracket.
async fn measure(mime_type: Option<&[u8]>, blob: &Blob<'_>, out: &mut String, budget: &mut Budget) {
    if let Some(mime_type) = mime_type.filter(|raw| raw.starts_with(b"\"") && *raw != b"\"\"") {
        out.push(' ');
        bare(mime_type, out, budget).await;
    }
    let bytes = blob.length(budget).await;
    let unit = if bytes == 1 { "byte" } else { "bytes" };
    out.push_str(&format!(" {bytes} {unit}]"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(blocks: &str) -> String {
        text(format!(r#"{{"content":[{blocks}]}}"#).as_bytes())
    }

    #[test]
    fn text_blocks_are_joined_by_newlines() {
        let blocks = r#"{"type":"text","text":"a\tb"},{"type":"text","text":""},
                        {"type":"text","text":"\u00e9"}"#;
        assert_eq!(of(blocks), "a\tb\n\n\u{e9}");
    }

    #[test]
    fn binary_content_is_named_and_measured() {
        assert_eq!(
            of(r#"{"type":"image","mimeType":"image/png","data":"aGVsbG8="}"#),
            "[image image/png 5 bytes]"
        );
        assert_eq!(of(r#"{"type":"audio","data":"aA=="}"#), "[audio 1 byte]");
        assert_eq!(
            of(r#"{"type":"image","mimeType":"image/png","data":"\/\/\/\/"}"#),
            "[image image/png 3 bytes]"
        );
        assert_eq!(
            of(r#"{"type":"resource","resource":{"uri":"f:///x","mimeType":"a/b","blob":"aGk="}}"#),
            "[blob a/b 2 bytes]"
        );
    }

    #[test]
    fn resources_give_their_text_or_their_name() {
        assert_eq!(of(r#"{"type":"resource","resource":{"uri":"u","text":"body"}}"#), "body");
        assert_eq!(
            of(r#"{"type":"resource_link","uri":"f:///x","name":"x"}"#),
            "[resource x f:///x]"
        );
        assert_eq!(of(r#"{"type":"resource_link","uri":"f:///x"}"#), "[resource f:///x]");
    }

    #[test]
    fn structured_content_is_shown_unless_a_text_says_the_same() {
        let structured = r#""structuredContent":{"b":1.50,"a":[true,{}]}"#;
        let with = format!(r#"{{"content":[{{"type":"text","text":"t"}}],{structured}}}"#);
        let shown = "{\n  \"b\": 1.50,\n  \"a\": [\n    true,\n    {}\n  ]\n}";
        assert_eq!(text(with.as_bytes()), format!("t\n{shown}"));
        let empty = with.replace("\"t\"}", "\" \"}");
        assert_eq!(text(empty.as_bytes()), shown);
        let same = with.replace("\"t\"}", r#""{\"a\": [true, {}], \"b\": 1.5}"}"#);
        assert_eq!(text(same.as_bytes()), r#"{"a": [true, {}], "b": 1.5}"#);
        let wrapped =
            r#"{"content":[{"type":"text","text":"hi"}],"structuredContent":{"result":"hi"}}"#;
        assert_eq!(text(wrapped.as_bytes()), "hi");
        let without = format!(r#"{{{structured},"content":[]}}"#);
        assert_eq!(
            text(without.as_bytes()),
            "{\n  \"b\": 1.50,\n  \"a\": [\n    true,\n    {}\n  ]\n}"
        );
        let image = format!(r#"{{"content":[{{"type":"image","data":""}}],{structured}}}"#);
        assert!(text(image.as_bytes()).starts_with("[image 0 bytes]\n{\n"));
        assert_eq!(text(br#"{"content":[],"structuredContent":null}"#), "");
    }

    #[test]
    fn what_is_unknown_or_broken_is_still_shown() {
        assert_eq!(of(r#"{"type":"hologram", "x":"y z"}"#), r#"{"type":"hologram","x":"y z"}"#);
        assert_eq!(of(r#"5,{"type":"text","text":7},{"type":"text","text":"ok"}"#), "5\n7\nok");
        assert_eq!(text(b"{\"content\":7}"), "7");
        assert_eq!(text(br#"{"temperature":1e400}"#), "{\n  \"temperature\": 1e400\n}");
        assert_eq!(text(b"{\"content\":[\xff"), "{\"content\":[\u{fffd}");
        assert_eq!(text(b""), "");
        assert_eq!(text(b"{}"), "");
    }

    #[test]
    fn content_is_read_in_every_packing() {
        let block = r#"{"type":"text","text":"ok"}"#;
        for content in [
            block,
            r#""ok""#,
            r#"["ok"]"#,
            &format!("[[{block}]]"),
            &format!("[null,{block}]"),
            r#"[{"text":"ok"}]"#,
            r#"[{"type":null,"text":"ok"}]"#,
            r#"[{"type":7,"text":"ok"}]"#,
            r#"[{"type":"TEXT","text":"no","text":"ok"}]"#,
            r#"[{"type":"resource","resource":{"text":"ok"}}]"#,
            r#"[{"type":"resource","uri":"a:b","text":"ok"}]"#,
            r#"[{"type":"text","text":"ok","mimeType":7,"annotations":"x","data":[]}]"#,
        ] {
            assert_eq!(text(format!(r#"{{"content":{content}}}"#).as_bytes()), "ok", "{content}");
            let twice = format!(r#"{{"content":5,"content":{content},"_meta":7}}"#);
            assert_eq!(text(twice.as_bytes()), "ok", "{content}");
        }
        for (result, shown) in [
            (format!("[{block}]"), "ok"),
            ("\"ok\"".into(), "ok"),
            ("null".into(), ""),
            ("true".into(), "true"),
            ("1e400".into(), "1e400"),
            (r#"{"content":null}"#.into(), ""),
            (format!(r#"{{"contents":{block}}}"#), "ok"),
            (r#"{"contents":null}"#.into(), ""),
            (r#"{"contents":["ok"]}"#.into(), "ok"),
            (
                r#"{"contents":[{"text":null,"blob":null,"uri":"a:b"}]}"#.into(),
                "[resource a:b without content]",
            ),
            (r#"{"contents":[{"text":"ok","blob":"Zg=="}]}"#.into(), "ok"),
        ] {
            assert_eq!(text(result.as_bytes()), shown, "{result}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_costs_one_character() {
        assert_eq!(of(r#"{"type":"text","text":"a \ud83d b"}"#), "a \u{fffd} b");
        assert_eq!(of(r#"{"type":"text","text":"\udc00\ud83d\ude00"}"#), "\u{fffd}\u{1f600}");
        assert_eq!(of(r#"{"x\ud83d":1,"type":"text","text":"ok"}"#), "ok");
    }

    #[test]
    fn blocks_without_their_data_are_shown_as_they_came() {
        for block in [
            r#"{"type":"image"}"#,
            r#"{"type":"image","data":7,"mimeType":"image/png"}"#,
            r#"{"type":"audio","data":null}"#,
            r#"{"type":"resource"}"#,
            r#"{"type":"resource","resource":[]}"#,
            r#"{"type":"resource","resource":{}}"#,
            r#"{"type":"resource_link"}"#,
            r#"{"type":"text","words":"x"}"#,
            "{}",
        ] {
            assert_eq!(of(block), block);
        }
        assert_eq!(of(r#"{"type":"resource_link","name":"n"}"#), "[resource n]");
        assert_eq!(of(r#"{"type":"resource","resource":"a:b"}"#), "[resource a:b]");
        assert_eq!(of(r#"{"type":"image","mimeType":null,"data":"Zg=="}"#), "[image 1 byte]");
        assert_eq!(of(r#"{"type":"text","text":null}"#), "");
    }

    #[test]
    fn prompts_and_completions_are_read_in_every_packing() {
        let of = |messages: &str| text(format!(r#"{{"messages":{messages}}}"#).as_bytes());
        let user = r#"{"role":"user","content":{"type":"text","text":"a"}}"#;
        for messages in [
            user,
            "\"a\"",
            r#"[{"role":"user","content":"a"}]"#,
            r#"[{"role":7,"content":["a"]}]"#,
            r#"[{"content":[{"text":"a"}]}]"#,
            r#"[{"type":"text","text":"a"}]"#,
        ] {
            assert_eq!(of(messages), "a", "{messages}");
        }
        let both = format!(r#"[{user},null,{{"role":"assistant","content":["b","c"]}}]"#);
        assert_eq!(of(&both), "a\nassistant: b\nc");
        assert_eq!(of(r#"[{"role":"user","content":null}]"#), "");
        let of = |completion: &str| text(format!(r#"{{"completion":{completion}}}"#).as_bytes());
        assert_eq!(of(r#"{"values":["a\nb",7,null]}"#), "a b\n7");
        assert_eq!(of(r#"["a"]"#), "a");
        for none in ["null", "{}", r#"{"values":null}"#, "[]"] {
            assert_eq!(of(none), "", "{none}");
        }
    }

    #[test]
    fn pretty_leaves_strings_and_numbers_alone() {
        assert_eq!(
            pretty(r#"{"a, b":"{\"[","n":1e400}"#),
            "{\n  \"a, b\": \"{\\\"[\",\n  \"n\": 1e400\n}"
        );
        assert_eq!(pretty("[ ]"), "[]");
        assert_eq!(pretty(" 7 "), "7");
        assert_eq!(pretty("\"open"), "\"open");
    }

    #[test]
    fn depth_cannot_make_the_text_explode() {
        let depth = 100_000;
        let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(pretty(&json).len() < depth * 2 * 90);
    }
}
