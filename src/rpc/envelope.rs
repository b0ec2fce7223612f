//! JSON-RPC 2.0 envelopes, read without building values and written by hand.
//!
//! Only the envelope is parsed; `params` and `result` stay raw until somebody
//! needs a field of them. Ids of ours are integers and come back from real
//! servers as `1`, `1.0` or `"1"`; ids of theirs are echoed as they came.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::json::kept::Json;
use crate::json::lenient;
use crate::json::raw::{self, Raw};
use crate::rpc::line::Line;
use crate::rpc::scanner::{self, Part, Scanner, Verdict};
use crate::rpc::spans::{Place, Spans};

/// The request cannot be served as it is.
pub const INVALID_REQUEST: i64 = -32600;
/// The method does not exist or is not available.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are wrong; also what an unknown tool is answered with.
pub const INVALID_PARAMS: i64 = -32602;

/// From here on an error, in bytes, is told by its short parts only.
const LONG_ERROR: usize = 64 << 10;

/// Longest name of a method and longest id of a request, in bytes: they are copied
/// into answers and the log. What has a longer one is nothing that anybody means.
const LONGEST_NAME: usize = 64 << 10;

/// What was read is no JSON-RPC message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Junk;

/// One message from a peer.
#[derive(Debug)]
pub enum Message<'a> {
    /// The peer wants an answer.
    Request {
        /// To be echoed.
        id: &'a RawValue,
        /// What is asked.
        method: Cow<'a, str>,
        /// Its parameters.
        params: Option<Params<'a>>,
    },
    /// The peer tells something.
    Notification {
        /// What is told.
        method: Cow<'a, str>,
        /// Its parameters.
        params: Option<Params<'a>>,
    },
    /// The peer answers.
    Response {
        /// Our id; `None` when it is none that we could have given.
        id: Option<u64>,
        /// The raw result or the error.
        outcome: Result<RawResult<'a>, RpcError>,
    },
}

/// The raw parameters of a request or a notification.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    raw: Raw<'a>,
    message: &'a [u8],
    deep: Option<&'a Spans>,
}

impl<'a> Params<'a> {
    /// All of them.
    pub fn raw(&self) -> Raw<'a> {
        self.raw
    }

    /// The parameters for a reader of their members. Of long ones only the short
    /// members are left, and of words for people their length.
    pub fn abridged(&self) -> Cow<'a, str> {
        if let Some(text) = self.raw.short() {
            return Cow::Borrowed(text);
        }
        let mut out = String::from("{");
        for (name, value) in self.deep.map_or(&[][..], |deep| &deep.params) {
            let (name, value) = (name.of(self.message), value.of(self.message));
            let room = raw::LONGEST.saturating_sub(out.len() + name.len() + 3);
            let value = match value.len() {
                short if short <= room => std::str::from_utf8(value).map(Cow::Borrowed),
                long if matches!(name, b"\"message\"" | b"\"data\"") => {
                    Ok(Cow::Owned(format!("\"({long} bytes)\"")))
                }
                _ => continue,
            };
            if let (Ok(name), Ok(value)) = (std::str::from_utf8(name), value) {
                let comma = if out.len() > 1 { "," } else { "" };
                out.extend([comma, name, ":", &value]);
            }
        }
        out.push('}');
        Cow::Owned(out)
    }
}

/// A raw result, with what the pass over its message has found in it.
#[derive(Clone, Copy, Debug)]
pub struct RawResult<'a> {
    raw: Raw<'a>,
    head: ResultMembers<'a>,
    message: &'a [u8],
    /// The buffer that the message begins, when that may be kept.
    whole: Option<&'a Arc<Vec<u8>>>,
    deep: Option<&'a Spans>,
}

/// The raw members of a result that decide what it is.
#[derive(Clone, Copy, Debug)]
pub struct ResultMembers<'a> {
    /// `isError`.
    pub is_error: Option<&'a [u8]>,
    /// `resultType` (2026-07-28).
    pub result_type: Option<&'a [u8]>,
    /// `content`.
    pub content: Option<&'a [u8]>,
    /// A member is there twice; the last counts.
    pub doubled: bool,
    /// Where in the result the only text of a tool lies, see
    /// [`scanner::Head::only_text`].
    only_text: Place,
}

