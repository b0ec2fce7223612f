//! The messages of servers: responses, requests and notifications.

use std::mem;

use serde_json::value::RawValue;

use crate::config::Era;
use crate::engine::action::Action;
use crate::engine::catalogue::{Catalogue, Pages};
use crate::engine::connection::{Phase, Purpose};
use crate::engine::event::{Event, Progress, Reply};
use crate::engine::request::{Request, RequestKind, RequestState};
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error};
use crate::json::kept::Json;
use crate::json::lenient::Oddity;
use crate::json::raw::LONGEST;
use crate::mcp::listing::Listing;
use crate::mcp::message::{self, InputRequest, LogParams, ProgressParams};
use crate::mcp::render::error_data;
use crate::mcp::result_head::ResultHead;
use crate::rpc::envelope::{
    self, INVALID_PARAMS, METHOD_NOT_FOUND, Message, Params, RawResult, RpcError,
};
use crate::session::legacy;
use crate::session::modern::HEADER_MISMATCH;
use crate::session::negotiation::HandshakeRequest;
use crate::time::Time;
use crate::wire::StreamId;

impl Engine {
    pub(super) fn handle_message(&mut self, now: Time, id: ConnectionId, message: Message<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let server = connection.server;
        if self.is_echo(id, &message) {
            return self.disown(now, id, "gives back what it is sent (a terminal, -t?)");
        }
        self.server_mut(server).metrics.message_received(now);
        match message {
            Message::Response { id: Some(wire), outcome } => {
                self.handle_response(now, id, server, wire, outcome);
            }
            Message::Response { id: None, outcome } => {
                let nameless = outcome.as_ref().err().and_then(|error| self.nameless(id, error));
                if let Some(wire) = nameless {
                    return self.handle_response(now, id, server, wire, outcome);
                }
                self.server_mut(server).metrics.wire.foreign_replies += 1;
                self.note_stray_answer(now, id);
                if let Err(error) = outcome {
                    let name = self.server(server).name.clone();
                    let RpcError { code, message, .. } = error;
                    self.note_about(
                        now,
                        server,
                        LogLevel::Warning,
                        format_args!(
                            "{name} reports an error that belongs to no request: {message} ({code})"
                        ),
                    );
                }
            }
            Message::Request { id: their_id, method, params } => {
                let params = params.map(|params| params.raw());
                self.handle_request(now, id, server, their_id, InputRequest { method, params });
            }
            Message::Notification { method, params } => {
                self.server_mut(server).metrics.wire.notifications += 1;
                self.handle_notification(now, id, server, &method, params.as_ref());
            }
        }
    }

    pub(super) fn handle_response(
        &mut self,
        now: Time,
        id: ConnectionId,
        server: ServerId,
        wire: u64,
        outcome: Result<RawResult<'_>, RpcError>,
    ) {
        let next_wire = self.next_wire;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(exchange) = connection.take(wire) else {
            if connection.take_unawaited(wire) {
                return self.server_mut(server).metrics.response_received(now);
            }
            if wire < next_wire {
                self.server_mut(server).metrics.wire.duplicate_replies += 1;
            } else {
                self.server_mut(server).metrics.wire.foreign_replies += 1;
                self.note_stray_answer(now, id);
            }
            let name = self.server(server).name.clone();
            return self.note_about(
                now,
                server,
                LogLevel::Debug,
                format_args!("{name} answers request {wire}, which is not waiting"),
            );
        };
        self.answered = true;
        match exchange.purpose {
            Purpose::Handshake(question) => {
                self.server_mut(server).metrics.response_received(now);
                self.handle_handshake(now, id, question, outcome);
            }
            Purpose::Abandoned { .. } => {
                self.server_mut(server).metrics.wire.late_replies += 1;
                self.tuning_answered(now, server, wire, false);
                self.release(now, id);
            }
            Purpose::Request(request) => {
                let state = self.server_mut(server);
                state.metrics.response_received(now);
                state.reach.request_answered(now);
                let listing = self.requests.get(&request).is_some_and(Request::is_listing);
                let has_run = !listing && outcome.as_ref().is_ok_and(has_run);
                self.tuning_answered(now, server, wire, has_run);
                match outcome {
                    Ok(page) if listing => self.handle_page(now, request, server, id, page),
                    outcome => {
                        self.release(now, id);
                        self.handle_outcome(now, request, server, id, outcome);
                    }
                }
            }
            // The server has ended the subscription (2026-07-28). It is renewed.
            Purpose::Listen => {
                self.server_mut(server).metrics.response_received(now);
                self.listen_ended(now, server, id, outcome.err().as_ref().map(server_error));
            }
        }
    }

