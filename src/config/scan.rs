//! `mcpServers` lifted out of a file of any size.
//!
//! `~/.claude.json` grows to tens of megabytes of history, and tmux must not
//! stutter while it is read. So the driver feeds the scanner a chunk per
//! dispatch; the scanner checks the whole document's syntax on the way but
//! keeps only the values of a few keys. Their meaning is the business of
//! [`parse_servers`](super::parse_servers).
//!
//! Invariants:
//! - the result, and the place and wording of a syntax error, do not depend on
//!   where the document was split;
//! - memory is the captured value, one chunk and one bit per open bracket; nothing
//!   recurses;
//! - the first error is final: every later call repeats it.

mod captured;
pub(super) mod text;

use std::fmt;

use self::captured::foreign_key;
pub use self::captured::other_format;
pub(super) use self::captured::plain_json;
pub use self::captured::{Captured, Key};
use self::text::{NOT_UTF8, Position, found};
use crate::error::{Error, Kind, Result};
use crate::json::{Budget, Dialect, NotJson, Step, Token, Tokenizer, unescape};

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

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads one JSON document, chunk by chunk, and keeps the values of a few keys.
/// Comments, and a comma before a closing bracket, are read over.
pub struct DocumentScanner {
    tokenizer: Tokenizer,
    /// The last bytes that were fed, from the start of the unfinished key or kept value.
    window: Vec<u8>,
    /// Where the window begins in the document.
    position: Position,
    is_started: bool,
    /// The key that is going on is longer than any of interest.
    is_long_key: bool,
    /// The key at the top that the tokenizer is below, if it is one of interest.
    top: Top,
    /// The project that the tokenizer is in.
    project: Option<Box<str>>,
    /// The value that comes next is kept.
    wanted: Option<Key>,
    capturing: Option<Capture>,
    kept: Captured,
    kept_bytes: usize,
    limit: usize,
    /// Keys of other clients are kept as well.
    is_import: bool,
    failed: Option<Error>,
}

/// A value that is going on and is kept.
#[derive(Clone, Copy)]
struct Capture {
    key: Key,
    /// Brackets that are open around it.
    depth: usize,
    /// Where it begins in the window.
    start: usize,
}

impl DocumentScanner {
    /// A scanner at the start of a document.
    pub fn new() -> DocumentScanner {
        DocumentScanner {
            tokenizer: Tokenizer::of_object(Dialect::Jsonc),
            window: Vec::new(),
            position: Position::START,
            is_started: false,
            is_long_key: false,
            top: Top::Other,
            project: None,
            wanted: None,
            capturing: None,
            kept: Captured::default(),
            kept_bytes: 0,
            limit: CAPTURE_LIMIT,
            is_import: false,
            failed: None,
        }
    }

    /// A scanner that keeps the servers of other clients as well, at the top of the file.
    pub fn of_any_client() -> DocumentScanner {
        DocumentScanner { is_import: true, ..DocumentScanner::new() }
    }

