//! Decides everything, touches nothing.
//!
//! The engine holds requests, pools, connections, retries and timers. It never
//! sees a descriptor or a clock: the driver tells it what happened and when, and
//! pulls from it what is to be done. The simulator in the tests is just another
//! driver.
//!
//! # Drive contract
//! 1. Tell the engine one thing: a command ([`Engine::call`], [`Engine::cancel`],
//!    [`Engine::configure`], ...), an input ([`Engine::opened`],
//!    [`Engine::received`], [`Engine::wrote`], ...) or that time passed
//!    ([`Engine::handle_timeout`]).
//! 2. Pull [`Engine::poll_action`] until it is empty and carry each out; on
//!    [`Action::Write`] write [`Engine::pending`] and report [`Engine::wrote`]
//!    until it is empty or the stream is full.
//! 3. Pull [`Engine::poll_log`] and [`Engine::poll_event`].
//! 4. Wait for input until [`Engine::deadline`].
//!
//! # Invariants
//! Checked after every step of the simulator by `Engine::check`, which other builds do
//! not have:
//! * a request is in exactly one place: awaiting the configuration or a tool
//!   list, queued, on one connection, or ended;
//! * a request that may have run is not sent again, unless it only reads or the
//!   user said that it may;
//! * an answer reaches the request whose id it bears, on the connection that
//!   bore it, or nobody;
//! * every accepted request ends in exactly one event or one cancellation;
//! * no deadline is missed: the next timer is never later than any of them.

mod action;
mod allowance;
mod asking;
mod attempts;
mod authorization;
mod breaker;
mod breaking;
mod calls;
mod catalogue;
#[cfg(any(test, feature = "check"))]
mod check;
mod configuring;
mod connection;
mod daemon;
mod deadlines;
mod durations;
mod event;
mod evidence;
mod extra_streams;
mod id;
mod join;
mod lines;
mod log;
mod loss;
mod notices;
mod oddities;
mod one_line;
mod pool;
mod printed_fields;
mod questions;
mod queue;
mod random;
mod reachability;
mod replies;
mod request;
mod retry_budget;
mod secrets;
mod server;
mod servers;
mod silence;
mod snapshot;
mod starting;
mod stream_io;
mod stream_set;
mod streams;
mod subscribing;
mod subscriptions;
#[cfg(test)]
mod testing;
mod timeouts;
mod tool_catalogue;
mod trace;
pub mod tuning;
mod tuning_inputs;
mod unasked;
mod unfinished;
mod unknown_outcomes;
mod wires;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use crate::mcp::schema::arguments::Pair;
pub use crate::wire::{Delivery, StreamId};
pub use action::{Action, ChildExit, OpenFailure, Opened, TerminationSignal};
pub use authorization::Unavailable;
pub use event::{AgentCall, Answer, Asks, Completion, Event, Json, Progress, Question, Reply};
pub use id::{ConnectionId, IdHasher, IdMap, QuestionId, RequestId, ServerId};
pub use log::LogLevel;
pub use pool::{Hit, Opening, Pool, PooledConnection, Shape, Surplus};
pub use servers::Listed;
pub use snapshot::{Job, ServerSnapshot};
pub use unknown_outcomes::UnknownOutcome;
pub use wires::NewWire;

use crate::config::{Defaults, Directory, Era, Problem, ServerConfig};
use crate::engine::one_line::OneLineObject;
use crate::error::Result;
pub use crate::mcp::listing::Listing;
pub use crate::mcp::message::Abilities;
use crate::mcp::message::{self, Identity};
use crate::mcp::trace_parent::TraceParent;
use crate::metrics::Latency;
use crate::redact::Redactor;
use crate::time::Time;
use crate::wire::Shared;
use allowance::Allowance;
use authorization::Authorizations;
use connection::Connection;
use deadlines::Deadlines;
use log::Log;
use questions::Questions;
use random::Random;
use request::{CallArguments, Method, Request, Requests};
use server::Server;
use servers::Servers;
use unknown_outcomes::UnknownOutcomes;