    fn handle_handshake(
        &mut self,
        now: Time,
        id: ConnectionId,
        question: HandshakeRequest,
        outcome: Result<RawResult<'_>, RpcError>,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Phase::Negotiating(negotiation) = &mut connection.phase else { return };
        let outcome = outcome.and_then(|answer| answer.short());
        let step = negotiation.handle_reply(question, outcome.as_ref().copied());
        self.negotiate(now, id, step);
    }

    /// The response to a request of the host or of the engine.
    fn handle_outcome(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        connection: ConnectionId,
        outcome: Result<RawResult<'_>, RpcError>,
    ) {
        let offers = self.server(server).offers;
        let offered = |what: Listing| offers.is_none_or(|offers| what.is_offered(offers));
        let Some(request) = self.requests.get_mut(&id) else { return };
        match (&mut request.kind, outcome) {
            // A server without such a list need not know the method. If it has not declared
            // the list, any error means that there is none.
            (RequestKind::List { what, .. }, Err(error))
                if error.code == METHOD_NOT_FOUND || !offered(*what) =>
            {
                let what = *what;
                if error.code != METHOD_NOT_FOUND {
                    let why = "failed, and none are declared: the list is empty";
                    self.odd(server, Oddity { of: "", field: what.method(), what: why });
                }
                if what == Listing::Tools {
                    self.server_mut(server).tools.set_empty();
                }
                self.finish(now, id, Ok(Reply::List { what, items: b"[]"[..].into() }));
            }
            (RequestKind::Call { tool, .. }, outcome) => {
                let tool = tool.clone();
                let outcome = match self.read_result(server, connection, outcome) {
                    Ok((head, result)) if asks_for_input(&head) => {
                        return self.input_required(now, id, server, &result);
                    }
                    Ok((head, result)) => {
                        let (result, only_text) = (result.to_json(), result.only_text());
                        Ok(Reply::Tool { is_error: head.is_error, result, only_text })
                    }
                    Err(error) => Err(error),
                };
                let tool = &*tool;
                if outcome.as_ref().is_err_and(|error| error.code() == Some(HEADER_MISMATCH))
                    && self.repeat_with_head(now, id, server)
                {
                    return;
                }
                if doubts_the_tool(&outcome, tool) {
                    return self.verify(now, id, server, outcome);
                }
                self.finish(now, id, outcome);
            }
            (RequestKind::Ask { .. }, outcome) => {
                match self.read_result(server, connection, outcome) {
                    Ok((head, result)) if asks_for_input(&head) => {
                        self.input_required(now, id, server, &result);
                    }
                    Ok((_, result)) => {
                        self.finish(now, id, Ok(Reply::Result(result.to_json())));
                    }
                    Err(error) => self.finish(now, id, Err(error)),
                }
            }
            (RequestKind::Probe { .. }, Ok(_)) => self.finish(now, id, Ok(Reply::Ready)),
            (RequestKind::Subscribe { .. }, Ok(_)) => self.subscribed(now, id, server, connection),
            (_, Err(error)) => self.finish(now, id, Err(server_error(&error))),
            // Lists are handled by `handle_page`; the others are never sent.
            (RequestKind::List { .. } | RequestKind::Ready | RequestKind::Driver, Ok(_)) => {}
        }
    }

