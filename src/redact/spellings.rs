//! The ways in which a value may be written.

use std::fmt::Write as _;

/// A longer value is looked for by its beginning.
const LONGEST: usize = 16 * 1024;
/// Lines of a value of several lines that are looked for by themselves.
const LINES: usize = 64;
/// What is left of a value in base64 must be at least this long to be looked for.
const SHORTEST_BASE64: usize = 8;

/// Calls `found` with each spelling of `value`: as it is, each of its lines, as
/// JSON writes it, percent-encoded, and in base64 at each of the three places of
/// a group, in both alphabets.
pub fn each(value: &str, mut found: impl FnMut(&[u8])) {
    let value = cut(value.trim(), LONGEST);
    found(value.as_bytes());
    if value.contains('\n') {
        let lines = value.lines().map(str::trim).filter(|line| line.len() >= 8);
        lines.take(LINES).for_each(|line| found(line.as_bytes()));
    }
    if let Ok(json) = serde_json::to_string(value) {
        let inner = &json[1..json.len() - 1];
        if inner != value {
            found(inner.as_bytes());
        }
    }
    if !value.bytes().all(is_unreserved) {
        let upper = percent(value, |byte, out| write!(out, "%{byte:02X}"));
        let lower = percent(value, |byte, out| write!(out, "%{byte:02x}"));
        found(upper.replace("%20", "+").as_bytes());
        if lower != upper {
            found(lower.as_bytes());
        }
        found(upper.as_bytes());
    }
    for alphabet in [STANDARD, URL_SAFE] {
        for offset in 0..3 {
            let text = base64(value.as_bytes(), offset, alphabet);
            if text.len() >= SHORTEST_BASE64 {
                found(&text);
            }
        }
    }
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn percent(value: &str, escape: impl Fn(u8, &mut String) -> std::fmt::Result) -> String {
    let mut out = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = escape(byte, &mut out);
        }
    }
    out
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of base64 that depend on `value` alone when `offset` bytes of
/// something else stand before it in its group, and anything after it.
fn base64(value: &[u8], offset: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(value);
    let bits = bytes.len() * 8;
    // Sextets that lie wholly inside of the value.
    let (first, end) = ((offset * 8).div_ceil(6), bits / 6);
    bytes.extend_from_slice(&[0, 0]);
    let sextet = |at: usize| {
        let bit = at * 6;
        let pair = u16::from(bytes[bit / 8]) << 8 | u16::from(bytes[bit / 8 + 1]);
        alphabet[usize::from(pair >> (10 - bit % 8) & 63)]
    };
    (first..end).map(sextet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(value: &str) -> Vec<String> {
        let mut found = Vec::new();
        each(value, |text| found.push(String::from_utf8(text.to_vec()).unwrap()));
        found
    }

    #[test]
    fn a_value_is_looked_for_in_every_spelling() {
        let found = all("p@ss \"w0rd\"");
        for spelling in
            ["p@ss \"w0rd\"", "p@ss \\\"w0rd\\\"", "p%40ss%20%22w0rd%22", "p%40ss+%22w0rd%22"]
        {
            assert!(found.iter().any(|text| text == spelling), "{spelling} in {found:?}");
        }
        assert!(all("a/b?c/d?").iter().any(|text| text == "a%2fb%3fc%2fd%3f"));
        let lines = all("-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----");
        assert!(lines.iter().any(|text| text == "MIIEvQIBADAN"));
    }

    #[test]
    fn base64_has_the_characters_that_do_not_depend_on_the_neighbours() {
        // "hunter2-s3cret" alone, after "u:" and after "x".
        assert_eq!(base64(b"hunter2-s3cret", 0, STANDARD), b"aHVudGVyMi1zM2NyZX");
        for (text, offset) in [("dTpodW50ZXIyLXMzY3JldA==", 2), ("eGh1bnRlcjItczNjcmV0", 1)] {
            let part = String::from_utf8(base64(b"hunter2-s3cret", offset, STANDARD)).unwrap();
            assert!(text.contains(&part) && part.len() >= 17, "{part} in {text}");
        }
    }
}
