//! Putting questions of servers to the host: elicitation and sampling, in both eras.
//!
//! The host sees one kind of question whatever the era of the session.
//!
//! Invariants:
//! * every question ends in one answer of the host, or in one
//!   [`Event::QuestionGone`] when its answer is no longer needed;
//! * a server is never left without an answer while its connection lives;
//! * while a question is open, the silence of the request that caused it is
//!   not the server's;
//! * a server has no open question while no request of the host is under way, unless its
//!   entry allows that (`unsolicited`): such questions are declined.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::config::Era;
use crate::engine::connection::{Exchange, Purpose};
use crate::engine::event::{Answer, Asks, Event, Question};
use crate::engine::questions::{DECLINED, OpenQuestion, Origin, Response};
use crate::engine::request::{MAX_ROUNDS, RequestState};
use crate::engine::{ConnectionId, Engine, LogLevel, Pair, QuestionId, RequestId, ServerId};
use crate::error::{self, Error, Result};
use crate::mcp::message::{self, Abilities, InputRequest, InputRequests};
use crate::rpc::envelope;
use crate::rpc::envelope::RawResult;
use crate::session::legacy;
use crate::time::Time;

impl Engine {
    /// Sets what the host can do for servers. Servers are told with the next request or
    /// handshake.
    pub fn set_abilities(&mut self, abilities: Abilities) {
        self.questions.set_abilities(abilities);
        self.identity.declare(abilities);
    }

