//! Entries put into the text of our own file, whose other bytes stay as they are.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde_json::Value;

use crate::config::scan::plain_json;
use crate::config::scan::text::Position;
use crate::error::{Error, Kind, Result};
use crate::json::pretty::laid_out;
use crate::json::{Budget, Dialect, Step, Token, Tokenizer, unescape, with_whole_pairs};

/// The largest file that is changed, because it is read in one go: some milliseconds.
pub const LIMIT: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const SERVERS: &str = "mcpServers";

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeOutcome {
    /// There was none of this name.
    Added,
    /// It stands in the place of another.
    Replaced,
    /// It was there already.
    Same,
    /// There is another of this name, which stays.
    Differs,
}

/// An object in the text.
#[derive(Debug, Default)]
struct Object {
    /// Between the brackets.
    inside: Range<usize>,
    /// Where its first key begins, and its last value ends.
    first: Option<usize>,
    last: Option<usize>,
}

/// The text of our own file, and what is to be changed in it.
pub struct Overlay {
    text: Vec<u8>,
    top: Object,
    /// The value of `mcpServers`, if it is an object.
    servers: Option<Object>,
    /// The value of `mcpServers`, if it is `null`.
    null: Option<Range<usize>>,
    entries: BTreeMap<String, Range<usize>>,
    replaced: BTreeMap<usize, (Range<usize>, String)>,
    added: Vec<(String, String)>,
}

impl Overlay {
    /// Reads the text of our file. One that does not exist is empty.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when it cannot be changed safely.
    pub fn new(mut text: Vec<u8>) -> Result<Overlay> {
        if text.len() > LIMIT {
            let what = format!("it is larger than {} MiB", LIMIT >> 20);
            return Err(Error::new(Kind::Invalid, what));
        }
        let mark = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        if text[mark..].trim_ascii().is_empty() {
            text.truncate(mark);
            text.extend_from_slice(b"{\n}\n");
        }
        let mut overlay = Overlay {
            text,
            top: Object::default(),
            servers: None,
            null: None,
            entries: BTreeMap::new(),
            replaced: BTreeMap::new(),
            added: Vec::new(),
        };
        overlay.read(mark)?;
        Ok(overlay)
    }

    /// Finds the entries.
    fn read(&mut self, mark: usize) -> Result<()> {
        let text = &self.text[mark..];
        let mut tokenizer = Tokenizer::of_object(Dialect::Jsonc);
        let mut budget = Budget::unlimited();
        let mut key = String::new();
        let mut name = String::new();
        let mut begin = 0;
        loop {
            let step = match tokenizer.is_done() {
                false => tokenizer.next(text, &mut budget),
                true => tokenizer.trailing(text, &mut budget),
            };
            let token = match step {
                Ok(Step::Token(token)) => token,
                Ok(Step::OutOfBudget) => continue,
                Ok(Step::NeedInput | Step::End) | Err(_) => break,
            };
            let (start, end) = (mark + tokenizer.start(), mark + tokenizer.end());
            let is_end = matches!(token, Token::ObjectEnd | Token::ListEnd);
            let is_start = matches!(token, Token::ObjectStart | Token::ListStart);
            // The depth of the value or key, not of what is in it.
            let depth = tokenizer.nesting().depth() - usize::from(is_start);
            match (token, depth) {
                (Token::Key, 1) => {
                    self.top.first.get_or_insert(start);
                    key = unescape(&self.text[start..end]).into_owned();
                }
                (Token::Key, 2) if key == SERVERS => {
                    if let Some(servers) = &mut self.servers {
                        servers.first.get_or_insert(start);
                    }
                    name = unescape(&self.text[start..end]).into_owned();
                }
                (Token::ObjectStart, 0) => self.top.inside.start = end,
                (Token::ObjectEnd, 0) => self.top.inside.end = start,
                (Token::ObjectStart, 1) if key == SERVERS => {
                    // Of two objects of this name the last counts.
                    self.entries.clear();
                    self.null = None;
                    self.servers = Some(Object { inside: end..end, ..Object::default() });
                }
                (Token::ObjectEnd, 1) if key == SERVERS => {
                    if let Some(servers) = &mut self.servers {
                        servers.inside.end = start;
                    }
                    self.top.last = Some(end);
                }
                (Token::Null, 1) if key == SERVERS => {
                    self.servers = None;
                    self.null = Some(start..end);
                    self.top.last = Some(end);
                }
                (_, 1) if key == SERVERS => {
                    return Err(Error::new(Kind::Invalid, "'mcpServers' must be an object"));
                }
                (_, 1) if !is_start => self.top.last = Some(end),
                (_, 2) if key == SERVERS => {
                    if !is_end {
                        begin = start;
                    }
                    if !is_start {
                        self.entries.insert(name.clone(), begin..end);
                        if let Some(servers) = &mut self.servers {
                            servers.last = Some(end);
                        }
                    }
                }
                _ => {}
            }
        }
        match tokenizer.error() {
            None if tokenizer.finish().is_ok() => Ok(()),
            error => {
                let at = error.map_or(text.len(), |error| error.at.min(text.len()));
                Err(Position::START.after(&text[..at]).error("it cannot be read"))
            }
        }
    }

