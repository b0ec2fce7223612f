//! Where the parts of a message lie, found in one pass over its bytes.
//!
//! A reply is looked at once: its envelope, whether it is well formed, and the
//! few members of its result that decide what it is. The pass can be cut
//! anywhere and taken up when more bytes are there, so that a message of many
//! megabytes costs each turn of the loop only what the turn has read.
//!
//! Invariants:
//! * [`Verdict::Whole`] is given only for what `serde_json` accepts too, and the
//!   parts are those it would find;
//! * what is well formed and unusual (a batch, an escape in a key, a key twice)
//!   is [`Verdict::Odd`]: left to the general reader, never guessed at.

use std::ops::Range;

/// What a pass over a whole line has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One object; the parts are where [`Outline`] says.
    Whole,
    /// Ask the general reader.
    Odd,
    /// Not JSON.
    Broken,
}

/// A part of a message; `None` when it has none.
pub type Part = Option<Range<usize>>;

/// The pass, and what it has found so far.
#[derive(Debug, Default)]
pub struct Outline {
    /// `id`.
    pub id: Part,
    /// `method`, with its quotes.
    pub method: Part,
    /// `params`.
    pub params: Part,
    /// `result`.
    pub result: Part,
    /// `error`.
    pub error: Part,
    /// `isError` in an object `result`.
    pub is_error: Part,
    /// `resultType` in an object `result`.
    pub result_type: Part,
    state: State,
    /// Everything before has been looked at.
    at: usize,
    /// Everything before is UTF-8.
    text: usize,
    /// A byte that JSON forbids in strings, or that is no ASCII, has been seen,
    /// inside a string or not.
    special: bool,
    depth: usize,
    /// Which of the innermost levels are objects, the deepest in bit 0.
    objects: u64,
    outer: Vec<u64>,
    /// Where the token that is going on began.
    token: usize,
    /// The member whose value is going on at depth 1 and at depth 2.
    members: [Option<(Member, usize)>; 2],
    odd: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Value,
    /// After `[`.
    ValueOrEnd,
    Key,
    /// After `{`.
    KeyOrEnd,
    Colon,
    After,
    Text {
        key: bool,
    },
    Escape {
        key: bool,
    },
    Hex {
        key: bool,
        left: u8,
    },
    /// A number or a literal, looked at when it ends.
    Word,
    Done,
    /// No object: looked at no further.
    Foreign,
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Id,
    Method,
    Params,
    Result,
    Error,
    IsError,
    ResultType,
    Other,
}

impl Outline {
    /// Looks at what `line` has beyond the last call. `line` may only grow.
    pub fn advance(&mut self, line: &[u8]) {
        // Over everything that is new at once, because most messages have none;
        // string by string it would cost more than the rest of the pass.
        let plain = is_plain(line.get(self.text..).unwrap_or_default());
        self.special |= !plain;
        if plain {
            self.text = line.len();
        } else if self.text_grows(line).is_none() {
            self.state = State::Broken;
        }
        while self.at < line.len() {
            match self.state {
                State::Text { key } => self.text(line, key),
                State::Word => self.word(line),
                State::Broken | State::Foreign => return,
                _ => self.step(line),
            }
        }
    }

    /// The pass over a line that has ended.
    pub fn finish(&mut self, line: &[u8]) -> Verdict {
        self.advance(line);
        match self.state {
            State::Done if self.text == line.len() && self.odd => Verdict::Odd,
            State::Done if self.text == line.len() => Verdict::Whole,
            State::Start | State::Foreign => Verdict::Odd,
            _ => Verdict::Broken,
        }
    }

    /// Whether all bytes were printable ASCII.
    pub fn is_plain(&self) -> bool {
        !self.special
    }

    /// Checks that what is new is UTF-8; a character may lack its end.
    fn text_grows(&mut self, line: &[u8]) -> Option<()> {
        match std::str::from_utf8(&line[self.text..]) {
            Ok(_) => self.text = line.len(),
            Err(error) if error.error_len().is_none() => self.text += error.valid_up_to(),
            Err(_) => return None,
        }
        Some(())
    }

