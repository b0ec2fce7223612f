//! The text under the scanner: places in it, complaints about it, and the quick
//! way over the inside of a string.

use crate::error::{Error, Kind};

/// Where the next byte stands, counted from 1, columns in characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    line: usize,
    column: usize,
}

impl Position {
    pub(super) const START: Position = Position { line: 1, column: 1 };

    pub(super) fn advance(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let tail = match memchr::memrchr(b'\n', bytes) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', bytes).count();
                self.column = 1;
                &text[last + 1..]
            }
            None => text,
        };
        self.column += tail.chars().count();
    }

    pub(super) fn error(&self, what: &str) -> Error {
        Error::new(Kind::Invalid, format!("line {} column {}: {what}", self.line, self.column))
    }
}

/// What is wrong, and at which byte of the text being walked.
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) what: String,
}

pub(super) fn unexpected(text: &str, at: usize, expected: &str) -> Fault {
    let found = match text[at..].chars().next() {
        Some('\n' | '\r') => "a line break".to_owned(),
        Some(c) if c.is_control() => format!("control character {:#04x}", u32::from(c)),
        Some('\'') => "a single quote".to_owned(),
        Some(c) => format!("'{c}'"),
        None => "nothing".to_owned(),
    };
    Fault { at, what: format!("expected {expected}, found {found}") }
}

/// How many bytes at the front of `bytes` are plain inside a string: no quote,
/// no backslash, no control character.
///
/// Eight bytes at a time rather than memchr, which cannot look for a range: a
/// forgotten closing quote is to be reported on its own line.
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const SPACES: u64 = u64::from_ne_bytes([0x20; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);

    let words = bytes.chunks_exact(8);
    let tail = words.remainder();
    for (i, word) in words.enumerate() {
        let Ok(word) = word.try_into() else { break };
        let word = u64::from_le_bytes(word);
        let quote = word ^ QUOTES;
        let backslash = word ^ BACKSLASHES;
        // A borrow can only mark bytes behind the first true mark, so the
        // lowest one is exact.
        let marks = ((word.wrapping_sub(SPACES) & !word)
            | (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash))
            & HIGH;
        if marks != 0 {
            return i * 8 + (marks.trailing_zeros() / 8) as usize;
        }
    }
    let plain = |&b: &u8| b >= 0x20 && b != b'"' && b != b'\\';
    bytes.len() - tail.len() + tail.iter().position(|b| !plain(b)).unwrap_or(tail.len())
}
