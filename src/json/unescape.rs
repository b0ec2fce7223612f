//! The text that a JSON string stands for.
//!
//! Half of a surrogate pair becomes U+FFFD: the rest of the string is worth more
//! than a refusal, and no other reader of this crate decides otherwise.

use std::borrow::Cow;

use crate::json::budget::Budget;

/// Bytes of text that are taken together.
pub(super) const PIECE: usize = 8 << 10;
/// Bytes of a string that are unescaped together. No escape is shorter than the
/// character it stands for, but for a broken one.
const BUFFER: usize = 1 << 10;
/// Bytes that are copied together.
const BLOCK: usize = 32;

/// Takes text as it is read.
pub trait Sink: Send {
    /// Eighths of a nanosecond that a byte costs.
    const COST: usize = 2;

    /// Takes the next part of the text.
    fn push(&mut self, text: &str);

    /// The same of bytes that the tokenizer has found to be UTF-8. For sinks that need no
    /// `str`, so that they are not checked again.
    fn push_bytes(&mut self, text: &[u8]) {
        self.push(&utf8(text));
    }
}

impl Sink for String {
    #[inline]
    fn push(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Sink for Vec<u8> {
    fn push(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn push_bytes(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }
}

/// Reads the inside of a string that the tokenizer has accepted.
#[derive(Debug)]
pub struct Unescape<'a> {
    rest: &'a [u8],
}

impl<'a> Unescape<'a> {
    /// Reads `quoted`, a string with its quotes.
    pub fn new(quoted: &'a [u8]) -> Unescape<'a> {
        let inside = quoted.strip_prefix(b"\"").unwrap_or(quoted);
        Unescape::inside(inside.strip_suffix(b"\"").unwrap_or(inside))
    }

    /// Reads the bytes between the quotes of a string.
    pub(crate) fn inside(inside: &'a [u8]) -> Unescape<'a> {
        Unescape { rest: inside }
    }

    /// Gives text to `sink` until the string ends (true) or the budget (false).
    pub fn read_into<S: Sink>(&mut self, sink: &mut S, budget: &mut Budget) -> bool {
        let mut buffer = [0; BUFFER + BLOCK];
        while !self.rest.is_empty() && !budget.is_spent() {
            let length = boundary(self.rest, 0, BUFFER);
            let (used, written) = unescape_piece(self.rest, length, &mut buffer);
            sink.push_bytes(&buffer[..written]);
            // Each escape makes the text shorter.
            budget.charge(used * S::COST / 8 + used.saturating_sub(written) * 8 + 4);
            self.rest = &self.rest[used..];
        }
        self.rest.is_empty()
    }
}

/// Unescapes the first `length` bytes of `text` and the end of the escape that begins
/// there into `out`. Returns how many bytes were read and how many written.
fn unescape_piece(text: &[u8], length: usize, out: &mut [u8; BUFFER + BLOCK]) -> (usize, usize) {
    let (mut at, mut end) = (0, 0);
    while at < length && end < BUFFER {
        // Copied before it is looked at: most blocks have no escape, and the rest of
        // one that has is written over.
        let plain = match text[at..length].first_chunk::<BLOCK>() {
            Some(block) => {
                out[end..end + BLOCK].copy_from_slice(block);
                plain_block(block)
            }
            None => {
                let rest = &text[at..length];
                let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
                out[end..end + plain].copy_from_slice(&rest[..plain]);
                plain
            }
        };
        at += plain;
        end += plain;
        // Where one escape stands, others often follow at once.
        while at < length && end < BUFFER && text[at] == b'\\' {
            let (character, length) = escaped(&text[at..]);
            end += character.encode_utf8(&mut out[end..]).len();
            at += length;
        }
    }
    (at, end)
}

/// How many bytes of `block` stand before its first backslash.
#[inline]
fn plain_block(block: &[u8; BLOCK]) -> usize {
    // u8 instead of bool, because LLVM does not vectorise the fold of bools.
    if block.iter().fold(0, |found, byte| found | u8::from(*byte == b'\\')) == 0 {
        return BLOCK;
    }
    const ONES: u64 = u64::MAX / 0xff;
    let mut rest = &block[..];
    while let Some((word, more)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word) ^ (ONES * u64::from(b'\\'));
        // Only the lowest is exact: a subtraction borrows from the bytes above it.
        let stops = word.wrapping_sub(ONES) & !word & (ONES << 7);
        if stops != 0 {
            return BLOCK - rest.len() + stops.trailing_zeros() as usize / 8;
        }
        rest = more;
    }
    BLOCK
}

/// The text of `quoted`, borrowed when there is no escape in it. Of unbounded
/// strings only the short ones should be read this way, in one go.
pub fn unescape(quoted: &[u8]) -> Cow<'_, str> {
    let inside = quoted.strip_prefix(b"\"").and_then(|inside| inside.strip_suffix(b"\""));
    if let Some(inside) = inside.filter(|inside| !inside.contains(&b'\\')) {
        return utf8(inside);
    }
    let mut text = String::with_capacity(quoted.len());
    Unescape::new(quoted).read_into(&mut text, &mut Budget::unlimited());
    Cow::Owned(text)
}

/// `json` with `\ufffd` in the place of each half of a surrogate pair, for `serde_json`,
/// which would refuse all of it.
pub fn with_whole_pairs(json: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(escape) = memchr::memchr(b'\\', &json[at..]) {
        at += escape;
        let (character, length) = escaped(&json[at..]);
        if character == char::REPLACEMENT_CHARACTER && length == 6 {
            out.extend_from_slice(&json[copied..at]);
            out.extend_from_slice(b"\\ufffd");
            copied = at + length;
        }
        at += length;
    }
    match copied {
        0 => Cow::Borrowed(json),
        _ => {
            out.extend_from_slice(&json[copied..]);
            Cow::Owned(out)
        }
    }
}

/// `text`, which is UTF-8 when the tokenizer has accepted it. Other bytes become U+FFFD.
pub(super) fn utf8(text: &[u8]) -> Cow<'_, str> {
    // The lossy reader looks at each byte by itself, and so takes ten times as long.
    std::str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed)
}