    /// Sets the roots for servers that ask: `file` URIs.
    pub fn set_roots(&mut self, now: Time, roots: Vec<String>) {
        if !self.questions.set_roots(roots) {
            return;
        }
        let legacy = self.connections.iter().filter(|(_, c)| c.era() == Some(Era::Legacy));
        let legacy: Vec<ConnectionId> = legacy.map(|(id, _)| *id).collect();
        for id in legacy {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.notify(
                    &mut self.shared,
                    message::ROOTS_CHANGED,
                    message::write_roots_changed,
                );
                self.serve_wire(now, id);
            }
        }
    }

    /// Whether a question still waits for its answer.
    pub fn is_open(&self, id: QuestionId) -> bool {
        self.questions.is_open(id)
    }

    /// Whether a question of a form takes a value for a field.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] with a sentence that says what is wanted, and for a
    /// question that is no form or not open any more.
    pub fn check_answer(&self, id: QuestionId, pair: &Pair) -> Result<()> {
        self.questions.check_answer(id, pair)
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] when the question is not open any more, or the
    /// content does not fit what was asked; it stays open then.
    pub fn answer(&mut self, now: Time, id: QuestionId, answer: Answer) -> Result<()> {
        let (question, response) = self.questions.answer(id, answer)?;
        self.question_closed(now, &question);
        self.respond(now, question, response);
        Ok(())
    }

    /// A request has ended, and with it the questions that it caused. One that another
    /// request may have caused goes on as a question of that one.
    pub(super) fn withdraw_questions_of(&mut self, now: Time, id: RequestId) {
        let live = |other| self.requests.get(&other).is_some();
        for (question, heir) in self.questions.reassign(id, live) {
            self.count_questions(heir);
            let Some(request) = self.requests.get(&heir) else { continue };
            for event in &mut self.events {
                if let Event::Question(told) = event {
                    if told.id == question {
                        told.request = Some(heir);
                        told.user_data = request.user_data;
                        told.tool = request.tool();
                    }
                }
            }
        }
        let gone = self.questions.withdraw(|question| question.request == Some(id));
        self.dismiss(now, gone);
    }

    /// A connection is closed, and with it the questions that were asked on it.
    pub(super) fn withdraw_from(&mut self, now: Time, id: ConnectionId) {
        let gone = self.questions.withdraw(|question| match question.origin {
            Origin::Peer { connection, .. } => connection == id,
            Origin::Round { .. } => false,
        });
        self.dismiss(now, gone);
    }

    /// The server takes back a question that it asked under the id `theirs`. It wants no
    /// answer.
    pub(super) fn taken_back(&mut self, now: Time, id: ConnectionId, theirs: &str) {
        let gone = self.questions.take_back(id, theirs);
        self.tell_gone(&gone);
        for question in gone.values() {
            self.question_closed(now, question);
        }
    }

    /// Tells the host and the servers that questions were dismissed.
    fn dismiss(&mut self, now: Time, gone: BTreeMap<QuestionId, OpenQuestion>) {
        self.tell_gone(&gone);
        for question in gone.into_values() {
            // The request of a round has ended, and no other try will carry an answer.
            if let Origin::Peer { .. } = question.origin {
                self.question_closed(now, &question);
                let response = question.dismissal();
                self.respond(now, question, response);
            }
        }
    }

    /// Tells the host that questions need no answer. Questions that it has not pulled
    /// vanish without a word.
    fn tell_gone(&mut self, gone: &BTreeMap<QuestionId, OpenQuestion>) {
        if gone.is_empty() {
            return;
        }
        let mut unheard = BTreeSet::new();
        self.events.retain(|event| match event {
            Event::Question(question) if gone.contains_key(&question.id) => {
                unheard.insert(question.id);
                false
            }
            _ => true,
        });
        let heard = gone.keys().copied().filter(|id| !unheard.contains(id));
        self.events.extend(heard.map(Event::QuestionGone));
    }

    /// A server asks in a request on a connection.
    pub(super) fn asked_by_peer(
        &mut self,
        now: Time,
        id: ConnectionId,
        server: ServerId,
        their_id: &RawValue,
        asks: Asks,
    ) {
        let Some(connection) = self.connections.get(&id) else { return };
        // Requests of the engine's own make no server ask.
        let asked_for = |exchange: &Exchange| match exchange.purpose {
            Purpose::Request(request) => {
                let known = self.requests.get(&request).filter(|request| !request.internal);
                known.map(|_| (exchange.wire, request))
            }
            _ => None,
        };
        let mut asked_for: Vec<_> = connection.exchanges.iter().filter_map(asked_for).collect();
        asked_for.sort_unstable();
        let mut others: Vec<RequestId> = asked_for.into_iter().map(|(_, id)| id).collect();
        // Of several requests the newest is the likeliest cause.
        let request = others.pop();
        // A request that is queued may wait for this very connection.
        let is_waited_for = request.is_some()
            || self.requests.open(server) > 0
            || self.server(server).config.unsolicited;
        let room = match is_waited_for {
            true => self.admit_question(now, server, &asks),
            false => Err("no call is under way"),
        };
        if let Err(why) = room {
            return self.decline(now, id, server, their_id, &asks, why);
        }
        let origin = Origin::Peer { connection: id, their_id: their_id.to_owned(), others };
        self.open_question(now, server, request, origin, asks);
    }

    /// Whether a server may put one more question now.
    ///
    /// # Errors
    /// The sentence for the server: why not.
    fn admit_question(
        &mut self,
        now: Time,
        server: ServerId,
        asks: &Asks,
    ) -> std::result::Result<(), &'static str> {
        self.questions.room_for(server, asks)?;
        match self.server_mut(server).asking.take(now, 1) {
            true => Ok(()),
            false => Err("too many questions at once"),
        }
    }

    /// Answers a question that is not put to the host.
    fn decline(
        &mut self,
        now: Time,
        id: ConnectionId,
        server: ServerId,
        their_id: &RawValue,
        asks: &Asks,
        why: &str,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.answer(&mut self.shared, |out| match asks {
            Asks::Sample { .. } => envelope::write_error(out, their_id, legacy::REFUSED, why),
            _ => envelope::write_result(out, their_id, DECLINED),
        });
        let state = self.server_mut(server);
        state.metrics.wire.declined += 1;
        state.metrics.message_sent(now);
        let name = state.name.clone();
        self.note_about(
            now,
            server,
            LogLevel::Warning,
            format_args!("{name} asks and is declined: {why}"),
        );
        self.serve_wire(now, id);
    }

    /// A result asks for input: its questions are put to the host, and the request is
    /// sent again when all are answered.
    pub(super) fn input_required(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        result: &RawResult<'_>,
    ) {
        let InputRequests { asked, state } = match InputRequest::of_result(result) {
            Ok(questions) => questions,
            Err(why) => {
                let message = format!("the server's questions are malformed: {why}");
                let error = Error::new(error::Kind::Protocol, message);
                return self.finish(now, id, Err(error));
            }
        };
        let Some(request) = self.requests.get_mut(&id) else { return };
        let rounds = request.rounds.get_or_insert_default();
        if !rounds.begin(asked.keys(), state) {
            let message = format!("the tool asks for input again and again ({MAX_ROUNDS} rounds)");
            return self.finish(now, id, Err(Error::new(error::Kind::Server, message)));
        }
        if asked.is_empty() && state.is_none() {
            let message = "the server asks for input and says neither what nor where to go on";
            return self.finish(now, id, Err(Error::new(error::Kind::Server, message)));
        }
        request.state = RequestState::Asking;
        request.heard = now;
        for (key, asked) in asked {
            let body = match self.round_question(now, id, server, &key, &asked) {
                Ok(body) => body,
                Err(error) => return self.finish(now, id, Err(error)),
            };
            if let (Some(body), Some(request)) = (body, self.requests.get_mut(&id)) {
                request.rounds.get_or_insert_default().answer(key, body);
            }
        }
        self.next_round(now, id);
    }

    /// Puts one question of a result to the host. Returns the answer when it needs no
    /// host.
    ///
    /// # Errors
    /// The end of the request: nobody can answer.
    fn round_question(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        key: &str,
        asked: &InputRequest<'_>,
    ) -> Result<Option<String>> {
        let Some(asks) = self.questions.understand(asked)? else {
            return match &*asked.method {
                "roots/list" => Ok(Some(self.questions.roots_result().to_owned())),
                "elicitation/create" => Ok(Some(DECLINED.to_owned())),
                method => {
                    let message = format!("the tool asks for {method}, which nobody gives");
                    Err(Error::new(error::Kind::Server, message))
                }
            };
        };
        let Err(why) = self.admit_question(now, server, &asks) else {
            let origin = Origin::Round { key: key.to_owned() };
            self.open_question(now, server, Some(id), origin, asks);
            return Ok(None);
        };
        self.server_mut(server).metrics.wire.declined += 1;
        match asks {
            Asks::Sample { .. } => {
                let message = format!("the tool asks a model: {why}");
                Err(Error::new(error::Kind::Server, message))
            }
            Asks::Form { .. } | Asks::Url { .. } => Ok(Some(DECLINED.to_owned())),
        }
    }

    fn open_question(
        &mut self,
        now: Time,
        server: ServerId,
        request: Option<RequestId>,
        origin: Origin,
        asks: Asks,
    ) {
        let name = self.server(server).name.clone();
        self.note_about(now, server, LogLevel::Info, format_args!("{name} asks something"));
        let id = self.questions.open(OpenQuestion::new(server, request, origin, &asks));
        if let Some(request) = request {
            self.count_questions(request);
        }
        let waiting = request.and_then(|id| self.requests.get(&id));
        let (user_data, tool) = match waiting {
            Some(request) => (request.user_data, request.tool()),
            None => (0, "".into()),
        };
        let question = Question { id, request, user_data, server: name, tool, asks };
        self.events.push_back(Event::Question(question));
    }

    /// A question is no longer open: its request hears of it as of a sign of life.
    fn question_closed(&mut self, now: Time, question: &OpenQuestion) {
        let Some(id) = question.request else { return };
        if let Some(request) = self.requests.get_mut(&id) {
            request.heard = now;
        }
        self.count_questions(id);
    }

    /// Notes how many questions are open that a request caused, because the silence of
    /// its server does not count meanwhile.
    fn count_questions(&mut self, id: RequestId) {
        let count = self.questions.count_of(id);
        if let Some(request) = self.requests.get_mut(&id) {
            request.open_questions = count;
        }
        self.note_request(id);
    }

    /// Sends the answer to a question to where it belongs.
    fn respond(&mut self, now: Time, question: OpenQuestion, response: Response) {
        match question.origin {
            Origin::Peer { connection, their_id, .. } => {
                let Some(stream) = self.connections.get_mut(&connection) else { return };
                stream.answer(&mut self.shared, |out| match &response {
                    Response::Refusal => {
                        let why = "refused by the user";
                        envelope::write_error(out, &their_id, legacy::REFUSED, why);
                    }
                    Response::Result(body) => envelope::write_result(out, &their_id, body),
                });
                self.server_mut(question.server).metrics.message_sent(now);
                self.serve_wire(now, connection);
            }
            Origin::Round { key } => {
                let Some(id) = question.request else { return };
                let Some(request) = self.requests.get_mut(&id) else { return };
                let Response::Result(body) = response else {
                    let message = "the tool asks a model, which was refused";
                    return self.finish(now, id, Err(Error::new(error::Kind::Server, message)));
                };
                request.rounds.get_or_insert_default().answer(key, body);
                self.next_round(now, id);
            }
        }
    }

    /// Sends a request again once no question of its round is open.
    fn next_round(&mut self, now: Time, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let (RequestState::Asking, Some(server)) = (&request.state, request.server()) else {
            return;
        };
        let rounds = request.rounds.get_or_insert_default();
        if !rounds.is_complete() {
            return;
        }
        rounds.finish();
        request.assigned = None;
        self.enqueue(now, id, server);
    }
}

#[cfg(test)]
mod tests;
