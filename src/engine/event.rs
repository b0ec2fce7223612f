//! What the host is told, pulled one at a time.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Listing, QuestionId, RequestId};
use crate::error::Error;
pub use crate::json::kept::Json;
use crate::mcp::schema::arguments::Pair;

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
        /// Those that the configuration before did not have.
        fresh: Vec<String>,
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
    /// A resource that is subscribed to changed.
    ResourceUpdated {
        /// The server's name.
        server: Arc<str>,
        /// The resource.
        uri: String,
    },
    /// A server asks something of a person; answered by `Engine::answer`.
    Question(Question),
    /// A question needs no answer any more.
    QuestionGone(QuestionId),
}

/// A question of a server.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its name.
    pub id: QuestionId,
    /// The request that made the server ask, when that is known.
    pub request: Option<RequestId>,
    /// What the caller attached to that request.
    pub user_data: u64,
    /// The server's name.
    pub server: Arc<str>,
    /// The tool's name; empty unless a tool was called.
    pub tool: Arc<str>,
    /// What is asked.
    pub asks: Asks,
}

/// What a server asks.
#[derive(Clone, Debug)]
pub enum Asks {
    /// Fields to be filled in (`elicitation/create`, mode `form`).
    Form {
        /// The server's words.
        message: String,
        /// Raw `requestedSchema`.
        schema: Box<str>,
    },
    /// A page to be visited (mode `url`).
    Url {
        /// The server's words.
        message: String,
        /// The whole address.
        url: String,
    },
    /// A model's words (`sampling/createMessage`).
    Sample {
        /// Raw parameters.
        params: Json,
    },
}

/// What a person, or the host, answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Yes; a form's fields as words.
    Accept(Vec<Pair>),
    /// Yes; a form's content, or a `CreateMessageResult`, as a JSON object.
    Json(String),
    /// No.
    Decline,
    /// Neither: the question was dismissed.
    Cancel,
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
        /// Where in it the string lies, with its quotes, that is all there is to read;
        /// `None` when there is more, or nothing.
        only_text: Option<Range<usize>>,
    },
    /// Raw definitions, as one JSON array.
    List {
        /// Of what.
        what: Listing,
        /// The array.
        items: Json,
    },
    /// The raw result of any other request.
    Result(Json),
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
