//! What servers ask of people: elicitation and sampling, in both eras.
//!
//! Up to 2025-11-25 a question is a request of the server on a connection and
//! its answer is a response; since 2026-07-28 it is part of a result, and the
//! answer goes into another try of the same request. The host sees one kind of
//! question for both.
//!
//! Invariants:
//! * every question ends in one answer of the host, or in one
//!   [`Event::QuestionGone`] when nobody waits for its answer any more;
//! * a server is never left without an answer while its connection lives;
//! * while a question is open, the silence of the request that caused it is
//!   not the server's;
//! * no more are open than `room` says, and none of a server for which nobody waits,
//!   unless its entry says that it may (`unsolicited`): the others are declined.

mod room;

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::engine::connection::{Exchange, Purpose};
use crate::engine::event::{Answer, Asks, Event, Question};
use crate::engine::request::{Rounds, State};
use crate::engine::{ConnectionId, Engine, LogLevel, Pair, QuestionId, RequestId, ServerId};
use crate::error::{self, Error, Result};
use crate::json::raw::LONGEST;
use crate::mcp::message;
use crate::mcp::message::{Abilities, ElicitParams, InputRequest, Questions};
use crate::mcp::schema::arguments;
use crate::rpc::envelope;
use crate::rpc::envelope::Answer as JsonAnswer;
use crate::session::legacy;
use crate::time::Time;
pub(super) use room::RATE;

/// Rounds of questions that one request may take.
const ROUNDS: u32 = 10;

/// An open question.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) request: Option<RequestId>,
    pub(super) origin: Origin,
    server: ServerId,
    wants: Wants,
    /// What the host holds of it.
    bytes: usize,
}

/// What an answer has to fit.
#[derive(Debug)]
enum Wants {
    Form { schema: Box<str> },
    Url,
    Sample,
}

/// Where the answer goes.
#[derive(Debug)]
pub(super) enum Origin {
    /// Back on a connection, to the id that the server gave. It does not say which
    /// request made it ask: the others that it had then may have done so, too.
    Peer { connection: ConnectionId, their_id: Box<RawValue>, others: Vec<RequestId> },
    /// Nowhere: it was taken back.
    Nobody,
    /// Into the next try of the request, under the server's key.
    Round { key: String },
}

impl Engine {
    /// Says what the host can do for servers, and tells them from the next
    /// request or handshake on.
    pub fn set_abilities(&mut self, abilities: Abilities) {
        self.abilities = abilities;
        self.identity.declare(abilities);
    }

