//! What is read of a server's lines.
//!
//! Nearly every line is one message. What is none is searched for messages, kept as
//! evidence for the error that may follow, and counted.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::config::Era;
use crate::engine::connection::{Connection, Exchange, Phase, Purpose};
use crate::engine::evidence::Evidence;
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, unasked};
use crate::mcp::message;
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::rpc::envelope::{self, INVALID_REQUEST, Message, RpcError};
use crate::rpc::line::Line;
use crate::rpc::salvage::{self, Folding, Wreck};
use crate::time::Time;
use crate::wire::{StreamId, TooLong};

use crate::engine::loss::Loss;

/// Characters of a line that are logged, and shown of an answer that cannot be read.
const SHOWN: usize = 200;
/// How long the own answer of a request is awaited after an answer that names no request.
const OWN_ANSWER_WAIT: Duration = Duration::from_millis(250);
/// How long the next line of a message that goes on is awaited.
const REST_WAIT: Duration = Duration::from_secs(2);
/// Bytes of a line after which its end is not waited for.
const ENDLESS: u64 = 1 << 30;

impl Engine {
    /// One line of a server.
    pub(super) fn handle_line(&mut self, now: Time, id: ConnectionId, mut line: Line<'_>) {
        if line.verbatim {
            return self.go_on_with(now, id, line);
        }
        let mut messages = 0;
        let parsed = envelope::parse_line(&mut line, |message| {
            messages += 1;
            self.handle_message(now, id, message);
        });
        match parsed {
            Ok(()) => {}
            Err(envelope::Junk) if messages == 0 => self.search(now, id, &line),
            Err(envelope::Junk) => self.junk(now, id, line.text, 1),
        }
    }

