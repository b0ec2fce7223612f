//! Messages of the server.

use std::borrow::Cow;

use tmcp::rpc::envelope::METHOD_NOT_FOUND;
use tmcp::rpc::line::Line;
use tmcp::wire::TooLong;

use super::from_client::LEVELS;
use super::{ClientId, Kind, Link, Owner, Router, SERVER_ERROR, ServerQuestion, subscriptions};
use crate::message::{self, Message};

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// Most questions that clients have not answered.
const MOST_QUESTIONS: usize = 256;

impl Router {
    /// The server has sent a line. Returns how many messages in it were none.
    pub(crate) fn server_line(&mut self, line: &mut Line<'_>) -> usize {
        let mut junk = 0;
        message::read(line, |message| match message {
            Ok(Message::Answer { id, is_error, body }) => match message::own_id(id) {
                Some(number) => self.finish(number, is_error, body),
                None => junk += 1,
            },
            Ok(Message::Request { id, method, raw_method, params }) => {
                self.question(id, &method, raw_method, params);
            }
            Ok(Message::Notification { method, raw_method, params }) => {
                self.notice_of_server(&method, raw_method, params);
            }
            Err(_) => junk += 1,
        });
        junk
    }

    /// The server has sent a line beyond the limit.
    pub(crate) fn server_line_too_long(&mut self, line: &TooLong, limit: usize) {
        let why = format!("a line of {} bytes, {limit} are allowed", line.bytes);
        match (line.id, &line.request_id) {
            (Some(number), _) => self.fail(number, &format!("the server answered with {why}")),
            (None, Some(raw_id)) if !line.is_answer => {
                self.tell_server(message::refusal(raw_id.as_bytes(), SERVER_ERROR, &why));
            }
            _ => {}
        }
    }

    /// An answer: to whoever asked, exactly once.
    pub(super) fn finish(&mut self, number: u64, is_error: bool, body: &[u8]) {
        // Late, twice, or to nobody's request.
        let Some(request) = self.requests.remove(&number) else { return };
        if request.is_cancelled {
            self.cancelled.retain(|cancelled| *cancelled != number);
        }
        match request.kind {
            Kind::Initialize => return self.initialized(is_error, body),
            Kind::Subscribe(uri) => return self.subscribed(&uri, is_error, body),
            Kind::Discover if !is_error => self.session.is_modern = true,
            Kind::Plain | Kind::Listen | Kind::Discover => {}
        }
        let Owner::Client(client, raw_id) = request.owner else { return };
        if let Some(state) = self.clients.get_mut(&client) {
            state.requests.remove(&raw_id);
        }
        if self.link == Link::Up {
            // A process that answers is worth starting again at once.
            self.failures = 0;
        }
        self.answered += 1;
        let body = match request.kind {
            Kind::Listen => message::replaced(body, &["_meta", SUBSCRIPTION_ID], &raw_id),
            _ => Cow::Borrowed(body),
        };
        let text = message::answer(&raw_id, is_error, &body);
        self.tell_client(client, text);
    }

    fn initialized(&mut self, is_error: bool, body: &[u8]) {
        let is_again = self.link == Link::Resuming;
        for (client, raw_id) in self.session.ended(is_error, body) {
            if let Some(state) = self.clients.get_mut(&client) {
                state.has_session = !is_error;
            }
            self.tell_client(client, message::answer(&raw_id, is_error, body));
        }
        if !is_again {
            if let Some(early) = self.session.early.take() {
                self.tell_server(early);
            }
            return;
        }
        self.link = Link::Up;
        if is_error {
            self.session.give_up();
            crate::log::line(&format!(
                "the new process refuses initialize: {}",
                String::from_utf8_lossy(body)
            ));
            return self.fail_held("the new process of the server refuses initialize");
        }
        // The clients are initialized; the server is not told a second time by them.
        self.session.is_initialized = true;
        self.tell_server(message::notification(b"\"notifications/initialized\"", None));
        for uri in self.subscriptions.confirmed() {
            self.ask_for_itself(b"\"resources/subscribe\"", &subscriptions::params(&uri));
        }
        if let Some(level) = self.session.level {
            let params = format!("{{\"level\":\"{}\"}}", LEVELS[level]);
            self.ask_for_itself(b"\"logging/setLevel\"", params.as_bytes());
        }
        self.release();
    }

    fn ask_for_itself(&mut self, raw_method: &[u8], params: &[u8]) {
        let number = self.number();
        self.insert(number, Owner::Bridge, Kind::Plain, None);
        self.send_request(number, message::request(number, raw_method, Some(params)));
    }

    fn subscribed(&mut self, uri: &str, is_error: bool, body: &[u8]) {
        let (waiting, is_watched) = self.subscriptions.answered(uri, is_error);
        for (client, raw_id) in waiting {
            self.tell_client(client, message::answer(&raw_id, is_error, body));
        }
        if !is_watched && !is_error {
            self.unsubscribe_for_nobody(uri);
        }
    }

    fn question(&mut self, raw_id: &[u8], method: &str, raw_method: &[u8], params: Option<&[u8]>) {
        if method == "ping" {
            return self.tell_server(message::answer(raw_id, false, b"{}"));
        }
        let refusal = match self.whom_to_ask(method) {
            _ if self.questions.len() >= MOST_QUESTIONS => "too many questions are open",
            None => "no client that it concerns can answer this",
            Some(client) => {
                let number = self.number();
                self.questions.insert(number, ServerQuestion { client, raw_id: raw_id.into() });
                return self.tell_client(client, message::request(number, raw_method, params));
            }
        };
        self.tell_server(message::refusal(raw_id, METHOD_NOT_FOUND, refusal));
    }

