//! Messages, read for what the bridge has to know and written anew with other ids.
//!
//! Only the envelope and a few members of `params` are looked at. Everything else
//! passes byte for byte. A message is put together from its parts, so a member that
//! the bridge has not read cannot pass.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use tmcp::rpc::envelope;
use tmcp::rpc::line::Line;
use tmcp::rpc::scanner::{Part, Scanner, Verdict};

/// Longest line of a client or the server, in bytes: 16 MiB.
pub(crate) const LIMIT: usize = 16 << 20;
/// Longest id and method, in bytes: both are kept.
const LONGEST_NAME: usize = 4 << 10;

/// One message.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Request {
        id: &'a [u8],
        method: String,
        raw_method: &'a [u8],
        params: Option<&'a [u8]>,
    },
    Notification {
        method: String,
        raw_method: &'a [u8],
        params: Option<&'a [u8]>,
    },
    /// `body` is the result, or the error.
    Answer {
        id: &'a [u8],
        is_error: bool,
        body: &'a [u8],
    },
}

/// Why a text is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    NotJson,
    NoMessage,
}

/// Gives each message in a line to `each`: one, or those of a batch.
pub(crate) fn read(line: &mut Line<'_>, mut each: impl FnMut(Result<Message<'_>, Defect>)) {
    let mut fresh = Scanner::default();
    let scanner = line.scanner.as_deref_mut().unwrap_or(&mut fresh);
    match scanner.finish(line.text) {
        Verdict::Whole => each(message(line.text, scanner)),
        Verdict::Foreign if line.text.starts_with(b"[") => {
            let Ok(batch) = serde_json::from_slice::<Vec<&RawValue>>(line.text) else {
                return each(Err(Defect::NotJson));
            };
            if batch.is_empty() {
                each(Err(Defect::NoMessage));
            }
            for text in batch.into_iter().map(|raw| raw.get().as_bytes()) {
                let mut scanner = Scanner::default();
                each(match scanner.finish(text) {
                    Verdict::Whole => message(text, &scanner),
                    _ => Err(Defect::NoMessage),
                });
            }
        }
        Verdict::Foreign if serde_json::from_slice::<&RawValue>(line.text).is_ok() => {
            each(Err(Defect::NoMessage));
        }
        Verdict::Foreign | Verdict::Broken => each(Err(Defect::NotJson)),
    }
}

fn message<'a>(text: &'a [u8], scanner: &Scanner) -> Result<Message<'a>, Defect> {
    let part =
        |part: &Part| part.clone().and_then(|place| text.get(place)).filter(|p| *p != b"null");
    if scanner.other_id.is_some() {
        // Nobody can say which of them counts.
        return Err(Defect::NoMessage);
    }
    let id = part(&scanner.id);
    if id.is_some_and(|id| id.len() > LONGEST_NAME || !matches!(id[0], b'"' | b'-' | b'0'..=b'9')) {
        return Err(Defect::NoMessage);
    }
    let error = part(&scanner.error);
    // A result that is null is an empty one.
    let result = scanner.result.clone().and_then(|place| text.get(place));
    if let (Some(body), Some(id)) = (error.or(result), id) {
        return Ok(Message::Answer { id, is_error: error.is_some(), body });
    }
    let raw_method = part(&scanner.method).filter(|m| m.len() <= LONGEST_NAME);
    let raw_method = raw_method.ok_or(Defect::NoMessage)?;
    let method = serde_json::from_slice(raw_method).map_err(|_| Defect::NoMessage)?;
    let params = part(&scanner.params);
    match (id, &scanner.id) {
        (Some(id), _) => Ok(Message::Request { id, method, raw_method, params }),
        // An id that is null is no request's, and nothing of it would be answered.
        (None, Some(_)) => Err(Defect::NoMessage),
        (None, None) => Ok(Message::Notification { method, raw_method, params }),
    }
}

/// An integer of the bridge's out of a raw id: `1`, `1.0` or `"1"`.
pub(crate) fn own_id(raw: &[u8]) -> Option<u64> {
    envelope::own_id(serde_json::from_slice(raw).ok()?)
}

/// The raw value at `path` of an object. `None` when there is none, and when a member on
/// the way is there twice, because nobody can say which of them counts.
pub(crate) fn member<'a>(object: &'a [u8], path: &[&str]) -> Option<&'a [u8]> {
    path.iter().try_fold(object, |object, name| one_member(object, name))
}

/// The string at `path` of an object.
pub(crate) fn text_member(object: Option<&[u8]>, path: &[&str]) -> Option<String> {
    serde_json::from_slice(member(object?, path)?).ok()
}

/// The names of the members of an object.
pub(crate) fn names(object: &[u8]) -> Vec<String> {
    let members: Option<Members<'_>> = members(object);
    members.map_or(Vec::new(), |members| {
        members.0.into_iter().map(|(name, _)| name.into_owned()).collect()
    })
}

/// `object` with `new` in the place of the value at `path`; as it is when there is none.
pub(crate) fn replaced<'a>(object: &'a [u8], path: &[&str], new: &[u8]) -> Cow<'a, [u8]> {
    let Some(old) = member(object, path) else { return Cow::Borrowed(object) };
    // Both lie in one text.
    let start = old.as_ptr() as usize - object.as_ptr() as usize;
    Cow::Owned([&object[..start], new, &object[start + old.len()..]].concat())
}