    /// A line while a message is open that began in an earlier one.
    fn go_on_with(&mut self, now: Time, id: ConnectionId, mut line: Line<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let limit = self.server(connection.server).limits.max_answer;
        let Some((mut fold, of)) = self.take_fold(id) else { return };
        line.text = line.text.strip_suffix(b"\r").unwrap_or(line.text);
        // A message of its own ends what was none; within one, none stands alone.
        if memchr::memmem::find(line.text, b"\"jsonrpc\"").is_some() {
            // So does a batch, whatever else is in it.
            let mut messages = 0;
            let handle = |message: Message<'_>| {
                messages += 1;
                self.handle_message(now, id, message);
            };
            let _ = envelope::parse(line.text.trim_ascii_start(), handle);
            if messages > 0 {
                return self.abandon_fold(now, id, &fold);
            }
        }
        match fold.line(line.text, limit) {
            Folding::Open => {
                self.keep_fold(now, id, fold, of);
            }
            Folding::Whole(used) => {
                if !fold.give(|message| self.handle_message(now, id, message)) {
                    self.abandon_fold(now, id, &fold);
                }
                let rest = &line.text[used..];
                if !matches!(rest.trim_ascii(), b"" | b",") {
                    self.search(now, id, &rest.into());
                }
            }
            Folding::Broken => {
                self.abandon_fold(now, id, &fold);
                line.text = line.text.trim_ascii_start();
                if !line.text.is_empty() {
                    self.search(now, id, &line);
                }
            }
        }
    }

    /// The stream has ended: what is open stays so.
    pub(super) fn close_fold(&mut self, now: Time, id: ConnectionId) {
        if let Some((fold, _)) = self.take_fold(id) {
            // Half an answer says nothing about the call: the end of the stream does.
            self.junk(now, id, fold.text(), fold.lines() as u64);
        }
    }

    /// The request that a message which goes on is the answer to, as far as is known.
    fn request_of(&self, id: ConnectionId, fold: &salvage::Fold) -> Option<RequestId> {
        let connection = self.connections.get(&id)?;
        let named = fold.wreck().and_then(|wreck| wreck.id);
        let wire = named.or_else(|| connection.only_exchange())?;
        connection.exchanges.iter().find_map(|exchange| match exchange.purpose {
            Purpose::Request(request) if exchange.wire == wire => Some(request),
            _ => None,
        })
    }

    /// Keeps a message that goes on in the next line, which has to come soon.
    fn keep_fold(
        &mut self,
        now: Time,
        id: ConnectionId,
        fold: Box<salvage::Fold>,
        of: Option<RequestId>,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let evidence = connection.evidence.get_or_insert_default();
        (evidence.fold, evidence.fold_of) = (Some(fold), of);
        let Some(request) = of else { return };
        if let Some(state) = self.requests.get_mut(&request) {
            state.rest_by = Some(now + REST_WAIT);
            self.note_request(request);
        }
    }

    /// Takes out the message that goes on: its next line is no longer waited for.
    fn take_fold(&mut self, id: ConnectionId) -> Option<(Box<salvage::Fold>, Option<RequestId>)> {
        let evidence = self.connections.get_mut(&id)?.evidence.as_mut()?;
        let (fold, of) = (evidence.fold.take()?, evidence.fold_of.take());
        if let Some(state) = of.and_then(|request| self.requests.get_mut(&request)) {
            state.rest_by = None;
        }
        Some((fold, of))
    }

    /// The rest of an answer has not come: what there is of it is the reason.
    pub(super) fn answer_broke_off(&mut self, now: Time, id: RequestId, on: ConnectionId) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.rest_by = None;
            self.note_request(id);
        }
        let Some((fold, _)) = self.take_fold(on) else { return };
        if let Some(connection) = self.connections.get_mut(&on) {
            connection.wire.set_verbatim(on.first_stream(), false);
        }
        self.abandon_fold(now, on, &fold);
    }

    /// What was open is no message, or is one that cannot be read.
    fn abandon_fold(&mut self, now: Time, id: ConnectionId, fold: &salvage::Fold) {
        self.junk(now, id, fold.text(), fold.lines() as u64);
        if let Some(wreck) = fold.wreck() {
            self.unreadable(now, id, wreck, fold.text());
        }
    }

    /// Looks for messages in a line that is none.
    fn search(&mut self, now: Time, id: ConnectionId, line: &Line<'_>) {
        if self.is_no_server(now, id, line.text) {
            return;
        }
        let found = salvage::salvage(line.text, |message, prefixed| {
            // A log of what was read is no question.
            let is_logged = prefixed
                && matches!(&message, Message::Request { method, .. } if message::is_ours(method));
            if !is_logged {
                self.handle_message(now, id, message);
            }
        });
        let wreck = match &line.scanner {
            Some(scanner) => salvage::wreck(line.text, Some(scanner)),
            None => found.wreck,
        };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = connection.server;
        if !found.before.is_empty() {
            let evidence = connection.evidence.get_or_insert_default();
            let warned = std::mem::replace(&mut evidence.warned, true);
            evidence.printed(now, found.before.as_bytes());
            let state = self.server_mut(server);
            state.metrics.wire.junk_lines += 1;
            let name = state.name.clone();
            let level = if warned { LogLevel::Debug } else { LogLevel::Warning };
            let before = shown(found.before.as_bytes());
            self.note_about(
                now,
                server,
                level,
                format_args!("{name} prints before a message: {before}"),
            );
        }
        if let Some(fold) = found.open {
            let of = self.request_of(id, &fold);
            self.keep_fold(now, id, fold, of);
        } else if found.messages == 0 {
            self.junk(now, id, line.text, 1);
            if let Some(wreck) = wreck {
                self.unreadable(now, id, wreck, line.text);
            }
        }
    }

    /// Lines that are no message: servers that print to stdout are common, and the
    /// next line is good again.
    fn junk(&mut self, now: Time, id: ConnectionId, text: &[u8], lines: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.evidence.get_or_insert_default().printed(now, text);
        connection.alive(now);
        let server = connection.server;
        let state = self.server_mut(server);
        state.metrics.wire.junk_lines += lines;
        let name = state.name.clone();
        let shown = shown(text);
        self.note_about(
            now,
            server,
            LogLevel::Debug,
            format_args!("{name} sent a line that is no message: {shown}"),
        );
    }

    /// The transport says that a request has no answer, and why.
    pub(super) fn refused(&mut self, now: Time, id: ConnectionId, wire: u64, message: String) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.awaits(wire) {
            let error = RpcError { message, ..RpcError::default() };
            self.handle_response(now, id, connection.server, wire, Err(error));
        }
    }

    /// A line that was longer than the limit, and has been passed over.
    pub(super) fn too_long(&mut self, now: Time, id: ConnectionId, line: TooLong) {
        let Some(connection) = self.connections.get(&id) else { return };
        let server = connection.server;
        let only = || connection.only_exchange().filter(|_| line.is_answer);
        let wire = line.id.filter(|_| line.is_answer).or_else(only);
        let wire = wire.filter(|wire| connection.awaits(*wire));
        let why = match line.no_memory {
            true => "and there is not enough memory for it".to_owned(),
            false => self.why_too_long(id, line.bytes),
        };
        let bytes = line.bytes;
        if let Some(wire) = wire {
            let message = format!("the answer has {bytes} bytes, {why}");
            let error = RpcError { message, ..RpcError::default() };
            return self.handle_response(now, id, server, wire, Err(error));
        }
        if let Some(theirs) = &line.request_id {
            self.refuse_request(now, id, theirs, &format!("the request has {bytes} bytes, {why}"));
        }
        let state = self.server_mut(server);
        state.metrics.wire.junk_lines += 1;
        let name = state.name.clone();
        let text = format_args!("{name} sent a line of {bytes} bytes, {why}: it was passed over");
        self.note_about(now, server, LogLevel::Warning, text);
    }

    /// Answers a request of the server that cannot be read: otherwise the server may
    /// wait for ever.
    fn refuse_request(&mut self, now: Time, id: ConnectionId, theirs: &str, why: &str) {
        let Ok(theirs) = serde_json::from_str::<&RawValue>(theirs) else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.era() == Some(Era::Modern) {
            // A client must not answer there (2026-07-28, transports).
            return;
        }
        let server = connection.server;
        connection.answer(&mut self.shared, |out| {
            envelope::write_error(out, theirs, INVALID_REQUEST, why);
        });
        self.server_mut(server).metrics.message_sent(now);
        self.serve_wire(now, id);
    }

    /// Why a line that is being skipped ends its connection: no message of a handshake is
    /// longer than the limit, and none at all is longer than 1 GiB.
    pub(super) fn endless(&self, id: ConnectionId, stream: StreamId) -> Option<String> {
        let connection = self.connections.get(&id)?;
        let bytes = connection.wire.held(stream).skipped;
        if bytes == 0 {
            return None;
        }
        let limit = self.server(connection.server).limits.max_answer >> 20;
        let is_over = connection.is_negotiating() || bytes > ENDLESS;
        is_over.then(|| format!("the server sent a line longer than {limit} MiB"))
    }

    /// An answer that cannot be read ends its request: no other will come.
    fn unreadable(&mut self, now: Time, id: ConnectionId, wreck: Wreck, text: &[u8]) {
        let Some(connection) = self.connections.get(&id) else { return };
        let server = connection.server;
        // Who answers nobody in particular may answer somebody else. Before a server
        // has answered at all, nobody else is there.
        let is_known = !wreck.is_nameless || connection.is_negotiating();
        let only = || connection.only_exchange().filter(|_| is_known);
        let wire = wreck.id.or_else(only);
        let Some(wire) = wire.filter(|wire| connection.awaits(*wire)) else {
            if wreck.is_nameless {
                self.note_stray_answer(now, id);
            }
            return;
        };
        let message = format!("the answer cannot be read ({}): {}", wreck.why, shown(text));
        let error = RpcError { message, ..RpcError::default() };
        self.handle_response(now, id, server, wire, Err(error));
    }

    /// Whether a line shows that this is no server to begin with: then the
    /// connection is gone.
    fn is_no_server(&mut self, now: Time, id: ConnectionId, text: &[u8]) -> bool {
        let Some(connection) = self.connections.get(&id) else { return true };
        if !matches!(connection.phase, Phase::Negotiating(_)) {
            return false;
        }
        let header = b"content-length:";
        let reason =
            if text.len() > header.len() && text[..header.len()].eq_ignore_ascii_case(header) {
                "speaks with Content-Length headers, as language servers do, which is not MCP"
            } else if is_wide(text) {
                "writes UTF-16, but MCP is UTF-8"
            } else {
                return false;
            };
        self.disown(now, id, reason);
        true
    }

    /// Ends a connection to what is no server.
    pub(super) fn disown(&mut self, now: Time, id: ConnectionId, reason: &str) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let evidence = connection.evidence.get_or_insert_default();
        evidence.hopeless = true;
        evidence.forget_output();
        let (reason, cause) = (reason.to_owned(), EvictionCause::Error);
        self.connection_lost(now, id, Loss { reason, cause, category: ErrorCategory::Protocol });
    }

    /// The request that an error without an id is for.
    pub(super) fn nameless(&mut self, id: ConnectionId, error: &RpcError) -> Option<u64> {
        let connection = self.connections.get_mut(&id)?;
        // Some servers answer a notice, too: nothing waits for that.
        let noticed = std::mem::take(&mut connection.noticed);
        if noticed && error.code == envelope::METHOD_NOT_FOUND {
            return None;
        }
        connection.only_exchange()
    }

    /// An answer came that names no request. If only one request is in flight, the
    /// answer may be meant for it: its own answer is awaited for a moment only. A socket
    /// has other clients, whose answers some daemons send to everybody.
    pub(super) fn note_stray_answer(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.channel.is_shared() {
            return;
        }
        let Some(wire) = connection.only_exchange() else { return };
        let exchange = connection.exchanges.iter().find(|exchange| exchange.wire == wire);
        let Some(Purpose::Request(request)) = exchange.map(|exchange| exchange.purpose) else {
            return;
        };
        if let Some(state) = self.requests.get_mut(&request) {
            state.own_answer_by.get_or_insert(now + OWN_ANSWER_WAIT);
            self.note_request(request);
        }
    }

    /// Whether the server has sent back what it was sent.
    pub(super) fn is_echo(&self, id: ConnectionId, message: &Message<'_>) -> bool {
        let Message::Request { id: theirs, method, .. } = message else { return false };
        message::is_ours(method)
            && envelope::own_id(theirs).is_some_and(|wire| {
                self.connections.get(&id).is_some_and(|connection| connection.awaits(wire))
            })
    }

    /// A line that a server's process wrote to stderr. It is no error: servers log there.
    pub fn log_stderr(&mut self, now: Time, stream: StreamId, line: &str) {
        let id = self.connection_of(stream);
        let line = self.clean(&super::evidence::plain(line));
        if line.is_empty() {
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.evidence.get_or_insert_default().said(now, &line);
        connection.alive(now);
        connection.unasked.get_or_insert_default().stderr.charge(now, unasked::LINE);
        let server = connection.server;
        let state = self.server_mut(server);
        state.said.line(&line);
        let name = state.name.clone();
        let line: String = line.chars().take(500).collect();
        self.note_about(now, server, LogLevel::Debug, format_args!("{name} stderr: {line}"));
    }

    /// What a process has written to stderr without a line end, so far.
    pub fn stderr_unfinished(&mut self, now: Time, stream: StreamId, text: &str) {
        let id = self.connection_of(stream);
        let text = self.clean(&super::evidence::plain(text));
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.evidence.get_or_insert_default().says(now, &text);
        connection.alive(now);
        let server = connection.server;
        self.server_mut(server).said.says(&text);
    }
}