    /// The client that a request of the server is for, by the rule above ([`super`]).
    fn whom_to_ask(&self, method: &str) -> Option<ClientId> {
        let capability = match method {
            "sampling/createMessage" => Some("sampling"),
            "elicitation/create" => Some("elicitation"),
            "roots/list" => Some("roots"),
            _ => None,
        };
        let can = |client: &ClientId| {
            let Some(state) = self.clients.get(client) else { return false };
            state.has_session
                && capability
                    .is_none_or(|name| message::member(&state.capabilities, &[name]).is_some())
        };
        let mut in_flight: Vec<ClientId> = self
            .requests
            .values()
            .filter(|request| !request.is_cancelled && request.kind != Kind::Listen)
            .filter_map(|request| match request.owner {
                Owner::Client(client, _) => Some(client),
                Owner::Bridge => None,
            })
            .collect();
        in_flight.sort_unstable();
        in_flight.dedup();
        if let [only] = in_flight[..] {
            return Some(only).filter(can);
        }
        let last = |clients: &mut dyn Iterator<Item = ClientId>| {
            clients.filter(can).max_by_key(|client| (self.clients[client].last, *client))
        };
        last(&mut in_flight.iter().copied()).or_else(|| last(&mut self.clients.keys().copied()))
    }

    fn notice_of_server(&mut self, method: &str, raw_method: &[u8], params: Option<&[u8]>) {
        let number = |path: &[&str]| {
            params.and_then(|params| message::member(params, path)).and_then(message::own_id)
        };
        match method {
            "notifications/progress" => {
                let Some(request) = number(&["progressToken"]).and_then(|n| self.requests.get(&n))
                else {
                    return;
                };
                if let (Owner::Client(client, _), Some(token), Some(params)) =
                    (&request.owner, &request.token, params)
                {
                    let params = message::replaced(params, &["progressToken"], token);
                    let text = message::notification(raw_method, Some(&params));
                    self.tell_client(*client, text);
                }
            }
            "notifications/cancelled" => self.cancelled_by_server(raw_method, params),
            "notifications/resources/updated" if number(&["_meta", SUBSCRIPTION_ID]).is_none() => {
                let Some(uri) = message::text_member(params, &["uri"]) else { return };
                for client in self.subscriptions.watchers(&uri) {
                    self.tell_client(client, message::notification(raw_method, params));
                }
            }
            _ => match (number(&["_meta", SUBSCRIPTION_ID]), params) {
                (Some(listen), Some(params)) => self.tell_listener(listen, raw_method, params),
                _ => self.tell_all(method, raw_method, params),
            },
        }
    }

    /// A notification of a `subscriptions/listen` (2026-07-28).
    fn tell_listener(&mut self, listen: u64, raw_method: &[u8], params: &[u8]) {
        if let Some(Owner::Client(client, raw_id)) = self.requests.get(&listen).map(|r| &r.owner) {
            let params = message::replaced(params, &["_meta", SUBSCRIPTION_ID], raw_id);
            let text = message::notification(raw_method, Some(&params));
            self.tell_client(*client, text);
        }
    }

    fn tell_all(&mut self, method: &str, raw_method: &[u8], params: Option<&[u8]>) {
        let is_log = method == "notifications/message";
        let level = message::text_member(params, &["level"]);
        let level = level.and_then(|level| LEVELS.iter().position(|known| **known == *level));
        let wanted = self.clients.iter().filter(|(_, client)| match (is_log, client.has_session) {
            (true, true) => {
                client.level.is_none_or(|wanted| level.is_none_or(|level| level >= wanted))
            }
            // A stateless client asks for log messages with each request.
            (true, false) => self.session.is_modern && !client.requests.is_empty(),
            (false, has_session) => has_session,
        });
        let wanted: Vec<ClientId> = wanted.map(|(client, _)| *client).collect();
        for client in wanted {
            self.tell_client(client, message::notification(raw_method, params));
        }
    }

    /// The server takes a question back, or ends a `subscriptions/listen`.
    fn cancelled_by_server(&mut self, raw_method: &[u8], params: Option<&[u8]>) {
        let Some(params) = params else { return };
        let Some(raw_id) = message::member(params, &["requestId"]) else { return };
        let question = self.questions.iter().find(|(_, q)| *q.raw_id == *raw_id);
        if let Some((number, client)) = question.map(|(number, q)| (*number, q.client)) {
            self.questions.remove(&number);
            let params = message::replaced(params, &["requestId"], number.to_string().as_bytes());
            return self.tell_client(client, message::notification(raw_method, Some(&params)));
        }
        let Some(number) = message::own_id(raw_id) else { return };
        if self.requests.get(&number).is_none_or(|request| request.kind != Kind::Listen) {
            return;
        }
        let Some(request) = self.requests.remove(&number) else { return };
        if let Owner::Client(client, raw_id) = request.owner {
            if let Some(state) = self.clients.get_mut(&client) {
                state.requests.remove(&raw_id);
            }
            let params = message::replaced(params, &["requestId"], &raw_id);
            self.tell_client(client, message::notification(raw_method, Some(&params)));
        }
    }
}
