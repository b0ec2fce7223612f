//! One request of the host, from its acceptance to its completion.

mod requests;
mod rounds;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Directory, Era, Limits};
use crate::engine::breaker::Pass;
use crate::engine::catalogue::Pages;
use crate::engine::event::Reply;
use crate::engine::join::Join;
use crate::engine::{ConnectionId, Pair, ServerId};
use crate::error::Error;
use crate::mcp::listing::Listing;
use crate::mcp::trace_parent::TraceParent;
use crate::time::{Time, in_words};
use crate::wire::Outgoing;
pub(super) use requests::Requests;
pub(super) use rounds::{MAX_ROUNDS, Rounds};

/// Longest life of a request whose configuration names none.
pub(super) const TOTAL: Duration = Duration::from_secs(30 * 60);
/// Longest silence of a request whose configuration names none.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// What is asked.
#[derive(Debug)]
pub(super) enum RequestKind {
    Call {
        tool: Arc<str>,
        arguments: CallArguments,
        trace: Option<TraceParent>,
        /// No person waits for it.
        is_unattended: bool,
    },
    List {
        what: Listing,
        pages: Pages,
    },
    /// Anything else whose parameters are ready: `members` of `params`, each
    /// followed by a comma.
    Ask {
        method: Method,
        /// The prompt or the resource, empty when the method names none.
        name: Box<str>,
        members: Box<str>,
    },
    /// Changes of a resource are to be told.
    Subscribe {
        uri: Box<str>,
    },
    /// Finds out for the breaker whether the server answers.
    Probe {
        /// It asks for the tools, because what it asked before was not answered.
        lists_tools: bool,
    },
    /// Ends when a configuration has been read.
    Ready,
    /// Ends when the driver says so: work on files.
    Driver,
}

/// Methods that are asked with ready parameters. All of them only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Complete,
    GetPrompt,
    ReadResource,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Method::Complete => "completion/complete",
            Method::GetPrompt => "prompts/get",
            Method::ReadResource => "resources/read",
        }
    }
}

/// Arguments of a call.
#[derive(Debug)]
pub(super) enum CallArguments {
    Pairs(Vec<Pair>),
    Json(Box<str>),
}

/// How a request came by its first connection. The pool's statistics count it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acquisition {
    /// It has had no connection, and none was opened for it.
    Pending,
    /// A connection had room for it.
    Hit,
    /// A connection was opened for it.
    Miss,
}

/// Where a request is. It is in exactly one place at any time.
#[derive(Debug)]
pub(super) enum RequestState {
    /// No configuration has been read yet.
    AwaitingConfig,
    /// The probe of its server's breaker has not ended yet.
    AwaitingBreaker,
    /// Its words cannot be encoded before the server's tools are known.
    AwaitingTools,
    /// In its server's queue.
    Queued,
    /// Its server waits for answers of a person.
    Asking,
    /// The server has not confirmed its subscription yet.
    AwaitingAck,
    /// On a connection.
    InFlight(ConnectionId),
    /// Its answer is there; the list is being put together.
    Joining(Box<Join>),
    /// It has ended; whether the tool exists at all is being looked up.
    Verifying(Result<Reply, Error>),
}

/// One request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) server_name: Arc<str>,
    /// Set by [`Requests::assign`] alone.
    server: Option<ServerId>,
    pub(super) kind: RequestKind,
    pub(super) state: RequestState,
    pub(super) user_data: u64,
    /// Made by the engine for its own use; nobody is told.
    pub(super) internal: bool,
    /// Under which state of the breaker it was let through.
    pub(super) pass: Pass,
    /// What the caller asked for.
    pub(super) timeout: Option<Duration>,
    /// The setting that fixed the deadline; empty: the caller or nobody did.
    pub(super) timeout_key: &'static str,
    /// Where it was made: decides which of several servers of a name is meant.
    pub(super) directory: Option<Arc<Directory>>,
    pub(super) enqueued: Time,
    pub(super) deadline: Time,
    /// Longest silence, with the time of the last sign of life.
    pub(super) silence: Option<Duration>,
    pub(super) heard: Time,
    /// How long its server may be starting meanwhile; `None` once it has started, or
    /// when the caller or the configuration says how long all may take.
    pub(super) startup: Option<Duration>,
    pub(super) operation_timeout: Option<Duration>,
    pub(super) assigned: Option<Time>,
    /// Tries that failed.
    pub(super) failures: u32,
    /// How often a list was begun anew because its connection was lost.
    pub(super) restarts: u32,
    /// It was refused because the server had forgotten the session, which happens once.
    pub(super) lost_session: bool,
    /// The server missed something in its head that the list of tools tells: it was sent again.
    pub(super) was_headless: bool,
    /// It has been refused for want of a token before.
    pub(super) is_reauthorized: bool,
    pub(super) acquisition: Acquisition,
    /// Questions of its server to a person that are open: its silence is theirs.
    pub(super) open_questions: u32,
    pub(super) rounds: Option<Box<Rounds>>,
    /// Until when its own answer is awaited after an answer came that names no request.
    pub(super) own_answer_by: Option<Time>,
    /// Until when the rest of its answer is awaited, of which a part came in a line.
    pub(super) rest_by: Option<Time>,
    /// What the server last said about its progress.
    pub(super) progress: Option<(f64, Option<f64>, Option<Box<str>>)>,
}