impl Connection {
    /// What is to be said of what came on it beside messages, since `since`.
    pub(super) fn evidence_since(&self, since: Time) -> String {
        let Some(evidence) = &self.evidence else { return String::new() };
        evidence.sentence(since)
    }

    /// The same, to explain its end. What a server printed at its start does not.
    pub(super) fn last_words(&self) -> String {
        match self.evidence.as_deref().filter(|_| self.channel.is_process()) {
            Some(evidence) if self.is_negotiating() => evidence.sentence(Time::ZERO),
            Some(evidence) => evidence.stderr_sentence(),
            None => String::new(),
        }
    }

    /// The server shows that it lives.
    fn alive(&mut self, now: Time) {
        if let Phase::Negotiating(negotiation) = &mut self.phase {
            negotiation.alive(now);
        }
    }

    /// Whether its handshake took too long.
    pub(super) fn is_overdue(&self, now: Time) -> bool {
        matches!(&self.phase, Phase::Negotiating(negotiation) if negotiation.is_overdue(now))
    }

    /// Whether an answer to this id is awaited.
    pub(super) fn awaits(&self, wire: u64) -> bool {
        self.exchanges.iter().any(|exchange| exchange.wire == wire)
    }

    /// The request that an answer without an id is for: the only one in flight on the
    /// stream that spoke last, or else on the connection; of a handshake the first.
    pub(super) fn only_exchange(&self) -> Option<u64> {
        let heard = self.streams.as_ref().and_then(|streams| streams.heard);
        let is_on = |exchange: &Exchange| Some(exchange.ticket.stream()) == heard;
        let elsewhere = !self.exchanges.iter().any(is_on);
        let counts = |exchange: &&Exchange| {
            exchange.purpose != Purpose::Listen && (elsewhere || is_on(exchange))
        };
        let mut asked = self.exchanges.iter().filter(counts);
        let first = asked.clone().min_by_key(|exchange| exchange.wire)?;
        match (first.purpose, asked.nth(1)) {
            (Purpose::Handshake(_), _) | (_, None) => Some(first.wire),
            _ => None,
        }
    }

    /// Whether a message has begun that goes on in the next line.
    pub(super) fn is_folding(&self) -> bool {
        self.evidence.as_deref().is_some_and(Evidence::is_folding)
    }
}

/// Whether text is UTF-16.
fn is_wide(text: &[u8]) -> bool {
    text.starts_with(b"\xff\xfe")
        || text.starts_with(b"\xfe\xff")
        || matches!(text, [b'{', 0, b'"', 0, ..] | [0, b'{', 0, b'"', ..])
}

/// The beginning of a text, for people.
fn shown(text: &[u8]) -> String {
    let cut = if text.len() > SHOWN { "..." } else { "" };
    String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).into_owned() + cut
}

#[cfg(test)]
mod tests;
