//! Events for the host, which pulls them one at a time.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Listing, QuestionId, RequestId};
use crate::error::Error;
pub use crate::json::kept::Json;
use crate::mcp::schema::arguments::Pair;
use crate::table::Table;

/// Something the host may want to act on.
#[derive(Debug)]
pub enum Event {
    /// A request ended. Comes exactly once for every request that was accepted
    /// and not cancelled.
    Done(Completion),
    /// A server reported progress on a request.
    Progress(Progress),
    /// A configuration was read.
    ConfigLoaded {
        /// A sentence for the user for each problem.
        problems: Vec<String>,
        /// The problems that the previous configuration did not have.
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
    /// A server is left alone because it fails, or is called again.
    BreakerChanged {
        /// The server's name.
        server: Arc<str>,
        /// `closed`, `open` or `half-open`.
        state: &'static str,
    },
    /// A server said that its tools changed.
    ToolsChanged {
        /// The server's name.
        server: Arc<str>,
    },
    /// A subscribed resource changed.
    ResourceUpdated {
        /// The server's name.
        server: Arc<str>,
        /// The resource.
        uri: String,
    },
    /// A login needs a person: the page is to be opened in a browser.
    LoginPage {
        /// The request of the login.
        id: RequestId,
        /// What the caller attached to it.
        user_data: u64,
        /// The server's name.
        server: Arc<str>,
        /// The whole address.
        page: String,
    },
    /// A server asks a person, and waits for `Engine::answer`.
    Question(Question),
    /// A question is no longer open.
    QuestionGone(QuestionId),
    /// A tool call that an agent made by the socket of the host has ended. The agent has
    /// its answer; this is for the history.
    AgentCall(Box<AgentCall>),
}

/// A question of a server.
#[derive(Clone, Debug)]
pub struct Question {
    /// The id for the answer.
    pub id: QuestionId,
    /// The request that made the server ask, if known.
    pub request: Option<RequestId>,
    /// What the caller attached to that request.
    pub user_data: u64,
    /// The server's name.
    pub server: Arc<str>,
    /// The tool's name; empty unless a tool was called.
    pub tool: Arc<str>,
    /// The form, page or messages.
    pub asks: Asks,
}

/// The content of a question.
#[derive(Clone, Debug)]
pub enum Asks {
    /// A form to fill in (`elicitation/create`, mode `form`).
    Form {
        /// The server's words.
        message: String,
        /// Raw `requestedSchema`.
        schema: Box<str>,
    },
    /// A web page to visit (`elicitation/create`, mode `url`).
    Url {
        /// The server's words.
        message: String,
        /// The whole address.
        url: String,
    },
    /// A message for a language model to answer (`sampling/createMessage`).
    Sample {
        /// Raw parameters.
        params: Json,
    },
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Accepted, with the fields of the form as words.
    Accept(Vec<Pair>),
    /// Accepted, with a JSON object: the content of the form, or a `CreateMessageResult`.
    Json(String),
    /// Declined.
    Decline,
    /// Dismissed without a decision.
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
    /// From the call of the host to this event.
    pub elapsed: Duration,
    /// The answer, or why there is none.
    pub outcome: Result<Reply, Error>,
}

/// A tool call of an agent that has ended.
#[derive(Debug)]
pub struct AgentCall {
    /// The request.
    pub id: RequestId,
    /// The server's name.
    pub server: Arc<str>,
    /// The tool's name.
    pub tool: Arc<str>,
    /// Who called, for a person: the process at the other end and the name that it gave.
    pub who: String,
    /// The arguments as JSON; empty when they are longer than 64 KiB.
    pub arguments: Box<str>,
    /// From the request of the agent to its end.
    pub elapsed: Duration,
    /// The tool ran and reported an error of its own.
    pub is_error: bool,
    /// Bytes of the result; 0 when there is none.
    pub size: usize,
    /// Why there is no result.
    pub failure: Option<Error>,
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
        /// The range of the only text, a JSON string with its quotes, in the result. `None`
        /// when the result has other content, or no text.
        only_text: Option<Range<usize>>,
    },
    /// A list, as one JSON array of raw definitions.
    List {
        /// The kind of its entries.
        what: Listing,
        /// The array.
        items: Json,
    },
    /// The raw result of any other request.
    Result(Json),
    /// The configuration has been read, or the server has confirmed a subscription.
    Ready,
    /// What became of the entries of a file: `name`, `outcome`, `reason`.
    Imported(Table),
}

/// The progress of a request (MCP "Progress").
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
    /// The end, in the same unit, if the server knows it.
    pub total: Option<f64>,
    /// A message of the server.
    pub message: Option<String>,
}