impl Request {
    /// A request that the host made. `timeout` limits the whole request; `user_data`
    /// comes back with its completion.
    pub(super) fn of_host(
        now: Time,
        server_name: Arc<str>,
        kind: RequestKind,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Box<Request> {
        let mut request = Request::internal(now, server_name, kind);
        request.internal = false;
        request.timeout = timeout;
        request.deadline = now + timeout.unwrap_or(TOTAL);
        request.user_data = user_data;
        request
    }

    /// A request of the engine's own.
    pub(super) fn internal(now: Time, server_name: Arc<str>, kind: RequestKind) -> Box<Request> {
        Box::new(Request {
            server_name,
            server: None,
            kind,
            state: RequestState::AwaitingConfig,
            user_data: 0,
            internal: true,
            pass: Pass::default(),
            timeout: None,
            timeout_key: "",
            directory: None,
            enqueued: now,
            deadline: now + TOTAL,
            silence: None,
            heard: now,
            startup: None,
            operation_timeout: None,
            assigned: None,
            failures: 0,
            restarts: 0,
            lost_session: false,
            was_headless: false,
            is_reauthorized: false,
            acquisition: Acquisition::Pending,
            open_questions: 0,
            rounds: None,
            own_answer_by: None,
            rest_by: None,
            progress: None,
        })
    }

    /// The server that answers the request; `None` until the configuration is known.
    pub(super) fn server(&self) -> Option<ServerId> {
        self.server
    }

    /// Counts how the request came by its first connection. Returns false when that
    /// was counted before.
    pub(super) fn acquire(&mut self, acquisition: Acquisition) -> bool {
        let is_first = self.acquisition == Acquisition::Pending;
        if is_first {
            self.acquisition = acquisition;
        }
        is_first
    }

    /// Fixes the deadlines once the server's limits are known. The clock runs
    /// from the caller's enqueue.
    pub(super) fn limit(&mut self, limits: &Limits) {
        self.timeout_key = if self.timeout.is_none() { limits.timeout_key } else { "" };
        match self.timeout.or(limits.timeout) {
            Some(timeout) => {
                self.deadline = self.enqueued + timeout;
                self.silence = None;
                self.startup = None;
            }
            None => {
                self.deadline = self.enqueued + TOTAL;
                self.silence = Some(SILENCE);
                self.startup = Some(limits.startup_timeout);
            }
        }
        self.operation_timeout = limits.operation_timeout;
    }

    /// The earliest of its deadlines.
    pub(super) fn next_deadline(&self) -> Time {
        let waits = self.open_questions > 0;
        let silence = self.patience().filter(|_| !waits).map(|silence| self.heard + silence);
        let operation = match (&self.state, self.assigned, self.operation_timeout) {
            (RequestState::InFlight(_), Some(assigned), Some(limit)) if !waits => {
                Some(assigned + limit)
            }
            _ => None,
        };
        let doubts = [self.own_answer_by, self.rest_by].into_iter().flatten().min();
        let doubts = doubts.filter(|_| matches!(self.state, RequestState::InFlight(_)));
        let all = [Some(self.deadline), silence, operation, doubts];
        all.into_iter().flatten().min().unwrap_or_default()
    }

    /// Longest silence where it is now: a server that starts may take longer, or
    /// has to be quicker.
    fn patience(&self) -> Option<Duration> {
        match self.state {
            RequestState::AwaitingConfig | RequestState::Queued | RequestState::AwaitingTools => {
                self.startup.or(self.silence)
            }
            _ => self.silence,
        }
    }

    /// Whether its time is over only because its server should have started.
    pub(super) fn outwaits_the_start(&self, now: Time) -> bool {
        let waits = matches!(self.state, RequestState::Queued | RequestState::AwaitingTools);
        waits && self.startup.is_some() && now < self.deadline
    }

    /// Whether no person waits for it.
    pub(super) fn is_unattended(&self) -> bool {
        matches!(self.kind, RequestKind::Call { is_unattended: true, .. })
    }

    /// Whether it reads a list, page by page.
    pub(super) fn is_listing(&self) -> bool {
        matches!(self.kind, RequestKind::List { .. })
    }

    /// The tool's name, empty when none is called.
    pub(super) fn tool(&self) -> Arc<str> {
        match &self.kind {
            RequestKind::Call { tool, .. } => tool.clone(),
            _ => Arc::from(""),
        }
    }

    /// What a probe asks a server of this era.
    pub(super) fn probe_method(&self, era: Option<Era>) -> &'static str {
        match (&self.kind, era) {
            (RequestKind::Probe { lists_tools: true }, _) => Listing::Tools.method(),
            (_, Some(Era::Modern)) => "server/discover",
            (_, _) => "ping",
        }
    }

