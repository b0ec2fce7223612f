//! What the engine asks of the driver, pulled one at a time.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Era, ServerConfig, Transport};
use crate::json::kept::Json;
use crate::wire::StreamId;

/// Something for the driver to do.
#[derive(Debug)]
pub enum Action {
    /// Open a byte stream, then report `opened` or `open_failed`.
    Open {
        /// The stream.
        stream: StreamId,
        /// Which of the server's two channels.
        channel: Transport,
        /// The server.
        server: Arc<ServerConfig>,
    },
    /// The stream has bytes to write: see `Engine::pending`.
    Write {
        /// The stream.
        stream: StreamId,
    },
    /// Write these bytes to an open stream that is forgotten next, as far as it takes them
    /// at once.
    Farewell {
        /// The stream.
        stream: StreamId,
        /// The last words of its session.
        bytes: Vec<u8>,
    },
    /// Nothing more will be written. A socket is closed; a process has its stdin
    /// closed, goes on being read, and its exit is reported by `child_exited`.
    Close {
        /// The stream.
        stream: StreamId,
    },
    /// Signal a process that did not go by itself.
    Signal {
        /// The stream.
        stream: StreamId,
        /// How hard.
        signal: TerminationSignal,
    },
    /// Drop everything that belongs to the stream.
    Forget {
        /// The stream.
        stream: StreamId,
    },
    /// Drop everything that belongs to the stream and let its process run.
    LetGo {
        /// The stream.
        stream: StreamId,
    },
    /// Tell other clients of the server's socket that it is waited for.
    Knock {
        /// The server.
        server: Arc<ServerConfig>,
    },
    /// A server wants a token, or another one: report `set_token` or `token_unavailable`.
    Authorize {
        /// The server.
        server: Arc<ServerConfig>,
        /// Its `WWW-Authenticate`.
        challenge: Option<String>,
        /// The token is good, and lacks scopes: a person has to log in, and nothing is to be
        /// reported.
        lacks_scopes: bool,
    },
    /// Keep the era across restarts.
    Remember {
        /// `ServerConfig::identity`.
        identity: u64,
        /// `None`: forget it, it was wrong.
        era: Option<Era>,
    },
    /// Keep the list of tools across restarts, as long as the server allows.
    KeepTools {
        /// `ServerConfig::identity`.
        identity: u64,
        /// How long, and the raw array; `None`: forget it.
        tools: Option<(Duration, Json)>,
    },
}

/// How hard a process group is told to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminationSignal {
    /// `SIGTERM`.
    Terminate,
    /// `SIGKILL`.
    Kill,
}

/// A stream that is open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opened {
    /// The process, when one was started.
    pub pid: Option<i32>,
    /// The process group of the peer, when a socket was connected.
    pub group: Option<i32>,
    /// The version of TLS and the cipher suite.
    pub tls: Option<(&'static str, &'static str)>,
}

/// A stream that could not be opened.
#[derive(Clone, Debug)]
pub struct OpenFailure {
    /// The sentence for the user, without the server's name.
    pub message: String,
    /// Trying again cannot help until somebody changes something.
    pub permanent: bool,
    /// The server is there, with more connections waiting than it takes.
    pub crowded: bool,
}

/// How a process ended.
#[derive(Clone, Debug, Default)]
pub struct ChildExit {
    /// "exit status 3", "killed by signal 9 (SIGKILL)"; empty when unknown.
    pub status: String,
    /// It ended by itself, with status 0.
    pub well: bool,
    /// Others of its process group live on.
    pub others: bool,
}
