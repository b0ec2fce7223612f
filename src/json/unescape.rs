//! The text that a JSON string stands for.
//!
//! Half of a surrogate pair becomes U+FFFD: the rest of the string is worth more
//! than a refusal, and no other reader of this crate decides otherwise.

use std::borrow::Cow;

use crate::json::budget::Budget;
use crate::json::plain_run::{BLOCK, plain_run};

/// Bytes of one piece at most.
const PIECE: usize = 8 << 10;

/// Reads the inside of a string that the tokenizer has accepted, piece by piece.
#[derive(Debug)]
pub struct Unescape<'a> {
    rest: &'a [u8],
    near: bool,
}

/// A part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A run that stands for itself, in the bytes of the string.
    Run(&'a str),
    /// The character of an escape.
    Char(char),
}

impl<'a> Unescape<'a> {
    /// Reads `quoted`, a string with its quotes.
    pub fn new(quoted: &'a [u8]) -> Unescape<'a> {
        let inside = quoted.strip_prefix(b"\"").unwrap_or(quoted);
        let inside = inside.strip_suffix(b"\"").unwrap_or(inside);
        Unescape { rest: inside, near: false }
    }

    /// The next piece, at most 8 KiB long.
    pub fn piece(&mut self) -> Option<Piece<'a>> {
        let first = *self.rest.first()?;
        if first == b'\\' {
            let (character, length) = escaped(self.rest);
            self.rest = &self.rest[length..];
            self.near = true;
            return Some(Piece::Char(character));
        }
        let reach = &self.rest[..self.rest.len().min(PIECE)];
        let mut length = plain_run(reach, true, self.near);
        self.near = length < BLOCK;
        if length == reach.len() && length < self.rest.len() {
            // A character has at most three bytes after its first.
            length -= (0..4).find(|back| is_boundary(self.rest, length - back)).unwrap_or(0);
        }
        // A byte that no string contains stands for itself: the tokenizer was not asked.
        let (run, rest) = self.rest.split_at(length.max(1));
        self.rest = rest;
        Some(std::str::from_utf8(run).map_or(Piece::Char('\u{fffd}'), Piece::Run))
    }

    /// Appends pieces to `out` until the string ends (true) or the budget (false).
    pub fn read_into(&mut self, out: &mut String, budget: &mut Budget) -> bool {
        while !budget.is_spent() {
            match self.piece() {
                None => return true,
                Some(Piece::Run(run)) => {
                    out.push_str(run);
                    budget.charge(run.len() / 4 + 2);
                }
                Some(Piece::Char(character)) => {
                    out.push(character);
                    budget.charge(4);
                }
            }
        }
        self.rest.is_empty()
    }
}

/// The text of `quoted`, borrowed when there is no escape in it. Of unbounded
/// strings only the short ones should be read this way, in one go.
pub fn unescape(quoted: &[u8]) -> Cow<'_, str> {
    let inside = quoted.strip_prefix(b"\"").and_then(|inside| inside.strip_suffix(b"\""));
    if let Some(inside) = inside.filter(|inside| !inside.contains(&b'\\')) {
        return String::from_utf8_lossy(inside);
    }
    let mut text = String::with_capacity(quoted.len());
    Unescape::new(quoted).read_into(&mut text, &mut Budget::unlimited());
    Cow::Owned(text)
}

fn is_boundary(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80)
}

/// The character of the escape that `text` begins with, and the length in bytes of
/// what it takes.
fn escaped(text: &[u8]) -> (char, usize) {
    const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;
    match text.get(1) {
        Some(b'n') => ('\n', 2),
        Some(b't') => ('\t', 2),
        Some(b'r') => ('\r', 2),
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(byte @ (b'"' | b'\\' | b'/')) => (char::from(*byte), 2),
        Some(b'u') => {
            let Some(first) = code_unit(text, 2) else { return (REPLACEMENT, 2) };
            if let Some(character) = char::from_u32(first) {
                return (character, 6);
            }
            let second = code_unit(text, 8).filter(|_| text.get(6..8) == Some(b"\\u"));
            match second {
                Some(second @ 0xdc00..0xe000) if first < 0xdc00 => {
                    let both = 0x10000 + ((first & 0x3ff) << 10 | second & 0x3ff);
                    (char::from_u32(both).unwrap_or(REPLACEMENT), 12)
                }
                _ => (REPLACEMENT, 6),
            }
        }
        _ => (REPLACEMENT, 1),
    }
}

/// The four hexadecimal digits at `at`.
fn code_unit(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |unit, byte| Some(unit << 4 | char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_serde_json_says() {
        for quoted in [
            r#""""#,
            r#""plain""#,
            r#""a\nb\tc\r\b\f\"\\\/d""#,
            r#""\u00e9\u20ac\ud83d\ude00 é€😀""#,
            r#""\u0000""#,
        ] {
            let wanted: String = serde_json::from_str(quoted).unwrap();
            assert_eq!(unescape(quoted.as_bytes()), wanted, "{quoted}");
            let mut text = String::new();
            let mut all = Unescape::new(quoted.as_bytes());
            while !all.read_into(&mut text, &mut Budget::new(1)) {}
            assert_eq!(text, wanted, "{quoted}");
        }
    }

    #[test]
    fn half_a_pair_becomes_the_replacement_character() {
        for (quoted, wanted) in [
            (r#""page title \ud83d end""#, "page title \u{fffd} end"),
            (r#""\ude00""#, "\u{fffd}"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83d""#, "\u{fffd}"),
        ] {
            assert_eq!(unescape(quoted.as_bytes()), wanted, "{quoted}");
        }
    }

    #[test]
    fn no_piece_cuts_a_character() {
        for before in 0..5 {
            let text = format!("{}{}", "x".repeat(before), "é€😀".repeat(3000));
            let quoted = format!("\"{text}\"");
            let (mut all, mut read) = (Unescape::new(quoted.as_bytes()), String::new());
            while let Some(piece) = all.piece() {
                match piece {
                    Piece::Run(run) => read.push_str(run),
                    Piece::Char(character) => panic!("no escape is in it: {character:?}"),
                }
            }
            assert_eq!(read, text);
        }
    }
}