    /// What it is to the codec that carries it.
    /// `definition`: that of its tool.
    pub(super) fn outgoing<'a>(&'a self, era: Option<Era>, definition: &'a str) -> Outgoing<'a> {
        let (method, name) = match &self.kind {
            RequestKind::Call { tool, .. } => ("tools/call", &**tool),
            RequestKind::List { what, .. } => (what.method(), ""),
            RequestKind::Ask { method, name, .. } => (method.name(), &**name),
            RequestKind::Subscribe { uri } => ("resources/subscribe", &**uri),
            RequestKind::Probe { .. } => (self.probe_method(era), ""),
            RequestKind::Ready | RequestKind::Driver => ("", ""),
        };
        Outgoing::Request { method, name, definition }
    }

    /// The tool, or the method when none is called.
    pub(super) fn what(&self) -> Arc<str> {
        match &self.kind {
            RequestKind::Call { tool, .. } => tool.clone(),
            RequestKind::List { what, .. } => Arc::from(what.method()),
            RequestKind::Ask { method, .. } => Arc::from(method.name()),
            RequestKind::Subscribe { .. } => Arc::from("resources/subscribe"),
            RequestKind::Probe { .. } => Arc::from("ping"),
            RequestKind::Ready | RequestKind::Driver => Arc::from(""),
        }
    }

    /// Whether its time is over because the only answer that came names no request.
    pub(super) fn has_only_stray_answer(&self, now: Time) -> bool {
        let is_in_flight = matches!(self.state, RequestState::InFlight(_));
        is_in_flight && self.own_answer_by.is_some_and(|until| until <= now)
    }

    /// The connection on which its answer has broken off for too long.
    pub(super) fn breaks_off(&self, now: Time) -> Option<ConnectionId> {
        match self.state {
            RequestState::InFlight(connection)
                if self.rest_by.is_some_and(|until| until <= now) =>
            {
                Some(connection)
            }
            _ => None,
        }
    }

    /// What timed out, for the user.
    pub(super) fn timeout_message(&self, now: Time) -> String {
        format!("{}{}", self.time_is_over(now), self.place())
    }

    /// How much time is over.
    pub(super) fn time_is_over(&self, now: Time) -> String {
        let total = self.deadline.since(self.enqueued);
        let key = match self.timeout_key {
            "" => String::new(),
            key => format!(" ({key})"),
        };
        let (what, limit) = match (self.patience(), self.operation_timeout, self.assigned) {
            _ if now >= self.deadline => (&*key, total),
            (_, Some(limit), Some(assigned)) if now >= assigned + limit => {
                (" (operation_timeout)", limit)
            }
            (Some(silence), ..) => (" without progress", silence),
            _ => ("", total),
        };
        format!("timed out after {}{what}", in_words(limit))
    }

    fn place(&self) -> &'static str {
        match self.state {
            RequestState::AwaitingConfig => " while the configuration was being read",
            RequestState::AwaitingBreaker => " until it was known whether the server answers",
            RequestState::AwaitingTools => " waiting for the server's tools",
            RequestState::Queued => " waiting for a connection",
            RequestState::Asking => " waiting for an answer to the server's question",
            RequestState::AwaitingAck => " waiting for the server to confirm",
            RequestState::InFlight(_) | RequestState::Joining(_) | RequestState::Verifying(_) => "",
        }
    }
}
