//! Decides everything, touches nothing.

mod event;
mod id;

pub use crate::protocol::arguments::Pair;
pub use event::{Completion, Event, Progress, Reply};
pub use id::{ConnectionId, RequestId, ServerId};

/// How loud the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is off, work goes on.
    Warning,
    /// What a user would like to know.
    Info,
    /// Everything.
    Debug,
}

/// A tool call as the host asks for it.
#[derive(Clone, Debug)]
pub struct CallTool {
    /// Server name from the configuration.
    pub server: String,
    /// Tool name.
    pub tool: String,
    /// Its arguments.
    pub arguments: Arguments,
}

/// Arguments of a tool call.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// A JSON object, sent as it is.
    Json(String),
    /// Words to be encoded by the tool's `inputSchema`.
    Pairs(Vec<Pair>),
}
