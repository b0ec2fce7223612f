//! The `traceparent` of W3C Trace Context, by which a call becomes a part of the caller's trace.

/// A `traceparent` that keeps the rules of W3C Trace Context, section 3.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent(Box<str>);

/// `VERSION-TRACE-PARENT-FLAGS` in hexadecimal digits.
const LENGTH: usize = 55;

impl TraceParent {
    /// Reads a `traceparent`. A later version may have more behind the flags, which is passed
    /// on; of version 00 this would be wrong.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the text itself.
    pub fn parse(text: &str) -> Result<TraceParent, &'static str> {
        let hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let zero = |part: &str| part.bytes().all(|b| b == b'0');
        if text.len() < LENGTH || text.len() > 512 || !text.is_ascii() {
            return Err("not VERSION-TRACE-PARENT-FLAGS of 2, 32, 16 and 2 hexadecimal digits");
        }
        let (head, rest) = text.split_at(LENGTH);
        let parts: Vec<&str> = head.split('-').collect();
        let &[version, trace, parent, flags] = &parts[..] else {
            return Err("not four parts with - between them");
        };
        let lengths = [version, trace, parent, flags].map(str::len);
        if lengths != [2, 32, 16, 2] || ![version, trace, parent, flags].into_iter().all(hex) {
            return Err("not parts of 2, 32, 16 and 2 small hexadecimal digits");
        }
        if version == "ff" {
            return Err("ff is no version");
        }
        if zero(trace) {
            return Err("the id of the trace is zero");
        }
        if zero(parent) {
            return Err("the id of the parent is zero");
        }
        let is_later = version != "00";
        let goes_on = rest.starts_with('-') && rest.bytes().all(|b| b.is_ascii_graphic());
        if !(rest.is_empty() || is_later && goes_on) {
            return Err("more than a traceparent of its version has");
        }
        if rest.contains(['"', '\\']) {
            return Err("a character that no traceparent has");
        }
        Ok(TraceParent(Box::from(text)))
    }

    /// The text, which needs no escapes in JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_rules_of_the_recommendation_are_kept() {
        assert_eq!(TraceParent::parse(GOOD).unwrap().as_str(), GOOD);
        let later = format!("cc{}-what-comes", &GOOD[2..]);
        assert!(TraceParent::parse(&later).is_ok());
        for bad in [
            "",
            &GOOD[..54],
            &format!("{GOOD}-more"),
            &format!("{GOOD}0"),
            &format!("ff{}", &GOOD[2..]),
            &format!("cc{}.x", &GOOD[2..]),
            &format!("cc{}-\"", &GOOD[2..]),
            &GOOD.to_uppercase(),
            &GOOD.replace("4bf9", "4bg9"),
            &GOOD.replace('-', "_"),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            &GOOD.replace("4bf9", "4b\u{fc}"),
        ] {
            assert!(TraceParent::parse(bad).is_err(), "{bad}");
        }
    }
}
