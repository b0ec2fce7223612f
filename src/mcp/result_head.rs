//! The members of a result that decide what it is (MCP "Tools: Tool Result", 2026-07-28 `resultType`).

use std::borrow::Cow;

use crate::json::lenient::{self, Oddity};
use crate::rpc::envelope::RawResult;

/// No name is longer than this many bytes.
const LONGEST_NAME: usize = 64 << 10;

/// The fields of a result that decide what it is.
#[derive(Debug, Default)]
pub struct ResultHead<'a> {
    /// The tool reports an error of its own.
    pub is_error: bool,
    /// 2026-07-28; absent means `complete`.
    pub result_type: Option<Cow<'a, str>>,
}

impl<'a> ResultHead<'a> {
    /// Reads the head of a result. A member of the wrong type is read as far as
    /// possible and reported to `odd`.
    pub fn read(answer: &RawResult<'a>, mut odd: impl FnMut(Oddity)) -> ResultHead<'a> {
        let head = answer.head();
        const OF: &str = "result";
        let mut tell = |field, what| odd(Oddity { of: OF, field, what });
        if !answer.raw().text().starts_with(b"{") {
            tell("result", "is no object");
        }
        if head.doubled {
            tell("result", "has a member twice, of which the last counts");
        }
        let is_error = head.is_error.is_some_and(|raw| {
            if !matches!(raw, b"true" | b"false") {
                tell("isError", "is neither true nor false");
            }
            lenient::truth(raw)
        });
        let result_type = head.result_type.filter(|raw| {
            if !lenient::is_text(raw) {
                tell("resultType", "is no text and is left out");
            }
            lenient::is_text(raw) && raw.len() <= LONGEST_NAME
        });
        if head.content.is_some_and(|raw| !raw.starts_with(b"[")) {
            tell("content", "is no list");
        }
        ResultHead { is_error, result_type: result_type.map(lenient::text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::envelope::{self, Message};

    #[test]
    fn a_head_is_read_whatever_its_types() {
        for (result, is_error, kind, odd) in [
            ("{}", false, None, ""),
            (
                r#"{"isError":true,"resultType":"complete","content":[]}"#,
                true,
                Some("complete"),
                "",
            ),
            (r#"{"isError":null,"resultType":null,"content":null}"#, false, None, ""),
            (r#"{"isError":"yes"}"#, true, None, "isError"),
            (r#"{"isError":"false"}"#, false, None, "isError"),
            (r#"{"isError":1}"#, true, None, "isError"),
            (r#"{"isError":{}}"#, false, None, "isError"),
            (r#"{"resultType":7}"#, false, None, "resultType"),
            (r#"{"isError":false,"isError":true}"#, true, None, "result"),
            (r#"{"resultType":"a\u0062\n\ud800"}"#, false, Some("ab\n\u{fffd}"), ""),
            (r#"{"content":{"isError":true}}"#, false, None, "content"),
            ("[]", false, None, "result"),
            ("null", false, None, "result"),
        ] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":"12","result":{result}}}"#);
            let mut seen = 0;
            envelope::parse(line.as_bytes(), |message| {
                let Message::Response { id: Some(12), outcome: Ok(answer) } = message else {
                    panic!("{message:?}");
                };
                assert_eq!(&*answer.to_json(), result.as_bytes());
                assert_eq!(answer.short().unwrap().get(), result);
                let mut told = String::new();
                let head = ResultHead::read(&answer, |oddity| told += oddity.field);
                assert_eq!(
                    (head.is_error, head.result_type.as_deref()),
                    (is_error, kind),
                    "{result}"
                );
                assert_eq!(told, odd, "{result}");
                seen += 1;
            })
            .unwrap();
            assert_eq!(seen, 1);
        }
    }
}
