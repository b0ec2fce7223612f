//! Messages in lines that are no message by themselves.
//!
//! One JSON document per line is what servers are to write. Real ones write a prompt
//! or the title of a terminal before it, two messages on one line, one message over
//! several lines, or what is [nearly JSON](crate::json::repair). All of that is
//! rare, so the ordinary way of reading knows nothing of it.
//!
//! Invariant: the work is bounded by [`raw::LONGEST`](crate::json::raw::LONGEST)
//! bytes and a few tries for each line, whatever stands in it.

use memchr::{memchr, memmem};

use crate::json::raw::LONGEST;
use crate::json::repair::Mender;
use crate::rpc::envelope::{self, Message};
use crate::rpc::scanner::{Scanner, Verdict};

/// Objects that are tried in one line.
const TRIES: usize = 8;
/// Lines of one message.
const LINES: usize = 1 << 16;
/// Where in an answer its id stands, if not before the result: in its last bytes.
pub(crate) const TAIL: usize = 128;

/// What was found in a line.
#[derive(Debug, Default)]
pub struct Salvage {
    /// Messages that were given out.
    pub messages: usize,
    /// What stands before the first of them, or before the one that is open.
    pub before: String,
    /// A message begins here and does not end.
    pub open: Option<Box<Fold>>,
    /// An answer that cannot be read.
    pub wreck: Option<Wreck>,
}

/// An answer that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Wreck {
    /// The request that it answers, when that can be seen.
    pub id: Option<u64>,
    /// What is wrong with it.
    pub why: String,
    /// All that is wrong with it is that it has no id.
    pub is_nameless: bool,
}

/// A message that goes on in the next line.
#[derive(Debug, Default)]
pub struct Fold {
    mender: Mender,
    scanner: Scanner,
    lines: usize,
}

/// What a piece made of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// It goes on.
    Open,
    /// It has ended, so many bytes into the piece.
    Whole(usize),
    /// It is none.
    Broken,
}

impl Fold {
    fn new() -> Fold {
        Fold { mender: Mender::default(), scanner: Scanner::deep(), lines: 1 }
    }

    /// Takes the next line; the line break before it is part of the message. No
    /// more than `limit` bytes are held.
    pub fn line(&mut self, line: &[u8], limit: usize) -> Folding {
        let room = limit.saturating_sub(self.mender.text().len());
        if line.len() > LONGEST || line.len() >= room || self.lines == LINES {
            return Folding::Broken;
        }
        let folding = match self.push(b"\n") {
            Folding::Open => self.push(line),
            broken => broken,
        };
        self.lines += usize::from(folding != Folding::Broken);
        folding
    }

    fn push(&mut self, piece: &[u8]) -> Folding {
        let end = self.mender.push(piece);
        self.scanner.advance(self.mender.text());
        match end {
            _ if self.scanner.is_broken() => Folding::Broken,
            Some(used) => Folding::Whole(used),
            None => Folding::Open,
        }
    }