fn one_member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut found = None;
    for (key, value) in members(object)?.0 {
        if key == name {
            if found.is_some() {
                return None;
            }
            found = Some(value.get().as_bytes());
        }
    }
    found
}

/// Whether a member that the bridge rewrites is there twice.
pub(crate) fn is_ambiguous(params: Option<&[u8]>) -> bool {
    let Some(params) = params else { return false };
    let twice = |object: &[u8], name: &str| {
        members(object).is_some_and(|all| all.0.iter().filter(|(key, _)| key == name).count() > 1)
    };
    twice(params, "_meta")
        || twice(params, "requestId")
        || twice(params, "uri")
        || member(params, &["_meta"]).is_some_and(|meta| twice(meta, "progressToken"))
}

fn members(object: &[u8]) -> Option<Members<'_>> {
    serde_json::Deserializer::from_slice(object).deserialize_map(MembersVisitor).ok()
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);
struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            members.push((key, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Key<'de>, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(KeyVisitor)
    }
}

/// A request. Each of these ends in a newline.
pub(crate) fn request(id: u64, raw_method: &[u8], params: Option<&[u8]>) -> Vec<u8> {
    with_method(Some(id.to_string().as_bytes()), raw_method, params)
}

/// A notification.
pub(crate) fn notification(raw_method: &[u8], params: Option<&[u8]>) -> Vec<u8> {
    with_method(None, raw_method, params)
}

fn with_method(id: Option<&[u8]>, raw_method: &[u8], params: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(96 + params.map_or(0, <[u8]>::len));
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\"");
    if let Some(id) = id {
        out.extend_from_slice(b",\"id\":");
        out.extend_from_slice(id);
    }
    out.extend_from_slice(b",\"method\":");
    out.extend_from_slice(raw_method);
    if let Some(params) = params {
        out.extend_from_slice(b",\"params\":");
        out.extend_from_slice(params);
    }
    out.extend_from_slice(b"}\n");
    out
}

/// An answer with an id as it came.
pub(crate) fn answer(raw_id: &[u8], is_error: bool, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + body.len());
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(raw_id);
    out.extend_from_slice(if is_error { b",\"error\":" } else { b",\"result\":" });
    out.extend_from_slice(body);
    out.extend_from_slice(b"}\n");
    out
}

/// An answer that the bridge itself gives.
pub(crate) fn refusal(raw_id: &[u8], code: i64, why: &str) -> Vec<u8> {
    let mut body = format!("{{\"code\":{code},\"message\":").into_bytes();
    envelope::write_str(&mut body, why);
    body.push(b'}');
    answer(raw_id, true, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(line: &str) -> Vec<String> {
        let mut found = Vec::new();
        read(&mut line.as_bytes().into(), |message| {
            found.push(match message {
                Ok(Message::Request { id, method, .. }) => {
                    format!("request {} {method}", String::from_utf8_lossy(id))
                }
                Ok(Message::Notification { method, .. }) => format!("notification {method}"),
                Ok(Message::Answer { id, is_error, body }) => {
                    let (id, body) = (String::from_utf8_lossy(id), String::from_utf8_lossy(body));
                    format!("answer {id} {is_error} {body}")
                }
                Err(defect) => format!("{defect:?}"),
            });
        });
        found
    }

    #[test]
    fn each_kind_of_message_is_told_from_the_others() {
        for (line, wanted) in [
            (r#"{"id":"a\"b","method":"x"}"#, r#"request "a\"b" x"#),
            (r#"{"method":"x\u0041"}"#, "notification xA"),
            (r#"{"id":1.0,"result":null}"#, "answer 1.0 false null"),
            (r#"{"id":1,"result":{},"error":{"code":1}}"#, r#"answer 1 true {"code":1}"#),
            (r#"{"id":null,"method":"x"}"#, "NoMessage"),
            (r#"{"id":1,"id":2,"method":"x"}"#, "NoMessage"),
            (r#"{"id":{},"method":"x"}"#, "NoMessage"),
            (r#"{"id":1}"#, "NoMessage"),
            ("7", "NoMessage"),
            ("garbage", "NotJson"),
            ("{\"id\":1,", "NotJson"),
        ] {
            assert_eq!(seen(line), [wanted], "{line}");
        }
        assert_eq!(
            seen(r#"[{"id":1,"method":"x"},7,{"method":"y"}]"#),
            ["request 1 x", "NoMessage", "notification y"]
        );
    }

    #[test]
    fn a_value_is_replaced_and_nothing_beside_it() {
        let text =
            br#"{ "a" : 1, "_meta":{"x":[1, 2],"progressToken" : "t\u0000"} ,"b":"progressToken"}"#;
        assert_eq!(
            replaced(text, &["_meta", "progressToken"], b"9").as_ref(),
            br#"{ "a" : 1, "_meta":{"x":[1, 2],"progressToken" : 9} ,"b":"progressToken"}"#
        );
        assert_eq!(replaced(text, &["_meta", "none"], b"9").as_ref(), text);
        assert!(is_ambiguous(Some(br#"{"_meta":{"progressToken":1,"progress\u0054oken":2}}"#)));
        assert!(!is_ambiguous(Some(text)));
    }
}
