//! The states of a request: accepted, admitted, queued, sent, ended.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Directory, Era};
use crate::engine::catalogue::Pages;
use crate::engine::connection::Purpose;
use crate::engine::event::{Completion, Event, Reply};
use crate::engine::pool::{Hit, Opening};
use crate::engine::queue::Queue;
use crate::engine::request::{Acquisition, CallArguments, Request, RequestKind, RequestState};
use crate::engine::unknown_outcomes::UnknownOutcome;
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error, Result};
use crate::mcp::listing::Listing;
use crate::mcp::message;
use crate::mcp::schema::arguments;
use crate::metrics::{Outcome, Timings};
use crate::time::Time;
use crate::wire::Cancel;

/// How long a connection is kept from others while its server still works on a
/// request that nobody waits for.
const GRACE: Duration = Duration::from_secs(5);

/// How old the list of tools may be by which a call is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ListAge {
    /// It is kept, and its lifetime is not over.
    Fresh,
    /// The call has waited for it. It may have no lifetime.
    JustCame,
}

impl Engine {
    /// Accepts a request, unless it is certain to fail.
    pub(super) fn accept(
        &mut self,
        now: Time,
        at: Option<Arc<Directory>>,
        server: &str,
        kind: RequestKind,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        if !self.has_config || self.is_loading_config {
            self.learn_request(&kind, None);
            let name = Arc::from(server);
            return Ok(self.insert(at, Request::of_host(now, name, kind, timeout, user_data)));
        }
        let server = self.servers.find_at(server, at.as_deref())?;
        self.learn_request(&kind, Some(server));
        if let Err(error) = self.room(server) {
            if let RequestKind::Call { .. } = kind {
                let metrics = &mut self.server_mut(server).metrics;
                metrics.call_finished(now, Outcome::Refused, Timings::default());
            }
            let name = self.server(server).name.clone();
            self.trace_refused(&name, error.message());
            return Err(error);
        }
        let name = self.server(server).name.clone();
        let id = self.insert(at, Request::of_host(now, name, kind, timeout, user_data));
        self.trace_begin(id);
        self.admit_to(now, id, server);
        Ok(id)
    }

    /// Adds a request that was made at a directory. It waits for the configuration until
    /// it is admitted.
    pub(super) fn insert(
        &mut self,
        at: Option<Arc<Directory>>,
        mut request: Box<Request>,
    ) -> RequestId {
        request.directory = at;
        let id = self.requests.insert(request);
        if !self.has_config || self.is_loading_config {
            // Otherwise the request is admitted at once, which sets its real deadline.
            self.note_request(id);
        }
        id
    }

    /// Finds the server of a request, and queues the request or lets it wait for the tools.
    pub(super) fn admit(&mut self, now: Time, id: RequestId) {
        let Some(request) = self.requests.get(&id) else { return };
        match request.kind {
            RequestKind::Ready => return self.finish(now, id, Ok(Reply::Ready)),
            RequestKind::Driver => return,
            _ => {}
        }
        let name = request.server_name.clone();
        let at = request.directory.clone();
        let server = self.servers.find_at(&name, at.as_deref());
        let server = match server.and_then(|id| self.room(id).map(|()| id)) {
            Ok(server) => server,
            Err(error) => return self.finish(now, id, Err(error)),
        };
        let name = self.server(server).name.clone();
        if let Some(request) = self.requests.get_mut(&id) {
            request.server_name = name;
        }
        self.admit_to(now, id, server);
    }

    fn admit_to(&mut self, now: Time, id: RequestId, server: ServerId) {
        self.requests.assign(id, server);
        let limits = &self.servers[server.0 as usize].limits;
        if let Some(request) = self.requests.get_mut(&id) {
            request.limit(limits);
        }
        self.note_request(id);
        if self.passes_breaker(now, id, server) {
            self.go_on(now, id, server);
        }
    }

    /// A request that its server's breaker lets through goes on.
    pub(super) fn go_on(&mut self, now: Time, id: RequestId, server: ServerId) {
        self.encode_or_enqueue(now, id, server, ListAge::Fresh);
    }