    /// The roots to tell servers that ask: `file` URIs.
    pub fn set_roots(&mut self, now: Time, roots: Vec<String>) {
        if self.roots == roots {
            return;
        }
        let list: Vec<String> = roots
            .iter()
            .map(|uri| format!("{{{}}}", message::member("uri", uri).trim_end_matches(',')))
            .collect();
        self.roots_result = format!("{{\"roots\":[{}]}}", list.join(","));
        self.roots = roots;
        let legacy: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.era() == Some(crate::config::Era::Legacy))
            .map(|(id, _)| *id)
            .collect();
        if !self.abilities.roots {
            return;
        }
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
        self.questions.contains_key(&id)
    }

    /// Whether a question of a form takes a value for a field.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] with a sentence that says what is wanted, and for a
    /// question that is no form or not open any more.
    pub fn check_answer(&self, id: QuestionId, pair: &Pair) -> Result<()> {
        let invalid = |message: String| Error::new(error::Kind::Invalid, message);
        match self.questions.get(&id).map(|pending| &pending.wants) {
            Some(Wants::Form { schema }) => {
                arguments::check_by("the question", schema, pair).map_err(invalid)
            }
            Some(_) => Err(invalid("the question has no fields".to_owned())),
            None => Err(invalid("the question is not open any more".to_owned())),
        }
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] when the question is not open any more, or the
    /// content does not fit what was asked; it stays open then.
    pub fn answer(&mut self, now: Time, id: QuestionId, answer: Answer) -> Result<()> {
        let Some(pending) = self.questions.get(&id) else {
            return Err(Error::new(error::Kind::Invalid, "the question is not open any more"));
        };
        let body = match (&pending.wants, answer) {
            (Wants::Sample, Answer::Json(json)) => {
                super::one_line::OneLineObject::new(json)?.text.into()
            }
            (Wants::Sample, _) => String::new(),
            (Wants::Form { schema }, Answer::Accept(pairs)) => {
                let content = arguments::encode_by("the question", schema, &pairs)
                    .map_err(|message| Error::new(error::Kind::Invalid, message))?;
                format!("{{\"action\":\"accept\",\"content\":{}}}", content.json)
            }
            (Wants::Form { schema }, Answer::Json(json)) => {
                let content = super::one_line::OneLineObject::new(json)?.text;
                arguments::check_required_by("the question", schema, &content)
                    .map_err(|message| Error::new(error::Kind::Invalid, message))?;
                format!("{{\"action\":\"accept\",\"content\":{content}}}")
            }
            (Wants::Url, Answer::Accept(_) | Answer::Json(_)) => {
                "{\"action\":\"accept\"}".to_owned()
            }
            (_, Answer::Decline) => "{\"action\":\"decline\"}".to_owned(),
            (_, Answer::Cancel) => "{\"action\":\"cancel\"}".to_owned(),
        };
        if let Some(pending) = self.questions.remove(&id) {
            self.settle(now, pending, &body);
        }
        Ok(())
    }

    /// Takes back every question that `gone` holds for; a server that waits is
    /// told that the question was dismissed.
    pub(super) fn withdraw_questions(&mut self, now: Time, gone: impl Fn(&Pending) -> bool) {
        let ids: BTreeSet<QuestionId> =
            self.questions.iter().filter(|(_, p)| gone(p)).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return;
        }
        // Of those that the host has not heard of it hears nothing.
        let mut unheard = BTreeSet::new();
        self.events.retain(|event| match event {
            Event::Question(question) if ids.contains(&question.id) => {
                unheard.insert(question.id);
                false
            }
            _ => true,
        });
        self.events.extend(ids.difference(&unheard).copied().map(Event::QuestionGone));
        for id in ids {
            let Some(pending) = self.questions.remove(&id) else { continue };
            if !matches!(pending.origin, Origin::Round { .. }) {
                let body = match pending.wants {
                    Wants::Sample => "",
                    _ => "{\"action\":\"cancel\"}",
                };
                self.settle(now, pending, body);
            }
        }
    }

    /// A request has ended, and with it the questions that it caused. One that another
    /// request may have caused goes on as a question of that one.
    pub(super) fn withdraw_questions_of(&mut self, now: Time, id: RequestId) {
        let mut heirs = Vec::new();
        for (question, pending) in &mut self.questions {
            let Origin::Peer { others, .. } = &mut pending.origin else { continue };
            if pending.request != Some(id) {
                continue;
            }
            while let Some(other) = others.pop() {
                if self.requests.get(&other).is_some() {
                    pending.request = Some(other);
                    heirs.push((*question, other));
                    break;
                }
            }
        }
        for (question, heir) in heirs {
            let Some(request) = self.requests.get_mut(&heir) else { continue };
            request.open_questions += 1;
            let (user_data, tool) = (request.user_data, request.tool());
            for event in &mut self.events {
                if let Event::Question(told) = event {
                    if told.id == question {
                        told.request = Some(heir);
                        told.user_data = user_data;
                        told.tool = tool.clone();
                    }
                }
            }
            self.note_request(heir);
        }
        self.withdraw_questions(now, |pending| pending.request == Some(id));
    }

    /// The server takes back a question: it wants no answer any more.
    pub(super) fn taken_back(&mut self, now: Time, id: ConnectionId, theirs: &str) {
        for pending in self.questions.values_mut() {
            let Origin::Peer { connection, their_id, .. } = &pending.origin else { continue };
            if *connection == id && their_id.get() == theirs {
                pending.origin = Origin::Nobody;
            }
        }
        self.withdraw_questions(now, |pending| matches!(pending.origin, Origin::Nobody));
    }

    /// A connection is gone, and with it everybody who waits for an answer on it.
    pub(super) fn withdraw_from(&mut self, now: Time, id: ConnectionId) {
        self.withdraw_questions(now, |pending| match pending.origin {
            Origin::Peer { connection, .. } => connection == id,
            Origin::Round { .. } | Origin::Nobody => false,
        });
    }

    /// A server asks on a connection, and will be answered later.
    pub(super) fn asked_by_peer(
        &mut self,
        now: Time,
        id: ConnectionId,
        server: ServerId,
        their_id: &RawValue,
        asks: Asks,
    ) {
        let Some(connection) = self.connections.get(&id) else { return };
        // One request at a time is the rule; with several the newest is likeliest.
        // What the engine asks for itself makes no server curious.
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
        let request = others.pop();
        let state = self.server(server);
        // Somebody may wait for this very connection.
        let waited_for =
            request.is_some() || self.requests.open(server) > 0 || state.config.unsolicited;
        let room = match waited_for {
            true => self.room_for(now, server, &asks),
            false => Err("no call is under way"),
        };
        if let Err(why) = room {
            return self.decline(now, id, server, their_id, &asks, why);
        }
        let origin = Origin::Peer { connection: id, their_id: their_id.to_owned(), others };
        self.open_question(now, server, request, origin, asks);
    }

    /// Answers a question that is not put to anybody.
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
            _ => envelope::write_result(out, their_id, "{\"action\":\"decline\"}"),
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

    /// A result asks for input: the questions are put, and the request goes on
    /// when all are answered.
    pub(super) fn input_required(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        result: &JsonAnswer<'_>,
    ) {
        let Questions { asked, state } = match InputRequest::of_result(result) {
            Ok(questions) => questions,
            Err(why) => {
                let message = format!("the server's questions are malformed: {why}");
                let error = Error::new(error::Kind::Protocol, message);
                return self.finish(now, id, Err(error));
            }
        };
        let Some(request) = self.requests.get_mut(&id) else { return };
        let rounds = request.rounds.get_or_insert_default();
        rounds.count += 1;
        rounds.state = state.map(Box::from);
        rounds.answers.clear();
        rounds.extra.clear();
        let (count, has_state) = (rounds.count, rounds.state.is_some());
        if count > ROUNDS || (asked.is_empty() && !has_state) {
            let message = match count > ROUNDS {
                true => format!("the tool asks for input again and again ({ROUNDS} rounds)"),
                false => {
                    "the server asks for input and says neither what nor where to go on".into()
                }
            };
            return self.finish(now, id, Err(Error::new(error::Kind::Server, message)));
        }
        request.state = State::Asking(asked.len());
        request.heard = now;
        for (key, asked) in asked {
            let asks = match self.understand(&asked) {
                Ok(asks) => asks,
                Err(why) => return self.finish(now, id, Err(why)),
            };
            match asks {
                Some(asks) => match self.room_for(now, server, &asks) {
                    Ok(()) => {
                        self.open_question(now, server, Some(id), Origin::Round { key }, asks);
                    }
                    Err(why) => {
                        self.server_mut(server).metrics.wire.declined += 1;
                        if let Asks::Sample { .. } = asks {
                            let message = format!("the tool asks a model: {why}");
                            let error = Error::new(error::Kind::Server, message);
                            return self.finish(now, id, Err(error));
                        }
                        self.round_answer(now, id, key, "{\"action\":\"decline\"}".into());
                    }
                },
                None if asked.method == "roots/list" => {
                    let roots = self.roots_result.clone();
                    self.round_answer(now, id, key, roots);
                }
                None if asked.method == "elicitation/create" => {
                    self.round_answer(now, id, key, "{\"action\":\"decline\"}".into());
                }
                None => {
                    let message = format!("the tool asks for {}, which nobody gives", asked.method);
                    let error = Error::new(error::Kind::Server, message);
                    return self.finish(now, id, Err(error));
                }
            }
        }
        if has_state {
            self.next_round(now, id);
        }
    }

    /// What is asked, when the host can answer such a thing.
    ///
    /// # Errors
    /// [`error::Kind::Server`] when it asks a person more than any person reads.
    pub(super) fn understand(&self, asked: &InputRequest<'_>) -> Result<Option<Asks>> {
        Ok(match (&*asked.method, asked.params) {
            ("elicitation/create", Some(params)) if self.abilities.elicitation => {
                let Some(text) = params.short() else {
                    let bytes = params.text().len();
                    let message = format!("a question of {bytes} bytes, more than {LONGEST}");
                    return Err(Error::new(error::Kind::Server, message));
                };
                elicitation(text)
            }
            ("sampling/createMessage", params) if self.abilities.sampling => {
                let params = params.map_or_else(|| b"{}"[..].into(), |params| params.to_json());
                Some(Asks::Sample { params })
            }
            _ => None,
        })
    }

    fn open_question(
        &mut self,
        now: Time,
        server: ServerId,
        request: Option<RequestId>,
        origin: Origin,
        asks: Asks,
    ) {
        let id = QuestionId(self.next_question);
        self.next_question += 1;
        let name = self.server(server).name.clone();
        self.note_about(now, server, LogLevel::Info, format_args!("{name} asks something"));
        let waiting = request.and_then(|id| self.requests.get_mut(&id));
        let (user_data, tool) = match waiting {
            Some(request) => {
                request.open_questions += 1;
                (request.user_data, request.tool())
            }
            None => (0, Arc::from("")),
        };
        if let Some(request) = request {
            self.note_request(request);
        }
        let wants = match &asks {
            Asks::Form { schema, .. } => Wants::Form { schema: schema.clone() },
            Asks::Url { .. } => Wants::Url,
            Asks::Sample { .. } => Wants::Sample,
        };
        let bytes = asks.size();
        self.questions.insert(id, Pending { request, origin, server, wants, bytes });
        let question = Question { id, request, user_data, server: name, tool, asks };
        self.events.push_back(Event::Question(question));
    }

    /// Sends an answer where it belongs. An empty body refuses to sample.
    fn settle(&mut self, now: Time, pending: Pending, body: &str) {
        if let Some(request) = pending.request.and_then(|id| self.requests.get_mut(&id)) {
            request.open_questions = request.open_questions.saturating_sub(1);
            request.heard = now;
        }
        if let Some(request) = pending.request {
            self.note_request(request);
        }
        match pending.origin {
            Origin::Peer { connection, their_id, .. } => {
                let Some(stream) = self.connections.get_mut(&connection) else { return };
                stream.answer(&mut self.shared, |out| match body {
                    "" => envelope::write_error(
                        out,
                        &their_id,
                        legacy::REFUSED,
                        "refused by the user",
                    ),
                    body => envelope::write_result(out, &their_id, body),
                });
                self.server_mut(pending.server).metrics.message_sent(now);
                self.serve_wire(now, connection);
            }
            Origin::Nobody => {}
            Origin::Round { key } => {
                let Some(id) = pending.request else { return };
                if body.is_empty() {
                    let error =
                        Error::new(error::Kind::Server, "the tool asks a model, which was refused");
                    return self.finish(now, id, Err(error));
                }
                self.round_answer(now, id, key, body.to_owned());
            }
        }
    }

    /// One of the answers that the next try needs.
    fn round_answer(&mut self, now: Time, id: RequestId, key: String, body: String) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let State::Asking(open) = &mut request.state else { return };
        *open = open.saturating_sub(1);
        if let Some(rounds) = &mut request.rounds {
            rounds.answers.insert(key, body);
        }
        self.next_round(now, id);
    }

    /// Sends the request again once nothing is open any more.
    fn next_round(&mut self, now: Time, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let (State::Asking(0), Some(server)) = (&request.state, request.server()) else { return };
        if let Some(rounds) = &mut request.rounds {
            rounds.extra = extra(rounds);
        }
        request.assigned = None;
        self.enqueue(now, id, server);
    }
}

/// The question in the parameters of `elicitation/create`, when there is one.
fn elicitation(params: &str) -> Option<Asks> {
    if !params.starts_with('{') {
        return None;
    }
    let params = ElicitParams::read(params);
    let message = params.message.into_owned();
    match params.mode.as_deref() {
        None | Some("form") => {
            let schema = params.requested_schema.into();
            Some(Asks::Form { message, schema })
        }
        Some("url") => Some(Asks::Url { message, url: params.url?.into_owned() }),
        Some(_) => None,
    }
}

/// The members that answer a round. The state goes back byte for byte, and only
/// when there was one.
fn extra(rounds: &mut Rounds) -> String {
    let mut extra = String::new();
    let answers = mem::take(&mut rounds.answers);
    if !answers.is_empty() {
        let members: Vec<String> = answers
            .iter()
            .map(|(key, body)| {
                let mut name = Vec::new();
                envelope::write_str(&mut name, key);
                format!("{}:{body}", String::from_utf8_lossy(&name))
            })
            .collect();
        extra += &format!("\"inputResponses\":{{{}}},", members.join(","));
    }
    if let Some(state) = rounds.state.take() {
        extra += &format!("\"requestState\":{state},");
    }
    extra
}

#[cfg(test)]
mod tests;