/// A tool call as the host asks for it.
#[derive(Clone, Debug)]
pub struct CallTool {
    /// Server name from the configuration.
    pub server: String,
    /// Tool name.
    pub tool: String,
    /// Its arguments.
    pub arguments: Arguments,
    /// No person waits for it, as in a hook: it fails at once while the server is left
    /// alone. A person's call is always tried.
    pub is_unattended: bool,
}

/// What a completion is for.
#[derive(Clone, Copy, Debug)]
pub enum Reference<'a> {
    /// A prompt, by name.
    Prompt(&'a str),
    /// A resource template, by URI template.
    Template(&'a str),
}

/// An argument of a prompt or of a resource template, half typed.
#[derive(Clone, Copy, Debug)]
pub struct Unfinished<'a> {
    /// What it is an argument of.
    pub reference: Reference<'a>,
    /// Its name.
    pub argument: &'a str,
    /// What was typed of its value.
    pub value: &'a str,
    /// Arguments that have their values already; sent as text.
    pub given: &'a [Pair],
}

/// Arguments of a tool call.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// A JSON object, sent as it is.
    Json(String),
    /// Words to be encoded by the tool's `inputSchema`.
    Pairs(Vec<Pair>),
}

/// Everything that is decided about servers, connections and requests.
#[derive(Debug)]
pub struct Engine {
    identity: Identity,
    defaults: Defaults,
    /// A configuration was read, or reading one failed.
    has_config: bool,
    /// Another configuration is being read; requests wait for it.
    is_loading_config: bool,
    /// The host has few descriptors left: see [`set_keeps_idle`](Engine::set_keeps_idle).
    drops_idle: bool,
    servers: Servers,
    /// Eras of servers in earlier runs, by `ServerConfig::identity`.
    known_eras: HashMap<u64, Era>,
    requests: Requests,
    /// Boxed, because the table has room for up to twice as many as there are.
    connections: IdMap<ConnectionId, Box<Connection>>,
    /// Whose the streams are that were opened after the first of their connection.
    extra_streams: IdMap<StreamId, ConnectionId>,
    /// Makes the codec of a connection.
    new_wire: NewWire,
    deadlines: Deadlines,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
    log: Log,
    redactor: Redactor,
    authorizations: Authorizations,
    random: Random,
    /// What is read of servers that say it unasked, of all connections together.
    unasked: Allowance,
    /// The line that was looked at last was an answer that somebody waits for.
    answered: bool,
    shared: Shared,
    next_wire: u64,
    questions: Questions,
    /// Lists that are being put together, in turns.
    joining: VecDeque<RequestId>,
    /// Of the calls of all servers.
    latency: Latency,
    /// The series of operations that all servers have; `None` until an export wants them.
    operation_series: Option<usize>,
    unknown_outcomes: UnknownOutcomes,
}

impl Engine {
    /// An engine without servers. `name` and `version` are told to servers;
    /// `seed` feeds the jitter of retries.
    pub fn new(name: &str, version: &str, seed: u64, level: LogLevel) -> Engine {
        Engine {
            identity: Identity::new(name, version),
            defaults: Defaults::default(),
            has_config: false,
            is_loading_config: false,
            drops_idle: false,
            servers: Servers::default(),
            known_eras: HashMap::new(),
            requests: Requests::default(),
            connections: IdMap::default(),
            extra_streams: IdMap::default(),
            new_wire: wires::of_entry,
            deadlines: Deadlines::default(),
            actions: VecDeque::new(),
            events: VecDeque::new(),
            log: Log::new(level),
            redactor: Redactor::default(),
            authorizations: Authorizations::default(),
            random: Random::new(seed),
            unasked: unasked::OF_ALL,
            answered: false,
            shared: Shared::default(),
            next_wire: 1,
            questions: Questions::default(),
            joining: VecDeque::new(),
            latency: Latency::default(),
            operation_series: None,
            unknown_outcomes: UnknownOutcomes::default(),
        }
    }