    /// Encodes words as JSON once the tool's schema is known. Then the request joins the
    /// queue of its server.
    fn encode_or_enqueue(&mut self, now: Time, id: RequestId, server: ServerId, age: ListAge) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        if let RequestKind::Call { tool, .. } = &request.kind {
            let config = &self.servers[server.0 as usize].config;
            if let Some(message) = config.tools.refusal(&config.name, tool) {
                return self.finish(now, id, Err(Error::new(error::Kind::Invalid, message)));
            }
        }
        let RequestKind::Call { tool, arguments: args, .. } = &mut request.kind else {
            return self.enqueue(now, id, server);
        };
        let catalogue = self.servers[server.0 as usize].tools.list();
        let known = catalogue.filter(|list| age == ListAge::JustCame || list.is_fresh(now));
        let definition = known.and_then(|catalogue| catalogue.definition(tool));
        let pairs = match (&*args, definition) {
            (CallArguments::Json(json), Some(definition)) => {
                match arguments::check_required(tool, definition, json) {
                    Ok(()) => return self.enqueue(now, id, server),
                    Err(message) => return self.refuse(now, id, message),
                }
            }
            // JSON does not wait for the tools, except where an old list refuses it: the
            // new list may not.
            (CallArguments::Json(json), None) => {
                let old = catalogue.and_then(|catalogue| catalogue.definition(tool));
                match old.map_or(Ok(()), |old| arguments::check_required(tool, old, json)) {
                    Ok(()) => return self.enqueue(now, id, server),
                    Err(_) => {
                        request.state = RequestState::AwaitingTools;
                        return self.await_tools(now, id, server);
                    }
                }
            }
            (CallArguments::Pairs(pairs), _) => pairs,
        };
        let Some(definition) = definition else {
            request.state = RequestState::AwaitingTools;
            return self.await_tools(now, id, server);
        };
        match arguments::encode(tool, definition, pairs) {
            Ok(encoded) => {
                *args = CallArguments::Json(encoded.json.into_boxed_str());
                if let Some(note) = encoded.note {
                    let name = request.server_name.clone();
                    self.note(LogLevel::Warning, format_args!("server '{name}': {note}"));
                }
                self.enqueue(now, id, server);
            }
            Err(message) => self.refuse(now, id, message),
        }
    }

    /// Ends a request whose arguments do not fit.
    fn refuse(&mut self, now: Time, id: RequestId, message: String) {
        self.finish(now, id, Err(Error::new(error::Kind::Invalid, message)));
    }

    /// Puts a request among those that wait for the server's tools, and asks for
    /// the tools unless that is under way.
    pub(super) fn await_tools(&mut self, now: Time, id: RequestId, server: ServerId) {
        if !self.server_mut(server).tools.wait(id) {
            return;
        }
        let name = self.server(server).name.clone();
        let kind = RequestKind::List { what: Listing::Tools, pages: Pages::default() };
        let listing = self.insert(None, Request::internal(now, name, kind));
        self.server_mut(server).tools.reads(listing);
        // Noted before the list is admitted, because a refused list ends the requests that
        // wait for it.
        self.requests.assign(listing, server);
        self.admit(now, listing);
    }

    /// Puts a request in its server's queue and serves the queue.
    pub(super) fn enqueue(&mut self, now: Time, id: RequestId, server: ServerId) {
        if self.server(server).removed {
            return self.finish_unconfigured(now, id, server);
        }
        if !self.may_still_go(now, id, server) {
            return;
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.state = RequestState::Queued;
        if request.failures > 0 {
            self.server_mut(server).queue.push_retry(id);
        } else {
            self.server_mut(server).queue.push(id);
        }
        self.pump(now, server);
        let waits = self.requests.get(&id).is_some_and(|request| {
            matches!(request.state, RequestState::Queued)
                && request.acquisition != Acquisition::Miss
                && request.failures == 0
        });
        self.server_mut(server).metrics.pool.waits += u64::from(waits);
    }

    /// Gives connections to the requests in the queue of a server, and opens connections for
    /// the rest.
    pub(super) fn pump(&mut self, now: Time, server: ServerId) {
        // They are sent again with the token that the driver looks for.
        if self.authorizations.is_holding(&self.server(server).config) {
            return;
        }
        self.follow_tuning(now, server);
        while !self.server(server).queue.is_empty() {
            let Some((connection, hit)) = self.acquire(now, server) else { break };
            let Some(id) = self.server_mut(server).queue.pop() else { break };
            self.count_hit(id, server, connection, hit);
            self.send(now, id, server, connection);
        }
        self.open_for_queue(now, server);
        self.close_surplus(now, server);
        self.probe_socket_if_due(now, server);
        self.set_tuning_timer(now, server);
    }

    /// Counts a hit of the pool, if this is the first connection of the request. Retries and
    /// the further pages of a list are not counted.
    fn count_hit(&mut self, id: RequestId, server: ServerId, on: ConnectionId, hit: Hit) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        if !request.acquire(Acquisition::Hit) {
            // A connection that is older than the request cannot be the one that was opened
            // for it.
            let opened = self.connections.get(&on).map(|connection| connection.opened);
            let is_first = request.failures == 0 && request.assigned.is_none();
            let is_elided = request.acquisition == Acquisition::Miss
                && is_first
                && opened.is_some_and(|opened| opened < request.enqueued);
            self.server_mut(server).metrics.pool.elided += u64::from(is_elided);
            return;
        }
        let metrics = &mut self.server_mut(server).metrics;
        match hit {
            Hit::Idle => metrics.pool.hits_idle += 1,
            Hit::Shared => metrics.pool.hits_shared += 1,
        }
    }

    fn open_for_queue(&mut self, now: Time, server: ServerId) {
        if !self.may_open(now, server) {
            return;
        }
        loop {
            let state = self.server_mut(server);
            let shape = state.shape();
            let Some(opening) = state.pool.wants(state.queue.len(), shape) else { break };
            let waiting: Vec<RequestId> = state.queue.iter().collect();
            state.metrics.pool.overflow += u64::from(opening == Opening::Overflow);
            self.open(now, server);
            // The miss belongs to the first request without a connection.
            let missed = waiting.iter().any(|id| {
                let request = self.requests.get_mut(id);
                request.is_some_and(|request| request.acquire(Acquisition::Miss))
            });
            self.server_mut(server).metrics.pool.misses += u64::from(missed);
        }
    }

    /// Writes a request into a connection's output.
    pub(super) fn send(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        connection: ConnectionId,
    ) {
        let (Some(request), Some(stream)) =
            (self.requests.get_mut(&id), self.connections.get_mut(&connection))
        else {
            return;
        };
        if stream.era() == Some(Era::Modern)
            && matches!(request.kind, RequestKind::Subscribe { .. })
        {
            return self.listen_for(now, id, server, connection);
        }
        let wire = self.next_wire;
        self.next_wire += 1;
        let meta = (stream.era() == Some(Era::Modern)).then_some(&*self.identity.modern_meta);
        let extra = request.rounds.as_ref().map_or("", |rounds| rounds.members());
        let tools = &self.servers[server.0 as usize].tools;
        let definition = match &request.kind {
            RequestKind::Call { tool, .. } if stream.wire.wants_definitions() => {
                tools.definition(tool).unwrap_or_default()
            }
            _ => "",
        };
        let era = stream.era();
        let probe_method = request.probe_method(era);
        let what = request.outgoing(era, definition);
        let identity = &self.identity;
        let size = stream.send(&mut self.shared, what, wire, Purpose::Request(id), |out| {
            match &request.kind {
                RequestKind::Call { tool, arguments: CallArguments::Json(json), trace, .. } => {
                    message::write_call(out, wire, (tool, trace.as_ref()), json, extra, meta);
                }
                RequestKind::List { what, pages } => {
                    message::write_list(out, wire, what.method(), pages.cursor.as_deref(), meta);
                }
                RequestKind::Ask { method, members, .. } => {
                    message::write_request(out, wire, method.name(), members, extra, meta);
                }
                RequestKind::Subscribe { uri } => {
                    let members = message::member("uri", uri);
                    message::write_request(out, wire, "resources/subscribe", &members, "", meta);
                }
                RequestKind::Probe { .. } => match probe_method {
                    "server/discover" => message::write_discover(out, wire, identity),
                    method => message::write_request(out, wire, method, "", "", meta),
                },
                // Pairs are encoded before a request is queued; the others never are.
                RequestKind::Call { .. } | RequestKind::Ready | RequestKind::Driver => {}
            }
        });
        request.state = RequestState::InFlight(connection);
        request.assigned = Some(now);
        request.heard = now;
        request.startup = None;
        request.own_answer_by = None;
        request.rest_by = None;
        self.server_mut(server).metrics.request_sent(now, size);
        self.note_request(id);
        self.tuning_sent(now, server, connection, wire, id);
        self.serve_wire(now, connection);
    }

    /// Takes a request out of the queue or off its connection, without ending it. The server
    /// is told to cancel a request that was sent.
    pub(super) fn abandon(&mut self, now: Time, id: RequestId, reason: &str) {
        let Some(request) = self.requests.get(&id) else { return };
        let Some(server) = request.server() else { return };
        match request.state {
            RequestState::InFlight(connection) => {
                self.abandon_in_flight(now, id, server, connection, reason);
            }
            RequestState::Queued => self.server_mut(server).queue.remove(id),
            RequestState::AwaitingTools | RequestState::Verifying(_) => {
                self.server_mut(server).tools.stop_waiting(id);
            }
            RequestState::AwaitingAck => self.abandon_watcher(now, id, server),
            // The queue of lists skips requests that are gone.
            RequestState::Joining(_) => {}
            RequestState::AwaitingBreaker => {
                if let Some(breaker) = &mut self.server_mut(server).breaker {
                    breaker.forget_held(id);
                }
            }
            RequestState::Asking | RequestState::AwaitingConfig => {}
        }
    }

    fn abandon_in_flight(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        connection: ConnectionId,
        reason: &str,
    ) {
        let Some(stream) = self.connections.get_mut(&connection) else { return };
        let era = stream.era();
        let Some(exchange) = stream.find(id) else { return };
        let wire = exchange.wire;
        if stream.cancel(&mut self.shared, wire) != Cancel::Notify {
            self.serve_wire(now, connection);
            return self.release(now, connection);
        }
        if let Some(exchange) = stream.find(id) {
            exchange.purpose = Purpose::Abandoned { until: now + GRACE };
        }
        self.tuning_abandoned(now, server, wire);
        let Some(stream) = self.connections.get_mut(&connection) else { return };
        let meta = (era == Some(Era::Modern)).then_some(&*self.identity.modern_meta);
        stream.notify(&mut self.shared, message::CANCELLED, |out| {
            message::write_cancelled(out, wire, reason, meta);
        });
        self.server_mut(server).metrics.message_sent(now);
        self.serve_wire(now, connection);
        self.note_connection(connection);
    }

    /// Ends a request, and tells the host unless it is internal.
    pub(super) fn finish(&mut self, now: Time, id: RequestId, outcome: Result<Reply>) {
        let verdict = match &outcome {
            Ok(Reply::Tool { is_error: true, .. }) => Outcome::ToolError,
            Ok(_) => Outcome::Ok,
            Err(error) => match error.kind() {
                error::Kind::Invalid => Outcome::Invalid,
                error::Kind::Busy => Outcome::Refused,
                error::Kind::Timeout => Outcome::Timeout,
                error::Kind::Server => Outcome::ServerError,
                error::Kind::Cancelled | error::Kind::Closed => Outcome::Cancelled,
                _ => Outcome::Lost,
            },
        };
        let code = outcome.as_ref().err().and_then(Error::code);
        let Some(request) = self.end(now, id, verdict, code) else { return };
        if request.internal {
            if let RequestKind::List { .. } = request.kind {
                self.listed(now, &request, outcome);
            } else if let (RequestKind::Subscribe { .. }, Err(_), Some(server)) =
                (&request.kind, &outcome, request.server())
            {
                self.renew_later(now, server);
            }
            return;
        }
        let server = request.server_name.clone();
        let outcome = outcome.map_err(|error| self.clean_error(name_server(error, &server)));
        self.trace_end(now, id, &request, &outcome);
        if let Err(error) = &outcome {
            if error.kind() == error::Kind::OutcomeUnknown {
                self.remember_unknown(now, id, &request, error.message());
            }
        }
        if let (Err(error), Some(server)) = (&outcome, request.server())
            && error.kind() != error::Kind::Busy
        {
            // That the server is left alone, or has too much to do, hides no reason.
            self.server_mut(server).last_error = Some((error.message().to_owned(), now));
        }
        self.events.push_back(Event::Done(Completion {
            id,
            user_data: request.user_data,
            tool: request.tool(),
            server,
            elapsed: now.since(request.enqueued),
            outcome,
        }));
    }

    /// A call has ended of which nobody knows whether it has run.
    fn remember_unknown(&mut self, now: Time, id: RequestId, request: &Request, reason: &str) {
        if let Some(server) = request.server() {
            self.server_mut(server).metrics.outcome_unknown();
        }
        self.unknown_outcomes.add(UnknownOutcome {
            id,
            server: request.server_name.clone(),
            tool: request.tool(),
            when: now,
            elapsed: now.since(request.enqueued),
            reason: reason.to_owned(),
        });
    }

    /// Ends a request whose server was removed. A request that waits only for the list of
    /// tools ends with its answer.
    pub(super) fn finish_unconfigured(&mut self, now: Time, id: RequestId, server: ServerId) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let outcome = match mem::replace(&mut request.state, RequestState::AwaitingTools) {
            RequestState::Verifying(outcome) => outcome,
            _ => {
                let state = self.server(server);
                let message =
                    state.unused_because.as_deref().map(str::to_owned).unwrap_or_else(|| {
                        format!("server '{}' is no longer configured", state.name)
                    });
                Err(Error::new(error::Kind::Invalid, message))
            }
        };
        self.finish(now, id, outcome);
    }

    /// Removes a request and counts its outcome. `code`: that of the server's error.
    pub(super) fn end(
        &mut self,
        now: Time,
        id: RequestId,
        outcome: Outcome,
        code: Option<i64>,
    ) -> Option<Box<Request>> {
        let request = self.requests.remove(id)?;
        if self.requests.is_empty() {
            self.deadlines.set_requests([].into_iter());
        }
        self.count_result(now, &request, outcome);
        if request.open_questions > 0 {
            self.withdraw_questions_of(now, id);
        }
        if let (Some(server), RequestKind::Call { .. }) = (request.server(), &request.kind) {
            let total = now.since(request.enqueued);
            let server_time = request.assigned.map_or(Duration::ZERO, |sent| now.since(sent));
            let waited = total.saturating_sub(server_time);
            let (queue, connect) = match request.acquisition {
                Acquisition::Miss => (Duration::ZERO, waited),
                Acquisition::Hit | Acquisition::Pending => (waited, Duration::ZERO),
            };
            let timings = Timings { total, queue, connect, server: server_time };
            self.server_mut(server).metrics.call_finished(now, outcome, timings);
            if outcome.is_timed() {
                self.latency.record(timings.total);
            }
        }
        self.count_operation(now, &request, outcome, code);
        Some(request)
    }

    /// A list of tools that the engine fetched has ended.
    fn listed(&mut self, now: Time, listing: &Request, outcome: Result<Reply>) {
        let Some(server) = listing.server() else { return };
        for id in self.server_mut(server).tools.has_read() {
            let Some(request) = self.requests.get_mut(&id) else { continue };
            match mem::replace(&mut request.state, RequestState::AwaitingTools) {
                RequestState::Verifying(result) => self.verified(now, id, server, result),
                _ => match &outcome {
                    Ok(_) => self.tools_came(now, id, server),
                    Err(error) => self.finish(now, id, Err(error.clone())),
                },
            }
        }
    }

    /// The tools are known: a request that waited for them is encoded, or fails because there
    /// is no such tool.
    fn tools_came(&mut self, now: Time, id: RequestId, server: ServerId) {
        let Some(tool) = self.requests.get(&id).map(Request::tool) else { return };
        let state = self.server(server);
        match state.tools.list() {
            Some(catalogue) if !catalogue.has(&tool) => {
                let message = catalogue.unknown(&state.name, &tool);
                self.finish(now, id, Err(Error::new(error::Kind::Invalid, message)));
            }
            _ => self.encode_or_enqueue(now, id, server, ListAge::JustCame),
        }
    }

    /// Ends a failed call whose tool was looked up. The error names the tools there are if
    /// there is no such tool.
    pub(super) fn verified(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        result: Result<Reply>,
    ) {
        let Some(tool) = self.requests.get(&id).map(Request::tool) else { return };
        let state = self.server(server);
        match state.tools.list() {
            // A server that lists nothing may have tools all the same.
            Some(catalogue) if catalogue.len() > 0 && !catalogue.has(&tool) => {
                let unknown = catalogue.unknown(&state.name, &tool);
                let error = match result {
                    // The server's own error comes first: it may have another cause, and
                    // the list may be old.
                    Err(error) => match error.code() {
                        Some(code) => {
                            Error::server(code, format!("{}; {unknown}", error.message()))
                        }
                        None => error,
                    },
                    Ok(_) => Error::new(error::Kind::Invalid, unknown),
                };
                self.finish(now, id, Err(error));
            }
            _ => self.finish(now, id, result),
        }
    }

    /// The deadline of a request passed.
    pub(super) fn request_timeout(&mut self, now: Time, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        if now < request.next_deadline() {
            return;
        }
        if let RequestState::Verifying(_) = request.state {
            // The answer is there. Only the list of tools was too slow.
            if let RequestState::Verifying(result) =
                mem::replace(&mut request.state, RequestState::AwaitingTools)
            {
                self.abandon(now, id, "");
                return self.finish(now, id, result);
            }
        }
        if request.outwaits_the_start(now) {
            if let Some(server) = request.server() {
                if self.goes_on_waiting(now, id, server) {
                    return;
                }
            }
        }
        let request = self.requests.get(&id);
        if let Some(connection) = request.and_then(|request| request.breaks_off(now)) {
            return self.answer_broke_off(now, id, connection);
        }
        if request.is_some_and(|request| request.has_only_stray_answer(now)) {
            let message = "the server answered with an id that no request has";
            self.abandon(now, id, message);
            return self.finish(now, id, Err(Error::new(error::Kind::Protocol, message)));
        }
        let message = self.timeout_message(now, id);
        self.abandon(now, id, "timed out");
        self.finish(now, id, Err(Error::new(error::Kind::Timeout, message)));
    }

    /// Checks that one more request may wait for the server. Requests that wait for a
    /// connection count, and requests that wait for a list of tools.
    fn room(&mut self, server: ServerId) -> Result<()> {
        let state = self.server(server);
        let limit = Queue::limit(state.config.transport);
        if state.queue.len() + state.tools.waiting().len() + state.held().len() < limit {
            return Ok(());
        }
        let waiting = self.waiting(server);
        if waiting < limit {
            return Ok(());
        }
        let in_flight = self.in_flight(server);
        let state = self.server_mut(server);
        state.metrics.pool.rejected += 1;
        let message = format!(
            "server '{}' is busy: {in_flight} requests are in flight and {waiting} wait",
            state.name
        );
        Err(Error::new(error::Kind::Busy, message))
    }

    /// The number of requests on the connections of a server.
    fn in_flight(&self, server: ServerId) -> usize {
        let members = self.server(server).pool.members().iter();
        let connections = members.filter_map(|member| self.connections.get(&member.id));
        let purposes = connections.flat_map(|connection| &connection.exchanges);
        purposes.filter(|exchange| matches!(exchange.purpose, Purpose::Request(_))).count()
    }
}

/// Puts the server's name before an error that does not name it.
fn name_server(error: Error, server: &str) -> Error {
    if server.is_empty() || error.message().contains(&format!("server '{server}'")) {
        return error;
    }
    let message = format!("server '{server}': {}", error.message());
    error.with_message(message)
}