impl<'a> RawResult<'a> {
    /// The string, with its quotes, that is all there is to read in the result of a
    /// tool, as offsets in the result. `None` when there is more.
    pub fn only_text(&self) -> Option<Range<usize>> {
        (!self.head.only_text.is_empty()).then(|| self.head.only_text.range())
    }

    /// The result to be kept.
    pub fn to_json(&self) -> Json {
        self.raw.to_json()
    }

    /// The result for a reader of its members.
    ///
    /// # Errors
    /// When there is more to read than one turn of the host's loop has time for.
    pub fn short(&self) -> Result<&'a RawValue, RpcError> {
        match self.raw.is_long() {
            true => {
                let message = format!("the answer has {} bytes", self.raw.text().len());
                Err(RpcError { message, ..RpcError::default() })
            }
            false => Ok(raw(self.raw.text())),
        }
    }

    /// A part of the result, by its place in the message.
    pub fn part(&self, place: Range<usize>) -> Raw<'a> {
        Raw::new(self.message, place, self.whole)
    }

    /// Gives out what lies deeper in the result. It was noted for a message that
    /// may be long, and a short one is passed over again.
    pub fn look_deeper<T>(&self, look: impl FnOnce(&Spans) -> T) -> T {
        if let Some(deep) = self.deep {
            return look(deep);
        }
        let mut scanner = Scanner::deep();
        scanner.finish(self.message);
        look(scanner.found().unwrap_or(&Spans::NONE))
    }

    /// The raw result.
    pub fn raw(&self) -> Raw<'a> {
        self.raw
    }

    /// The members that decide what the result is.
    pub fn head(&self) -> ResultMembers<'a> {
        self.head
    }
}

/// A JSON-RPC error object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcError {
    /// Its code; 0 when it has none.
    pub code: i64,
    /// Its message, possibly empty.
    pub message: String,
    /// Raw `data`, empty when there is none.
    pub data: String,
    /// All of it as it came, empty when a server sent no error, or one that is too
    /// long to be kept.
    pub json: String,
}

/// Reads one line and gives each message in it to `each`: one, or those of a
/// batch (2025-03-26 servers may send batches).
///
/// # Errors
/// [`Junk`] when the line, or a member of the batch, is no JSON-RPC message. All
/// others of the batch were given out.
pub fn parse(line: &[u8], each: impl FnMut(Message<'_>)) -> Result<(), Junk> {
    parse_line(&mut line.into(), each)
}

/// [`parse`] of a line of which something may be known already.
///
/// # Errors
/// As [`parse`].
pub fn parse_line(line: &mut Line<'_>, mut each: impl FnMut(Message<'_>)) -> Result<(), Junk> {
    // A long line brings its own; one on the stack is cheaper for all others.
    let mut fresh = Scanner::default();
    let scanner = line.scanner.as_deref_mut().unwrap_or(&mut fresh);
    match scanner.finish(line.text) {
        Verdict::Whole => each(message(line.text, line.whole, scanner)?),
        Verdict::Foreign if line.text.starts_with(b"[") => {
            let batch: Vec<&RawValue> = serde_json::from_slice(line.text).map_err(|_| Junk)?;
            // What is no message costs the others nothing.
            let mut outcome = if batch.is_empty() { Err(Junk) } else { Ok(()) };
            for text in batch.into_iter().map(|raw| raw.get().as_bytes()) {
                let mut scanner = Scanner::default();
                match scanner.finish(text) {
                    Verdict::Whole => match message(text, None, &scanner) {
                        Ok(message) => each(message),
                        Err(Junk) => outcome = Err(Junk),
                    },
                    Verdict::Foreign | Verdict::Broken => outcome = Err(Junk),
                }
            }
            return outcome;
        }
        Verdict::Foreign | Verdict::Broken => return Err(Junk),
    }
    Ok(())
}

