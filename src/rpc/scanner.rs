//! Where the parts of a message lie, found in one pass over its bytes.
//!
//! The pass checks the message, finds its envelope and notes the members of its
//! result or error that decide what it is. It stops where the bytes end and goes on
//! when more are there, so a message of many megabytes costs each turn of the loop
//! only what the turn has read.
//!
//! Invariant: [`Verdict::Whole`] is given only for what `serde_json` accepts too,
//! and the parts are those it would find; of a part that is there twice the last.

use std::ops::Range;

use crate::json::{Budget, Dialect, NotJson, Step, Token, Tokenizer, unescape};
use crate::rpc::spans::{EntryMember, ListMember, Place, Region, Spans};

/// What a pass over a whole line has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One object; the parts are where [`Scanner`] says.
    Whole,
    /// No object: a batch, or no message. It was looked at no further.
    Foreign,
    /// Not JSON.
    Broken,
}

/// A part of a message; `None` when it has none.
pub type Part = Option<Range<usize>>;

/// The pass, and what it has found so far.
#[derive(Debug)]
pub struct Scanner {
    /// `id`.
    pub id: Part,
    /// The `id` before that, in a message that has two.
    pub other_id: Part,
    /// `method`, with its quotes.
    pub method: Part,
    /// `params`.
    pub params: Part,
    /// `result`.
    pub result: Part,
    /// `error`.
    pub error: Part,
    /// What decides what an object `result` or `error` is.
    pub head: Head,
    /// What lies deeper, if that was asked for and there is any.
    deep: Option<Box<Spans>>,
    is_deep: bool,
    tokenizer: Tokenizer,
    /// What the line is when it can become no object any more.
    failed: Option<Verdict>,
    /// The member whose value is going on at depth 1 and at depth 2, and where that
    /// value begins.
    members: [Option<(MessageMember, usize)>; 2],
}

/// The members of a `result` or an `error`, where that is an object.
#[derive(Debug, Default)]
pub struct Head {
    /// `isError` of a result.
    pub is_error: Part,
    /// `resultType` of a result.
    pub result_type: Part,
    /// `content` of a result.
    pub content: Part,
    /// `code` of an error.
    pub code: Part,
    /// `message` of an error.
    pub message: Part,
    /// `data` of an error.
    pub data: Part,
    /// One of them is there twice; the last counts.
    pub doubled: bool,
    /// The result has a member that is none of the above and not `_meta`.
    has_others: bool,
    /// The blocks of `content`.
    blocks: SingleText,
}