    /// A page of a list. The next page is requested on the same connection, because up to
    /// 2025-11-25 a cursor belongs to its session. The connection stays taken meanwhile, so
    /// that no other request gets it.
    fn handle_page(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        connection: ConnectionId,
        page: RawResult<'_>,
    ) {
        let era = self.era(connection.first_stream());
        let retiring = self.server(server).pool.is_retiring(connection);
        let Some(request) = self.requests.get_mut(&id) else { return };
        let RequestKind::List { what, pages } = &mut request.kind else { return };
        let what = *what;
        let more = pages.push(what, &page);
        let odd = mem::take(&mut pages.odd);
        odd.into_iter().for_each(|oddity| self.odd(server, oddity));
        if more == Ok(true) {
            self.count_page(now, id);
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        let RequestKind::List { pages, .. } = &mut request.kind else { return };
        if more == Ok(true) {
            request.failures = 0;
            if !retiring {
                return self.send(now, id, server, connection);
            }
            // The connection takes no new requests: the list begins again on another one.
            *pages = Pages::default();
            request.assigned = None;
            self.release(now, connection);
            return self.enqueue(now, id, server);
        }
        let (pages, internal) = (mem::take(pages), request.internal);
        self.release(now, connection);
        if let Err(reason) = more {
            return self.finish(now, id, Err(Error::new(error::Kind::Protocol, reason)));
        }
        let mut catalogue = pages.finish(now, era);
        if what == Listing::Tools {
            self.leave_out_objected(now, server, connection, &mut catalogue);
            self.keep_tools(now, server, era, &catalogue);
            let digest = catalogue.digest();
            self.server_mut(server).notices.listed(now, digest);
            catalogue.filter(&self.server(server).config.tools);
            // The connection may have been closed as a surplus one.
            let listed_on = Some(connection).filter(|id| self.connections.contains_key(id));
            let state = self.server_mut(server);
            state.tools.replace(catalogue.clone(), listed_on.or(state.pool.any_ready()));
        }
        if internal {
            return self.finish(now, id, Ok(Reply::List { what, items: Json::default() }));
        }
        if let Some(request) = self.requests.get_mut(&id) {
            request.state = RequestState::Joining(Box::new(catalogue.join()));
            self.joining.push_back(id);
        }
    }

    /// Leaves out the tools that the codec of a connection cannot call.
    fn leave_out_objected(
        &mut self,
        now: Time,
        server: ServerId,
        connection: ConnectionId,
        list: &mut Catalogue,
    ) {
        let Some(wire) = self.connections.get(&connection).map(|connection| &connection.wire)
        else {
            return;
        };
        if !wire.wants_definitions() {
            return;
        }
        let left_out = list.leave_out(|definition| wire.objection(definition));
        let name = self.server(server).name.clone();
        for (tool, why) in left_out {
            let line = format_args!("{name}: tool '{tool}' is left out: {why}");
            self.note_about(now, server, LogLevel::Warning, line);
        }
    }

    /// Copies more of a list, and ends its request when the list is complete.
    pub(super) fn join_on(&mut self, now: Time, id: RequestId, bytes: usize) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let (RequestKind::List { what, .. }, RequestState::Joining(join)) =
            (&request.kind, &mut request.state)
        else {
            return;
        };
        if !join.step(bytes) {
            return self.joining.push_back(id);
        }
        let what = *what;
        if let RequestState::Joining(join) =
            mem::replace(&mut request.state, RequestState::AwaitingTools)
        {
            self.finish(now, id, Ok(Reply::List { what, items: join.finish() }));
        }
    }

    /// Asks the driver to keep a list of the modern era that has a lifetime for later runs. A
    /// long list is not kept, because to write it takes too long for one dispatch.
    fn keep_tools(&mut self, now: Time, server: ServerId, era: Option<Era>, list: &Catalogue) {
        let mut join = list.join();
        let ttl = list.ttl(now).filter(|_| era == Some(Era::Modern) && join.size() <= LONGEST);
        match ttl {
            None => self.forget_tools(server),
            Some(ttl) => {
                while !join.step(LONGEST) {}
                let identity = self.server(server).config.identity();
                self.server_mut(server).tools.keep();
                let tools = Some((ttl, join.finish()));
                self.actions.push_back(Action::KeepTools { identity, tools });
            }
        }
    }

    pub(super) fn forget_tools(&mut self, server: ServerId) {
        if self.server_mut(server).tools.unkeep() {
            let identity = self.server(server).config.identity();
            self.actions.push_back(Action::KeepTools { identity, tools: None });
        }
    }

    /// A modern server has refused a call because its head does not repeat what the definition
    /// of the tool demands (2026-07-28, "Streamable HTTP"). The tools are listed, and the call
    /// is sent once more: nothing of it has run. False: that has been tried.
    fn repeat_with_head(&mut self, now: Time, id: RequestId, server: ServerId) -> bool {
        let Some(request) = self.requests.get_mut(&id) else { return false };
        if self.servers[server.0 as usize].removed || mem::replace(&mut request.was_headless, true)
        {
            return false;
        }
        request.assigned = None;
        request.state = RequestState::AwaitingTools;
        self.await_tools(now, id, server);
        true
    }