/// How many of the `most` bytes from `at` on may be taken without cutting a character.
pub(super) fn boundary(bytes: &[u8], at: usize, most: usize) -> usize {
    if bytes.len() - at <= most {
        return bytes.len() - at;
    }
    // No character has more than three bytes behind its first.
    let is_inside = |byte: u8| byte & 0xc0 == 0x80;
    (most.saturating_sub(3)..=most)
        .rev()
        .find(|count| !is_inside(bytes[at + count]))
        .unwrap_or(most)
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
    fn whole_pairs_and_other_escapes_stay_and_halves_are_replaced() {
        for (json, wanted) in [
            (
                r#"{"a":"\ud83d \ud83d\ude00 \\ud83d \u0041"}"#,
                r#"{"a":"\ufffd \ud83d\ude00 \\ud83d \u0041"}"#,
            ),
            (r#"["\ude00\ud83d", "\ud83d\n"]"#, r#"["\ufffd\ufffd", "\ufffd\n"]"#),
            (r#"["\ufffd"]"#, r#"["\ufffd"]"#),
            (r#"{"a":"\n\\"}"#, r#"{"a":"\n\\"}"#),
            ("\"\\", "\"\\"),
        ] {
            assert_eq!(with_whole_pairs(json.as_bytes()), wanted.as_bytes(), "{json}");
        }
    }

    #[test]
    fn no_piece_cuts_a_character_or_an_escape() {
        for before in 0..12 {
            let text = format!("{}{}", "x".repeat(before), "é€😀".repeat(3000));
            let escaped = format!("{}{}", "x".repeat(before), "\\ud83d\\ude00".repeat(3000));
            let said = format!("{}{}", "x".repeat(before), "😀".repeat(3000));
            for (inside, wanted) in [(&text, &text), (&escaped, &said)] {
                assert_eq!(unescape(format!("\"{inside}\"").as_bytes()), *wanted);
            }
        }
    }

    #[test]
    fn what_no_tokenizer_accepted_is_text_all_the_same() {
        for (quoted, wanted) in [
            (&b"\"a\xffb\""[..], "a\u{fffd}b"),
            (b"\"a\\", "a\u{fffd}"),
            (b"\"\\u12\"", "\u{fffd}12"),
            (b"\"\\\xc3\xa9\"", "\u{fffd}é"),
        ] {
            assert_eq!(unescape(quoted), wanted, "{quoted:?}");
        }
    }
}