/// The message whose parts were found in `text`.
pub(crate) fn message<'a>(
    text: &'a [u8],
    whole: Option<&'a Arc<Vec<u8>>>,
    scanner: &'a Scanner,
) -> Result<Message<'a>, Junk> {
    let place = |part: &Part| part.clone().filter(|place| text.get(place.clone()) != Some(b"null"));
    let part = |part: &Part| place(part).and_then(|place| text.get(place));
    let mut id = part(&scanner.id);
    if part(&scanner.other_id).is_some_and(|other| Some(other) != id) {
        // Nobody can say which of them counts.
        id = None;
    }
    // Some servers name the method in their answers, too. A request has neither
    // result nor error.
    let answers = place(&scanner.error).is_some() || place(&scanner.result).is_some();
    if let (Some(method), false) = (part(&scanner.method), answers) {
        if method.len() > LONGEST_NAME || id.is_some_and(|id| id.len() > LONGEST_NAME) {
            return Err(Junk);
        }
        if !lenient::is_text(method) && id.is_none() {
            return Err(Junk);
        }
        // Whoever asks for a method that is no text is told that there is none such.
        let method = lenient::text(method);
        let params = place(&scanner.params).map(|place| Params {
            raw: Raw::new(text, place, whole),
            message: text,
            deep: scanner.found(),
        });
        return Ok(match id.map(raw) {
            Some(id) => Message::Request { id, method, params },
            None => Message::Notification { method, params },
        });
    }
    // An answer with both is out of spec (seen in the field); the error is the
    // half that must not be overlooked.
    let outcome = if let Some(error) = part(&scanner.error) {
        Err(rpc_error(text, error, &scanner.head))
    } else if id.is_none() && scanner.other_id.is_none() {
        return Err(Junk);
    } else if let Some(place) = scanner.result.clone() {
        // A result that is null is an empty one.
        let head = ResultMembers {
            is_error: part(&scanner.head.is_error),
            result_type: part(&scanner.head.result_type),
            content: part(&scanner.head.content),
            doubled: scanner.head.doubled,
            only_text: scanner.head.only_text().map_or(Place::NONE, |text| {
                Place::new(text.start - place.start, text.end - place.start)
            }),
        };
        let raw = Raw::new(text, place, whole);
        Ok(RawResult { raw, head, message: text, whole, deep: scanner.found() })
    } else {
        let message = "the answer has neither result nor error".into();
        Err(RpcError { message, ..RpcError::default() })
    };
    let id = id.filter(|id| id.len() <= LONGEST_NAME);
    let id = id.and_then(|id| std::str::from_utf8(id).ok()).and_then(id_of);
    Ok(Message::Response { id, outcome })
}

/// A part that was found well formed.
fn raw(text: &[u8]) -> &RawValue {
    serde_json::from_slice(text).unwrap_or(RawValue::NULL)
}

/// An error of whatever type. Of a long one only the parts that are short are told.
fn rpc_error(text: &[u8], error: &[u8], head: &scanner::Head) -> RpcError {
    let short = |part: &Part| {
        let part = part.clone().and_then(|place| text.get(place));
        part.filter(|part| part.len() <= LONG_ERROR && *part != b"null")
    };
    let is_long = error.len() > LONG_ERROR;
    let json = if is_long { String::new() } else { String::from_utf8_lossy(error).into_owned() };
    if !error.starts_with(b"{") {
        let message = match (error, is_long) {
            (_, true) => format!("an error of {} bytes", error.len()),
            (b"true" | b"[]", _) => String::new(),
            _ => lenient::text(error).into_owned(),
        };
        // A number alone is the code, if it may be one.
        let code = lenient::number(error).filter(|_| !lenient::is_text(error));
        let message = if code.is_some() { String::new() } else { message };
        return RpcError {
            code: code.unwrap_or_default() as i64,
            message,
            data: String::new(),
            json,
        };
    }
    let code = short(&head.code).and_then(lenient::number);
    let message = match (short(&head.message), is_long) {
        (Some(message), _) => lenient::text(message).into_owned(),
        (None, true) => format!("an error of {} bytes", error.len()),
        (None, false) => String::new(),
    };
    let data = short(&head.data).map_or("", |data| raw(data).get()).to_owned();
    RpcError { code: code.unwrap_or_default() as i64, message, data, json }
}