    /// Gives out the message, once it is whole. False: it is none.
    pub fn give(&mut self, each: impl FnOnce(Message<'_>)) -> bool {
        let text = self.mender.text();
        if self.scanner.finish(text) != Verdict::Whole {
            return false;
        }
        match envelope::message(text, None, &self.scanner) {
            Ok(message) => each(message),
            Err(envelope::Junk) => return false,
        }
        true
    }

    /// What it is when nothing comes of it: an answer that cannot be read, perhaps.
    pub fn wreck(&self) -> Option<Wreck> {
        wreck(self.mender.text(), Some(&self.scanner))
    }

    /// Its beginning, for people.
    pub fn text(&self) -> &[u8] {
        self.mender.text()
    }

    /// How many lines it has.
    pub fn lines(&self) -> usize {
        self.lines
    }
}

/// Looks for messages in a line that is none, and gives each to `each` with whether
/// something stands before it. A line beyond 256 KiB is not searched.
pub fn salvage(line: &[u8], mut each: impl FnMut(Message<'_>, bool)) -> Salvage {
    let mut found = Salvage::default();
    if line.len() > LONGEST {
        found.wreck = wreck(line, None);
        return found;
    }
    let (mut at, mut before) = (0, 0);
    for _ in 0..TRIES {
        let Some(start) = object(line, at) else { break };
        let mut fold = Fold::new();
        let prefix = line[before..start].trim_ascii();
        // What stands between messages is a comma at most.
        let prefixed = !matches!(prefix, b"" | b"," | b"[" | b"]");
        match fold.push(&line[start..]) {
            Folding::Whole(used) => {
                at = start + used;
                if fold.give(|message| each(message, prefixed)) {
                    found.messages += 1;
                    if prefixed && found.before.is_empty() {
                        found.before = String::from_utf8_lossy(prefix).into_owned();
                    }
                    before = at;
                } else if found.wreck.is_none() {
                    found.wreck = fold.wreck();
                }
            }
            // A brace at the end of a line of text begins nothing.
            Folding::Open if prefixed && !has_version(fold.text()) => break,
            Folding::Open => {
                if prefixed && found.before.is_empty() {
                    found.before = String::from_utf8_lossy(prefix).into_owned();
                }
                found.open = Some(Box::new(fold));
                break;
            }
            Folding::Broken => {
                found.wreck = found.wreck.or_else(|| wreck(&line[start..], Some(&fold.scanner)));
                at = start + 1;
            }
        }
    }
    found
}

fn has_version(text: &[u8]) -> bool {
    memmem::find(text, b"\"jsonrpc\"").is_some()
}

/// Where the next object begins that may be a message: its brace is followed by a
/// key, or by the end of the line.
fn object(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr(b'{', line.get(at..)?)?;
        match line[at + 1..].trim_ascii_start().first() {
            Some(b'"') | None => return Some(at),
            Some(_) => at += 1,
        }
    }
}

/// What can be said of a text that was to be an answer. `None`: it was not.
pub fn wreck(text: &[u8], scanner: Option<&Scanner>) -> Option<Wreck> {
    let head = &text[..text.len().min(LONGEST)];
    let has = |name: &str| memmem::find(head, name.as_bytes()).is_some();
    let part = |range: &Option<std::ops::Range<usize>>| {
        range.clone().and_then(|range| std::str::from_utf8(text.get(range)?).ok())
    };
    let is_answer = text.starts_with(b"{")
        && has_version(head)
        && (has("\"result\"") || has("\"error\""))
        && scanner.is_none_or(|scanner| scanner.method.is_none());
    if !is_answer {
        return None;
    }
    let own = scanner.and_then(|scanner| part(&scanner.id));
    let mut id = own.and_then(envelope::id_of).or_else(|| last_id(text));
    let mut is_nameless = false;
    let why = match std::str::from_utf8(text) {
        Err(_) if text.len() <= LONGEST => "it is not UTF-8".to_owned(),
        _ if text.len() > LONGEST => format!("{} bytes", text.len()),
        _ => match serde_json::from_slice::<serde::de::IgnoredAny>(text) {
            Err(error) => error.to_string(),
            Ok(_) if own.is_none_or(|id| id == "null") => {
                is_nameless = true;
                "it has no id".to_owned()
            }
            Ok(_) => {
                id = None;
                "a part of it is there twice".to_owned()
            }
        },
    };
    Some(Wreck { id, why, is_nameless })
}

/// The id of ours at the end of an answer, which may be followed by `jsonrpc` alone.
pub fn last_id(text: &[u8]) -> Option<u64> {
    last_raw_id(text).and_then(envelope::id_of)
}

/// Whether raw JSON may be the id of a request: a short text or number.
pub fn may_be_id(raw: &str) -> bool {
    raw.len() <= TAIL
        && raw.starts_with(|c: char| matches!(c, '"' | '-' | '0'..='9'))
        && serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok()
}

/// The raw id at the end of a message, which may be followed by `jsonrpc` alone.
pub fn last_raw_id(text: &[u8]) -> Option<&str> {
    let tail = text[text.len().saturating_sub(TAIL)..].trim_ascii_end().strip_suffix(b"}")?;
    let at = memmem::rfind(tail, b"\"id\"")?;
    let value = tail[at + 4..].trim_ascii_start().strip_prefix(b":")?;
    let value = std::str::from_utf8(value).ok()?;
    let (id, rest) = value.split_once(',').unwrap_or((value, ""));
    let rest: String = rest.chars().filter(|c| !c.is_whitespace()).collect();
    let is_last = matches!(&*rest, "" | "\"jsonrpc\":\"2.0\"");
    Some(id.trim()).filter(|id| is_last && may_be_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"a":"}{"}}"#;

