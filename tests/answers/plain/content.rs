//! The text of a tool's result, for people.
//!
//! Separate from the messages because nothing on the loop needs it: a result
//! stays bytes until somebody wants to read it, and then one pass over those
//! bytes writes the text, one content block in memory at a time.
//!
//! Invariants:
//! - every input gives a text: what cannot be read is shown as it came;
//! - binary content is measured, never decoded.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The readable text of a raw result: of a tool call its text blocks joined by
/// newlines, a note in brackets for whatever is no text, and the structured
/// content only when there is no text block; of a resource its contents, of a
/// prompt its messages, of a completion one value a line.
pub fn text(result: &[u8]) -> String {
    let mut reader = serde_json::Deserializer::from_slice(result);
    match reader.deserialize_map(ResultVisitor) {
        Ok(parts) => parts.join(),
        Err(_) => String::from_utf8_lossy(result).into_owned(),
    }
}

/// `json` with line breaks and indentation, its strings and numbers untouched.
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let mut depth = 0_usize;
    let mut rest = json.trim();
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' => {
                let end = string_end(rest);
                out.push_str(&rest[..end]);
                end
            }
            '{' | '[' => {
                out.push(first);
                let inside = rest[1..].trim_start();
                if inside.starts_with(['}', ']']) {
                    out.push_str(&inside[..1]);
                    rest.len() - inside.len() + 1
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                    1
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(first);
                1
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
                1
            }
            ':' => {
                out.push_str(": ");
                1
            }
            white if white.is_whitespace() => white.len_utf8(),
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

/// What one pass over a result found.
#[derive(Default)]
struct Parts<'a> {
    text: Option<String>,
    has_text: bool,
    structured: Option<&'a RawValue>,
}

impl Parts<'_> {
    fn join(self) -> String {
        let mut text = self.text;
        if let (false, Some(structured)) = (self.has_text, self.structured) {
            push_line(&mut text, &pretty(structured.get()));
        }
        text.unwrap_or_default()
    }
}

struct ResultVisitor;

impl<'de> Visitor<'de> for ResultVisitor {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the result of a tool call")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "content" => map.next_value_seed(Blocks(&mut parts))?,
                "contents" => {
                    for raw in map.next_value::<Vec<&'de RawValue>>()? {
                        match serde_json::from_str::<Resource<'de>>(raw.get()) {
                            Ok(resource) => resource.write(&mut parts),
                            Err(_) => push_line(&mut parts.text, UNREADABLE),
                        }
                    }
                }
                "messages" => write_messages(map.next_value()?, &mut parts),
                "completion" => {
                    let completion = map.next_value::<&'de RawValue>()?;
                    let values = serde_json::from_str::<Completion<'de>>(completion.get());
                    for value in values.map(|found| found.values).unwrap_or_default() {
                        push_line(&mut parts.text, &value.replace(['\n', '\r'], " "));
                    }
                    parts.has_text = true;
                }
                "structuredContent" => {
                    // null means the same as leaving it out.
                    let raw = map.next_value::<&'de RawValue>()?;
                    parts.structured = (raw.get() != "null").then_some(raw);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(parts)
    }
}

/// Writes each block of `content` as it is read.
struct Blocks<'p, 'a>(&'p mut Parts<'a>);

impl<'de> DeserializeSeed<'de> for Blocks<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Blocks<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of content blocks")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut blocks: A) -> Result<(), A::Error> {
        while let Some(raw) = blocks.next_element::<&'de RawValue>()? {
            match serde_json::from_str::<Block<'de>>(raw.get()) {
                Ok(block) => block.write(self.0),
                Err(_) => push_line(&mut self.0.text, UNREADABLE),
            }
        }
        Ok(())
    }
}

/// Any content block; which fields matter is a question of its type.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(rename = "mimeType", borrow)]
    mime_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource: Option<Resource<'a>>,
}

/// One message of a prompt.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: &'a RawValue,
}

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    values: Vec<Cow<'a, str>>,
}

/// A resource sent along, as text or as base64.
#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    uri: Option<Cow<'a, str>>,
    #[serde(rename = "mimeType", borrow)]
    mime_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    blob: Option<&'a RawValue>,
}

const UNREADABLE: &str = "[content that cannot be read]";