/// Our id out of `1`, `1.0`, `1e0` or `"1"`.
pub fn own_id(raw: &RawValue) -> Option<u64> {
    id_of(raw.get())
}

pub(crate) fn id_of(text: &str) -> Option<u64> {
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    if let Some(fraction) = text.find(['.', 'e', 'E']) {
        // A double is exact up to here, and no client lives for so many requests.
        const MOST: f64 = 9e15;
        let spelt = text[fraction..]
            .bytes()
            .all(|b| matches!(b, b'.' | b'0'..=b'9' | b'e' | b'E' | b'+' | b'-'));
        let number = text
            .parse::<f64>()
            .ok()
            .filter(|_| spelt && text.starts_with(|c: char| c.is_ascii_digit()));
        return number
            .filter(|id| id.fract() == 0.0 && (0.0..MOST).contains(id))
            .map(|id| id as u64);
    }
    text.parse().ok()
}

/// Appends `text` as a JSON string.
pub fn write_str(out: &mut Vec<u8>, text: &str) {
    // Writing into a Vec cannot fail, and a str is always representable.
    let _ = serde_json::to_writer(out, text);
}

/// Appends a decimal integer.
pub fn write_int(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a response with an empty result.
pub fn write_result(out: &mut Vec<u8>, id: &RawValue, result: &str) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.get().as_bytes());
    out.extend_from_slice(b",\"result\":");
    out.extend_from_slice(result.as_bytes());
    out.extend_from_slice(b"}");
}

