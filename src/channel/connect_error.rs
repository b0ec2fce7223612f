//! Errors of a connect.

use std::fmt;

use crate::error::{Error, Kind};

/// A failed connect. Its sentence is the system's own, if the system reported the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    message: String,
}

/// The meaning of a failed connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectErrorKind {
    /// The backlog of the server is full. Try again later.
    Busy,
    /// Any other refusal of the system.
    Io,
    /// The name of the host could not be resolved. Try again later.
    Name,
    /// The file at the path is no socket.
    NotASocket,
    /// There is no file at the path.
    NotFound,
    /// The path cannot be a socket's address.
    Path,
    /// The server runs as a user who is not trusted.
    Peer,
    /// The proxy does not let us through.
    Proxy,
    /// No process listens there.
    Refused,
    /// There is no program that resolves names.
    Resolver,
    /// The server's certificate or our files for TLS cannot be used, or it speaks no TLS.
    Tls,
}

impl ConnectErrorKind {
    /// Whether another try cannot help until somebody changes something.
    pub fn is_permanent(self) -> bool {
        match self {
            ConnectErrorKind::NotASocket
            | ConnectErrorKind::Path
            | ConnectErrorKind::Peer
            | ConnectErrorKind::Proxy
            | ConnectErrorKind::Resolver
            | ConnectErrorKind::Tls => true,
            ConnectErrorKind::Busy
            | ConnectErrorKind::Io
            | ConnectErrorKind::Name
            | ConnectErrorKind::NotFound
            | ConnectErrorKind::Refused => false,
        }
    }
}

impl ConnectError {
    /// A failure with the sentence for the user and the log.
    pub fn new(kind: ConnectErrorKind, message: String) -> ConnectError {
        ConnectError { kind, message }
    }

    /// The meaning of the failure.
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
            kind if kind.is_permanent() => Kind::Invalid,
            _ => Kind::Io,
        };
        Error::new(kind, error.message)
    }
}
