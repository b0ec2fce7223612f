//! The `data` of an error, for people.
//!
//! Servers put details there that their message lacks: which argument was wrong, or the
//! address that a person has to visit first (-32042, 2025-11-25, "URL Mode
//! Elicitation").

use crate::json::lenient::{is_text, members, text};
use crate::mcp::render::{blocks, content};

/// A person has to visit an address before the request can be answered.
pub const URL_NEEDED: i64 = -32042;

/// Data of at most this many bytes follow the message on its line.
const SHORT: usize = 160;
/// No more bytes of the data are told. `-j` has all of them.
const LONGEST: usize = 8 << 10;
/// Addresses that are told.
const ADDRESSES: usize = 10;

/// The text behind the message of an error with this code and these raw data; empty
/// when the data only repeat the message.
pub fn text_of(code: i64, message: &str, data: &str) -> String {
    if matches!(data, "" | "null" | "{}" | "[]" | "\"\"") {
        return String::new();
    }
    let addresses = addresses(data);
    if !addresses.is_empty() {
        return addresses;
    }
    let said = text(data.as_bytes());
    let said = said.trim();
    if said.is_empty() || said == message || (code != URL_NEEDED && message.contains(said)) {
        return String::new();
    }
    if said.len() <= SHORT && !said.contains(['\n', '\r']) {
        return format!(": {said}");
    }
    let said = match is_text(data.as_bytes()) {
        true => said.to_owned(),
        false => content::pretty(data),
    };
    if said.len() <= LONGEST {
        return format!("\n{said}");
    }
    let cut = (0..=LONGEST).rev().find(|at| said.is_char_boundary(*at)).unwrap_or(0);
    format!("\n{}\n[cut: {} bytes]", &said[..cut], said.len())
}

/// The addresses in `elicitations`, a line each, behind their messages.
fn addresses(data: &str) -> String {
    let mut out = String::new();
    let [list] = members(data, &["elicitations"]);
    let list = list.and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or_default();
    for entry in blocks::all(list).into_iter().take(ADDRESSES) {
        let [url, message] = members(entry, &["url", "message"]);
        let Some(url) = url.filter(|url| is_text(url)) else { continue };
        out.push('\n');
        if let Some(message) = message.map(text).filter(|message| !message.trim().is_empty()) {
            out.push_str(message.trim());
            out.push_str(": ");
        }
        out.push_str(&text(url));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data: &str) -> String {
        text_of(-32602, "Invalid params", data)
    }

    #[test]
    fn data_follow_the_message_unless_they_say_the_same() {
        assert_eq!(of(r#"{"why":"a must be a date"}"#), r#": {"why":"a must be a date"}"#);
        assert_eq!(of("\"a must be a date\""), ": a must be a date");
        assert_eq!(of("1e400"), ": 1e400");
        for nothing in ["", "null", "{}", "[]", "\"\"", "\" \"", "\"Invalid params\""] {
            assert_eq!(of(nothing), "", "{nothing}");
        }
        assert_eq!(of(r#""one\ntwo""#), "\none\ntwo");
        let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(SHORT));
        assert_eq!(of(&long), format!("\n{{\n  \"x\": \"{}\"\n}}", "y".repeat(SHORT)));
        let endless = of(&format!("\"{}\"", "\u{e9}".repeat(LONGEST)));
        assert!(endless.len() < LONGEST + 40 && endless.ends_with("[cut: 16384 bytes]"));
    }

    #[test]
    fn addresses_have_a_line_each() {
        let of = |data: &str| text_of(URL_NEEDED, "This request requires authorization.", data);
        let data = r#"{"elicitations":[{"mode":"url","url":"https://a.example/login","message":"Log in"},
            null,{"url":"https:\/\/b.example"},{"message":"no address"},{"url":7}]}"#;
        assert_eq!(of(data), "\nLog in: https://a.example/login\nhttps://b.example");
        assert_eq!(of(r#"{"elicitations":{"url":"https://a"}}"#), "\nhttps://a");
        assert_eq!(
            of(r#"{"elicitations":null,"url":"https://a"}"#),
            r#": {"elicitations":null,"url":"https://a"}"#
        );
    }
}
