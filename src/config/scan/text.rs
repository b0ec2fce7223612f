//! Places in a document, and what stands there, for messages.

use std::str::Utf8Error;

use crate::error::{Error, Kind};

pub(super) const NOT_UTF8: &str = "the file is not valid UTF-8";

/// Where a byte stands, counted from 1, columns in characters.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Position {
    line: usize,
    column: usize,
}

impl Position {
    pub(in crate::config) const START: Position = Position { line: 1, column: 1 };

    /// The position behind `text`.
    pub(in crate::config) fn after(self, text: &[u8]) -> Position {
        let (line, column, tail) = match memchr::memrchr(b'\n', text) {
            Some(last) => {
                let lines = memchr::memchr_iter(b'\n', text).count();
                (self.line + lines, 1, &text[last + 1..])
            }
            None => (self.line, self.column, text),
        };
        let characters = tail.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        Position { line, column: column + characters }
    }

    pub(in crate::config) fn error(&self, what: &str) -> Error {
        Error::new(Kind::Invalid, format!("line {} column {}: {what}", self.line, self.column))
    }
}

/// The first character of `text`, as it is named in a message.
///
/// # Errors
/// It is cut, or no character.
pub(super) fn found(text: &[u8]) -> Result<String, Utf8Error> {
    const LONGEST: usize = 4;
    let head = &text[..text.len().min(LONGEST)];
    let head = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(error) if error.valid_up_to() == 0 => return Err(error),
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()])?,
    };
    Ok(match head.chars().next() {
        Some('\n' | '\r') => "a line break".to_owned(),
        Some(c) if c.is_control() => format!("control character {:#04x}", u32::from(c)),
        Some('\'') => "a single quote".to_owned(),
        Some(c) => format!("'{c}'"),
        None => "nothing".to_owned(),
    })
}
