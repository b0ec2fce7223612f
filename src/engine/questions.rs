//! The questions of servers that wait for an answer of the host, of both eras.
//!
//! Up to 2025-11-25 a question is a request of the server on a connection and its
//! answer is a response; since 2026-07-28 it is a part of a result, and the answer goes
//! into the next try of the same request.
//!
//! Invariants:
//! * open questions are at most [`OPEN`] of one server and [`OPEN_OF_ALL`] of all;
//! * an answer that does not fit its question leaves the question open.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::engine::allowance::Allowance;
use crate::engine::event::{Answer, Asks};
use crate::engine::one_line::OneLineObject;
use crate::engine::{ConnectionId, Pair, QuestionId, RequestId, ServerId};
use crate::error::{self, Error, Result};
use crate::json::raw::LONGEST;
use crate::mcp::message::{self, Abilities, ElicitParams, InputRequest};
use crate::mcp::schema::arguments;

/// Questions of one server that are open at once.
const OPEN: usize = 8;
/// Questions of all servers that are open at once.
const OPEN_OF_ALL: usize = 32;
/// Bytes of the open questions of one server: a larger question is open alone.
const BYTES: usize = 4 << 20;
/// The same of all servers.
const BYTES_OF_ALL: usize = 16 << 20;
/// Questions of one server in a second, and at once.
pub(super) const RATE: Allowance = Allowance::new(10, 40);

/// The answer that declines an elicitation.
pub(super) const DECLINED: &str = "{\"action\":\"decline\"}";
/// The answer that says that an elicitation was dismissed.
const CANCELLED: &str = "{\"action\":\"cancel\"}";

/// The open questions of all servers, and what the host can do for servers.
#[derive(Debug)]
pub(super) struct Questions {
    open: BTreeMap<QuestionId, OpenQuestion>,
    /// Questions so far.
    count: u64,
    abilities: Abilities,
    roots: Vec<String>,
    /// The result of `roots/list`.
    roots_result: String,
}

/// One open question.
#[derive(Debug)]
pub(super) struct OpenQuestion {
    /// The request that made the server ask, as far as that is known.
    pub(super) request: Option<RequestId>,
    pub(super) origin: Origin,
    pub(super) server: ServerId,
    wants: Wants,
    /// Bytes that the host holds of it.
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
    /// To a connection, under the id that the server gave. That id does not say which
    /// request made the server ask: `others` were in flight as well.
    Peer { connection: ConnectionId, their_id: Box<RawValue>, others: Vec<RequestId> },
    /// Into the next try of the request, under the server's key.
    Round { key: String },
}

/// What a server gets as the answer to a question.
#[derive(Debug)]
pub(super) enum Response {
    /// A raw result.
    Result(String),
    /// An error: no model is asked.
    Refusal,
}

impl Default for Questions {
    fn default() -> Questions {
        Questions {
            open: BTreeMap::new(),
            count: 0,
            abilities: Abilities::default(),
            roots: Vec::new(),
            roots_result: "{\"roots\":[]}".to_owned(),
        }
    }
}

impl OpenQuestion {
    /// A question of `server`, made by `request` if that is known.
    pub(super) fn new(
        server: ServerId,
        request: Option<RequestId>,
        origin: Origin,
        asks: &Asks,
    ) -> OpenQuestion {
        let wants = match asks {
            Asks::Form { schema, .. } => Wants::Form { schema: schema.clone() },
            Asks::Url { .. } => Wants::Url,
            Asks::Sample { .. } => Wants::Sample,
        };
        OpenQuestion { request, origin, server, wants, bytes: asks.size() }
    }

    /// What the server gets when nobody answers.
    pub(super) fn dismissal(&self) -> Response {
        match self.wants {
            Wants::Sample => Response::Refusal,
            Wants::Form { .. } | Wants::Url => Response::Result(CANCELLED.to_owned()),
        }
    }

    /// What the server gets for an answer of the host.
    fn response(&self, answer: Answer) -> Result<Response> {
        let result = match (&self.wants, answer) {
            (Wants::Sample, Answer::Json(json)) => OneLineObject::new(json)?.text.into(),
            (Wants::Sample, _) => return Ok(Response::Refusal),
            (Wants::Form { schema }, Answer::Accept(pairs)) => {
                let content =
                    arguments::encode_by("the question", schema, &pairs).map_err(invalid)?;
                format!("{{\"action\":\"accept\",\"content\":{}}}", content.json)
            }
            (Wants::Form { schema }, Answer::Json(json)) => {
                let content = OneLineObject::new(json)?.text;
                arguments::check_required_by("the question", schema, &content).map_err(invalid)?;
                format!("{{\"action\":\"accept\",\"content\":{content}}}")
            }
            (Wants::Url, Answer::Accept(_) | Answer::Json(_)) => {
                "{\"action\":\"accept\"}".to_owned()
            }
            (_, Answer::Decline) => DECLINED.to_owned(),
            (_, Answer::Cancel) => CANCELLED.to_owned(),
        };
        Ok(Response::Result(result))
    }
}