    /// Holds a failed call until the list of tools is there.
    fn verify(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        outcome: Result<Reply, Error>,
    ) {
        if self.server(server).removed {
            return self.finish(now, id, outcome);
        }
        if self.server(server).tools.fresh(now).is_some() {
            return self.verified(now, id, server, outcome);
        }
        if let Some(request) = self.requests.get_mut(&id) {
            request.state = RequestState::Verifying(outcome);
        }
        self.await_tools(now, id, server);
    }

    fn handle_request(
        &mut self,
        now: Time,
        id: ConnectionId,
        server: ServerId,
        their_id: &RawValue,
        asked: InputRequest<'_>,
    ) {
        if self.connections.get(&id).and_then(|stream| stream.era()) == Some(Era::Modern) {
            // The modern era has no requests of servers, and a client must not answer them
            // (2026-07-28, "Transports").
            let name = self.server(server).name.clone();
            let method = asked.method;
            return self.note_about(
                now,
                server,
                LogLevel::Debug,
                format_args!("{name} asks '{method}', which this era does not have"),
            );
        }
        let refused = match self.questions.understand(&asked) {
            Ok(Some(asks)) => return self.asked_by_peer(now, id, server, their_id, asks),
            Ok(None) => None,
            Err(why) => Some(why),
        };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.answer(&mut self.shared, |out| match &refused {
            Some(why) => envelope::write_error(out, their_id, INVALID_PARAMS, why.message()),
            None => {
                legacy::write_answer(out, their_id, &asked.method, self.questions.roots_result())
            }
        });
        let state = self.server_mut(server);
        state.metrics.wire.pings += u64::from(asked.method == "ping");
        state.metrics.message_sent(now);
        self.serve_wire(now, id);
    }

    fn handle_notification(
        &mut self,
        now: Time,
        id: ConnectionId,
        server: ServerId,
        method: &str,
        params: Option<&Params<'_>>,
    ) {
        match method {
            "notifications/progress" => self.handle_progress(now, id, params),
            "notifications/message" => self.handle_log(now, server, params),
            "notifications/tools/list_changed" => self.tools_changed(now, server, id, params),
            "notifications/resources/updated" => self.resource_updated(now, server, id, params),
            "notifications/subscriptions/acknowledged" => {
                self.acknowledged(now, server, id, params)
            }
            "notifications/cancelled" => self.handle_cancelled(now, id, params),
            // Other notifications have no use here.
            _ => {}
        }
    }

    /// The server cancels a question, or ends a subscription.
    fn handle_cancelled(&mut self, now: Time, id: ConnectionId, params: Option<&Params<'_>>) {
        let Some(text) = params.map(Params::abridged) else { return };
        let Some(theirs) = message::cancelled_id(&text) else { return };
        self.taken_back(now, id, theirs);
        let Some(wire) = serde_json::from_str(theirs).ok().and_then(envelope::own_id) else {
            return;
        };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = connection.server;
        if connection.listens() == Some(wire) {
            connection.take(wire);
            self.listen_ended(now, server, id, None);
        }
    }

    fn handle_progress(&mut self, now: Time, id: ConnectionId, params: Option<&Params<'_>>) {
        let Some(text) = params.map(Params::abridged) else { return };
        let Some(server) = self.connections.get(&id).map(|connection| connection.server) else {
            return;
        };
        let params = ProgressParams::read(&text, |oddity| self.odd(server, oddity));
        let Some(params) = params else { return };
        let Some(connection) = self.connections.get(&id) else { return };
        let exchange = connection.exchanges.iter().find(|exchange| exchange.wire == params.token);
        let Some(Purpose::Request(request_id)) = exchange.map(|exchange| exchange.purpose) else {
            return;
        };
        let Some(request) = self.requests.get_mut(&request_id) else { return };
        request.heard = now;
        // A notification without a number leaves the progress as it was.
        let (progress, total) = match (params.progress, &request.progress) {
            (Some(progress), _) => (progress, params.total),
            (None, Some((progress, total, _))) => (*progress, *total),
            (None, None) => (0.0, None),
        };
        let words = params.message.map(|message| self.redactor.clean(&message).into_owned());
        request.progress = Some((progress, total, words.as_deref().map(Box::from)));
        if !request.internal {
            let event = Progress {
                id: request_id,
                user_data: request.user_data,
                server: request.server_name.clone(),
                tool: request.tool(),
                progress,
                total,
                message: words,
            };
            self.push_progress(event);
        }
    }

