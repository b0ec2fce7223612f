//! A resumable JSON scanner that lifts `mcpServers` out of a file of any size.
//!
//! `~/.claude.json` grows to tens of megabytes of history, and tmux must not
//! stutter while it is read. So the driver feeds the scanner a chunk per
//! dispatch; the scanner checks the whole document's syntax on the way but
//! keeps nothing of it except the one value that matters. What that value means
//! is the business of [`parse_servers`](super::parse_servers).
//!
//! Invariants:
//! - the result, and the place and wording of a syntax error, do not depend on
//!   where the document was split;
//! - memory is the captured value plus one bit per open bracket; nothing recurses;
//! - the first error is final: every later call repeats it.

mod captured;
mod text;

use std::fmt;

pub use self::captured::other_format;
pub use self::captured::{Captured, Key};
use self::captured::{foreign_key, plain_json};
use self::text::{Fault, Position, plain_run, unexpected};
use crate::error::{Error, Kind, Result};

/// The key under which Claude Code keeps what it knows of each project.
const PROJECTS: &str = "projects";

/// Raw bytes of a key worth comparing: every character of it may be written as a
/// six-byte escape.
const KEY_LIMIT: usize = Key::LONGEST * 6;

/// The same for the path of a project, as long as the system allows.
const PATH_LIMIT: usize = 4096 * 6;

/// The largest value that is kept, some thousand servers: it is taken apart in
/// one go.
const CAPTURE_LIMIT: usize = 1 << 20;

/// All values of a file that are kept.
const ALL_LIMIT: usize = 8 << 20;

/// Walks one JSON document, chunk by chunk, and keeps the values of a few keys.
/// Comments, and a comma before a closing bracket, are read over.
pub struct Scanner {
    state: State,
    /// Where a comment is left to.
    resume: State,
    nesting: Nesting,
    role: Role,
    key: Vec<u8>,
    /// The key at the top that the walk is below, if it is one of interest.
    top: Top,
    /// The project that the walk is in.
    project: Option<Box<str>>,
    /// The value that comes next is kept, or is being kept.
    wanted: Option<Key>,
    capturing: Option<(Key, usize)>,
    kept: Captured,
    kept_bytes: usize,
    /// Something that JSON does not have was read over.
    relaxed: bool,
    current: Vec<u8>,
    limit: usize,
    /// The head of a character whose tail lies in the next chunk.
    partial: [u8; 4],
    partial_len: usize,
    started: bool,
    position: Position,
    failed: Option<Error>,
}

impl Scanner {
    /// A scanner at the start of a document.
    pub fn new() -> Scanner {
        Scanner {
            state: State::Start,
            resume: State::Start,
            nesting: Nesting::default(),
            role: Role::Value,
            key: Vec::with_capacity(KEY_LIMIT),
            top: Top::Other,
            project: None,
            wanted: None,
            capturing: None,
            kept: Captured::default(),
            kept_bytes: 0,
            relaxed: false,
            current: Vec::new(),
            limit: CAPTURE_LIMIT,
            partial: [0; 4],
            partial_len: 0,
            started: false,
            position: Position::START,
            failed: None,
        }
    }