    // ----- commands ---------------------------------------------------------

    /// Eras kept from earlier runs; before `configure`.
    pub fn recall(&mut self, eras: impl IntoIterator<Item = (u64, Era)>) {
        self.known_eras.extend(eras);
    }

    /// A list of tools kept from an earlier run, good for `left`, of the server
    /// with this `ServerConfig::identity`; after `configure`.
    pub fn recall_tools(&mut self, now: Time, identity: u64, items: &[u8], left: Duration) {
        let servers = self.servers.iter_mut().filter(|server| !server.removed);
        for server in servers.filter(|server| server.config.identity() == identity) {
            server.tools.recall(now, items, left, &server.config.tools);
        }
    }

    /// Makes the codecs of connections from now on; by default each session speaks lines of JSON.
    pub fn set_wires(&mut self, new_wire: NewWire) {
        self.new_wire = new_wire;
    }

    /// Lines louder than this are not written.
    pub fn set_log_level(&mut self, level: LogLevel) {
        self.log.set_level(level);
    }

    /// [`call`](Engine::call) of the server that the name means at a directory.
    ///
    /// # Errors
    /// As [`call`](Engine::call).
    pub fn call_at(
        &mut self,
        now: Time,
        directory: Arc<Directory>,
        call: CallTool,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.begin_call(now, Some(directory), call, None, timeout, user_data)
    }

    /// Calls a tool. `user_data` comes back with its end.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for an unknown server or arguments that are no JSON
    /// object, [`crate::error::Kind::Busy`] when the server's queue is full. A request that
    /// was refused has no event.
    pub fn call(
        &mut self,
        now: Time,
        call: CallTool,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.begin_call(now, None, call, None, timeout, user_data)
    }

    /// [`call_at`](Engine::call_at), or [`call`](Engine::call) without a directory, as a part
    /// of the caller's trace.
    ///
    /// # Errors
    /// As [`call`](Engine::call).
    pub fn call_in_trace(
        &mut self,
        now: Time,
        at: Option<Arc<Directory>>,
        (call, trace): (CallTool, TraceParent),
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.begin_call(now, at, call, Some(trace), timeout, user_data)
    }

    fn begin_call(
        &mut self,
        now: Time,
        at: Option<Arc<Directory>>,
        call: CallTool,
        trace: Option<TraceParent>,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let arguments = match call.arguments {
            Arguments::Json(text) => {
                let object = OneLineObject::new(text)?;
                if object.names_secret {
                    self.redactor.learn_arguments(&object.text, |_| false);
                }
                CallArguments::Json(object.text)
            }
            Arguments::Pairs(pairs) => CallArguments::Pairs(pairs),
        };
        let kind = request::RequestKind::Call {
            tool: Arc::from(call.tool),
            arguments,
            trace,
            is_unattended: call.is_unattended,
        };
        self.accept(now, at, &call.server, kind, timeout, user_data)
    }

