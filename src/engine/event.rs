//! What the host is told, pulled one at a time.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::RequestId;
use crate::error::Error;
pub use crate::protocol::json::Json;

/// Something the host may want to act on.
#[derive(Debug)]
pub enum Event {
    /// A request ended. Comes exactly once for every request that was accepted
    /// and not cancelled.
    Done(Completion),
    /// A server reported progress on a request.
    Progress(Progress),
    /// A configuration was read; one sentence for everything wrong with it.
    ConfigLoaded {
        /// Sentences for the user, empty when all is well.
        problems: Vec<String>,
    },
    /// The first usable connection to a server came up.
    ServerUp {
        /// The server's name.
        server: Arc<str>,
    },
    /// The last connection to a server was lost; idle evictions do not count.
    ServerDown {
        /// The server's name.
        server: Arc<str>,
        /// Why, for the user.
        reason: String,
    },
    /// A server said that its tools changed.
    ToolsChanged {
        /// The server's name.
        server: Arc<str>,
    },
}

/// How a request ended.
#[derive(Debug)]
pub struct Completion {
    /// The request.
    pub id: RequestId,
    /// What the caller attached to it.
    pub user_data: u64,
    /// The server's name; empty for a request that has none.
    pub server: Arc<str>,
    /// The tool's name; empty unless a tool was called.
    pub tool: Arc<str>,
    /// From the caller's enqueue to here.
    pub elapsed: Duration,
    /// The answer, or why there is none.
    pub outcome: Result<Reply, Error>,
}

/// A successful answer, kept as bytes until somebody needs its text.
#[derive(Debug)]
pub enum Reply {
    /// The raw `CallToolResult`.
    Tool {
        /// The tool ran and reported an error of its own (`isError`).
        is_error: bool,
        /// Raw JSON object.
        result: Json,
    },
    /// The raw tool definitions, as one JSON array.
    Tools(Json),
    /// Nothing to tell.
    Ready,
}

/// How far a request has come.
#[derive(Debug)]
pub struct Progress {
    /// The request.
    pub id: RequestId,
    /// What the caller attached to it.
    pub user_data: u64,
    /// The server's name.
    pub server: Arc<str>,
    /// The tool's name; empty unless a tool was called.
    pub tool: Arc<str>,
    /// Progress so far, in the server's unit.
    pub progress: f64,
    /// Where it ends, when the server knows.
    pub total: Option<f64>,
    /// The server's words.
    pub message: Option<String>,
}