    /// The inside of a string: only three kinds of bytes matter there.
    fn text(&mut self, line: &[u8], key: bool) {
        loop {
            let rest = &line[self.at..];
            let end = memchr::memchr2(b'"', b'\\', rest);
            let inside = &rest[..end.unwrap_or(rest.len())];
            if self.special && has_control(inside) {
                self.state = State::Broken;
                return;
            }
            self.at += inside.len();
            let Some(end) = end else { return };
            self.at += 1;
            if rest[end] == b'\\' {
                // Only keys that matter have to be known.
                self.odd |= key && self.depth <= 2;
                if let Some(b'n' | b'"' | b'\\' | b't') = rest.get(end + 1) {
                    self.at += 1;
                    continue;
                }
                self.state = State::Escape { key };
            } else if key {
                self.key(line);
                self.state = State::Colon;
                if rest.get(end + 1) == Some(&b':') {
                    self.at += 1;
                    self.state = State::Value;
                }
            } else {
                self.value_ends();
            }
            return;
        }
    }

    /// The inside of a number or a literal.
    fn word(&mut self, line: &[u8]) {
        let rest = &line[self.at..];
        let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
        let end = rest.iter().position(ends);
        self.at += end.unwrap_or(rest.len());
        if end.is_none() {
            return;
        }
        if is_word(&line[self.token..self.at]) {
            self.value_ends();
        } else {
            self.state = State::Broken;
        }
    }

    /// One byte outside a string or a word, and the blanks before it.
    fn step(&mut self, line: &[u8]) {
        if !matches!(self.state, State::Escape { .. } | State::Hex { .. }) {
            let rest = &line[self.at..];
            let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            self.at += rest.iter().take_while(blank).count();
        }
        let Some(&byte) = line.get(self.at) else { return };
        self.state = match (self.state, byte) {
            (State::Escape { key }, b'u') => State::Hex { key, left: 4 },
            (State::Escape { key }, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                State::Text { key }
            }
            (State::Hex { key, left }, byte) if byte.is_ascii_hexdigit() => match left {
                1 => State::Text { key },
                _ => State::Hex { key, left: left - 1 },
            },
            (State::Escape { .. } | State::Hex { .. }, _) => State::Broken,
            (State::Start, b'{') => {
                self.open(true);
                State::KeyOrEnd
            }
            // A batch, or no message at all.
            (State::Start, _) => State::Foreign,
            (State::Value | State::ValueOrEnd, byte) => {
                self.token = self.at;
                match byte {
                    b'{' => {
                        self.open(true);
                        State::KeyOrEnd
                    }
                    b'[' => {
                        self.open(false);
                        State::ValueOrEnd
                    }
                    b'"' => State::Text { key: false },
                    b']' if self.state == State::ValueOrEnd => return self.close(false),
                    b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => State::Word,
                    _ => State::Broken,
                }
            }
            (State::Key | State::KeyOrEnd, b'"') => {
                self.token = self.at;
                State::Text { key: true }
            }
            (State::KeyOrEnd, b'}') => return self.close(true),
            (State::Colon, b':') => {
                // The value begins at the next byte that is no blank.
                State::Value
            }
            (State::After, b',') if self.depth > 0 => {
                if self.in_object() {
                    State::Key
                } else {
                    State::Value
                }
            }
            (State::After, b'}') => return self.close(true),
            (State::After, b']') => return self.close(false),
            _ => State::Broken,
        };
        if let State::Text { .. } | State::Word | State::KeyOrEnd | State::ValueOrEnd = self.state {
            self.value_begins();
        }
        self.at += 1;
    }

    /// Notes where the value of a member of interest begins.
    fn value_begins(&mut self) {
        // An opened level has been counted already; its value began outside it.
        let level = match self.state {
            State::KeyOrEnd | State::ValueOrEnd => self.depth.wrapping_sub(2),
            State::Text { key: true } => return,
            _ => self.depth.wrapping_sub(1),
        };
        if let Some(Some((_, start))) = self.members.get_mut(level) {
            if *start == usize::MAX {
                *start = self.at;
            }
        }
    }

