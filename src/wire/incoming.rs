//! What a codec hands to its session.

use std::sync::Arc;

use crate::rpc::line::Line;
use crate::rpc::scanner::Scanner;

/// Something that a peer sent.
#[derive(Debug)]
pub enum Incoming<'i> {
    /// A text that should be one message, or a batch.
    Text(Text<'i>),
    /// A message longer than the limit. It was skipped; the next one is good again.
    TooLong(TooLong),
    /// The transport itself says that a request of ours has no answer.
    Refused {
        /// The id of the request.
        id: u64,
        /// Why, as a sentence.
        message: String,
    },
    /// The server wants another access token, or any. It has done nothing.
    Unauthorized {
        /// The id of the request.
        id: u64,
        /// What the server said.
        refusal: Box<Unauthorized>,
    },
    /// The server does not know the session any more.
    SessionGone,
    /// The server has ended the session, does not want one, or broke the rules of the
    /// transport.
    Ended {
        /// Why, as a sentence.
        message: String,
        /// To try again cannot help until somebody changes something.
        is_final: bool,
    },
}

/// A refusal for want of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unauthorized {
    /// The status and its meaning, as a sentence.
    pub message: String,
    /// `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// The request bore an older token than the codec has now.
    pub is_stale: bool,
    /// The request had an `Authorization` of the entry, so that no login can help.
    pub has_own_authorization: bool,
    /// The token is good, and lacks scopes.
    pub lacks_scopes: bool,
}

/// A text that should be one message, or a batch. It borrows nothing from its codec, so
/// that the session can send while it handles the text.
#[derive(Debug)]
pub struct Text<'i> {
    pub(super) bytes: Bytes<'i>,
    pub(super) scanner: Option<Box<Scanner>>,
    /// The buffer is worth keeping by whoever keeps a part of it.
    pub(super) keep: bool,
    pub(super) verbatim: bool,
}

/// Where a text lies.
#[derive(Debug)]
pub(super) enum Bytes<'i> {
    /// In the chunk that was received.
    Chunk(&'i [u8]),
    /// In a buffer of its own, because it came in several chunks.
    Whole(Arc<Vec<u8>>),
}

impl<'i> Text<'i> {
    /// A text that lies inside one chunk, trimmed.
    pub fn chunk(text: &'i [u8]) -> Text<'i> {
        Text { bytes: Bytes::Chunk(text), scanner: None, keep: false, verbatim: false }
    }

    /// A text that came in several chunks, trimmed.
    pub fn whole(text: Vec<u8>) -> Text<'i> {
        Text { bytes: Bytes::Whole(Arc::new(text)), scanner: None, keep: false, verbatim: false }
    }

    /// The text, for the readers of messages.
    pub fn line(&mut self) -> Line<'_> {
        let scanner = self.scanner.take();
        match &self.bytes {
            Bytes::Chunk(text) => Line { text, scanner, whole: None, verbatim: self.verbatim },
            Bytes::Whole(buffer) => {
                let text = buffer.as_slice();
                let whole = Some(buffer).filter(|_| self.keep);
                Line { text, scanner, whole, verbatim: self.verbatim }
            }
        }
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        match &self.bytes {
            Bytes::Chunk(text) => text.len(),
            Bytes::Whole(buffer) => buffer.len(),
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A message that was longer than the limit, and was skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TooLong {
    /// Its length.
    pub bytes: u64,
    /// The id of a message of ours that it answers, when that can be seen.
    pub id: Option<u64>,
    /// It is neither a request nor a notification.
    pub is_answer: bool,
    /// The raw id of a request of the server, when it can be seen.
    pub request_id: Option<Box<str>>,
    /// Memory was lacking for more of it.
    pub no_memory: bool,
}
