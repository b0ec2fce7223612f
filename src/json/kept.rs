//! Raw JSON that is kept until a part of it is read.
//!
//! A short text is copied out of the buffer that it was read into. A long one
//! keeps the line that it came in: copying megabytes would hold up the loop of
//! the host for milliseconds.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// One JSON value as it came.
#[derive(Clone)]
pub struct Json(Store);

#[derive(Clone)]
enum Store {
    Own(Vec<u8>),
    /// A part of a line. The place lies inside it.
    Part(Arc<Vec<u8>>, Range<usize>),
}

impl Json {
    /// The bytes at `place` of `line`; none when the place is beyond its end.
    pub fn part(line: Arc<Vec<u8>>, place: Range<usize>) -> Json {
        match line.get(place.clone()) {
            Some(_) => Json(Store::Part(line, place)),
            None => Json::default(),
        }
    }

    /// A buffer that ends with the value, and where in it the value begins.
    /// Copied only when another value keeps the same line.
    pub fn into_buffer(self) -> (Vec<u8>, usize) {
        match self.0 {
            Store::Own(text) => (text, 0),
            Store::Part(line, place) => match Arc::try_unwrap(line) {
                Ok(mut line) => {
                    line.truncate(place.end);
                    (line, place.start)
                }
                Err(line) => (line[place].to_vec(), 0),
            },
        }
    }
}

impl Default for Json {
    fn default() -> Json {
        Json(Store::Own(Vec::new()))
    }
}

impl Deref for Json {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Store::Own(text) => text,
            Store::Part(line, place) => &line[place.clone()],
        }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Json").field(&String::from_utf8_lossy(self)).finish()
    }
}

impl From<&[u8]> for Json {
    fn from(text: &[u8]) -> Json {
        // C wants a NUL behind it, which must not cost a second copy.
        let mut own = Vec::with_capacity(text.len() + 1);
        own.extend_from_slice(text);
        Json(Store::Own(own))
    }
}

impl From<Vec<u8>> for Json {
    fn from(text: Vec<u8>) -> Json {
        Json(Store::Own(text))
    }
}

impl From<Box<[u8]>> for Json {
    fn from(text: Box<[u8]>) -> Json {
        Json(Store::Own(text.into_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_line_is_given_on_without_a_copy() {
        let line = Arc::new(b"{\"result\":{}}".to_vec());
        let address = line.as_ptr();
        let json = Json::part(line, 10..12);
        assert_eq!(&*json, b"{}");
        let (buffer, start) = json.into_buffer();
        assert_eq!((&buffer[start..], start), (&b"{}"[..], 10));
        assert_eq!(buffer.as_ptr(), address);
    }

    #[test]
    fn a_line_that_others_keep_stays_whole() {
        let line = Arc::new(b"[1,2]".to_vec());
        let (buffer, start) = Json::part(line.clone(), 1..2).into_buffer();
        assert_eq!(&buffer[start..], b"1");
        assert_eq!(*line, b"[1,2]");
        assert!(Json::part(line, 4..9).is_empty(), "a place beyond the end");
    }
}
