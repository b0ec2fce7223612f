//! JSON that a host gives for the arguments of a call or for an answer: an object, sent
//! on one line.

use serde_json::value::RawValue;

use crate::error::{Error, Kind, Result};
use crate::json::{Budget, Dialect, Step, Token, Tokenizer, unescape};
use crate::redact::is_secret_name;

/// A JSON object without line breaks.
#[derive(Debug)]
pub(super) struct OneLineObject {
    pub(super) text: Box<str>,
    /// A member, at any depth, has a name whose value is kept secret.
    pub(super) names_secret: bool,
}

impl OneLineObject {
    /// Reads `whole` in one pass. JSON has no newline inside a token, so each becomes
    /// a blank. No text is an empty object.
    ///
    /// # Errors
    /// `Invalid` when `whole` is not a JSON object.
    pub(super) fn new(whole: String) -> Result<OneLineObject> {
        let text = whole.trim();
        if text.is_empty() {
            return Ok(OneLineObject { text: "{}".into(), names_secret: false });
        }
        let mut tokenizer = Tokenizer::of_object(Dialect::Json);
        let mut budget = Budget::unlimited();
        let mut names_secret = false;
        while let Ok(Step::Token(token)) = tokenizer.next(text.as_bytes(), &mut budget) {
            if token == Token::Key {
                let quoted = &text[tokenizer.start()..tokenizer.end()];
                names_secret |= match tokenizer.is_escaped() {
                    true => is_secret_name(&unescape(quoted.as_bytes())),
                    false => is_secret_name(&quoted[1..quoted.len() - 1]),
                };
            }
        }
        if !tokenizer.is_done() || tokenizer.at() < text.len() {
            return Err(refusal(text));
        }
        let text = match tokenizer.is_multiline() {
            true => text.replace(['\n', '\r'], " ").into_boxed_str(),
            false if text.len() == whole.len() => whole.into_boxed_str(),
            false => text.into(),
        };
        Ok(OneLineObject { text, names_secret })
    }
}

/// Why `text` is not a JSON object.
fn refusal(text: &str) -> Error {
    let message = match serde_json::from_str::<&RawValue>(text) {
        Err(error) => format!("arguments are not valid JSON: {error}"),
        Ok(_) => "arguments must be a JSON object, like {\"key\": 1}".into(),
    };
    Error::new(Kind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, bool) {
        let object = OneLineObject::new(text.into()).unwrap();
        (object.text.into(), object.names_secret)
    }

    #[test]
    fn arguments_go_on_one_line_and_nothing_else_is_changed() {
        for (text, wanted) in [
            ("", "{}"),
            (" {\"a\": \"b c\"}\n", "{\"a\": \"b c\"}"),
            ("{\r\n\"a\":\n1}", "{  \"a\": 1}"),
            ("{\"a\":\"\\n\"}", "{\"a\":\"\\n\"}"),
        ] {
            assert_eq!(read(text), (wanted.to_owned(), false), "{text}");
        }
    }

    #[test]
    fn a_name_of_a_secret_is_seen_at_any_depth_and_in_any_spelling() {
        for text in [
            "{\"token\":1}",
            "{\"a\":[1,{\"b\":{\"apiKey\":\"x\"}}]}",
            "{\"p\\u0061ssword\":\"x\"}",
        ] {
            assert!(read(text).1, "{text}");
        }
        assert!(!read("{\"a\":\"token\"}").1);
    }

    #[test]
    fn what_is_no_object_is_refused_with_the_reason() {
        for (text, reason) in [
            ("[1]", "must be a JSON object"),
            ("1", "must be a JSON object"),
            ("{\"a\":1} x", "not valid JSON"),
            ("{\"a\":", "not valid JSON"),
        ] {
            let error = OneLineObject::new(text.into()).unwrap_err();
            assert!(error.message().contains(reason), "{text}: {}", error.message());
        }
    }
}
