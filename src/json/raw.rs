//! A part of a message that is not read yet.

use std::borrow::Cow;
use std::ops::Range;
use std::str;
use std::sync::Arc;

use crate::json::kept::Json;
use crate::json::text;

/// Longest text, in bytes, that is read in one go on the loop of the host, or
/// copied. It takes some hundred microseconds.
pub const LONGEST: usize = 256 << 10;

/// A JSON value inside a message that was found well formed.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    text: &'a [u8],
    /// The line it came in and where it begins there, when it may be kept so.
    line: Option<(&'a Arc<Vec<u8>>, usize)>,
}

impl<'a> Raw<'a> {
    /// The value at `place` of a message. `whole` is the buffer that the message
    /// begins, when that may be kept.
    pub fn new(message: &'a [u8], place: Range<usize>, whole: Option<&'a Arc<Vec<u8>>>) -> Raw<'a> {
        let line = whole.map(|whole| (whole, place.start));
        Raw { text: message.get(place).unwrap_or_default(), line }
    }

    /// The value as it came.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Whether it is more than is looked through in one go.
    pub fn is_long(&self) -> bool {
        self.text.len() > LONGEST
    }

    /// The value as text, when it is not [long](Self::is_long).
    pub fn short(&self) -> Option<&'a str> {
        (!self.is_long()).then(|| str::from_utf8(self.text).ok()).flatten()
    }

    /// The text that it stands for. Half a surrogate pair in it is U+FFFD.
    ///
    /// # Errors
    /// A sentence when it is no string, or longer than [`LONGEST`].
    pub fn string(&self) -> Result<Cow<'a, str>, String> {
        match (self.is_long(), self.text) {
            (true, text) => Err(format!("{} bytes, more than {LONGEST}", text.len())),
            (false, [b'"', ..]) => Ok(text::plain(self.text)),
            (false, _) => Err("a string is wanted".to_owned()),
        }
    }

    /// The value to be kept.
    pub fn to_json(&self) -> Json {
        match self.line {
            // A small part must not keep a big line alive, nor a big one be copied.
            Some((line, at)) if self.is_long() || self.text.len() > line.len() / 2 => {
                Json::part(line.clone(), at..at + self.text.len())
            }
            _ => Json::from(self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_kept_in_its_line_and_not_read() {
        let long = format!("\"{}\"", "x".repeat(LONGEST));
        let line = Arc::new(format!("[1,{long},{}]", " ".repeat(3 * LONGEST)).into_bytes());
        let raw = Raw::new(&line, 3..3 + long.len(), Some(&line));
        assert!(raw.is_long() && raw.short().is_none() && raw.string().is_err());
        let kept = raw.to_json();
        assert_eq!((&*kept, Arc::strong_count(&line)), (long.as_bytes(), 2));
        let raw = Raw::new(&line, 1..2, Some(&line));
        assert_eq!((raw.short(), raw.string().is_err()), (Some("1"), true));
        assert_eq!((&*raw.to_json(), Arc::strong_count(&line)), (&b"1"[..], 2));
        assert!(Raw::new(&line, 5..usize::MAX, None).text().is_empty());
    }
}
