//! Messages of clients.

use tmcp::rpc::envelope::{INVALID_REQUEST, METHOD_NOT_FOUND};
use tmcp::rpc::line::Line;
use tmcp::wire::TooLong;

use super::subscriptions::Wanted;
use super::{ClientId, Kind, Link, MOST_CANCELLED, MOST_IN_FLIGHT, Owner, Router, SERVER_ERROR};
use crate::message::{self, Defect, Message};

/// The text is no JSON (JSON-RPC, "Parse error").
const PARSE_ERROR: i64 = -32700;

/// Levels of log messages, the most verbose first (MCP, "Log Levels").
pub(super) const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

impl Router {
    /// A client has sent a line.
    pub(crate) fn client_line(&mut self, client: ClientId, line: &mut Line<'_>) {
        message::read(line, |message| match message {
            Ok(Message::Request { id, method, raw_method, params }) => {
                self.request_of_client(client, id, &method, raw_method, params);
            }
            Ok(Message::Notification { method, raw_method, params }) => {
                self.notice_of_client(client, &method, raw_method, params);
            }
            Ok(Message::Answer { id, is_error, body }) => {
                self.answer_of_client(client, id, is_error, body);
            }
            Err(Defect::NotJson) => {
                self.tell_client(
                    client,
                    message::refusal(b"null", PARSE_ERROR, "the line is no JSON"),
                );
            }
            Err(Defect::NoMessage) => {
                let why = "no JSON-RPC message with one id that is a string or a number";
                self.tell_client(client, message::refusal(b"null", INVALID_REQUEST, why));
            }
        });
    }

    /// A client has sent a line beyond the limit.
    pub(crate) fn client_line_too_long(&mut self, client: ClientId, line: &TooLong, limit: usize) {
        let why = format!("a line of {} bytes, {limit} are allowed; it was not sent", line.bytes);
        if !line.is_answer {
            let raw_id = line.request_id.as_deref().unwrap_or("null");
            self.tell_client(client, message::refusal(raw_id.as_bytes(), INVALID_REQUEST, &why));
        } else if let Some(question) = line.id {
            // The server must not wait for it.
            if self.questions.get(&question).is_some_and(|q| q.client == client) {
                if let Some(question) = self.questions.remove(&question) {
                    self.tell_server(message::refusal(&question.raw_id, SERVER_ERROR, &why));
                }
            }
        }
    }

    fn request_of_client(
        &mut self,
        client: ClientId,
        id: &[u8],
        method: &str,
        raw_method: &[u8],
        params: Option<&[u8]>,
    ) {
        let Some(state) = self.clients.get(&client) else { return };
        let refuse = |this: &mut Router, code, why: &str| {
            this.tell_client(client, message::refusal(id, code, why));
        };
        if state.requests.contains_key(id) {
            return refuse(
                self,
                INVALID_REQUEST,
                "a request with this id is in flight; it was not sent",
            );
        }
        if state.requests.len() >= MOST_IN_FLIGHT {
            return refuse(self, SERVER_ERROR, "1024 requests are in flight; it was not sent");
        }
        if message::is_ambiguous(params) {
            return refuse(
                self,
                INVALID_REQUEST,
                "a member of params is there twice; it was not sent",
            );
        }
        let mut kind = Kind::Plain;
        let mut changed = None;
        match method {
            "initialize" => return self.initialize(client, id, params),
            // One process is in one era: a server that was asked this in a session might
            // leave it, and with it all other clients.
            "server/discover" if self.session.result().is_some() && !self.session.is_modern => {
                return refuse(
                    self,
                    METHOD_NOT_FOUND,
                    "this server is in a session begun by initialize",
                );
            }
            "server/discover" => kind = Kind::Discover,
            "subscriptions/listen" => kind = Kind::Listen,
            "resources/subscribe" => {
                if let Some(uri) = message::text_member(params, &["uri"]) {
                    return self.subscribe(client, id, uri, raw_method, params);
                }
            }
            "resources/unsubscribe" => {
                if let Some(uri) = message::text_member(params, &["uri"]) {
                    if !self.subscriptions.remove(&uri, client) {
                        return self.tell_client(client, message::answer(id, false, b"{}"));
                    }
                }
            }
            "logging/setLevel" => changed = self.level(client, params),
            _ => {}
        }
        let params = changed.as_deref().or(params);
        let number = self.number();
        let path = ["_meta", "progressToken"];
        let token = params.and_then(|params| message::member(params, &path)).map(Box::from);
        let params =
            params.map(|params| message::replaced(params, &path, number.to_string().as_bytes()));
        self.insert(number, Owner::Client(client, id.into()), kind, token);
        if let Some(state) = self.clients.get_mut(&client) {
            state.requests.insert(id.into(), number);
            state.last = number;
        }
        self.send_request(number, message::request(number, raw_method, params.as_deref()));
    }

