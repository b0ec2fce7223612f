//! JSON-RPC 2.0 envelopes, read without building values and written by hand.
//!
//! Only the envelope is parsed; `params` and `result` stay raw until somebody
//! needs a field of them. Ids of ours are integers and come back from real
//! servers as `1`, `1.0` or `"1"`; ids of theirs are echoed as they came.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::framing::Line;
use crate::protocol::json::Json;
use crate::protocol::message::ResultHead;
use crate::protocol::outline::{Outline, Part, Verdict};

/// The method does not exist or is not available.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are wrong; also what an unknown tool is answered with.
pub const INVALID_PARAMS: i64 = -32602;

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
        params: Option<&'a RawValue>,
    },
    /// The peer tells something.
    Notification {
        /// What is told.
        method: Cow<'a, str>,
        /// Its parameters.
        params: Option<&'a RawValue>,
    },
    /// The peer answers.
    Response {
        /// Our id; `None` when it is none that we could have given.
        id: Option<u64>,
        /// The raw result or the error.
        outcome: Result<Answer<'a>, RpcError>,
    },
}

/// A raw result, with what the pass over its message has found in it.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    text: &'a [u8],
    head: Option<Head<'a>>,
    /// The line it came in and where it begins there, when it may be kept so.
    line: Option<(&'a Arc<Vec<u8>>, usize)>,
}

/// The raw members of a result that decide what it is.
#[derive(Clone, Copy, Debug)]
struct Head<'a> {
    is_error: Option<&'a [u8]>,
    result_type: Option<&'a [u8]>,
}

impl<'a> Answer<'a> {
    /// The result to be kept.
    pub fn to_json(&self) -> Json {
        match self.line {
            // A small part must not keep a big line alive.
            Some((line, at)) if self.text.len() > line.len() / 2 => {
                Json::part(line.clone(), at..at + self.text.len())
            }
            _ => Json::from(self.text),
        }
    }

    /// The result for a reader of its members.
    pub fn raw(&self) -> &'a RawValue {
        // It was found well formed before.
        serde_json::from_slice(self.text).unwrap_or(RawValue::NULL)
    }

    /// What decides what the result is.
    ///
    /// # Errors
    /// When it is no object, or a member of the head has the wrong type.
    pub fn head(&self) -> Result<ResultHead<'a>, serde_json::Error> {
        let Some(head) = self.head else { return serde_json::from_slice(self.text) };
        let (is_error, result_type) = (head.is_error, head.result_type);
        let result_type = match result_type.map(serde_json::from_slice).transpose()? {
            Some(Some(Text(text))) => Some(text),
            _ => None,
        };
        if result_type.as_deref() == Some("input_required") {
            // Rare, and then everything counts.
            return serde_json::from_slice(self.text);
        }
        Ok(ResultHead {
            is_error: is_error.map(serde_json::from_slice).transpose()?.flatten(),
            result_type,
            ..ResultHead::default()
        })
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> From<&'a RawValue> for Answer<'a> {
    fn from(raw: &'a RawValue) -> Answer<'a> {
        Answer { text: raw.get().as_bytes(), head: None, line: None }
    }
}

/// A JSON-RPC error object.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// Its code.
    pub code: i64,
    /// Its message, possibly empty.
    pub message: String,
    /// Raw `data`, empty when there is none.
    pub data: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorObject<'a> {
    #[serde(default)]
    code: f64,
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Reads one line and gives each message in it to `each`: one, or those of a
/// batch (2025-03-26 servers may send batches).
///
/// # Errors
/// [`Junk`] when the line, or a member of the batch, is no JSON-RPC message.
/// Members before it were given out.
pub fn parse<'a>(line: &'a [u8], each: impl FnMut(Message<'a>)) -> Result<(), Junk> {
    parse_line(line.into(), each)
}

/// [`parse`] of a line of which something may be known already.
///
/// # Errors
/// As [`parse`].
pub fn parse_line<'a>(mut line: Line<'a>, mut each: impl FnMut(Message<'a>)) -> Result<(), Junk> {
    // A long line brings its own; one on the stack is cheaper for all others.
    let mut fresh = Outline::default();
    let mut begun = line.outline.take();
    let outline = begun.as_deref_mut().unwrap_or(&mut fresh);
    let (text, whole) = (line.text, line.whole);
    match outline.finish(text) {
        Verdict::Broken => return Err(Junk),
        Verdict::Odd => {}
        Verdict::Whole => {
            if let Some(message) = answer(text, whole, outline) {
                each(message);
                return Ok(());
            }
        }
    }
    match text.first() {
        Some(b'{') => each(parse_one(text)?),
        Some(b'[') => {
            let batch: Vec<&RawValue> = serde_json::from_slice(text).map_err(|_| Junk)?;
            for message in batch {
                each(parse_one(message.get().as_bytes())?);
            }
        }
        _ => return Err(Junk),
    }
    Ok(())
}

/// The message when it is a plain answer with a result, as nearly all are.
fn answer<'a>(
    line: &'a [u8],
    whole: Option<&'a Arc<Vec<u8>>>,
    outline: &Outline,
) -> Option<Message<'a>> {
    let part = |part: &Part| part.clone().and_then(|range| line.get(range));
    if outline.method.is_some() || outline.error.is_some() {
        return None;
    }
    let (id, text) = (part(&outline.id)?, part(&outline.result)?);
    if id == b"null" || !text.starts_with(b"{") {
        return None;
    }
    let head = Head { is_error: part(&outline.is_error), result_type: part(&outline.result_type) };
    let start = outline.result.as_ref().map_or(0, |place| place.start);
    let line = whole.map(|whole| (whole, start));
    let outcome = Ok(Answer { text, head: Some(head), line });
    let id = std::str::from_utf8(id).ok().and_then(id_of);
    Some(Message::Response { id, outcome })
}