    fn open(&mut self, object: bool) {
        if self.depth % 64 == 0 && self.depth > 0 {
            self.outer.push(self.objects);
            self.objects = 0;
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u64::from(object);
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn close(&mut self, object: bool) {
        self.at += 1;
        if self.depth == 0 || self.in_object() != object {
            self.state = State::Broken;
            return;
        }
        self.depth -= 1;
        self.objects >>= 1;
        if self.depth % 64 == 0 && self.depth > 0 {
            self.objects = self.outer.pop().unwrap_or_default();
        }
        self.value_ends();
    }

    /// The value that ended before `at` may be a part.
    fn value_ends(&mut self) {
        self.state = if self.depth == 0 { State::Done } else { State::After };
        let Some(slot) = self.depth.checked_sub(1).and_then(|level| self.members.get_mut(level))
        else {
            return;
        };
        let Some((member, start)) = slot.take() else { return };
        let place = match member {
            Member::Id => &mut self.id,
            Member::Method => &mut self.method,
            Member::Params => &mut self.params,
            Member::Result => &mut self.result,
            Member::Error => &mut self.error,
            Member::IsError => &mut self.is_error,
            Member::ResultType => &mut self.result_type,
            Member::Other => return,
        };
        self.odd |= place.replace(start..self.at).is_some();
    }

    /// A key has ended at `at`.
    fn key(&mut self, line: &[u8]) {
        let inside_result = matches!(self.members[0], Some((Member::Result, _))) && self.depth == 2;
        let name = &line[self.token + 1..self.at - 1];
        let member = match (self.depth, name) {
            (1, b"id") => Member::Id,
            (1, b"method") => Member::Method,
            (1, b"params") => Member::Params,
            (1, b"result") => Member::Result,
            (1, b"error") => Member::Error,
            (2, b"isError") if inside_result => Member::IsError,
            (2, b"resultType") if inside_result => Member::ResultType,
            _ => Member::Other,
        };
        if let Some(slot) = self.members.get_mut(self.depth.wrapping_sub(1)) {
            *slot = Some((member, usize::MAX));
        }
    }
}

/// Whether there is nothing but printable ASCII, in one comparison: as signed
/// numbers, controls and all bytes beyond ASCII are below the blank. Without an
/// early end, so that it is done many bytes at a time.
fn is_plain(bytes: &[u8]) -> bool {
    !bytes.iter().fold(false, |found, byte| found | ((*byte as i8) < 0x20))
}

/// Whether a string contains what JSON forbids there. Without an early end, so
/// that it is done many bytes at a time.
fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, byte| found | (*byte < 0x20))
}

/// Whether a token is a literal or a number.
fn is_word(word: &[u8]) -> bool {
    matches!(word, b"true" | b"false" | b"null") || is_number(word)
}

