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

mod text;

use std::fmt;

use self::text::{Fault, Position, plain_run, unexpected};
use crate::error::{Error, Kind, Result};

/// The key whose value is kept.
const WANTED: &str = "mcpServers";

/// Raw bytes of a key worth comparing: every character of [`WANTED`] may be
/// written as a six-byte escape.
const KEY_LIMIT: usize = WANTED.len() * 6;

/// The largest `mcpServers` that is kept, some thousand servers: it is taken apart
/// in one go.
const CAPTURE_LIMIT: usize = 1 << 20;

/// Walks one JSON document, chunk by chunk, and keeps its `mcpServers`.
pub struct Scanner {
    state: State,
    nesting: Nesting,
    role: Role,
    key: Vec<u8>,
    wanted: bool,
    capturing: bool,
    captured: Option<Vec<u8>>,
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
            nesting: Nesting::default(),
            role: Role::Value,
            key: Vec::with_capacity(KEY_LIMIT),
            wanted: false,
            capturing: false,
            captured: None,
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

    /// Ends the document and hands out the raw value of the top-level key
    /// `mcpServers`, the last one when there are several.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the document was not over.
    pub fn finish(self) -> Result<Option<Vec<u8>>> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.partial_len > 0 {
            return Err(self.position.error(NOT_UTF8));
        }
        match self.state {
            State::End => Ok(self.captured),
            State::Start => Err(Error::new(Kind::Invalid, "the file is empty")),
            State::String | State::Escape | State::Hex(_) => {
                Err(self.position.error("the file ends inside a string"))
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
                _ => {
                    while matches!(bytes.get(i), Some(b' ' | b'\n' | b'\r' | b'\t')) {
                        i += 1;
                    }
                    if i == bytes.len() {
                        break;
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
                if self.wanted {
                    self.wanted = false;
                    self.capturing = true;
                    // The value itself starts later; white space in front of it is harmless.
                    *from = i + 1;
                    self.captured.get_or_insert_default().clear();
                }
            }
            (State::Colon, _) => return Err(unexpected(text, i, "':' after the key")),
            (State::FirstKey | State::Key, b'"') => {
                let top = self.nesting.depth == 1;
                self.role = if top { Role::TopKey } else { Role::Key };
                self.key.clear();
                self.state = State::String;
            }
            (State::FirstKey, b'}') | (State::FirstElement, b']') => {
                self.close(bytes, *from, i + 1)?;
            }
            (State::FirstKey, _) => return Err(unexpected(text, i, "a key or '}'")),
            (State::Key, _) => return Err(unexpected(text, i, "a key after the comma")),
            (State::Value | State::FirstElement, byte) => match byte {
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
                (Some(Bracket::Array), b',') => self.state = State::Value,
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
        if self.nesting.depth == 1 && self.capturing {
            self.keep(bytes, from, end)?;
            self.capturing = false;
        }
        self.state = if self.nesting.depth == 0 { State::End } else { State::After };
        Ok(())
    }

    fn end_key(&mut self) {
        if self.role != Role::TopKey {
            return;
        }
        self.wanted = if self.key.contains(&b'\\') {
            let quoted = [b"\"", self.key.as_slice(), b"\""].concat();
            serde_json::from_slice::<String>(&quoted).is_ok_and(|key| key == WANTED)
        } else {
            self.key == WANTED.as_bytes()
        };
    }

    fn remember_key(&mut self, raw: &[u8]) {
        if self.role == Role::TopKey {
            // One byte over the limit is enough to tell a longer key apart.
            let room = (KEY_LIMIT + 1).saturating_sub(self.key.len());
            self.key.extend_from_slice(&raw[..raw.len().min(room)]);
        }
    }

    fn keep(&mut self, bytes: &[u8], from: usize, end: usize) -> std::result::Result<(), Fault> {
        if !self.capturing {
            return Ok(());
        }
        let captured = self.captured.get_or_insert_default();
        if end - from > self.limit - captured.len() {
            let mut at = from + self.limit - captured.len();
            while bytes[at] & 0xc0 == 0x80 {
                at -= 1;
            }
            return Err(Fault {
                at,
                what: format!("'{WANTED}' is larger than {} MiB", self.limit >> 20),
            });
        }
        captured.extend_from_slice(&bytes[from..end]);
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
    End,
}

/// What the string being read is.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Value,
    Key,
    TopKey,
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