    /// Takes the next bytes of the document, split anywhere.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with a sentence that starts with line and column.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<()> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.window.extend_from_slice(chunk);
        self.read().inspect_err(|error| self.failed = Some(error.clone()))
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
        let rest = &self.window[self.tokenizer.at()..];
        let is_string = matches!(self.tokenizer.unfinished(), Some(Token::Key | Token::Text));
        let is_cut = is_string && rest.first().is_some_and(|byte| *byte >= 0x80);
        if is_cut || self.tokenizer.error().is_some() || !self.is_started && !rest.is_empty() {
            return Err(self.error_at(self.error_offset(), NOT_UTF8));
        }
        let what = match self.tokenizer.finish() {
            Ok(_) => {
                if self.tokenizer.is_relaxed() {
                    for value in self.kept.values.values_mut() {
                        *value = plain_json(value);
                    }
                }
                return Ok(self.kept);
            }
            _ if is_string => "the file ends inside a string",
            _ => match self.tokenizer.error().map(|error| error.expected) {
                Some("a comment after '/'" | "the end of the comment") => {
                    "the file ends inside a comment"
                }
                _ if self.tokenizer.nesting().depth() == 0 => {
                    return Err(Error::new(Kind::Invalid, "the file is empty"));
                }
                _ if self.tokenizer.nesting().in_object() => "the file ends before '}'",
                _ => "the file ends before ']'",
            },
        };
        Err(self.error_at(self.window.len(), what))
    }

    fn read(&mut self) -> Result<()> {
        if !self.is_started {
            if self.window.len() < 3 && BYTE_ORDER_MARK.starts_with(&self.window) {
                return Ok(());
            }
            self.is_started = true;
            if self.window.starts_with(BYTE_ORDER_MARK) {
                self.window.drain(..BYTE_ORDER_MARK.len());
            }
        }
        let mut budget = Budget::unlimited();
        while self.tokenizer.error().is_none() {
            let step = match self.tokenizer.is_done() {
                false => self.tokenizer.next(&self.window, &mut budget),
                true => self.tokenizer.trailing(&self.window, &mut budget),
            };
            match step {
                Ok(Step::Token(token)) => self.token(token)?,
                Ok(Step::NeedInput) => {
                    self.check_limit(self.tokenizer.at())?;
                    self.shorten_window();
                    return Ok(());
                }
                Ok(Step::OutOfBudget | Step::End) | Err(NotJson) => {}
            }
        }
        self.syntax_error()
    }

    /// The first byte that does not fit.
    fn error_offset(&self) -> usize {
        self.tokenizer.error().map_or(self.tokenizer.at(), |error| error.at)
    }

    /// Names the character where the document stops being JSON, once it is complete.
    fn syntax_error(&self) -> Result<()> {
        let Some(error) = self.tokenizer.error() else { return Ok(()) };
        self.check_limit(error.at)?;
        let found = match found(&self.window[error.at..]) {
            Ok(found) => found,
            Err(cut) if cut.error_len().is_none() => return Ok(()),
            Err(_) => return Err(self.error_at(error.at, NOT_UTF8)),
        };
        let expected = match error.expected {
            "the end" => "the end of the file",
            expected => expected,
        };
        Err(self.error_at(error.at, &format!("expected {expected}, found {found}")))
    }

    fn error_at(&self, offset: usize, what: &str) -> Error {
        self.position.after(&self.window[..offset]).error(what)
    }

    fn token(&mut self, token: Token) -> Result<()> {
        let is_long_key = std::mem::take(&mut self.is_long_key);
        let depth = self.tokenizer.nesting().depth();
        let (start, end) = (self.tokenizer.start(), self.tokenizer.end());
        if token == Token::Key {
            if self.capturing.is_none() {
                self.key(depth, if is_long_key { None } else { Some(start..end) });
            }
            return Ok(());
        }
        let is_start = matches!(token, Token::ObjectStart | Token::ListStart);
        if let Some(key) = self.wanted.take() {
            let depth = depth - usize::from(is_start);
            self.capturing = Some(Capture { key, depth, start });
        }
        match self.capturing {
            Some(capture) if capture.depth == depth && !is_start => self.keep(capture, end),
            _ => Ok(()),
        }
    }

    /// Keeps the value that ends at `end`.
    fn keep(&mut self, Capture { key, depth, start }: Capture, end: usize) -> Result<()> {
        self.check_limit(end)?;
        self.capturing = None;
        let value = self.window[start..end].to_vec();
        // Each project has a handful of these, nearly all of them empty.
        let slot = (self.project.clone().filter(|_| depth == 3), key);
        let replaced = if slot.0.is_some() && matches!(&*value, b"{}" | b"[]" | b"false") {
            self.kept.values.remove(&slot)
        } else {
            self.kept_bytes += value.len();
            self.kept.values.insert(slot, value)
        };
        self.kept_bytes -= replaced.map_or(0, |value| value.len());
        Ok(())
    }

    fn key(&mut self, depth: usize, place: Option<std::ops::Range<usize>>) {
        let role = match (depth, &self.top) {
            (1, _) => Role::Top,
            (2, Top::Projects) => Role::Path,
            (3, Top::Projects) => Role::Project,
            (2, Top::Named(_)) => Role::Field,
            _ => return,
        };
        let limit = if role == Role::Path { PATH_LIMIT } else { KEY_LIMIT };
        let name = place.filter(|place| place.len() <= limit + 2);
        let name = unescape(name.map_or(&b""[..], |place| &self.window[place])).into_owned();
        match role {
            Role::Top => {
                self.wanted = if self.is_import { Key::of_client(&name) } else { Key::of(&name) };
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
            Role::Project => self.wanted = Key::of(&name),
            // An entry that stands where `mcpServers` should.
            Role::Field if name == "command" && self.kept.foreign.is_none() => {
                if let Top::Named(entry) = &self.top {
                    let entry = entry.escape_debug().take(60).collect::<String>();
                    self.kept.foreign = Some(format!(
                        "it has '{entry}' at the top: entries belong into \"mcpServers\": {{}}"
                    ));
                }
            }
            Role::Field => {}
        }
    }

    /// Where the value begins that is kept, or will be when it has ended.
    fn capture(&self) -> Option<(Key, usize)> {
        let coming = || self.wanted.filter(|_| self.tokenizer.unfinished().is_some());
        let begun = self.capturing.map(|capture| (capture.key, capture.start));
        begun.or_else(|| coming().map(|key| (key, self.tokenizer.start())))
    }

    /// Refuses a value that is kept and goes beyond the limit before `end`.
    fn check_limit(&self, end: usize) -> Result<()> {
        let Some((key, start)) = self.capture() else { return Ok(()) };
        let limit = self.limit;
        if end - start > limit {
            let mut at = start + limit;
            while self.window[at] & 0xc0 == 0x80 {
                at -= 1;
            }
            let what = format!("'{}' is larger than {} MiB", key.name(), limit >> 20);
            return Err(self.error_at(at, &what));
        }
        if self.kept_bytes + (end - start) > ALL_LIMIT {
            let what =
                format!("the servers of all projects are larger than {} MiB", ALL_LIMIT >> 20);
            return Err(self.error_at(start, &what));
        }
        Ok(())
    }

    /// Drops the bytes read, but for the unfinished key or kept value.
    fn shorten_window(&mut self) {
        let at = self.tokenizer.at();
        let mut used = self.capture().map_or(at, |(_, start)| start);
        if self.tokenizer.unfinished() == Some(Token::Key) && self.capturing.is_none() {
            self.is_long_key |= at - self.tokenizer.start() > PATH_LIMIT + 2;
            if !self.is_long_key {
                used = self.tokenizer.start();
            }
        }
        self.position = self.position.after(&self.window[..used]);
        self.window.drain(..used);
        self.tokenizer.rebase(used);
        if let Some(capture) = &mut self.capturing {
            capture.start -= used;
        }
    }
}

impl Default for DocumentScanner {
    fn default() -> DocumentScanner {
        DocumentScanner::new()
    }
}

impl fmt::Debug for DocumentScanner {
    /// Shows the place only: what was captured holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("position", &self.position)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// The key at the top that the tokenizer is below.
enum Top {
    Projects,
    /// A key that may be an entry in the wrong place.
    Named(String),
    Other,
}

/// The role of a key.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// A key of the document.
    Top,
    /// A key of the value of one at the top.
    Field,
    /// The path of a project.
    Path,
    /// A key of a project.
    Project,
}

#[cfg(test)]
mod tests;
