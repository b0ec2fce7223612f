//! The text of one message, as a codec hands it over.

use std::ops::Deref;
use std::sync::Arc;

use crate::rpc::scanner::Scanner;

/// One line, trimmed, and what is known of it already. Blanks may follow the text
/// of a long one.
#[derive(Debug)]
pub struct Line<'a> {
    /// The line.
    pub text: &'a [u8],
    /// A pass that was begun over exactly this text.
    pub scanner: Option<Box<Scanner>>,
    /// The buffer that begins with this text, when it is worth keeping.
    pub whole: Option<&'a Arc<Vec<u8>>>,
    /// It is as it came, but for the line end.
    pub verbatim: bool,
}

impl<'a> From<&'a [u8]> for Line<'a> {
    fn from(text: &'a [u8]) -> Line<'a> {
        Line { text, scanner: None, whole: None, verbatim: false }
    }
}

impl Deref for Line<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.text
    }
}
