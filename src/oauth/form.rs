//! `application/x-www-form-urlencoded`, as queries and bodies have it (RFC 6749, appendix B).

use crate::config::percent;

/// Appends `name=value`, with `&` before it unless it is the first.
pub(super) fn push(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() && !out.ends_with(['?', '&']) {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    out.push_str(&encoded(value));
}

/// A value in which every byte is written as `%XX` that is no letter, digit or `-._~`.
pub(super) fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The names and values of a query.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent::decoded(&text.replace('+', " "))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let value = "a b&c=d+e%2F/größe~";
        let mut form = String::new();
        push(&mut form, "x", value);
        push(&mut form, "y", "");
        assert_eq!(form, "x=a%20b%26c%3Dd%2Be%252F%2Fgr%C3%B6%C3%9Fe~&y=");
        assert_eq!(pairs(&form), [("x".into(), value.into()), ("y".into(), String::new())]);
    }

    #[test]
    fn damaged_queries_are_read_all_the_same() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            pairs("a=%&b=%2&&c&d=%zz&e=1+2"),
            [pair("a", "%"), pair("b", "%2"), pair("c", ""), pair("d", "%zz"), pair("e", "1 2")]
        );
    }
}
