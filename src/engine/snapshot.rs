//! The state of servers and requests, for reports and status lines.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Directory, Endpoint, Limits, Scope, ServerConfig};
use crate::engine::catalogue::Catalogue;
use crate::engine::request::{Request, RequestKind, RequestState};
use crate::engine::unknown_outcomes::UnknownOutcome;
use crate::engine::{ConnectionId, Engine, RequestId, ServerId, StreamId};
use crate::error::Result;
use crate::json::kept::Json;
use crate::mcp::capabilities::Offers;
use crate::metrics::{Latency, ServerReport};
use crate::time::Time;

/// The longest list of tools that is copied in one go: about a millisecond.
const KNOWN_BYTES: usize = 4 << 20;

/// The report of a server, and the stream whose descriptor it shows.
#[derive(Debug)]
pub struct ServerSnapshot<'a> {
    /// The report without the descriptor.
    pub report: ServerReport<'a>,
    /// The first stream of the connection that was used last, unless it is a process.
    pub stream: Option<StreamId>,
}

/// A request that has not ended.
#[derive(Clone, Debug)]
pub struct Job {
    /// The request.
    pub id: RequestId,
    /// What the caller attached to it.
    pub user_data: u64,
    /// The server's name.
    pub server: Arc<str>,
    /// The tool, or the method if no tool is called.
    pub what: Arc<str>,
    /// `waiting`, `running` or `asking`.
    pub state: &'static str,
    /// Time since the call of the host.
    pub age: Duration,
    /// Progress so far, its end if known, and the message of the server.
    pub progress: Option<(f64, Option<f64>, String)>,
    /// The last line on the stderr of its server, while the server starts.
    pub starting: Option<String>,
}

impl Job {
    /// The progress in whole percent, if the server knows the end.
    pub fn percent(&self) -> Option<u32> {
        let (done, total, _) = self.progress.as_ref()?;
        percent(*done, *total)
    }
}

/// `done` of `total` in whole percent, rounded down and within 0 and 100.
pub(super) fn percent(done: f64, total: Option<f64>) -> Option<u32> {
    let share = done / total.filter(|total| *total > 0.0)?;
    // Within 0 and 100, so that the cast only cuts the fraction.
    share.is_finite().then(|| (share.clamp(0.0, 1.0) * 100.0) as u32)
}

impl Engine {
    /// How many servers are configured.
    pub fn server_count(&self) -> usize {
        self.servers.by_name().len()
    }

    /// Names of the configured servers, sorted.
    pub fn server_names(&self) -> impl Iterator<Item = &str> {
        self.servers.by_name().keys().map(|name| &**name)
    }

