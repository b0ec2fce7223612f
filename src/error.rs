//! What can go wrong, and what the caller should do about it.
//!
//! An [`Error`] is a [`Kind`], the small stable set that crosses to C, and one
//! sentence for the user: lower case, no full stop, naming what was wrong and
//! where, so that tmux can print it as it is.

/// What the caller should do next. The numbers in `tmcp.h` follow this set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong (unknown server or tool, bad JSON, missing
    /// argument, bad configuration entry). Correct it; repeating it is useless.
    Invalid,
    /// The server's queue is full. Try again later.
    Busy,
    /// The deadline passed. If the request had left us it was cancelled at the
    /// server, which may have run it all the same.
    Timeout,
    /// The caller or the host's shutdown cancelled the request.
    Cancelled,
    /// The server answered with a JSON-RPC error.
    Server,
    /// The answer cannot be used: it is no valid message, or longer than
    /// `max_answer`. The server has run the request.
    Protocol,
    /// The server could not be reached or started, or went away before the
    /// request can have run. Safe to repeat.
    Io,
    /// The connection was lost after the request had left us: it may have run.
    /// Never repeated by itself; look before repeating it.
    OutcomeUnknown,
    /// The client is shutting down.
    Closed,
    /// A bug in this library.
    Internal,
}

/// An error with the sentence shown to the user.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    code: Option<i64>,
    message: String,
    json: Box<str>,
}

/// The result type of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` that reads `message`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, code: None, message: message.into(), json: Box::default() }
    }

    /// A JSON-RPC error `code` answered by a server.
    pub fn server(code: i64, message: impl Into<String>) -> Error {
        Error { code: Some(code), ..Error::new(Kind::Server, message) }
    }

    /// The same, with the error object as the server sent it.
    pub fn with_json(self, json: impl Into<Box<str>>) -> Error {
        Error { json: json.into(), ..self }
    }

    /// The same, with another sentence for the user.
    pub fn with_message(self, message: impl Into<String>) -> Error {
        Error { message: message.into(), ..self }
    }

    /// What the caller should do next.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The JSON-RPC error code, when a server answered with one.
    pub fn code(&self) -> Option<i64> {
        self.code
    }

    /// The error object as the server sent it; empty when it sent none.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The sentence for the user.
    pub fn message(&self) -> &str {
        &self.message
    }
}