    /// Lists tools, resources, templates or prompts of a server, all pages.
    ///
    /// # Errors
    /// As [`call`](Engine::call).
    pub fn list(
        &mut self,
        now: Time,
        server: &str,
        what: Listing,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let kind = request::RequestKind::List { what, pages: catalogue::Pages::default() };
        self.accept(now, None, server, kind, timeout, user_data)
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// As [`call`](Engine::call).
    pub fn read_resource(
        &mut self,
        now: Time,
        server: &str,
        uri: &str,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let members = message::member("uri", uri);
        self.ask_server(now, server, (Method::ReadResource, uri), members, timeout, user_data)
    }

    /// Expands a prompt. Its arguments are strings, as the protocol has it.
    ///
    /// # Errors
    /// As [`call`](Engine::call), and for JSON that is no object.
    pub fn get_prompt(
        &mut self,
        now: Time,
        server: &str,
        name: &str,
        arguments: Arguments,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let arguments = match arguments {
            Arguments::Json(text) => OneLineObject::new(text)?.text.into(),
            Arguments::Pairs(pairs) => text_members(&pairs),
        };
        let members = format!("{}\"arguments\":{arguments},", message::member("name", name));
        self.ask_server(now, server, (Method::GetPrompt, name), members, timeout, user_data)
    }

    /// Asks how an argument may go on.
    ///
    /// # Errors
    /// As [`call`](Engine::call).
    pub fn complete(
        &mut self,
        now: Time,
        server: &str,
        wanted: Unfinished<'_>,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let reference = match wanted.reference {
            Reference::Prompt(name) => {
                format!("\"type\":\"ref/prompt\",{}", message::member("name", name))
            }
            Reference::Template(uri) => {
                format!("\"type\":\"ref/resource\",{}", message::member("uri", uri))
            }
        };
        let argument =
            message::member("name", wanted.argument) + &message::member("value", wanted.value);
        let mut members = format!(
            "\"ref\":{{{}}},\"argument\":{{{}}},",
            reference.trim_end_matches(','),
            argument.trim_end_matches(',')
        );
        // Older than 2025-06-18, servers do not know it, and need not be told.
        if !wanted.given.is_empty() {
            let given = text_members(wanted.given);
            members.push_str(&format!("\"context\":{{\"arguments\":{given}}},"));
        }
        self.ask_server(now, server, (Method::Complete, ""), members, timeout, user_data)
    }

    fn ask_server(
        &mut self,
        now: Time,
        server: &str,
        (method, name): (Method, &str),
        members: String,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let kind = request::RequestKind::Ask { method, name: name.into(), members: members.into() };
        self.accept(now, None, server, kind, timeout, user_data)
    }

    /// Opens a connection to a server that has none, so that the first call finds
    /// it warm.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for an unknown server.
    pub fn connect(&mut self, now: Time, server: &str) -> Result<()> {
        let id = self.find_server(server)?;
        let state = self.server(id);
        if state.pool.members().is_empty() {
            self.open(now, id);
        }
        Ok(())
    }