/// Appends an error response.
pub fn write_error(out: &mut Vec<u8>, id: &RawValue, code: i64, message: &str) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.get().as_bytes());
    out.extend_from_slice(format!(",\"error\":{{\"code\":{code},\"message\":").as_bytes());
    write_str(out, message);
    out.extend_from_slice(b"}}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> String {
        let mut out = String::new();
        match parse(line.as_bytes(), |message| out += &format!("{message:?};")) {
            Ok(()) => out,
            Err(Junk) => out + "junk",
        }
    }

    #[test]
    fn ids_come_back_in_every_spelling() {
        for (text, id) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("\"7\"", Some(7)),
            ("7.00", Some(7)),
            ("7.5", None),
            ("-7", None),
            ("\"x\"", None),
            ("{}", None),
            ("1e3", Some(1000)),
            ("7e-1", None),
            ("1e400", None),
            ("99999999999999999999", None),
            ("true", None),
            ("[7]", None),
            ("\"\"", None),
        ] {
            let raw = RawValue::from_string(text.to_owned()).unwrap();
            assert_eq!(own_id(&raw), id, "{text}");
        }
    }

    #[test]
    fn an_error_beside_a_result_wins() {
        let line = r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":-1,"message":"no"}}"#;
        assert!(one(line).contains("Err(RpcError { code: -1, message: \"no\""), "{}", one(line));
        let line = r#"{"jsonrpc":"2.0","id":1,"result":{"a":1},"error":null}"#;
        assert!(one(line).contains("Ok("), "{}", one(line));
    }

    #[test]
    fn batches_are_taken_apart_and_junk_is_named() {
        let line = r#"[{"id":1,"result":{}},{"method":"x"},{"method":"ping","id":"a"}]"#;
        let seen = one(line);
        assert!(seen.contains("Response") && seen.contains("Notification"), "{seen}");
        assert!(seen.contains("Request"), "{seen}");
        let seen = one(r#"[7,{"id":1,"result":{}},{},{"method":"x"}]"#);
        assert!(seen.contains("Response") && seen.contains("Notification"), "{seen}");
        assert!(seen.ends_with("junk"), "{seen}");
        for junk in ["hello", "42", "{", "{}", "[1]", "[]", "\u{1b}[0m", r#"{"result":{}}"#] {
            assert!(one(junk).ends_with("junk"), "{junk}");
        }
    }

    #[test]
    fn odd_errors_keep_their_words() {
        assert!(one(r#"{"id":1,"error":"broken"}"#).contains("message: \"broken\""));
        assert!(one(r#"{"id":1,"error":-32601}"#).contains("code: -32601, message: \"\""));
        let told = one(r#"{"id":1,"error":{"code":"-32000","message":["a"],"data":"\ud800"}}"#);
        assert!(told.contains("code: -32000, message: \"[\\\"a\\\"]\""), "{told}");
        assert!(told.contains("json: \"{\\\"code\\\":"), "{told}");
        let told = one(r#"{"id":1,"error":{"message":"half \ud800","code":null,"code":1e400}}"#);
        assert!(told.contains("code: 0, message: \"half \u{fffd}\""), "{told}");
        assert!(one(r#"{"id":1,"error":true}"#).contains("Err("));
        assert!(one(r#"{"id":1,"error":[]}"#).contains("Err("));
        assert!(one(r#"{"id":1,"result":null}"#).contains("Ok("));
        assert!(one(r#"{"id":1,"error":{"code":-32000.0,"message":null}}"#).contains("-32000"));
        assert!(one(r#"{"id":1}"#).contains("neither result nor error"));
        assert!(one(r#"{"error":{"code":-32000,"message":"at last"}}"#).contains("id: None"));
    }

    #[test]
    fn long_errors_are_told_by_their_short_parts() {
        let long = "x".repeat(LONG_ERROR + 1);
        let told = one(&format!(
            r#"{{"id":1,"error":{{"data":"{long}","message":"too \"much\"","code":-32000}}}}"#
        ));
        assert!(told.contains("code: -32000") && told.contains("too \\\"much"), "{told}");
        assert!(told.contains(r#"data: """#), "{told}");
        let told = one(&format!(r#"{{"id":1,"error":{{"message":"{long}","data":[1]}}}}"#));
        assert!(told.contains("an error of 655") && told.contains("[1]"), "{told}");
        let told = one(&format!(r#"{{"id":1,"error":"{long}"}}"#));
        assert!(told.contains("an error of 655") && told.contains("code: 0"), "{told}");
    }

    #[test]
    fn the_envelope_is_read_in_any_spelling() {
        for line in [
            r#" { "result" : {} , "i\u0064" : 3 } "#,
            r#"{"id":3,"re\u0073ult":{"is\u0045rror":false}}"#,
            r#"{"id":3,"error":null,"method":null,"result":{}}"#,
            r#"{"id":3,"method":"tools/call","result":{}}"#,
            r#"{"jsonrpc":1.0,"id":"3","result":7,"result":{},"id":"3"}"#,
            r#"{"jsonrpc":"2.0","jsonrpc":null,"id":3e0,"error":null,"result":[]}"#,
        ] {
            assert!(one(line).starts_with("Response { id: Some(3), outcome: Ok("), "{}", one(line));
        }
        let unsure = one(r#"{"id":1,"id":2,"result":{}}"#);
        assert!(unsure.starts_with("Response { id: None"), "an answer for nobody: {unsure}");
        let asked = one(r#"{"id":1,"method":7}"#);
        assert!(asked.starts_with("Request") && asked.contains("method: \"7\""), "{asked}");
        for line in [r#"{"method":7}"#, r#"{"id":1,"result":{}}}"#, "[[{\"id\":1,\"result\":{}}]]"]
        {
            assert_eq!(one(line), "junk", "{line}");
        }
    }

    #[test]
    fn integers_are_written_in_full() {
        for value in [0, 9, 10, 1234567890, u64::MAX] {
            let mut out = Vec::new();
            write_int(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
        }
    }
}