impl Questions {
    /// Sets what the host can do for servers.
    pub(super) fn set_abilities(&mut self, abilities: Abilities) {
        self.abilities = abilities;
    }

    /// Sets the roots, `file` URIs. Returns true when servers are to be told that the
    /// roots changed.
    pub(super) fn set_roots(&mut self, roots: Vec<String>) -> bool {
        if self.roots == roots {
            return false;
        }
        let list: Vec<String> = roots
            .iter()
            .map(|uri| format!("{{{}}}", message::member("uri", uri).trim_end_matches(',')))
            .collect();
        self.roots_result = format!("{{\"roots\":[{}]}}", list.join(","));
        self.roots = roots;
        self.abilities.roots
    }

    /// The result of `roots/list`.
    pub(super) fn roots_result(&self) -> &str {
        &self.roots_result
    }

    /// The question in a request of a server, or in a part of a result; `None` when the
    /// host cannot answer such a question.
    ///
    /// # Errors
    /// [`error::Kind::Server`] for a question to a person beyond [`LONGEST`] bytes.
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

    /// Whether a server may put one more question.
    ///
    /// # Errors
    /// The sentence for the server: why not.
    pub(super) fn room_for(
        &self,
        server: ServerId,
        asks: &Asks,
    ) -> std::result::Result<(), &'static str> {
        let own = || self.open.values().filter(|open| open.server == server);
        let bytes = |all: usize, open: &OpenQuestion| all.saturating_add(open.bytes);
        let (count, held) = (own().count(), own().fold(0, bytes));
        let held_of_all = self.open.values().fold(0, bytes);
        let size = asks.size();
        if count >= OPEN || (count > 0 && held.saturating_add(size) > BYTES) {
            return Err("too many questions of this server are open");
        }
        let (all, beyond) = (self.open.len(), held_of_all.saturating_add(size) > BYTES_OF_ALL);
        if all >= OPEN_OF_ALL || (all > 0 && beyond) {
            return Err("too many questions are open");
        }
        Ok(())
    }

    /// Opens a question.
    pub(super) fn open(&mut self, question: OpenQuestion) -> QuestionId {
        self.count += 1;
        let id = QuestionId(self.count);
        self.open.insert(id, question);
        id
    }

    /// For tests: how many questions are open.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether a question waits for its answer.
    pub(super) fn is_open(&self, id: QuestionId) -> bool {
        self.open.contains_key(&id)
    }

    /// How many questions are open that a request caused.
    pub(super) fn count_of(&self, id: RequestId) -> u32 {
        self.open.values().filter(|open| open.request == Some(id)).count() as u32
    }

    /// Whether a question of a form takes a value for a field.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] with a sentence that says what is wanted, and for a
    /// question that is no form or not open.
    pub(super) fn check_answer(&self, id: QuestionId, pair: &Pair) -> Result<()> {
        match self.open.get(&id).map(|question| &question.wants) {
            Some(Wants::Form { schema }) => {
                arguments::check_by("the question", schema, pair).map_err(invalid)
            }
            Some(_) => Err(invalid("the question has no fields".to_owned())),
            None => Err(invalid("the question is not open any more".to_owned())),
        }
    }

    /// Closes a question with an answer of the host.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] when the question is not open, or the content does not fit
    /// what was asked; the question stays open then.
    pub(super) fn answer(
        &mut self,
        id: QuestionId,
        answer: Answer,
    ) -> Result<(OpenQuestion, Response)> {
        let not_open = || invalid("the question is not open any more".to_owned());
        let response = self.open.get(&id).ok_or_else(not_open)?.response(answer)?;
        let question = self.open.remove(&id).ok_or_else(not_open)?;
        Ok((question, response))
    }

    /// Closes the questions for which `gone` holds.
    pub(super) fn withdraw(
        &mut self,
        gone: impl Fn(&OpenQuestion) -> bool,
    ) -> BTreeMap<QuestionId, OpenQuestion> {
        let gone = self.open.iter().filter(|(_, question)| gone(question));
        let ids: Vec<QuestionId> = gone.map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| Some((id, self.open.remove(&id)?))).collect()
    }

    /// Closes the question that a server put on a connection under its own id.
    pub(super) fn take_back(
        &mut self,
        on: ConnectionId,
        theirs: &str,
    ) -> BTreeMap<QuestionId, OpenQuestion> {
        self.withdraw(|question| match &question.origin {
            Origin::Peer { connection, their_id, .. } => {
                *connection == on && their_id.get() == theirs
            }
            Origin::Round { .. } => false,
        })
    }

    /// Gives the questions of a request that has ended to other requests that may have
    /// caused them, as far as those are `live`. Returns which question went to which.
    pub(super) fn reassign(
        &mut self,
        ended: RequestId,
        live: impl Fn(RequestId) -> bool,
    ) -> Vec<(QuestionId, RequestId)> {
        let mut reassigned = Vec::new();
        for (id, question) in &mut self.open {
            let Origin::Peer { others, .. } = &mut question.origin else { continue };
            if question.request != Some(ended) {
                continue;
            }
            while let Some(other) = others.pop() {
                if live(other) {
                    question.request = Some(other);
                    reassigned.push((*id, other));
                    break;
                }
            }
        }
        reassigned
    }
}

