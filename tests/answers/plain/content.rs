//! The text of a tool's result, for people: whole values by serde.
//!
//! Invariants:
//! - every input gives a text: what cannot be understood is shown as JSON;
//! - binary content is measured, never decoded.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::plain::blob;
use crate::plain::pointer::compact;
use crate::plain::schema::{Members, bare, parse, text as string};

/// The readable text of a raw result.
pub fn text(result: &[u8]) -> String {
    said(result, true).unwrap_or_else(|| String::from_utf8_lossy(result).into_owned())
}

/// The same without the structured content; as far as it goes.
pub fn texts(result: &[u8]) -> String {
    said(result, false).unwrap_or_default()
}

fn said(result: &[u8], structured: bool) -> Option<String> {
    let first = result.trim_ascii_start().first().copied();
    if matches!(first, Some(b'[' | b'"')) {
        let raw: &RawValue = serde_json::from_slice(result).ok()?;
        let mut parts = Parts::default();
        blocks(raw).into_iter().for_each(|block| parts.block(block));
        return Some(parts.join());
    }
    let text = std::str::from_utf8(result).ok()?;
    if text.trim().is_empty() || text.trim().starts_with('n') {
        return Some(String::new());
    }
    let result: &RawValue = serde_json::from_str(text).ok()?;
    let members: Members<'_> = parse(result)?;
    let get = |name| members.get(name).filter(|raw| raw.get() != "null");
    const CONTENT: [&str; 5] =
        ["content", "contents", "messages", "completion", "structuredContent"];
    let known = ["isError", "resultType", "_meta"];
    let is_known = |name: &str| CONTENT.contains(&name) || known.contains(&name);
    if CONTENT.iter().all(|name| members.get(name).is_none())
        && members.0.iter().any(|(name, _)| !is_known(name))
    {
        return Some(pretty(result.get()));
    }
    let mut parts = Parts::default();
    get("content").into_iter().flat_map(blocks).for_each(|block| parts.block(block));
    get("contents").into_iter().flat_map(blocks).for_each(|part| parts.content(part));
    if let Some(messages) = get("messages") {
        parts.messages(&blocks(messages));
    }
    if let Some(completion) = get("completion") {
        let values = match parse::<Members<'_>>(completion) {
            Some(completion) => completion.get("values"),
            None => Some(completion),
        };
        for value in values.into_iter().flat_map(blocks) {
            parts.note(bare(value).replace(['\n', '\r'], " "));
        }
    }
    if let Some(data) = get("structuredContent").filter(|_| structured) {
        parts.structured(data);
    }
    Some(parts.join())
}

/// The blocks of a value: those of a list and of lists in it, but null.
pub fn blocks(raw: &RawValue) -> Vec<&RawValue> {
    fn of<'a>(raw: &'a RawValue, depth: usize, all: &mut Vec<&'a RawValue>) {
        match parse::<Vec<&RawValue>>(raw).filter(|_| depth < 8) {
            Some(list) => list.into_iter().for_each(|raw| of(raw, depth + 1, all)),
            None if raw.get() == "null" => {}
            None => all.push(raw),
        }
    }
    let mut all = Vec::new();
    of(raw, 0, &mut all);
    all
}

#[derive(Default)]
struct Parts<'a> {
    lines: Vec<String>,
    texts: Vec<&'a RawValue>,
    has_words: bool,
    has_notes: bool,
}

impl<'a> Parts<'a> {
    fn join(self) -> String {
        self.lines.join("\n")
    }

    fn note(&mut self, line: String) {
        self.has_notes = true;
        self.lines.push(line);
    }

    fn say(&mut self, raw: &'a RawValue) {
        let words = bare(raw).into_owned();
        self.has_words |= !words.trim().is_empty();
        if raw.get().starts_with('"') {
            self.texts.push(raw);
        }
        self.lines.push(words);
    }