    /// Queues an event of progress in the place of an older one of the same request, so that
    /// the queue of a slow host does not grow.
    fn push_progress(&mut self, progress: Progress) {
        let same = self.events.iter_mut().rev().find_map(|event| match event {
            Event::Progress(old) if old.id == progress.id => Some(old),
            _ => None,
        });
        match same {
            Some(old) => *old = progress,
            None => self.events.push_back(Event::Progress(progress)),
        }
    }

    fn handle_log(&mut self, now: Time, server: ServerId, params: Option<&Params<'_>>) {
        let Some(text) = params.map(Params::abridged) else { return };
        let params = LogParams::read(&text);
        let name = self.server(server).name.clone();
        let level = match &*params.level {
            "warning" | "warn" => LogLevel::Warning,
            "error" | "critical" | "alert" | "emergency" | "fatal" => LogLevel::Error,
            "notice" => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        let data = params.data;
        let text: String = self.redactor.clean(data).chars().take(500).collect();
        self.note_about(now, server, level, format_args!("{name} says: {text}"));
    }

    /// The members that decide what a result is, and the result.
    fn read_result<'a>(
        &mut self,
        server: ServerId,
        connection: ConnectionId,
        outcome: Result<RawResult<'a>, RpcError>,
    ) -> Result<(ResultHead<'a>, RawResult<'a>), Error> {
        let result = outcome.map_err(|error| server_error(&error))?;
        let mut head = ResultHead::read(&result, |oddity| self.odd(server, oddity));
        match head.result_type.as_deref() {
            None | Some("complete" | "input_required") => Ok((head, result)),
            // Up to 2025-11-25 `resultType` has no meaning.
            Some(_) if self.era(connection.first_stream()) != Some(Era::Modern) => {
                head.result_type = None;
                Ok((head, result))
            }
            Some(other) => {
                let message =
                    format!("the server answered with a result of unknown type '{other}'");
                Err(Error::new(error::Kind::Protocol, message))
            }
        }
    }

    /// The era of the session on a stream.
    pub fn era(&self, stream: StreamId) -> Option<Era> {
        self.connections.get(&self.connection_of(stream)).and_then(|connection| connection.era())
    }
}

fn asks_for_input(head: &ResultHead<'_>) -> bool {
    head.result_type.as_deref() == Some("input_required")
}

fn server_error(error: &RpcError) -> Error {
    let RpcError { code, message, data, json } = error;
    let message = if message.is_empty() { "no message" } else { message };
    let data = error_data::text_of(*code, message, data);
    match (code, &**json) {
        // No error of the server: its message breaks the protocol.
        (0, "") => Error::new(error::Kind::Protocol, message),
        (0, json) => {
            Error::new(error::Kind::Server, format!("{message}{data}")).with_json(json.to_owned())
        }
        (code, json) => {
            Error::server(*code, format!("{message} ({code}){data}")).with_json(json.to_owned())
        }
    }
}

/// Whether a tool has run to its end. An error may come from a check before it, and a
/// question to a person (2026-07-28) from its middle.
fn has_run(answer: &RawResult<'_>) -> bool {
    let head = answer.head();
    head.is_error.is_none_or(|raw| raw == b"false")
        && head.result_type.is_none_or(|raw| raw == b"\"complete\"")
}

/// Whether a failure may mean that there is no such tool. Servers say it with
/// several codes, or as an error of the tool itself.
fn doubts_the_tool(outcome: &Result<Reply, Error>, tool: &str) -> bool {
    match outcome {
        Err(error) => {
            matches!(error.code(), Some(INVALID_PARAMS | METHOD_NOT_FOUND))
        }
        Ok(Reply::Tool { is_error: true, result, .. }) => {
            // Longer texts are results of the tool, and not about the call.
            result.len() < 1024
                && memchr::memmem::find(result, tool.as_bytes()).is_some()
                && (memchr::memmem::find(result, b"nknown tool").is_some()
                    || memchr::memmem::find(result, b"not found").is_some())
        }
        Ok(_) => false,
    }
}
