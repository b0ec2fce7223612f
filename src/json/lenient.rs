//! Members of short messages, whatever type a server gave them.
//!
//! Real servers give members other types than the protocol names. A member of
//! another type is read as far as it can be, and an [`Oddity`] says so; it never
//! costs the members beside it.

use std::borrow::Cow;

use crate::json::cursor::{given, last};
use crate::json::task::Task;
use crate::json::text;

/// Something in a message that is not as the protocol has it, and was read all the
/// same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oddity {
    /// Which message, or which part of a message: `tools/list`, `progress`.
    pub of: &'static str,
    /// The member: `nextCursor`.
    pub field: &'static str,
    /// The oddity, and the value it is taken for, as a predicate: "is no text".
    pub what: &'static str,
}

/// A longer value, in bytes, is no number and no yes or no.
pub(crate) const LONGEST_WORD: usize = 64;

/// The members of `names` of a raw object, those that are null left out; of several
/// the last. Any other value has none.
pub(crate) fn members<'a, const N: usize>(
    json: &'a str,
    names: &[&str; N],
) -> [Option<&'a [u8]>; N] {
    let of = |mut budget| async move { last(json.as_bytes(), names, &mut budget).await };
    Task::new(of).finish().map_or([None; N], |found| found.map(given))
}

/// A string without its quotes, anything else as JSON.
pub(crate) fn text(raw: &[u8]) -> Cow<'_, str> {
    text::plain(raw)
}

/// Whether it is a JSON string.
pub(crate) fn is_text(raw: &[u8]) -> bool {
    raw.starts_with(b"\"")
}

/// A finite number, also as text (`"50"`, `"50 %"`).
pub(crate) fn number(raw: &[u8]) -> Option<f64> {
    if raw.len() > LONGEST_WORD {
        return None;
    }
    let text = text::plain(raw);
    let text = text.trim().trim_end_matches('%').trim_end();
    let is_number =
        text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

/// Whether a raw value means yes: `true`, also as text, or a number but 0.
pub(crate) fn truth(raw: &[u8]) -> bool {
    if raw.len() > LONGEST_WORD {
        return false;
    }
    let word = text::plain(raw);
    let word = word.trim();
    ["true", "yes", "on"].iter().any(|yes| word.eq_ignore_ascii_case(yes))
        || word.parse::<f64>().is_ok_and(|number| number != 0.0 && !number.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_whatever_stands_beside_them() {
        let found =
            members(r#"{"a":1,"b":null,"a":"x","c":{"a":2},"\ud800":[]}"#, &["a", "b", "c"]);
        assert_eq!(found, [Some(&b"\"x\""[..]), None, Some(&br#"{"a":2}"#[..])]);
        for none in ["[]", "7", "null", "\"x\"", "", "{"] {
            assert_eq!(members(none, &["a"]), [None], "{none}");
        }
    }

    #[test]
    fn numbers_and_truths_come_as_text_too() {
        for (raw, value) in [
            ("50", Some(50.0)),
            ("\"50\"", Some(50.0)),
            ("\" 12.5 % \"", Some(12.5)),
            ("-1e2", Some(-100.0)),
            ("1e400", None),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("\"\"", None),
            ("null", None),
            ("[1]", None),
        ] {
            assert_eq!(number(raw.as_bytes()), value, "{raw}");
        }
        for yes in ["true", "\"true\"", "\"True\"", "\"yes\"", "1", "\"1\"", "-0.5"] {
            assert!(truth(yes.as_bytes()), "{yes}");
        }
        for no in ["false", "\"false\"", "0", "\"\"", "null", "{}", "[]", "\"no\"", "1e999x"] {
            assert!(!truth(no.as_bytes()), "{no}");
        }
    }
}