impl Asks {
    /// Bytes of the question.
    fn size(&self) -> usize {
        match self {
            Asks::Form { message, schema } => message.len() + schema.len(),
            Asks::Url { message, url } => message.len() + url.len(),
            Asks::Sample { params } => params.len(),
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(error::Kind::Invalid, message)
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

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ServerId = ServerId(1);
    const TWO: ServerId = ServerId(2);

    fn on(connection: u64, id: &str, others: &[u64]) -> Origin {
        Origin::Peer {
            connection: ConnectionId(connection),
            their_id: RawValue::from_string(id.to_owned()).unwrap(),
            others: others.iter().copied().map(RequestId).collect(),
        }
    }

    fn url(bytes: usize) -> Asks {
        Asks::Url { message: String::new(), url: "x".repeat(bytes) }
    }

    fn open(
        questions: &mut Questions,
        server: ServerId,
        request: u64,
        origin: Origin,
    ) -> QuestionId {
        questions.open(OpenQuestion::new(server, Some(RequestId(request)), origin, &url(1)))
    }

    #[test]
    fn questions_are_bounded_for_each_server_and_for_all() {
        let mut questions = Questions::default();
        let mut count = 0;
        for server in (1..=9).map(ServerId) {
            while questions.room_for(server, &url(1)).is_ok() {
                open(&mut questions, server, 1, on(1, "1", &[]));
                count += 1;
                assert!(count <= OPEN_OF_ALL);
            }
        }
        assert_eq!(count, OPEN_OF_ALL);
        let mut questions = Questions::default();
        assert!(questions.room_for(ONE, &url(2 * BYTES_OF_ALL)).is_ok(), "it is alone");
        questions.open(OpenQuestion::new(ONE, None, on(1, "1", &[]), &url(BYTES)));
        assert!(questions.room_for(ONE, &url(1)).is_err());
        assert!(questions.room_for(TWO, &url(BYTES_OF_ALL - BYTES)).is_ok());
        assert!(questions.room_for(TWO, &url(BYTES_OF_ALL - BYTES + 1)).is_err());
    }

    #[test]
    fn a_server_takes_back_the_question_of_its_id_on_its_connection_alone() {
        let mut questions = Questions::default();
        let other = open(&mut questions, ONE, 1, on(1, "2", &[]));
        let elsewhere = open(&mut questions, ONE, 1, on(2, "1", &[]));
        let round = open(&mut questions, ONE, 1, Origin::Round { key: "1".to_owned() });
        let taken = open(&mut questions, ONE, 1, on(1, "1", &[]));
        let gone = questions.take_back(ConnectionId(1), "1");
        assert!(gone.into_keys().eq([taken]));
        assert!([other, elsewhere, round].iter().all(|id| questions.is_open(*id)));
        assert_eq!(questions.count_of(RequestId(1)), 3);
    }

    #[test]
    fn a_question_goes_on_with_the_newest_live_request_that_may_have_caused_it() {
        let mut questions = Questions::default();
        let kept = open(&mut questions, ONE, 5, on(1, "1", &[2, 3, 4]));
        let lost = open(&mut questions, ONE, 5, on(1, "2", &[4]));
        let live = |id: RequestId| id.0 < 4;
        assert_eq!(questions.reassign(RequestId(5), live), [(kept, RequestId(3))]);
        let gone = questions.withdraw(|question| question.request == Some(RequestId(5)));
        assert!(gone.into_keys().eq([lost]));
        assert_eq!(questions.count_of(RequestId(3)), 1);
    }

    #[test]
    fn an_answer_that_does_not_fit_leaves_the_question_open() {
        let mut questions = Questions::default();
        let schema = r#"{"properties":{"n":{"type":"integer"}},"required":["n"]}"#.into();
        let form = Asks::Form { message: String::new(), schema };
        let id = questions.open(OpenQuestion::new(ONE, None, on(1, "1", &[]), &form));
        assert!(questions.answer(id, Answer::Json("[]".to_owned())).is_err());
        assert!(questions.answer(id, Answer::Json("{}".to_owned())).is_err());
        assert!(questions.is_open(id));
        let (_, response) = questions.answer(id, Answer::Json("{\"n\": 1}".to_owned())).unwrap();
        let Response::Result(body) = response else { panic!("{response:?}") };
        assert_eq!(body, r#"{"action":"accept","content":{"n": 1}}"#);
        assert!(questions.answer(id, Answer::Decline).is_err(), "it is closed");
    }
}