    fn found(line: &[u8]) -> (Vec<String>, Salvage) {
        let mut messages = Vec::new();
        let found = salvage(line, |message, prefixed| {
            let Message::Response { id, outcome } = message else { panic!("{message:?}") };
            let text = match outcome {
                Ok(answer) => String::from_utf8_lossy(&answer.to_json()).into_owned(),
                Err(error) => error.message,
            };
            messages.push(format!("{id:?} {prefixed} {text}"));
        });
        (messages, found)
    }

    #[test]
    fn what_stands_before_a_message_is_passed_over_and_told() {
        for before in
            ["\u{1b}]0;srv\u{7}", "Welcome {user} to {\"host\": 1}! ", "> ", "[INFO] {x} "]
        {
            let (messages, rest) = found(format!("{before}{ANSWER}").as_bytes());
            assert_eq!(messages, ["Some(7) true {\"a\":\"}{\"}"], "{before}");
            assert_eq!(rest.before, before.trim(), "{before}");
            assert!(rest.open.is_none() && rest.wreck.is_none());
        }
    }

    #[test]
    fn messages_on_one_line_are_all_found_and_what_follows_is_not() {
        for between in ["", " ", ", ", "\t"] {
            let line = format!("{ANSWER}{between}{ANSWER} and more");
            let (messages, rest) = found(line.as_bytes());
            assert_eq!((messages.len(), rest.messages), (2, 2), "{between}");
            assert!(messages[1].contains(" false "), "{messages:?}");
        }
        assert_eq!(found(b"[1, 2] {a: 1} {\"level\":30,\"msg\":\"up\"}").0, [""; 0]);
    }

    #[test]
    fn what_is_nearly_json_is_read() {
        for (result, wanted) in [
            (&b"\"caf\xe9\""[..], "\"caf\u{fffd}\""),
            (b"\"a\tb\"", "\"a\\u0009b\""),
            (b"[NaN]", "[null]"),
        ] {
            let line = [b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":", result, b"}"].concat();
            assert_eq!(found(&line).0, [format!("Some(1) false {wanted}")]);
        }
    }

    #[test]
    fn a_message_over_several_lines_is_put_together() {
        let (_, rest) = found(b"{");
        let mut fold = rest.open.unwrap();
        assert_eq!(fold.line(b" \"jsonrpc\": \"2.0\", \"id\": 3,", 1000), Folding::Open);
        assert_eq!(fold.line(b" \"result\": \"one", 1000), Folding::Open);
        assert_eq!(fold.line(b"  two\"", 1000), Folding::Open);
        assert_eq!(fold.line(b"} {\"x\"", 1000), Folding::Whole(1));
        let mut text = String::new();
        assert!(fold.give(|message| text = format!("{message:?}")));
        assert!(text.contains("Some(3)"), "{text}");
        assert_eq!(fold.lines(), 5);

        assert!(found(b"Starting {").1.open.is_none());
        assert!(found(b"> {\"jsonrpc\":\"2.0\",").1.open.is_some());
        let mut fold = found(b"{").1.open.unwrap();
        assert_eq!(fold.line(b"  port: 3000,", 1000), Folding::Broken);
        assert_eq!(fold.lines(), 1, "what broke it is no part of it");
        let mut fold = found(b"{").1.open.unwrap();
        assert_eq!(fold.line(&[b' '; 1000], 1000), Folding::Broken, "beyond the limit");
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_known_by_its_id() {
        for (line, id) in [
            (r#"{"jsonrpc":"2.0","id":4,"result":{"a":1.}}"#, Some(4)),
            (r#"{"result":{"a":01},"id":5,"jsonrpc":"2.0"}"#, Some(5)),
            (r#"{"jsonrpc":"2.0","result":{"a":tru},"id" : "6" }"#, Some(6)),
            (r#"{"jsonrpc":"2.0","result":{"a":tru,"id":6}}"#, None),
        ] {
            let wreck = found(line.as_bytes()).1.wreck.expect(line);
            assert_eq!(wreck.id, id, "{line}");
            assert!(wreck.why.contains("line 1 column"), "{wreck:?}");
        }
        let wreck = found(br#"{"jsonrpc":"2.0","id":null,"result":{}}"#).1.wreck.unwrap();
        assert_eq!((wreck.id, &*wreck.why, wreck.is_nameless), (None, "it has no id", true));
        for line in [
            r#"{"level":"info","msg":oops}"#,
            r#"{"jsonrpc":"2.0","id":4,"method":"x","params":{"result":1.}}"#,
            "text with \"jsonrpc\" and \"result\"",
        ] {
            assert_eq!(found(line.as_bytes()).1.wreck, None, "{line}");
        }
    }
}