    /// Takes the next bytes of the document, split anywhere.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with a sentence that starts with line and column.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.consume(chunk).inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Ends the document and hands out the raw values of the keys that matter,
    /// the last one when a key stood there several times.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the document was not over.
    pub fn finish(mut self) -> Result<Captured> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.partial_len > 0 {
            return Err(self.position.error(NOT_UTF8));
        }
        if matches!(self.state, State::LineComment) {
            self.state = self.resume;
        }
        match self.state {
            State::End => {
                if self.relaxed {
                    for value in self.kept.values.values_mut() {
                        *value = plain_json(value);
                    }
                }
                Ok(self.kept)
            }
            State::Start => Err(Error::new(Kind::Invalid, "the file is empty")),
            State::String | State::Escape | State::Hex(_) => {
                Err(self.position.error("the file ends inside a string"))
            }
            State::Slash | State::BlockComment | State::BlockStar => {
                Err(self.position.error("the file ends inside a comment"))
            }
            _ => Err(self.position.error(match self.nesting.innermost() {
                Some(Bracket::Array) => "the file ends before ']'",
                _ => "the file ends before '}'",
            })),
        }
    }

    fn consume(&mut self, mut chunk: &[u8]) -> Result<()> {
        // Only whole characters are scanned, so that a broken one is reported
        // alike however the document was split.
        while self.partial_len > 0 {
            let Some((&byte, rest)) = chunk.split_first() else { return Ok(()) };
            chunk = rest;
            self.partial[self.partial_len] = byte;
            self.partial_len += 1;
            let bytes = self.partial;
            match std::str::from_utf8(&bytes[..self.partial_len]) {
                Ok(text) => {
                    self.partial_len = 0;
                    self.scan(text)?;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(self.position.error(NOT_UTF8)),
            }
        }
        match std::str::from_utf8(chunk) {
            Ok(text) => self.scan(text),
            Err(error) => {
                let (good, rest) = chunk.split_at(error.valid_up_to());
                // Cannot fail on the part just found valid; the fallback only
                // spares an unwrap.
                self.scan(std::str::from_utf8(good).unwrap_or_default())?;
                if error.error_len().is_some() {
                    return Err(self.position.error(NOT_UTF8));
                }
                self.partial[..rest.len()].copy_from_slice(rest);
                self.partial_len = rest.len();
                Ok(())
            }
        }
    }

    fn scan(&mut self, mut text: &str) -> Result<()> {
        if !self.started && !text.is_empty() {
            self.started = true;
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        if let Err(fault) = self.walk(text) {
            self.position.advance(&text[..fault.at]);
            return Err(self.position.error(&fault.what));
        }
        self.position.advance(text);
        Ok(())
    }

    fn walk(&mut self, text: &str) -> std::result::Result<(), Fault> {
        let bytes = text.as_bytes();
        let mut from = 0;
        let mut i = 0;
        while i < bytes.len() {
            match self.state {
                State::String => {
                    let run = plain_run(&bytes[i..]);
                    self.remember_key(&bytes[i..i + run]);
                    i += run;
                    match bytes.get(i) {
                        None => break,
                        Some(b'"') if self.role == Role::Value => {
                            self.end_value(bytes, from, i + 1)?;
                        }
                        Some(b'"') => {
                            self.end_key();
                            self.state = State::Colon;
                        }
                        Some(b'\\') => {
                            self.remember_key(b"\\");
                            self.state = State::Escape;
                        }
                        Some(_) => return Err(unexpected(text, i, "the end of the string")),
                    }
                    i += 1;
                }
                State::Escape | State::Hex(_) => {
                    self.state = match (self.state, bytes[i]) {
                        (State::Escape, b'u') => State::Hex(4),
                        (State::Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            State::String
                        }
                        (State::Hex(1), b) if b.is_ascii_hexdigit() => State::String,
                        (State::Hex(n), b) if b.is_ascii_hexdigit() => State::Hex(n - 1),
                        _ => return Err(unexpected(text, i, "an escape such as \\n or \\u0000")),
                    };
                    self.remember_key(&bytes[i..=i]);
                    i += 1;
                }
                State::Literal(rest) => {
                    // Never empty: the last byte leaves this state.
                    if rest.first() != Some(&bytes[i]) {
                        return Err(unexpected(text, i, "true, false or null"));
                    }
                    i += 1;
                    if rest.len() > 1 {
                        self.state = State::Literal(&rest[1..]);
                    } else {
                        self.end_value(bytes, from, i)?;
                    }
                }
                State::Number(number) => match number.next(bytes[i]) {
                    Some(next) => {
                        self.state = State::Number(next);
                        i += 1;
                    }
                    None if number.complete() => self.end_value(bytes, from, i)?,
                    None => return Err(unexpected(text, i, "a digit")),
                },
                State::Slash => {
                    self.state = match bytes[i] {
                        b'/' => State::LineComment,
                        b'*' => State::BlockComment,
                        _ => return Err(unexpected(text, i, "a comment after '/'")),
                    };
                    self.relaxed = true;
                    i += 1;
                }
                State::LineComment => {
                    let Some(end) = memchr::memchr(b'\n', &bytes[i..]) else { break };
                    self.state = self.resume;
                    i += end;
                }
                State::BlockComment => {
                    let Some(star) = memchr::memchr(b'*', &bytes[i..]) else { break };
                    self.state = State::BlockStar;
                    i += star + 1;
                }
                State::BlockStar => {
                    self.state = match bytes[i] {
                        b'/' => self.resume,
                        b'*' => State::BlockStar,
                        _ => State::BlockComment,
                    };
                    i += 1;
                }
                _ => {
                    while matches!(bytes.get(i), Some(b' ' | b'\n' | b'\r' | b'\t')) {
                        i += 1;
                    }
                    if i == bytes.len() {
                        break;
                    }
                    if bytes[i] == b'/' {
                        self.resume = self.state;
                        self.state = State::Slash;
                        i += 1;
                        continue;
                    }
                    self.structure(text, i, &mut from)?;
                    i += 1;
                }
            }
        }
        self.keep(bytes, from, bytes.len())
    }

    /// Takes the byte at `i`, which stands outside strings, numbers and literals.
    fn structure(
        &mut self,
        text: &str,
        i: usize,
        from: &mut usize,
    ) -> std::result::Result<(), Fault> {
        let bytes = text.as_bytes();
        match (self.state, bytes[i]) {
            (State::Start, b'{') => self.open(Bracket::Object),
            (State::Start, _) => return Err(unexpected(text, i, "'{'")),
            (State::Colon, b':') => {
                self.state = State::Value;
                if let Some(key) = self.wanted.take() {
                    self.capturing = Some((key, self.nesting.depth));
                    // The value itself starts later; white space in front of it is harmless.
                    *from = i + 1;
                    self.current.clear();
                }
            }
            (State::Colon, _) => return Err(unexpected(text, i, "':' after the key")),
            (State::FirstKey | State::Key, b'"') => {
                self.role = match (self.nesting.depth, &self.top) {
                    (1, _) => Role::TopKey,
                    (2, Top::Projects) => Role::Path,
                    (3, Top::Projects) => Role::ProjectKey,
                    (2, Top::Named(_)) => Role::Field,
                    _ => Role::Key,
                };
                self.key.clear();
                self.state = State::String;
            }
            (State::FirstKey, b'}') | (State::FirstElement, b']') => {
                self.close(bytes, *from, i + 1)?;
            }
            (State::Key, b'}') | (State::Element, b']') => {
                self.relaxed = true;
                self.close(bytes, *from, i + 1)?;
            }
            (State::FirstKey, _) => return Err(unexpected(text, i, "a key or '}'")),
            (State::Key, _) => return Err(unexpected(text, i, "a key after the comma")),
            (State::Value | State::FirstElement | State::Element, byte) => match byte {
                b'{' => self.open(Bracket::Object),
                b'[' => self.open(Bracket::Array),
                b'"' => {
                    self.role = Role::Value;
                    self.state = State::String;
                }
                b't' => self.state = State::Literal(b"rue"),
                b'f' => self.state = State::Literal(b"alse"),
                b'n' => self.state = State::Literal(b"ull"),
                b'-' => self.state = State::Number(Number::Minus),
                b'0' => self.state = State::Number(Number::Zero),
                b'1'..=b'9' => self.state = State::Number(Number::Whole),
                _ => return Err(unexpected(text, i, "a value")),
            },
            (State::After, byte) => match (self.nesting.innermost(), byte) {
                (Some(Bracket::Object), b',') => self.state = State::Key,
                (Some(Bracket::Array), b',') => self.state = State::Element,
                (Some(Bracket::Object), b'}') | (Some(Bracket::Array), b']') => {
                    self.close(bytes, *from, i + 1)?;
                }
                (Some(Bracket::Array), _) => return Err(unexpected(text, i, "',' or ']'")),
                _ => return Err(unexpected(text, i, "',' or '}'")),
            },
            _ => return Err(unexpected(text, i, "the end of the file")),
        }
        Ok(())
    }

    fn open(&mut self, bracket: Bracket) {
        self.nesting.push(bracket);
        self.state = match bracket {
            Bracket::Object => State::FirstKey,
            Bracket::Array => State::FirstElement,
        };
    }

    fn close(&mut self, bytes: &[u8], from: usize, end: usize) -> std::result::Result<(), Fault> {
        self.nesting.pop();
        self.end_value(bytes, from, end)
    }

    fn end_value(
        &mut self,
        bytes: &[u8],
        from: usize,
        end: usize,
    ) -> std::result::Result<(), Fault> {
        if let Some((key, depth)) = self.capturing.filter(|(_, depth)| *depth == self.nesting.depth)
        {
            self.keep(bytes, from, end)?;
            self.capturing = None;
            // Each project has a handful of these, nearly all of them empty.
            let value = std::mem::take(&mut self.current);
            let slot = (self.project.clone().filter(|_| depth == 3), key);
            let replaced =
                if slot.0.is_some() && matches!(value.trim_ascii(), b"{}" | b"[]" | b"false") {
                    self.kept.values.remove(&slot)
                } else {
                    self.kept_bytes += value.len();
                    self.kept.values.insert(slot, value)
                };
            self.kept_bytes -= replaced.map_or(0, |value| value.len());
        }
        self.state = if self.nesting.depth == 0 { State::End } else { State::After };
        Ok(())
    }

    fn end_key(&mut self) {
        if self.role == Role::Key {
            return;
        }
        let name = if self.key.contains(&b'\\') {
            let quoted = [b"\"", self.key.as_slice(), b"\""].concat();
            serde_json::from_slice::<String>(&quoted).unwrap_or_default()
        } else {
            String::from_utf8_lossy(&self.key).into_owned()
        };
        match self.role {
            Role::TopKey => {
                self.wanted = Key::of(&name);
                if self.kept.foreign.is_none() {
                    self.kept.foreign = foreign_key(&name);
                }
                self.top = match &*name {
                    PROJECTS => Top::Projects,
                    _ if self.wanted.is_some() => Top::Other,
                    _ => Top::Named(name),
                };
            }
            Role::Path => self.project = Some(name.into_boxed_str()),
            Role::ProjectKey => self.wanted = Key::of(&name),
            // An entry that stands where `mcpServers` should.
            Role::Field if name == "command" && self.kept.foreign.is_none() => {
                if let Top::Named(entry) = &self.top {
                    let entry = entry.escape_debug().take(60).collect::<String>();
                    self.kept.foreign = Some(format!(
                        "it has '{entry}' at the top: entries belong into \"mcpServers\": {{}}"
                    ));
                }
            }
            Role::Field | Role::Key | Role::Value => {}
        }
    }

    fn remember_key(&mut self, raw: &[u8]) {
        let limit = match self.role {
            Role::Value | Role::Key => return,
            Role::Path => PATH_LIMIT,
            Role::TopKey | Role::ProjectKey | Role::Field => KEY_LIMIT,
        };
        // One byte over the limit is enough to tell a longer key apart.
        let room = (limit + 1).saturating_sub(self.key.len());
        self.key.extend_from_slice(&raw[..raw.len().min(room)]);
    }

    fn keep(&mut self, bytes: &[u8], from: usize, end: usize) -> std::result::Result<(), Fault> {
        let Some((key, _)) = self.capturing else { return Ok(()) };
        let room = self.limit.saturating_sub(self.current.len());
        if end - from > room {
            let mut at = from + room;
            while bytes[at] & 0xc0 == 0x80 {
                at -= 1;
            }
            let what = format!("'{}' is larger than {} MiB", key.name(), self.limit >> 20);
            return Err(Fault { at, what });
        }
        if self.kept_bytes + self.current.len() + (end - from) > ALL_LIMIT {
            let what =
                format!("the servers of all projects are larger than {} MiB", ALL_LIMIT >> 20);
            return Err(Fault { at: from, what });
        }
        self.current.extend_from_slice(&bytes[from..end]);
        Ok(())
    }
}

impl Default for Scanner {
    fn default() -> Scanner {
        Scanner::new()
    }
}

impl fmt::Debug for Scanner {
    /// Shows the place only: what was captured holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("position", &self.position)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

const NOT_UTF8: &str = "the file is not valid UTF-8";

/// What may come next.
#[derive(Clone, Copy)]
enum State {
    Start,
    Value,
    FirstElement,
    /// After the comma of an array.
    Element,
    FirstKey,
    Key,
    Colon,
    After,
    String,
    Escape,
    /// Hexadecimal digits still missing.
    Hex(u8),
    /// Bytes of the literal still missing.
    Literal(&'static [u8]),
    Number(Number),
    /// After the first slash of a comment.
    Slash,
    LineComment,
    BlockComment,
    /// After a star in a comment.
    BlockStar,
    End,
}

/// What the walk is below.
enum Top {
    Projects,
    /// A key that may be an entry in the wrong place.
    Named(String),
    Other,
}

/// What the string being read is.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Value,
    Key,
    TopKey,
    /// A key of the value of one at the top.
    Field,
    /// The path of a project.
    Path,
    /// A key of a project.
    ProjectKey,
}

/// How far a number has come in the grammar of RFC 8259 section 6.
#[derive(Clone, Copy)]
enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    fn next(self, byte: u8) -> Option<Number> {
        Some(match (self, byte) {
            (Number::Minus, b'0') => Number::Zero,
            (Number::Minus, b'1'..=b'9') | (Number::Whole, b'0'..=b'9') => Number::Whole,
            (Number::Zero | Number::Whole, b'.') => Number::Point,
            (Number::Point | Number::Fraction, b'0'..=b'9') => Number::Fraction,
            (Number::Zero | Number::Whole | Number::Fraction, b'e' | b'E') => Number::Exponent,
            (Number::Exponent, b'+' | b'-') => Number::Sign,
            (Number::Exponent | Number::Sign | Number::Power, b'0'..=b'9') => Number::Power,
            _ => return None,
        })
    }

    fn complete(self) -> bool {
        matches!(self, Number::Zero | Number::Whole | Number::Fraction | Number::Power)
    }
}

#[derive(Clone, Copy)]
enum Bracket {
    Object,
    Array,
}

/// The open brackets, a bit each: a document of nothing but brackets costs an
/// eighth of its size.
#[derive(Default)]
struct Nesting {
    words: Vec<u64>,
    depth: usize,
}

impl Nesting {
    fn push(&mut self, bracket: Bracket) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.words.len() {
            self.words.push(0);
        }
        match bracket {
            Bracket::Object => self.words[word] |= 1 << bit,
            Bracket::Array => self.words[word] &= !(1 << bit),
        }
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
    }

    fn innermost(&self) -> Option<Bracket> {
        let last = self.depth.checked_sub(1)?;
        let object = self.words[last / 64] >> (last % 64) & 1 == 1;
        Some(if object { Bracket::Object } else { Bracket::Array })
    }
}

#[cfg(test)]
mod tests;