/// What is known of the blocks of `content`, as far as a single block of text goes.
#[derive(Debug, Default)]
struct SingleText {
    /// More than one, or one with other members than `type` and `text`.
    has_others: bool,
    count: u32,
    is_text: bool,
    /// The string of `text`, with its quotes.
    text: Place,
    field: BlockField,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum BlockField {
    #[default]
    None,
    Type,
    Text,
}

impl Head {
    /// The string that is all there is to read in the result of a tool: of a single block
    /// `{"type":"text","text":...}`. `None` when there is more, or anything unusual.
    pub fn only_text(&self) -> Part {
        let is_plain = !self.doubled && !self.has_others && !self.blocks.has_others;
        let blocks = &self.blocks;
        (is_plain && blocks.count == 1 && blocks.is_text && !blocks.text.is_empty())
            .then(|| blocks.text.range())
    }
}

impl SingleText {
    /// The next token of `content`, whose own brackets have depth 3.
    fn token(&mut self, token: Token, depth: usize, place: Place, line: &[u8]) {
        match (token, depth) {
            (Token::ListStart | Token::ListEnd | Token::ObjectEnd, 3) => {}
            (Token::ObjectStart, 4) => self.count += 1,
            (Token::Key, 4) => {
                self.field = match place.of(line) {
                    b"\"type\"" if !self.is_text => BlockField::Type,
                    b"\"text\"" if self.text.is_empty() => BlockField::Text,
                    _ => BlockField::None,
                };
                self.has_others |= self.field == BlockField::None;
            }
            (Token::Text, 4) if self.field == BlockField::Text => self.text = place,
            (Token::Text, 4) if self.field == BlockField::Type && place.of(line) == b"\"text\"" => {
                self.is_text = true;
            }
            _ => self.has_others = true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageMember {
    Id,
    Method,
    Params,
    Result,
    Error,
    IsError,
    ResultType,
    Content,
    Code,
    Message,
    Data,
    List(ListMember),
    Questions,
    RequestState,
    Cursor,
    Ttl,
    EntryName,
    Meta,
    Other,
}

/// Brackets around the deepest tokens that are noted: the members of a block of
/// `content`, and in a deep pass the members of an entry.
const DEPTH: usize = 4;
const DEPTH_OF_ENTRIES: usize = 5;
/// The brackets around the blocks of `content`.
const DEPTH_OF_BLOCKS: usize = 3;
/// The longest of the names above, each character written as `\u0061`.
const LONGEST_NAME: usize = "resourceTemplates".len() * 6;

impl Default for Scanner {
    fn default() -> Scanner {
        Scanner {
            id: None,
            other_id: None,
            method: None,
            params: None,
            result: None,
            error: None,
            head: Head::default(),
            deep: None,
            is_deep: false,
            tokenizer: Tokenizer::of_object(Dialect::Json),
            failed: None,
            members: [None; 2],
        }
    }
}

impl Scanner {
    /// A pass that notes what lies deeper, too.
    pub fn deep() -> Scanner {
        Scanner { is_deep: true, ..Scanner::default() }
    }

    /// What lies deeper; `None` when that was not asked for.
    pub fn found(&self) -> Option<&Spans> {
        const NOTHING: &Spans = &Spans::NONE;
        self.is_deep.then(|| self.deep.as_deref().unwrap_or(NOTHING))
    }

    /// Whether the message asks or tells something, as far as it was looked at: it has a
    /// method or parameters, or one of them has begun.
    pub fn is_request(&self) -> bool {
        let begun = self.members[0].as_ref().map(|(member, _)| *member);
        self.method.is_some()
            || self.params.is_some()
            || matches!(begun, Some(MessageMember::Method | MessageMember::Params))
    }

    /// Looks at what `line` has beyond the last call. `line` may only grow.
    pub fn advance(&mut self, line: &[u8]) {
        let mut budget = Budget::unlimited();
        let deepest = if self.is_deep { DEPTH_OF_ENTRIES } else { DEPTH };
        while self.failed.is_none() && !self.tokenizer.is_done() {
            match self.tokenizer.next(line, &mut budget) {
                Ok(Step::Token(token)) => {
                    let depth = self.tokenizer.nesting().depth();
                    if depth <= deepest {
                        self.token(token, depth, line);
                    }
                }
                Ok(Step::NeedInput | Step::OutOfBudget | Step::End) => return,
                Err(NotJson) => {
                    self.failed = Some(match self.tokenizer.nesting().depth() {
                        0 => Verdict::Foreign,
                        _ => Verdict::Broken,
                    });
                }
            }
        }
        if self.tokenizer.is_done() {
            // What else stands there is looked at when the line has ended.
            let _ = self.tokenizer.trailing(line, &mut budget);
        }
    }

    /// The pass over a line that has ended.
    pub fn finish(&mut self, line: &[u8]) -> Verdict {
        self.advance(line);
        let is_whole = self.tokenizer.is_done() && self.tokenizer.at() == line.len();
        let is_begun = self.tokenizer.is_done() || self.tokenizer.nesting().depth() > 0;
        self.failed.unwrap_or(match is_begun {
            _ if is_whole => Verdict::Whole,
            true => Verdict::Broken,
            false => Verdict::Foreign,
        })
    }

    /// Where the object ends, with the blanks after it as far as they are known.
    pub fn end(&self) -> Option<usize> {
        self.tokenizer.is_done().then(|| self.tokenizer.at())
    }

    /// Whether it can become no object any more.
    pub fn is_broken(&self) -> bool {
        self.failed.is_some()
    }

    fn token(&mut self, token: Token, depth: usize, line: &[u8]) {
        let (start, end) = (self.tokenizer.start(), self.tokenizer.end());
        if depth >= DEPTH_OF_BLOCKS && self.in_content() {
            let place = Place::new(start, end);
            self.head.blocks.token(token, depth, place, line);
        }
        match token {
            Token::Key => self.key(depth, start, &line[start..end]),
            Token::ObjectStart | Token::ListStart => self.value_begins(depth - 1, start, token),
            Token::ObjectEnd | Token::ListEnd => self.value_ends(depth, end),
            Token::Text | Token::Number | Token::True | Token::False | Token::Null => {
                self.value_begins(depth, start, token);
                self.value_ends(depth, end);
            }
        }
    }

    /// Notes where the value of a member of interest begins.
    fn value_begins(&mut self, depth: usize, at: usize, token: Token) {
        if let Some(Some((_, start))) = self.members.get_mut(depth.wrapping_sub(1)) {
            *start = at;
        }
        if let Some(region) = self.region(depth) {
            self.deep_mut().begin(region, at, token);
        }
    }

    /// The value that ended before `end` may be a part.
    fn value_ends(&mut self, depth: usize, end: usize) {
        if let (Some(region), Some(deep)) = (self.region(depth), &mut self.deep) {
            deep.end(region, end);
        }
        let Some(slot) = self.members.get_mut(depth.wrapping_sub(1)) else { return };
        let Some((member, start)) = slot.take() else { return };
        let place = match member {
            // Noted with its entry, and never among the members of a message.
            MessageMember::Other | MessageMember::EntryName | MessageMember::Meta => return,
            MessageMember::Id => {
                self.other_id = self.id.replace(start..end);
                return;
            }
            MessageMember::Method => &mut self.method,
            MessageMember::Params => &mut self.params,
            MessageMember::Result => &mut self.result,
            MessageMember::Error => &mut self.error,
            MessageMember::IsError => &mut self.head.is_error,
            MessageMember::ResultType => &mut self.head.result_type,
            MessageMember::Content => &mut self.head.content,
            MessageMember::Code => &mut self.head.code,
            MessageMember::Message => &mut self.head.message,
            MessageMember::Data => &mut self.head.data,
            deeper => return self.note(deeper, Place::new(start, end)),
        };
        self.head.doubled |= place.replace(start..end).is_some();
    }

    fn key(&mut self, depth: usize, start: usize, quoted: &[u8]) {
        if let Some(level @ (0 | 1)) = depth.checked_sub(1) {
            let member = self.member(depth, quoted);
            self.members[level] = Some((member, usize::MAX));
            let of_result = level == 1 && self.begun(0) == Some(MessageMember::Result);
            self.head.has_others |= of_result
                && !matches!(
                    member,
                    MessageMember::Content
                        | MessageMember::IsError
                        | MessageMember::ResultType
                        | MessageMember::Meta
                );
            match member {
                MessageMember::Content => self.head.blocks = SingleText::default(),
                MessageMember::List(kind) => self.deep_mut().open(kind),
                MessageMember::Questions => self.deep_mut().open(ListMember::Questions),
                // What a result or an error had that comes once more does not count.
                MessageMember::Result if self.result.is_some() => {
                    self.head = Head { doubled: true, ..Head::default() };
                    self.deep = None;
                }
                MessageMember::Error if self.error.is_some() => {
                    (self.head.code, self.head.message, self.head.data) = (None, None, None);
                }
                _ => {}
            }
        }
        if let Some(region) = self.region(depth) {
            let member = (region == Region::Fields).then(|| self.member(depth, quoted));
            let field = match member {
                Some(MessageMember::EntryName) => Some(EntryMember::Name),
                Some(MessageMember::Params) => Some(EntryMember::Params),
                _ => None,
            };
            let key = Place::new(start, start + quoted.len());
            self.deep_mut().key(region, key, field);
        }
    }

    /// The member whose value is going on at a level, from the outermost.
    fn begun(&self, level: usize) -> Option<MessageMember> {
        self.members[level].map(|(member, _)| member)
    }

    fn in_content(&self) -> bool {
        self.begun(1) == Some(MessageMember::Content)
            && self.begun(0) == Some(MessageMember::Result)
    }

    fn note(&mut self, member: MessageMember, place: Place) {
        let deep = self.deep_mut();
        let slot = match member {
            MessageMember::List(kind) => &mut deep.list_mut(kind).place,
            MessageMember::Questions => &mut deep.list_mut(ListMember::Questions).place,
            MessageMember::RequestState => &mut deep.state,
            MessageMember::Cursor => &mut deep.cursor,
            _ => &mut deep.ttl,
        };
        *slot = place;
    }

    fn deep_mut(&mut self) -> &mut Spans {
        self.deep.get_or_insert_with(|| Box::new(Spans::NONE))
    }

    /// Which of the values at this depth are to be noted.
    fn region(&self, depth: usize) -> Option<Region> {
        if !self.is_deep {
            return None;
        }
        let of = |level: usize| self.members[level].map(|(member, _)| member);
        match depth {
            2 if of(0) == Some(MessageMember::Params) => Some(Region::Params),
            3 | 4 if matches!(of(1), Some(MessageMember::List(_) | MessageMember::Questions)) => {
                Some(if depth == 3 { Region::Entries } else { Region::Fields })
            }
            _ => None,
        }
    }

    fn member(&self, depth: usize, quoted: &[u8]) -> MessageMember {
        if !self.tokenizer.is_escaped() {
            return self.named(depth, &quoted[1..quoted.len() - 1]);
        }
        match quoted.len() <= LONGEST_NAME + 2 {
            true => self.named(depth, unescape(quoted).as_bytes()),
            false => MessageMember::Other,
        }
    }

    fn named(&self, depth: usize, name: &[u8]) -> MessageMember {
        let of = self.members[0].map(|(member, _)| member);
        match (depth, name) {
            (1, b"id") => MessageMember::Id,
            (1, b"method") => MessageMember::Method,
            (1, b"params") => MessageMember::Params,
            (1, b"result") => MessageMember::Result,
            (1, b"error") => MessageMember::Error,
            (2, b"isError") if of == Some(MessageMember::Result) => MessageMember::IsError,
            (2, b"resultType") if of == Some(MessageMember::Result) => MessageMember::ResultType,
            (2, b"content") if of == Some(MessageMember::Result) => MessageMember::Content,
            (2, b"_meta") if of == Some(MessageMember::Result) => MessageMember::Meta,
            (2, b"code") if of == Some(MessageMember::Error) => MessageMember::Code,
            (2, b"message") if of == Some(MessageMember::Error) => MessageMember::Message,
            (2, b"data") if of == Some(MessageMember::Error) => MessageMember::Data,
            _ if self.is_deep => self.named_deeper(depth, name),
            _ => MessageMember::Other,
        }
    }

    fn named_deeper(&self, depth: usize, name: &[u8]) -> MessageMember {
        let of = |level: usize| self.members[level].map(|(member, _)| member);
        match (depth, of(0), name) {
            (2, Some(MessageMember::Result), _) => match name {
                b"tools" => MessageMember::List(ListMember::Tools),
                b"resources" => MessageMember::List(ListMember::Resources),
                b"resourceTemplates" => MessageMember::List(ListMember::Templates),
                b"prompts" => MessageMember::List(ListMember::Prompts),
                b"inputRequests" => MessageMember::Questions,
                b"requestState" => MessageMember::RequestState,
                b"nextCursor" => MessageMember::Cursor,
                b"ttlMs" => MessageMember::Ttl,
                _ => MessageMember::Other,
            },
            (4, _, b"name") if matches!(of(1), Some(MessageMember::List(_))) => {
                MessageMember::EntryName
            }
            (4, _, b"method") if of(1) == Some(MessageMember::Questions) => {
                MessageMember::EntryName
            }
            (4, _, b"params") if of(1) == Some(MessageMember::Questions) => MessageMember::Params,
            _ => MessageMember::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;
    use std::collections::HashMap;

    fn scanner(line: &[u8]) -> (Verdict, Scanner) {
        let mut scanner = Scanner::default();
        let verdict = scanner.finish(line);
        (verdict, scanner)
    }

    /// The string that [`Head::only_text`] finds, and that it is found for all cuts.
    fn only_text(line: &str) -> Option<&str> {
        let bytes = line.as_bytes();
        let mut whole = Scanner::default();
        assert_eq!(whole.finish(bytes), Verdict::Whole, "{line}");
        for first in 0..bytes.len() {
            for mut cut in [Scanner::default(), Scanner::deep()] {
                cut.advance(&bytes[..first]);
                cut.finish(bytes);
                assert_eq!(cut.head.only_text(), whole.head.only_text(), "{line} at {first}");
            }
        }
        whole.head.only_text().map(|place| &line[place])
    }

    #[test]
    fn the_only_text_of_a_result_is_found() {
        for result in [
            r#"{"content":[{"type":"text","text":"a\"]b"}]}"#,
            r#"{"content" : [ {"text":"a\"]b", "type":"text"} ], "isError":false}"#,
            r#"{"_meta":{"content":[1]},"resultType":"complete","content":[{"type":"text","text":"a\"]b"}]}"#,
        ] {
            let line = format!(r#"{{"id":1,"result":{result}}}"#);
            assert_eq!(only_text(&line), Some(r#""a\"]b""#), "{line}");
            let line = format!(r#"{{"result":{result},"jsonrpc":"2.0","id":1}}"#);
            assert_eq!(only_text(&line), Some(r#""a\"]b""#), "{line}");
        }
    }

    #[test]
    fn where_there_is_more_to_read_no_only_text_is_found() {
        for result in [
            r#"{"content":[]}"#,
            r#"{"content":[{"type":"text"}]}"#,
            r#"{"content":[{"text":"a"}]}"#,
            r#"{"content":[{"type":"Text","text":"a"}]}"#,
            r#"{"content":[{"type":"image","text":"a"}]}"#,
            r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#,
            r#"{"content":[{"type":"text","text":"a"},{}]}"#,
            r#"{"content":[{"type":"text","text":"a"},"b"]}"#,
            r#"{"content":[{"type":"text","text":"a"},[{}]]}"#,
            r#"{"content":["b",{"type":"text","text":"a"}]}"#,
            r#"{"content":[[{"type":"text","text":"a"}]]}"#,
            r#"{"content":[{"type":"text","text":"a","text":"b"}]}"#,
            r#"{"content":[{"type":"text","text":"a","text":null}]}"#,
            r#"{"content":[{"type":"text","text":"a","type":"image"}]}"#,
            r#"{"content":[{"type":"text","text":"a","te\u0078t":"b"}]}"#,
            r#"{"content":[{"type":"text","text":["a"]}]}"#,
            r#"{"content":[{"type":"text","text":7}]}"#,
            r#"{"content":[{"type":"text","text":"a","uri":"b"}]}"#,
            r#"{"content":[{"type":"text","text":"a"}],"structuredContent":{"a":1}}"#,
            r#"{"content":[{"type":"text","text":"a"}],"content":[{"type":"text","text":"b"}]}"#,
            r#"{"content":{"type":"text","text":"a"}}"#,
            r#"{"content":"a"}"#,
            r#"[{"type":"text","text":"a"}]"#,
        ] {
            let line = format!(r#"{{"id":1,"result":{result}}}"#);
            assert_eq!(only_text(&line), None, "{line}");
        }
        let text = r#"{"content":[{"type":"text","text":"a"}]}"#;
        for line in [
            format!(r#"{{"id":1,"params":{text}}}"#),
            format!(r#"{{"id":1,"error":{text}}}"#),
            format!(r#"{{"id":1,"result":{text},"result":{{}}}}"#),
        ] {
            assert_eq!(only_text(&line), None, "{line}");
        }
    }

    const LINES: [&str; 17] = [
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
        r#"{"id":1,"err\u006fr":{"c\u006fde":-1,"data":{"code":2},"message":"\u0041"}}"#,
        r#"{"error":{"code":1,"code":2,"isError":true},"result":{"data":1,"isError":false}}"#,
        r#"{"result":{"isError":true,"isError":false},"\u0000":"\ud800"}"#,
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
        let (verdict, scanner) = scanner(line);
        let valid = std::str::from_utf8(line)
            .is_ok_and(|text| serde_json::from_str::<&RawValue>(text).is_ok());
        let shown = String::from_utf8_lossy(line);
        match verdict {
            Verdict::Foreign => assert!(!shown.trim_ascii_start().starts_with('{'), "{shown}"),
            Verdict::Broken => assert!(!valid, "{shown}"),
            Verdict::Whole => {
                assert!(valid, "{shown}");
                let all = members(&shown).expect("an object");
                let check = |part: &Part, all: &HashMap<String, &RawValue>, name: &str| {
                    let found = part.clone().map(|range| &shown[range]);
                    assert_eq!(found, all.get(name).map(|raw| raw.get()), "{name} of {shown}");
                };
                check(&scanner.id, &all, "id");
                check(&scanner.method, &all, "method");
                check(&scanner.params, &all, "params");
                check(&scanner.result, &all, "result");
                check(&scanner.error, &all, "error");
                let head = all.get("result").and_then(|raw| members(raw.get())).unwrap_or_default();
                check(&scanner.head.is_error, &head, "isError");
                check(&scanner.head.result_type, &head, "resultType");
                check(&scanner.head.content, &head, "content");
                let head = all.get("error").and_then(|raw| members(raw.get())).unwrap_or_default();
                check(&scanner.head.code, &head, "code");
                check(&scanner.head.message, &head, "message");
                check(&scanner.head.data, &head, "data");
            }
        }
    }

    #[test]
    fn it_finds_what_the_general_reader_finds() {
        for line in LINES {
            agrees(line.as_bytes());
        }
        let verdicts: Vec<Verdict> = LINES.iter().map(|l| scanner(l.as_bytes()).0).collect();
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
        assert_eq!((count(Verdict::Foreign), count(Verdict::Broken)), (2, 0));
        let (_, spelt) = scanner(r#"{"i\u0064":1,"r\u0065sult":{"is\u0045rror":1}}"#.as_bytes());
        assert!(spelt.id.is_some() && spelt.head.is_error.is_some());
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
            let (whole, parts) = scanner(bytes);
            for first in 0..=bytes.len() {
                let mut cut = Scanner::default();
                cut.advance(&bytes[..first]);
                assert_eq!(cut.finish(bytes), whole, "{line} cut at {first}");
                assert_eq!(cut.result, parts.result, "{line} cut at {first}");
                assert_eq!(cut.head.is_error, parts.head.is_error);
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
            let (verdict, _) = scanner(mixed("{\"a\":[", "]}").replace("[]", "[1]").as_bytes());
            assert_eq!(verdict, Verdict::Whole, "{depth}");
            let (verdict, _) = scanner(mixed("[{\"a\":", "}]").as_bytes());
            assert_eq!(verdict, Verdict::Broken, "{depth}");
        }
    }
}