    /// Puts an entry in, or says why not.
    pub fn put(&mut self, name: &str, json: &str, may_replace: bool) -> MergeOutcome {
        let Some(place) = self.entries.get(name).cloned() else {
            self.added.push((name.to_owned(), json.to_owned()));
            return MergeOutcome::Added;
        };
        let old = plain_json(&self.text[place.clone()]);
        let old: Option<Value> = serde_json::from_slice(&with_whole_pairs(&old)).ok();
        if old.is_some() && old == serde_json::from_str(json).ok() {
            return MergeOutcome::Same;
        }
        if !may_replace {
            return MergeOutcome::Differs;
        }
        let indent = self.indent_at(place.start).unwrap_or_default();
        let text = indented(json, &indent);
        self.replaced.insert(place.start, (place, text));
        MergeOutcome::Replaced
    }

    /// Whether the text is another now.
    pub fn is_changed(&self) -> bool {
        !self.added.is_empty() || !self.replaced.is_empty()
    }

    /// The text with the entries.
    pub fn finish(self) -> Vec<u8> {
        let mut edits = self.replaced.clone();
        let mut edit = |place: Range<usize>, text: String| {
            edits.insert(place.start, (place, text));
        };
        if !self.added.is_empty() {
            let outer = self.members_indent(&self.top).unwrap_or_else(|| "  ".to_owned());
            let in_servers = self.servers.as_ref();
            let inner = in_servers.and_then(|servers| self.members_indent(servers));
            let inner = inner.unwrap_or_else(|| format!("{outer}{outer}"));
            let member = |(name, json): &(String, String)| {
                format!("\n{inner}{}: {}", Value::from(name.as_str()), indented(json, &inner))
            };
            let members: Vec<String> = self.added.iter().map(member).collect();
            let members = members.join(",");
            let whole = || format!("{{{members}\n{outer}}}");
            let object = in_servers.unwrap_or(&self.top);
            if let Some(null) = &self.null {
                edit(null.clone(), whole());
            } else {
                let (text, behind) = match in_servers {
                    Some(_) => (members.clone(), outer.as_str()),
                    None => (format!("\n{outer}\"{SERVERS}\": {}", whole()), ""),
                };
                let close = object.inside.end;
                let tail_start = object.last.unwrap_or(object.inside.start);
                let tail = &self.text[tail_start..close];
                // Behind a comment, too.
                let at = tail_start + tail.trim_ascii_end().len();
                let has_break = self.text[at..close].contains(&b'\n');
                let text = if has_break { text } else { format!("{text}\n{behind}") };
                match object.last {
                    Some(last) if !has_comma(tail) && last < at => {
                        edit(last..last, ",".to_owned());
                        edit(at..at, text);
                    }
                    // The edit of the last value may begin elsewhere, but never here.
                    Some(last) if !has_comma(tail) => edit(last..last, format!(",{text}")),
                    _ => edit(at..at, text),
                }
            }
        }
        let mut out = Vec::with_capacity(self.text.len() + 4096);
        let mut at = 0;
        for (place, text) in edits.into_values() {
            out.extend_from_slice(&self.text[at..place.start]);
            out.extend_from_slice(text.as_bytes());
            at = place.end;
        }
        out.extend_from_slice(&self.text[at..]);
        out
    }

    /// The blanks before the first member, if it has a line of its own.
    fn members_indent(&self, object: &Object) -> Option<String> {
        let first = object.first?;
        let line = self.text[..first].rsplit(|byte| *byte == b'\n').next()?;
        let is_blank = line.len() < first && line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        is_blank.then(|| String::from_utf8_lossy(line).into_owned())
    }

    /// The blanks at the beginning of the line of `at`.
    fn indent_at(&self, at: usize) -> Option<String> {
        let line = self.text[..at].rsplit(|byte| *byte == b'\n').next()?;
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        Some(String::from_utf8_lossy(&line[..blanks]).into_owned())
    }
}

impl fmt::Debug for Overlay {
    /// Without the text, which holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("added", &self.added.len()).finish_non_exhaustive()
    }
}

fn indented(json: &str, indent: &str) -> String {
    laid_out(json).replace('\n', &format!("\n{indent}"))
}

/// Whether there is a comma among the blanks and comments behind the last value.
fn has_comma(tail: &[u8]) -> bool {
    let mut rest = tail;
    while let Some((first, after)) = rest.split_first() {
        let skip = match (first, after.first()) {
            (b',', _) => return true,
            (b'/', Some(b'/')) => rest.iter().position(|byte| *byte == b'\n'),
            (b'/', Some(b'*')) => rest[2..].windows(2).position(|two| two == b"*/").map(|n| n + 4),
            _ => Some(1),
        };
        rest = skip.and_then(|skip| rest.get(skip..)).unwrap_or_default();
    }
    false
}