    /// The entry of a server.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn entry(&self, server: &str) -> Result<Arc<ServerConfig>> {
        Ok(self.server(self.find_server(server)?).config.clone())
    }

    /// Ends as soon as a configuration has been read; at once if one was.
    pub fn wait_ready(&mut self, now: Time, user_data: u64) -> RequestId {
        let id = self.insert(
            None,
            Request::of_host(now, Arc::from(""), request::RequestKind::Ready, None, user_data),
        );
        if self.has_config && !self.is_loading_config {
            self.finish(now, id, Ok(Reply::Ready));
        }
        id
    }

    /// A request that the driver works on and ends by
    /// [`finish_driver_request`](Engine::finish_driver_request).
    pub fn add_driver_request(
        &mut self,
        now: Time,
        server: &str,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> RequestId {
        let kind = request::RequestKind::Driver;
        self.insert(None, Request::of_host(now, Arc::from(server), kind, timeout, user_data))
    }

    /// Whether a request has neither ended nor been cancelled.
    pub fn has_request(&self, id: RequestId) -> bool {
        self.requests.get(&id).is_some()
    }

    /// Ends a request of the driver.
    pub fn finish_driver_request(&mut self, now: Time, id: RequestId, outcome: Result<Reply>) {
        self.finish(now, id, outcome);
    }

    /// Forgets a request. True: its event never comes. If it had left us the
    /// server is told; if it had not, it never leaves.
    pub fn cancel(&mut self, now: Time, id: RequestId) -> bool {
        let live = self.requests.get(&id).is_some_and(|request| !request.internal);
        if live {
            self.trace_cancelled(now, id);
            self.abandon(now, id, "cancelled by the user");
            self.end(now, id, crate::metrics::Outcome::Cancelled, None);
        }
        // Its end, or how far it came, may be on its way to the host already.
        let mut ended = false;
        self.events.retain(|event| match event {
            Event::Done(done) if done.id == id => {
                ended = true;
                false
            }
            Event::Progress(progress) => progress.id != id,
            Event::LoginPage { id: login, .. } => *login != id,
            _ => true,
        });
        live || ended
    }

    // ----- outputs ----------------------------------------------------------

    /// Does a piece of what might take too long in one go: takes over some servers of
    /// a large configuration, or copies `bytes` at most.
    pub fn work(&mut self, now: Time, bytes: usize) {
        if self.servers.is_changing() {
            self.apply_entries(now);
        } else if let Some(id) = self.joining.pop_front() {
            self.join_on(now, id, bytes);
        }
    }

    /// Whether there are log lines.
    pub fn has_log(&self) -> bool {
        !self.log.is_empty()
    }

    /// Whether [`work`](Engine::work) has something to do.
    pub fn has_work(&self) -> bool {
        self.servers.is_changing() || !self.joining.is_empty()
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing to tell the host.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.change_pulled(&event);
        Some(event)
    }

    /// Whether something waits to be told.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next log line.
    pub fn poll_log(&mut self) -> Option<(LogLevel, String)> {
        self.log.pop()
    }

    /// Whether a configuration has been read, well or badly.
    pub fn has_config(&self) -> bool {
        self.has_config
    }

    /// A configuration is being read: requests wait until it is in force.
    pub fn begin_loading_config(&mut self) {
        self.is_loading_config = true;
    }

    /// Whether one is being read.
    pub fn is_loading_config(&self) -> bool {
        self.is_loading_config
    }

    /// Where names are looked up, and servers shown, from now on.
    pub fn set_directory(&mut self, directory: Option<Arc<Directory>>) {
        self.servers.set_directory(directory);
    }

    /// What is wrong with the configuration in force.
    pub fn problems(&self) -> &[Problem] {
        self.servers.problems()
    }

    /// Sets the files that the configuration came from, for messages.
    pub fn set_origins(&mut self, origins: String) {
        self.servers.set_origins(origins);
    }

    /// The entries in force at the directory set last, sorted by name: of several entries
    /// of a name the nearest.
    pub fn visible(&self) -> Vec<Listed<'_>> {
        self.servers.visible()
    }

    /// The id of the server that is meant by a name, perhaps abbreviated, at the
    /// directory set last.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`]: why its entry is not used, where it is configured
    /// instead, which servers it may be, or which there are.
    pub fn resolve(&self, name: &str) -> Result<&str> {
        self.servers.resolve(name)
    }

    /// The id of the server with exactly this name at a directory.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`]: why its entry is not used, where it is configured
    /// instead, or which servers there are.
    pub fn resolve_at(&self, name: &str, at: &Directory) -> Result<&str> {
        Ok(&self.servers[self.servers.find_at(name, Some(at))?].name)
    }

    /// The tool that is meant by a name, perhaps abbreviated.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`]: there is no such server or tool, several may be meant, or
    /// the server has not listed its tools yet.
    pub fn resolve_tool(&self, server: &str, name: &str) -> Result<String> {
        self.servers.resolve_tool(server, name)
    }

    // ----- shared by the parts ----------------------------------------------

    /// The server of this id, else the nearest of this name.
    fn find_server(&self, name: &str) -> Result<ServerId> {
        self.servers.find(name)
    }

    fn server(&self, id: ServerId) -> &Server {
        &self.servers[id]
    }

    fn server_mut(&mut self, id: ServerId) -> &mut Server {
        &mut self.servers[id]
    }

    fn note(&mut self, level: LogLevel, line: fmt::Arguments<'_>) {
        self.log.write(level, line, &self.redactor);
    }
}

/// A JSON object whose members are strings.
fn text_members(pairs: &[Pair]) -> String {
    let members: String =
        pairs.iter().map(|pair| message::member(&pair.key, &pair.value)).collect();
    format!("{{{}}}", members.trim_end_matches(','))
}