    fn block(&mut self, raw: &'a RawValue) {
        let Some(block) = parse::<Members<'a>>(raw) else { return self.say(raw) };
        let get = |name| block.get(name).filter(|raw| raw.get() != "null");
        let mime = get("mimeType");
        let data = get("data").filter(|data| data.get().starts_with('"'));
        let named = get("type").and_then(string).filter(|name| !name.is_empty());
        let kind = match named.map(|name| name.to_ascii_lowercase()) {
            Some(kind) => kind,
            None if get("text").is_some() => "text".into(),
            None if get("resource").is_some() || get("blob").is_some() => "resource".into(),
            None if data.is_some() => {
                let audio = mime.is_some_and(|mime| bare(mime).starts_with("audio/"));
                if audio { "audio".into() } else { "image".into() }
            }
            None if get("uri").is_some() => "resource_link".into(),
            None => String::new(),
        };
        match &*kind {
            "text" => match (get("text"), block.get("text")) {
                (Some(text), _) => self.say(text),
                (None, Some(_)) => {}
                (None, None) => self.note(compact(raw.get())),
            },
            "image" | "audio" if data.is_some() => self.note(measured(&kind, mime, data)),
            "resource" => match get("resource") {
                Some(inner) if inner.get().starts_with('{') => {
                    let inner: Members<'a> = parse(inner).unwrap_or_default();
                    self.embedded(&inner, inner.get("uri"), raw);
                }
                other => {
                    let uri = other.filter(|uri| uri.get().starts_with('"'));
                    self.embedded(&block, uri.or(get("uri")), raw);
                }
            },
            "resource_link" if get("name").is_some() || get("uri").is_some() => {
                self.note(named_by([get("name"), get("uri")]));
            }
            _ => self.note(compact(raw.get())),
        }
    }

    fn embedded(&mut self, of: &Members<'a>, uri: Option<&'a RawValue>, block: &RawValue) {
        let get = |name| of.get(name).filter(|raw| raw.get() != "null");
        let blob = get("blob").filter(|blob| blob.get().starts_with('"'));
        let uri = uri.filter(|raw| raw.get() != "null");
        match (get("text"), blob, uri) {
            (Some(text), blob, _) if blob.is_none() || text.get() != "\"\"" => self.say(text),
            (_, Some(_), _) => self.note(measured("blob", get("mimeType"), blob)),
            (_, None, Some(_)) => self.note(named_by([uri, get("mimeType")])),
            _ => self.note(compact(block.get())),
        }
    }

    fn content(&mut self, raw: &'a RawValue) {
        let Some(part) = parse::<Members<'a>>(raw) else { return self.say(raw) };
        let get = |name| part.get(name).filter(|raw| raw.get() != "null");
        let blob = get("blob").filter(|blob| blob.get().starts_with('"'));
        match get("text") {
            Some(text) if blob.is_none() || text.get() != "\"\"" => return self.say(text),
            _ => {}
        }
        let words = [get("uri"), get("mimeType")].into_iter().flatten();
        let words: String = words.map(|word| format!(" {}", bare(word))).collect();
        match blob {
            Some(_) => self.note(measured(&format!("resource{words}"), None, blob)),
            None if words.is_empty() => self.note(compact(raw.get())),
            None => self.note(format!("[resource{words} without content]")),
        }
    }

    /// Who speaks is only worth a word when several do.
    fn messages(&mut self, messages: &[&'a RawValue]) {
        let read = |raw: &&'a RawValue| {
            let message = parse::<Members<'a>>(raw).unwrap_or_default();
            let role = message
                .get("role")
                .filter(|role| role.get().starts_with('"') && role.get().len() <= 256);
            (role.map(bare), message.get("content"))
        };
        let roles: Vec<_> = messages.iter().filter_map(|raw| read(raw).0).collect();
        let mixed = roles.iter().any(|role| *role != roles[0]);
        for raw in messages {
            let (role, content) = read(raw);
            let before = self.lines.len();
            match (content, &role) {
                (Some(content), _) => blocks(content).into_iter().for_each(|b| self.block(b)),
                (None, None) => self.block(raw),
                (None, Some(_)) => {}
            }
            if let Some(role) = role.filter(|role| mixed && role != "user") {
                match self.lines.get_mut(before) {
                    Some(line) => line.insert_str(0, &format!("{role}: ")),
                    None => self.lines.push(format!("{role}: ")),
                }
            }
        }
    }

