//! Why there is no connection.

use std::fmt;

use crate::error::{Error, Kind};

/// Why there is no connection; its text is the system's own where the system has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    message: String,
}

/// What a failed connect means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectErrorKind {
    /// A server is there, with more connections waiting than it takes. Later.
    Busy,
    /// Any other refusal of the system.
    Io,
    /// Something is at the path, and it is no socket.
    NotASocket,
    /// Nothing is at the path.
    NotFound,
    /// The path cannot be a socket's address.
    Path,
    /// The server runs as somebody whom we do not trust.
    Peer,
    /// A socket is at the path and nobody listens.
    Refused,
}

impl ConnectError {
    /// A failure with the sentence for the user and the log.
    pub fn new(kind: ConnectErrorKind, message: String) -> ConnectError {
        ConnectError { kind, message }
    }

    /// What the failure means.
    pub fn kind(&self) -> ConnectErrorKind {
        self.kind
    }

    /// The sentence for the user and the log.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConnectError {}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Error {
        let kind = match error.kind {
            ConnectErrorKind::NotASocket | ConnectErrorKind::Path | ConnectErrorKind::Peer => {
                Kind::Invalid
            }
            _ => Kind::Io,
        };
        Error::new(kind, error.message)
    }
}
