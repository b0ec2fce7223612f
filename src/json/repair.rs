//! Objects that are nearly JSON, made JSON.
//!
//! Real servers write a byte of Latin-1, a raw tab or line break in a string, `NaN`
//! for a number that they do not have, or one message over several lines. What is
//! meant is clear each time, so it is read; whatever else is wrong stays wrong.
//!
//! Invariants: any way of cutting the text into pieces that end between characters
//! gives the same object; a text that is JSON is not changed.

use std::mem;

use crate::json::plain_run::plain_run;

/// A reader of one object that is nearly JSON, given in pieces.
#[derive(Debug, Default)]
pub struct Mender {
    /// The mended text of all that was read.
    out: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Mender {
    /// Reads on. How much of `piece` was read when the object ended in it.
    pub fn push(&mut self, piece: &[u8]) -> Option<usize> {
        let mut before = 0;
        for chunk in piece.utf8_chunks() {
            if let Some(used) = self.read(chunk.valid().as_bytes()) {
                return Some(before + used);
            }
            if !chunk.invalid().is_empty() {
                self.escaped = false;
                self.out.extend_from_slice("\u{fffd}".as_bytes());
            }
            before += chunk.valid().len() + chunk.invalid().len();
        }
        None
    }

    fn read(&mut self, text: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < text.len() {
            at += match self.in_string {
                true => self.string(&text[at..]),
                false => self.token(&text[at..]),
            };
            if self.depth == 0 && !self.in_string {
                return Some(at);
            }
        }
        None
    }

    /// The object as far as it was read.
    pub fn text(&self) -> &[u8] {
        &self.out
    }

    /// Reads in a string. Returns how many bytes of `rest` were used.
    fn string(&mut self, rest: &[u8]) -> usize {
        let byte = rest[0];
        if mem::take(&mut self.escaped) {
            if !matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') {
                // The backslash stands for itself, as in a path of Windows.
                self.out.push(b'\\');
            }
            self.plain(byte);
            return 1;
        }
        let run = plain_run(rest, true, false);
        if run > 0 {
            self.out.extend_from_slice(&rest[..run]);
            return run;
        }
        self.in_string = byte != b'"';
        self.escaped = byte == b'\\';
        self.plain(byte);
        1
    }

    /// Writes a byte of a string, escaped where JSON wants it.
    fn plain(&mut self, byte: u8) {
        match byte {
            0..0x20 => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => self.out.push(byte),
        }
    }

    /// Reads outside of strings. Returns how many bytes of `rest` were used.
    fn token(&mut self, rest: &[u8]) -> usize {
        /// Words that some writers put for numbers that JSON does not know.
        const NOTHINGS: [&[u8]; 4] = [b"NaN", b"-Infinity", b"Infinity", b"undefined"];
        if let Some(word) = NOTHINGS.iter().find(|word| rest.starts_with(word)) {
            self.out.extend_from_slice(b"null");
            return word.len();
        }
        match rest[0] {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.out.push(rest[0]);
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `text` is mended to, given in pieces of `size` bytes, and what is left.
    fn mended(text: &[u8], size: usize) -> (String, Option<usize>) {
        let mut mender = Mender::default();
        let mut before = 0;
        for piece in text.chunks(size) {
            if let Some(used) = mender.push(piece) {
                let end = before + used;
                return (String::from_utf8(mender.text().to_vec()).unwrap(), Some(end));
            }
            before += piece.len();
        }
        (String::from_utf8(mender.text().to_vec()).unwrap(), None)
    }

    #[test]
    fn what_is_meant_is_read() {
        for (text, wanted) in [
            (&b"{\"a\":\"b\tc\nd\"}"[..], "{\"a\":\"b\\u0009c\\u000ad\"}"),
            (b"{\"a\":[NaN,-Infinity,Infinity,undefined]}", "{\"a\":[null,null,null,null]}"),
            (b"{\"a\":\"NaN { \\\" \"}", "{\"a\":\"NaN { \\\" \"}"),
            (b"{\"a\":\"C:\\data\\new\"}", "{\"a\":\"C:\\\\data\\new\"}"),
            (b"{\n \"a\":\n 1}", "{\n \"a\":\n 1}"),
        ] {
            let (text, end) = mended(text, text.len());
            assert_eq!((&*text, end.is_some()), (wanted, true));
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
        let (text, _) = mended(b"{\"a\":\"caf\xe9 \xff\xfe\"}", 100);
        assert_eq!(text, "{\"a\":\"caf\u{fffd} \u{fffd}\u{fffd}\"}");
    }

    #[test]
    fn the_object_ends_where_it_ends_whatever_follows_and_however_it_is_cut() {
        let object = br#"{"a":{"b":["}",{}]},"c\"":1}"#;
        for after in [&b" "[..], b"\xff{\"x\":1}", b" {\"caf\xe9\":2}", b"}"] {
            let text = [&object[..], after].concat();
            for size in 1..text.len() {
                let (found, end) = mended(&text, size);
                assert_eq!((found.as_bytes(), end), (&object[..], Some(object.len())), "{size}");
            }
        }
        let bad = b"{\"a\":\"\xe9\xe9\"}\xff tail";
        assert_eq!(mended(bad, 100).1, Some(10));
        assert_eq!(mended(b"{\"a\":[", 100), ("{\"a\":[".into(), None));
    }
}