    fn structured(&mut self, data: &RawValue) {
        if self.has_words && repeats(data, &self.texts) {
            return;
        }
        if !self.has_words && !self.has_notes {
            self.lines.clear();
        }
        self.note(match data.get().starts_with('"') {
            true => bare(data).into_owned(),
            false => pretty(data.get()),
        });
    }
}

fn repeats(data: &RawValue, texts: &[&RawValue]) -> bool {
    let inner = parse::<Members<'_>>(data).filter(|all| all.0.len() == 1).map(|all| all.0[0].1);
    let Some(all) = Value::of(data) else { return false };
    let inner_value = inner.map(Value::of);
    if inner_value == Some(None) {
        return false;
    }
    let inner_value = inner_value.flatten();
    let json = |text: &RawValue| {
        let words = bare(text);
        serde_json::from_str::<&RawValue>(words.trim()).ok().and_then(Value::of)
    };
    let is_said = |json: &Value| *json == all || Some(json) == inner_value.as_ref();
    if texts.iter().filter_map(|text| json(text)).any(|json| is_said(&json)) {
        return true;
    }
    if let ([text], Some(inner)) = (texts, inner.filter(|raw| raw.get().starts_with('"'))) {
        return bare(text) == bare(inner);
    }
    let list = parse::<Vec<&RawValue>>(inner.unwrap_or(data));
    list.is_some_and(|list| {
        list.len() == texts.len()
            && list.iter().zip(texts).all(|(element, text)| {
                let element = Value::of(element);
                element.is_some() && (json(text) == element || Value::of(text) == element)
            })
    })
}

/// A value, as far as blanks, escapes and the order of members do not matter.
#[derive(Debug, PartialEq)]
enum Value {
    Word(String),
    Text(String),
    List(Vec<Value>),
    Object(BTreeMap<String, Vec<Value>>),
}

impl Value {
    fn of(raw: &RawValue) -> Option<Value> {
        Value::at(raw, 0)
    }

    fn at(raw: &RawValue, depth: usize) -> Option<Value> {
        let json = raw.get();
        if json.starts_with(['{', '[']) && depth == 24 {
            return None;
        }
        if let Some(members) = parse::<Members<'_>>(raw) {
            let mut object: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for (name, value) in members.0 {
                object.entry(name.into_owned()).or_default().push(Value::at(value, depth + 1)?);
            }
            return Some(Value::Object(object));
        }
        if let Some(list) = parse::<Vec<&RawValue>>(raw) {
            let list = list.into_iter().map(|raw| Value::at(raw, depth + 1));
            return Some(Value::List(list.collect::<Option<_>>()?));
        }
        if let Some(text) = string(raw) {
            return Some(Value::Text(text.into_owned()));
        }
        Some(Value::Word(match json.parse::<f64>() {
            Ok(number) if number.is_finite() && number.abs() < 9e15 => format!("{}", number + 0.0),
            _ => json.to_owned(),
        }))
    }
}

fn named_by(words: [Option<&RawValue>; 2]) -> String {
    let words = words.into_iter().flatten().map(|word| format!(" {}", bare(word)));
    format!("[resource{}]", words.collect::<String>())
}

fn measured(kind: &str, mime: Option<&RawValue>, data: Option<&RawValue>) -> String {
    let bytes = data.map_or(0, |data| blob::Blob::of(None, data).map_or(0, |b| b.decode().len()));
    let unit = if bytes == 1 { "byte" } else { "bytes" };
    let mime = mime.filter(|mime| mime.get().starts_with('"')).map(bare).unwrap_or_default();
    let blank = if mime.is_empty() { "" } else { " " };
    format!("[{kind}{blank}{mime} {bytes} {unit}]")
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

fn new_line(out: &mut String, depth: usize) {
    // What lies deeper has no lines of its own.
    const DEEPEST: usize = 16;
    if depth <= DEEPEST {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
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