fn is_number(word: &[u8]) -> bool {
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = match exponent.split_first() {
            Some((b'+' | b'-', digits)) => digits,
            _ => exponent,
        };
        let count = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = &exponent[count..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;
    use std::collections::HashMap;

    fn outline(line: &[u8]) -> (Verdict, Outline) {
        let mut outline = Outline::default();
        let verdict = outline.finish(line);
        (verdict, outline)
    }

    const LINES: [&str; 14] = [
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"a\n\u00e9b"}]}}"#,
        r#"{"id" : "7" , "result" : { "isError" : true,"x":{"isError":1},"resultType":"complete" } }"#,
        r#"{"result":{"inputRequests":{"a":[1,2.5e-7,-0,true,null]}},"id":1.0}"#,
        r#"{"method":"ping","id":[{"a":[[[]]]}],"params":{}}"#,
        r#"{"error":{"code":-32601,"message":"no"},"id":null}"#,
        r#"{"result":[{"isError":true}],"id":3,"params":{"isError":true}}"#,
        r#"{"id":1,"id":2,"result":{}}"#,
        r#"{"i\u0064":1,"result":{}}"#,
        r#"[{"id":1,"result":{}}]"#,
        r#"{"id":1,"result":"}{][\\\""}"#,
        "{}",
        "hello",
        r#"{"a":"é漢","id":4,"result":{"r":"👋"}}"#,
        r#"{"id":5,"result":false}"#,
    ];

    /// What the general reader makes of a line, as an object.
    fn members(line: &str) -> Option<HashMap<String, &RawValue>> {
        serde_json::from_str(line).ok()
    }

    fn agrees(line: &[u8]) {
        let (verdict, outline) = outline(line);
        let valid = std::str::from_utf8(line)
            .is_ok_and(|text| serde_json::from_str::<&RawValue>(text).is_ok());
        let shown = String::from_utf8_lossy(line);
        match verdict {
            Verdict::Odd => {}
            Verdict::Broken => assert!(!valid, "{shown}"),
            Verdict::Whole => {
                assert!(valid, "{shown}");
                let all = members(&shown).expect("an object");
                let check = |part: &Part, all: &HashMap<String, &RawValue>, name: &str| {
                    let found = part.clone().map(|range| &shown[range]);
                    assert_eq!(found, all.get(name).map(|raw| raw.get()), "{name} of {shown}");
                };
                check(&outline.id, &all, "id");
                check(&outline.method, &all, "method");
                check(&outline.params, &all, "params");
                check(&outline.result, &all, "result");
                check(&outline.error, &all, "error");
                let head = all.get("result").and_then(|raw| members(raw.get())).unwrap_or_default();
                check(&outline.is_error, &head, "isError");
                check(&outline.result_type, &head, "resultType");
            }
        }
    }

    #[test]
    fn it_finds_what_the_general_reader_finds() {
        for line in LINES {
            agrees(line.as_bytes());
        }
        let verdicts: Vec<Verdict> = LINES.iter().map(|l| outline(l.as_bytes()).0).collect();
        let odd = verdicts.iter().filter(|v| **v == Verdict::Odd).count();
        assert_eq!((odd, verdicts.iter().filter(|v| **v == Verdict::Broken).count()), (4, 0));
    }

    #[test]
    fn it_agrees_about_every_line_with_one_byte_changed() {
        let bytes = b"{}[]\":,\\0e.-+ntu \x01\xff\xc3x1}\t";
        for line in LINES {
            for at in 0..line.len() {
                for byte in bytes {
                    let mut changed = line.as_bytes().to_vec();
                    changed[at] = *byte;
                    agrees(&changed);
                }
                let mut shorter = line.as_bytes().to_vec();
                shorter.remove(at);
                agrees(&shorter);
                agrees(&line.as_bytes()[..at]);
            }
        }
    }

    #[test]
    fn numbers_and_literals_are_those_of_json() {
        for word in [
            "0", "-0", "01", "1.", ".5", "1.5", "1e5", "1e+5", "1E-05", "1e", "-", "+1", "true",
            "True", "nul", "null", "1.5e3.2", "--1", "0x1", "1_0", "NaN",
        ] {
            agrees(format!("{{\"id\":{word}}}").as_bytes());
        }
    }

    #[test]
    fn it_can_be_cut_anywhere() {
        for line in LINES {
            let bytes = line.as_bytes();
            let (whole, parts) = outline(bytes);
            for first in 0..=bytes.len() {
                let mut cut = Outline::default();
                cut.advance(&bytes[..first]);
                assert_eq!(cut.finish(bytes), whole, "{line} cut at {first}");
                assert_eq!(cut.result, parts.result, "{line} cut at {first}");
                assert_eq!(cut.is_error, parts.is_error);
                assert_eq!(cut.id, parts.id);
            }
        }
    }

    #[test]
    fn depth_is_no_danger() {
        for depth in [1, 63, 64, 65, 127, 128, 129, 1000] {
            let mixed = |open: &str, close: &str| {
                format!("{{\"id\":{}{}}}", open.repeat(depth), close.repeat(depth))
            };
            agrees(mixed("[", "]").as_bytes());
            let (verdict, _) = outline(mixed("{\"a\":[", "]}").replace("[]", "[1]").as_bytes());
            assert_eq!(verdict, Verdict::Whole, "{depth}");
            let (verdict, _) = outline(mixed("[{\"a\":", "}]").as_bytes());
            assert_eq!(verdict, Verdict::Broken, "{depth}");
        }
    }
}