    /// Ids of the servers to show in the directory of the host: those in force there, and
    /// those that were used.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        let at = self.servers.directory();
        let shown = move |id: &ServerId| {
            let server = self.server(*id);
            let used = server.reach.was_up()
                || self.requests.open(*id) > 0
                || !server.pool.members().is_empty();
            used || server.last_error.is_some() || server.config.scope.nearness(at).is_some()
        };
        self.servers.by_name().iter().filter(move |(_, id)| shown(id)).map(|(name, _)| &**name)
    }

    /// Where names are looked up and servers shown.
    pub fn directory(&self) -> Option<&Directory> {
        self.servers.directory()
    }

    /// The configured name and scope of a server.
    pub fn configured_as(&self, id: &str) -> Option<(&str, &Scope)> {
        let config = &self.server(*self.servers.by_name().get(id)?).config;
        Some((&config.name, &config.scope))
    }

    /// The entry of a server, and the numbers in force for it.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn entry_of(&self, name: &str) -> Result<(&ServerConfig, &Limits)> {
        let server = self.server(self.find_server(name)?);
        Ok((&server.config, &server.limits))
    }

    /// The name of the `index`-th server in sorted order.
    pub fn server_name(&self, index: usize) -> Option<&str> {
        self.servers.by_name().keys().nth(index).map(|name| &**name)
    }

    /// The report of one server.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid), with the names of the servers there are.
    pub fn snapshot(&self, name: &str) -> Result<ServerSnapshot<'_>> {
        let id = self.find_server(name)?;
        let server = self.server(id);
        let fallback = server.reach.fallback_reason();
        let transport = match (fallback, server.config.transport) {
            (Some(_), transport) => transport.name_of_fallback(),
            (None, transport) if server.reach.is_serial() => transport.name_of_serial(),
            (None, _) => server.config.transport_name(),
        };
        let is_process = |id: &ConnectionId| {
            self.connections.get(id).is_some_and(|connection| connection.channel.is_process())
        };
        let latest = server.pool.latest().filter(|id| !is_process(id));
        let stream = latest.map(ConnectionId::first_stream);
        let mut report = ServerReport::new(&server.name, &server.metrics);
        report.transport = transport;
        report.status = server.status();
        let is_connected_to = !server.config.transport.is_process();
        match server.config.endpoint().filter(|_| is_connected_to) {
            Some(Endpoint::Unix(path)) => report.socket_path = path.to_str(),
            Some(Endpoint::Tcp(address)) => report.address = Some(address.to_string()),
            None => {}
        }
        report.tls = server.tls.as_deref().copied();
        report.socket_error = fallback;
        report.connection_active = server.pool.is_up();
        report.pool_total = server.pool.members().len();
        report.pool_active = server.pool.active();
        report.pool_idle = server.pool.idle();
        report.pool_connecting = server.pool.connecting();
        report.queued = self.waiting(id);
        report.in_flight = self.requests.open(id).saturating_sub(report.queued);
        report.tools = server.tools.list().map(Catalogue::len);
        report.pids = server
            .pool
            .members()
            .iter()
            .filter_map(|member| self.connections.get(&member.id)?.pid)
            .chain(server.reach.daemon_pid())
            .collect();
        report.protocol_version = server.version;
        report.last_error = server.last_error.as_ref().map(|(why, when)| (&**why, *when));
        report.stderr = server.said.lines();
        report.breaker_opened = server.breaker.as_ref().map_or(0, |breaker| breaker.opened());
        report.left_alone = server.breaker.as_ref().and_then(|breaker| breaker.left_alone());
        report.concurrency = server.concurrency();
        Ok(ServerSnapshot { report, stream })
    }

    /// The last calls that may have run and of which nobody knows, the oldest first.
    pub fn unknown_outcomes(&self) -> impl Iterator<Item = &UnknownOutcome> {
        self.unknown_outcomes.iter()
    }

    /// Requests of the host that have not ended, oldest first.
    pub fn jobs(&self, now: Time) -> Vec<Job> {
        let mut jobs: Vec<Job> = self
            .requests
            .iter()
            .filter(|(_, request)| {
                let is_ours = matches!(request.kind, RequestKind::Ready | RequestKind::Driver);
                !request.internal && !is_ours
            })
            .map(|(id, request)| Job {
                id,
                user_data: request.user_data,
                server: request.server_name.clone(),
                what: request.what(),
                state: match request.state {
                    RequestState::InFlight(_) | RequestState::Verifying(_)
                        if request.open_questions == 0 =>
                    {
                        "running"
                    }
                    RequestState::InFlight(_) | RequestState::Asking => "asking",
                    _ => "waiting",
                },
                age: now.since(request.enqueued),
                starting: self.last_line_at_the_start(request),
                progress: request.progress.as_ref().map(|(done, total, words)| {
                    (*done, *total, words.as_deref().unwrap_or_default().to_owned())
                }),
            })
            .collect();
        jobs.sort_by_key(|job| job.id);
        jobs
    }

    /// The last line on the stderr of the server that a request waits for, while the server
    /// starts.
    fn last_line_at_the_start(&self, request: &Request) -> Option<String> {
        let server = self.server(request.server()?);
        let waits = matches!(request.state, RequestState::Queued | RequestState::AwaitingTools);
        let starts = !server.pool.is_up() && server.pool.connecting() > 0;
        server.said.lines().last().filter(|_| waits && starts).cloned()
    }

    /// The latency of the calls of all servers since the start.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// The newest request with progress: its tool or method, and its whole percent if known.
    pub fn newest_progress(&self) -> Option<(Arc<str>, Option<u32>)> {
        let reports = self.requests.iter().filter(|(_, request)| !request.internal);
        let (_, request) =
            reports.filter(|(_, request)| request.progress.is_some()).max_by_key(|(id, _)| *id)?;
        let (done, total, _) = request.progress.as_ref()?;
        Some((request.what(), percent(*done, *total)))
    }

    /// Why a tool of a server may not be called by its entry, as a sentence.
    pub fn tool_refusal(&self, server: &str, tool: &str) -> Option<String> {
        let config = &self.server(self.find_server(server).ok()?).config;
        config.tools.refusal(&config.name, tool)
    }

    /// The raw definition of a tool, if the tools of the server are known.
    pub fn tool_definition(&self, server: &str, tool: &str) -> Option<&str> {
        let server = self.server(self.find_server(server).ok()?);
        server.tools.definition(tool)
    }

    /// The last list of a server's tools as one JSON array; `None` when it was not listed,
    /// or is longer than a turn may copy.
    pub fn known_tools(&self, server: &str) -> Option<(Arc<str>, Json)> {
        let server = self.server(self.find_server(server).ok()?);
        let mut join = server.tools.list()?.join();
        if join.size() > KNOWN_BYTES {
            return None;
        }
        let whole = join.step(usize::MAX);
        debug_assert!(whole, "a list is finite");
        Some((Arc::clone(&server.name), join.finish()))
    }

    /// The number of requests of the host that wait for a connection or a list of tools.
    pub(super) fn waiting(&self, server: ServerId) -> usize {
        let state = self.server(server);
        let all = state.queue.iter().chain(state.tools.waiting().iter().copied());
        let all = all.chain(state.held().iter().copied());
        let of_host =
            |id: &RequestId| self.requests.get(id).is_some_and(|request| !request.internal);
        all.filter(of_host).count()
    }

    /// The capabilities that a server declared in its last handshake, and whether its tools
    /// are known.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] when there is no such server.
    pub fn offers(&self, server: &str) -> Result<(Option<Offers>, bool)> {
        let server = self.server(self.find_server(server)?);
        Ok((server.offers, server.tools.list().is_some()))
    }

    /// The server called `word`, or the first whose name is `word` once every character but
    /// ASCII letters, digits and `_` is replaced by `_`, as in the keys of formats.
    pub fn server_by_word(&self, word: &str) -> Option<&str> {
        if let Some((name, _)) = self.servers.by_name().get_key_value(word) {
            return Some(name);
        }
        let is_word = |name: &str| {
            (name.len() == word.len() || !name.is_ascii())
                && name
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                    .eq(word.chars())
        };
        let plain = |id: &ServerId| is_word(&self.server(*id).config.name);
        self.server_names().find(|name| is_word(name)).or_else(|| {
            self.servers.by_name().iter().find(|(_, id)| plain(id)).map(|(name, _)| &**name)
        })
    }
}