/// Who speaks is only worth a word when several do.
fn write_messages(raw: Vec<&RawValue>, parts: &mut Parts<'_>) {
    let messages: Vec<Option<Message<'_>>> =
        raw.iter().map(|raw| serde_json::from_str(raw.get()).ok()).collect();
    let mut roles = messages.iter().flatten().map(|message| &*message.role);
    let first = roles.next();
    let mixed = roles.any(|role| Some(role) != first);
    for message in messages {
        let mut said = Parts::default();
        let block = message.as_ref().map(|message| (message, message.content.get()));
        match block.and_then(|(message, raw)| Some((message, serde_json::from_str(raw).ok()?))) {
            None => push_line(&mut parts.text, UNREADABLE),
            Some((message, block)) => {
                Block::write(&block, &mut said);
                let text = said.text.unwrap_or_default();
                match mixed && message.role != "user" {
                    true => push_line(&mut parts.text, &format!("{}: {text}", message.role)),
                    false => push_line(&mut parts.text, &text),
                }
            }
        }
    }
    parts.has_text = true;
}

impl Resource<'_> {
    /// As part of what `resources/read` gave.
    fn write(&self, parts: &mut Parts<'_>) {
        parts.has_text = true;
        let words = match (&self.text, self.blob) {
            (Some(text), _) => return push_line(&mut parts.text, text),
            (None, blob) => [self.uri.as_deref(), self.mime_type.as_deref()]
                .into_iter()
                .flatten()
                .chain(blob.is_none().then_some("without content")),
        };
        let words = words.collect::<Vec<_>>().join(" ");
        let kind = if words.is_empty() { words } else { format!(" {words}") };
        let line = match self.blob {
            Some(blob) => measured(&format!("resource{kind}"), None, Some(blob)),
            None => format!("[resource{kind}]"),
        };
        push_line(&mut parts.text, &line);
    }
}

impl Block<'_> {
    fn write(&self, parts: &mut Parts<'_>) {
        let line = match (self.kind.as_ref(), &self.resource) {
            ("text", _) => {
                parts.has_text = true;
                return push_line(&mut parts.text, self.text.as_deref().unwrap_or_default());
            }
            ("resource", Some(Resource { text: Some(text), .. })) => {
                parts.has_text = true;
                return push_line(&mut parts.text, text);
            }
            ("resource", Some(Resource { blob: Some(blob), mime_type, .. })) => {
                measured("blob", mime_type.as_deref(), Some(blob))
            }
            ("resource", Some(resource)) => note("resource", [&resource.uri, &None]),
            ("resource_link", _) => note("resource", [&self.name, &self.uri]),
            (kind @ ("image" | "audio"), _) => measured(kind, self.mime_type.as_deref(), self.data),
            (kind, _) => note(kind, [&self.name, &self.uri]),
        };
        push_line(&mut parts.text, &line);
    }
}

fn note(kind: &str, words: [&Option<Cow<'_, str>>; 2]) -> String {
    let mut note = format!("[{kind}");
    for word in words.into_iter().flatten() {
        note.push(' ');
        note.push_str(word);
    }
    note.push(']');
    note
}

fn measured(kind: &str, mime_type: Option<&str>, data: Option<&RawValue>) -> String {
    let bytes = data.map_or(0, decoded_len);
    let unit = if bytes == 1 { "byte" } else { "bytes" };
    match mime_type {
        Some(mime_type) => format!("[{kind} {mime_type} {bytes} {unit}]"),
        None => format!("[{kind} {bytes} {unit}]"),
    }
}

/// How many bytes a base64 string stands for.
fn decoded_len(base64: &RawValue) -> usize {
    // "\/" is the only escape that base64 in JSON may hold: one character.
    let sextets = base64
        .get()
        .bytes()
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'))
        .count();
    sextets / 4 * 3 + sextets % 4 * 3 / 4
}

fn push_line(text: &mut Option<String>, line: &str) {
    match text {
        Some(text) => {
            text.push('\n');
            text.push_str(line);
        }
        None => *text = Some(line.to_owned()),
    }
}

fn new_line(out: &mut String, depth: usize) {
    // Indentation beyond this serves nobody and would grow with the square of
    // a hostile depth.
    const DEEPEST: usize = 40;
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

/// Where the string that `json` starts with ends.
fn string_end(json: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}