fn parse_one(text: &[u8]) -> Result<Message<'_>, Junk> {
    let envelope: Envelope<'_> = serde_json::from_slice(text).map_err(|_| Junk)?;
    match envelope {
        Envelope { method: Some(method), id: Some(id), params, .. } => {
            Ok(Message::Request { id, method, params })
        }
        Envelope { method: Some(method), params, .. } => {
            Ok(Message::Notification { method, params })
        }
        // A reply with both is out of spec (seen in the field); the error is the
        // half that must not be overlooked.
        Envelope { id, error: Some(error), .. } => {
            Ok(Message::Response { id: id.and_then(own_id), outcome: Err(rpc_error(error)) })
        }
        Envelope { id: Some(id), result: Some(result), .. } => {
            Ok(Message::Response { id: own_id(id), outcome: Ok(result.into()) })
        }
        Envelope { id: Some(id), .. } => Ok(Message::Response {
            id: own_id(id),
            outcome: Err(RpcError {
                code: 0,
                message: "the answer has neither result nor error".into(),
                data: String::new(),
            }),
        }),
        Envelope { .. } => Err(Junk),
    }
}

fn rpc_error(raw: &RawValue) -> RpcError {
    match serde_json::from_str::<ErrorObject<'_>>(raw.get()) {
        Ok(object) => RpcError {
            code: object.code as i64,
            message: object.message.unwrap_or_default().into_owned(),
            data: object.data.map_or(String::new(), |data| data.get().to_owned()),
        },
        Err(_) => RpcError { code: 0, message: raw.get().to_owned(), data: String::new() },
    }
}

/// Our id out of `1`, `1.0` or `"1"`.
pub fn own_id(raw: &RawValue) -> Option<u64> {
    id_of(raw.get())
}

fn id_of(text: &str) -> Option<u64> {
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    let text = text.split_once('.').map_or(text, |(whole, fraction)| {
        if fraction.bytes().all(|digit| digit == b'0') { whole } else { "" }
    });
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
    out.extend_from_slice(b"}\n");
}

/// Appends an error response.
pub fn write_error(out: &mut Vec<u8>, id: &RawValue, code: i64, message: &str) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.get().as_bytes());
    out.extend_from_slice(format!(",\"error\":{{\"code\":{code},\"message\":").as_bytes());
    write_str(out, message);
    out.extend_from_slice(b"}}\n");
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
            ("1e3", None),
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
        for junk in ["hello", "42", "{", "{}", "[1]", "\u{1b}[0m", r#"{"result":{}}"#] {
            assert!(one(junk).ends_with("junk"), "{junk}");
        }
    }

    #[test]
    fn odd_errors_keep_their_words() {
        assert!(one(r#"{"id":1,"error":"broken"}"#).contains("broken"));
        assert!(one(r#"{"id":1,"error":{"code":-32000.0,"message":null}}"#).contains("-32000"));
        assert!(one(r#"{"id":1}"#).contains("neither result nor error"));
    }

    #[test]
    fn the_short_way_reads_what_the_long_way_reads() {
        let heads = [
            "{}",
            r#"{"isError":true,"resultType":"complete","content":[]}"#,
            r#"{"isError":null,"resultType":null,"inputRequests":null}"#,
            r#"{"isError":"yes"}"#,
            r#"{"isError":1}"#,
            r#"{"resultType":7}"#,
            r#"{"resultType":"a\u0062\n"}"#,
            r#"{"resultType":"input_required","inputRequests":{"x":[1]},"requestState":"s"}"#,
            r#"{"content":{"isError":true}}"#,
        ];
        for head in heads {
            let line = format!(r#"{{"jsonrpc":"2.0","id":"12","result":{head}}}"#);
            let mut seen = 0;
            parse(line.as_bytes(), |message| {
                let Message::Response { id: Some(12), outcome: Ok(answer) } = message else {
                    panic!("{message:?}");
                };
                assert!(answer.head.is_some(), "{line}");
                let raw: &RawValue = serde_json::from_str(head).unwrap();
                let long = Answer::from(raw);
                assert_eq!(&*answer.to_json(), &*long.to_json());
                assert_eq!(answer.raw().get(), head);
                match (answer.head(), long.head()) {
                    (Ok(short), Ok(long)) => assert_eq!(format!("{short:?}"), format!("{long:?}")),
                    (Err(_), Err(_)) => {}
                    other => panic!("{head}: {other:?}"),
                }
                seen += 1;
            })
            .unwrap();
            assert_eq!(seen, 1);
        }
        for line in [
            r#"{"id":1,"result":null}"#,
            r#"{"id":null,"result":{}}"#,
            r#"{"id":1,"result":[true]}"#,
            r#"{"id":1,"result":{},"error":null}"#,
        ] {
            let mut short = Outline::default();
            assert_eq!(short.finish(line.as_bytes()), Verdict::Whole);
            assert!(answer(line.as_bytes(), None, &short).is_none(), "{line}");
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