    fn initialize(&mut self, client: ClientId, id: &[u8], params: Option<&[u8]>) {
        let params = params.unwrap_or(b"{}");
        let capabilities = message::member(params, &["capabilities"]).unwrap_or_default().to_vec();
        if let Some(state) = self.clients.get_mut(&client) {
            state.capabilities = capabilities;
        }
        if let (Some(result), None) = (self.session.result(), self.session.is_in_flight) {
            let text = message::answer(id, false, result);
            if let Some(state) = self.clients.get_mut(&client) {
                state.has_session = true;
            }
            return self.tell_client(client, text);
        }
        self.session.wait(client, id);
        if self.session.is_in_flight.is_none() {
            let params = self.session.begin(params);
            let number = self.number();
            self.session.is_in_flight = Some(number);
            // Its token is the bridge's own: nobody is told of progress.
            self.insert(number, Owner::Bridge, Kind::Initialize, None);
            self.send_request(number, message::request(number, b"\"initialize\"", Some(&params)));
        }
    }

    fn subscribe(
        &mut self,
        client: ClientId,
        id: &[u8],
        uri: String,
        raw_method: &[u8],
        params: Option<&[u8]>,
    ) {
        match self.subscriptions.add(&uri, client, id) {
            Wanted::Nothing => self.tell_client(client, message::answer(id, false, b"{}")),
            Wanted::Wait => {}
            Wanted::Ask => {
                let number = self.number();
                self.insert(number, Owner::Bridge, Kind::Subscribe(uri), None);
                self.send_request(number, message::request(number, raw_method, params));
            }
        }
    }

    /// The level that a client asks for, as the most verbose that any client wants.
    fn level(&mut self, client: ClientId, params: Option<&[u8]>) -> Option<Vec<u8>> {
        let wanted = message::text_member(params, &["level"])?;
        let wanted = LEVELS.iter().position(|level| **level == *wanted)?;
        self.clients.get_mut(&client)?.level = Some(wanted);
        let level = self.clients.values().filter_map(|client| client.level).min()?;
        self.session.level = Some(level);
        let new = format!("\"{}\"", LEVELS[level]);
        Some(message::replaced(params?, &["level"], new.as_bytes()).into_owned())
    }

    fn notice_of_client(
        &mut self,
        client: ClientId,
        method: &str,
        raw_method: &[u8],
        params: Option<&[u8]>,
    ) {
        match method {
            "notifications/initialized" => {
                // It may come before the answer, and what follows it stays behind it.
                let has_begun =
                    self.session.result().is_some() || self.session.is_in_flight.is_some();
                if !has_begun || self.session.is_initialized || self.link == Link::Resuming {
                    return;
                }
                self.session.is_initialized = true;
                let text = message::notification(raw_method, params);
                match self.link {
                    Link::Up => self.tell_server(text),
                    _ => self.session.early = Some(text),
                }
            }
            "notifications/cancelled" => {
                if let Some(raw_id) = params.and_then(|p| message::member(p, &["requestId"])) {
                    self.cancelled_by_client(client, raw_id, raw_method, params);
                }
            }
            // Of a question whose token is the server's own.
            _ => self.tell_server(message::notification(raw_method, params)),
        }
    }

    fn cancelled_by_client(
        &mut self,
        client: ClientId,
        raw_id: &[u8],
        raw_method: &[u8],
        params: Option<&[u8]>,
    ) {
        let number =
            self.clients.get(&client).and_then(|client| client.requests.get(raw_id).copied());
        let Some(number) = number else { return };
        let before = self.held.len();
        self.held.retain(|(held, _)| *held != number);
        if self.held.len() < before {
            // Nothing of it was sent.
            return self.forget(number);
        }
        let Some(request) = self.requests.get_mut(&number).filter(|r| !r.is_cancelled) else {
            return;
        };
        request.is_cancelled = true;
        self.cancelled.push_back(number);
        if self.cancelled.len() > MOST_CANCELLED {
            if let Some(oldest) = self.cancelled.pop_front() {
                if self.requests.get(&oldest).is_some_and(|r| r.is_cancelled) {
                    self.forget(oldest);
                }
            }
        }
        let id = number.to_string();
        let params = params.map(|params| message::replaced(params, &["requestId"], id.as_bytes()));
        self.tell_server(message::notification(raw_method, params.as_deref()));
    }

    /// Lets go of a request without an answer.
    fn forget(&mut self, number: u64) {
        if let Some(request) = self.requests.remove(&number) {
            if let Owner::Client(client, raw_id) = request.owner {
                if let Some(client) = self.clients.get_mut(&client) {
                    client.requests.remove(&raw_id);
                }
            }
        }
    }

    fn answer_of_client(&mut self, client: ClientId, id: &[u8], is_error: bool, body: &[u8]) {
        let Some(number) = message::own_id(id) else { return };
        // An answer of somebody who was not asked reaches nobody.
        if self.questions.get(&number).is_none_or(|question| question.client != client) {
            return;
        }
        if let Some(question) = self.questions.remove(&number) {
            self.tell_server(message::answer(&question.raw_id, is_error, body));
        }
    }
}
