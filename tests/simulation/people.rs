//! The people behind the host: they answer questions, late, wrongly, twice or
//! never, and watch resources.

use tmcp::engine::{Abilities, Answer, Asks, Listing, Pair, Question, QuestionId};
use tmcp::error::Kind;

use crate::host::{Asked, Fate, Wish, token_of};
use crate::world::{Todo, World};

/// A question that nobody has answered yet.
#[derive(Clone, Debug)]
pub struct Open {
    pub text: String,
    pub request: Option<u64>,
    kind: Kindred,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kindred {
    Form,
    Url,
    Sample,
}

impl World {
    /// A request that is no tool's.
    pub fn other_wish(&mut self, server: String) -> Wish {
        self.host.next_token += 1;
        let token = self.host.next_token;
        let asked = match self.random.below(12) {
            0 => Asked::Lists(Listing::Resources),
            1 => Asked::Lists(Listing::ResourceTemplates),
            2 => Asked::Lists(Listing::Prompts),
            3 | 4 => Asked::Ask { method: "resources/read", token },
            5 | 6 => Asked::Ask { method: "prompts/get", token },
            7 => Asked::Ask { method: "completion/complete", token },
            _ => Asked::Subscribe { uri: format!("r://{}", self.random.below(4)) },
        };
        Wish { server, asked, pad: 0 }
    }

    pub fn set_abilities(&mut self) {
        let abilities = Abilities {
            elicitation: self.random.mille(850),
            roots: self.random.mille(700),
            sampling: self.random.mille(600),
        };
        self.say(format_args!("the host can {abilities:?}"));
        self.engine.set_abilities(abilities);
    }

    pub fn set_roots(&mut self) {
        let some = self.random.below(4);
        let roots: Vec<String> =
            (0..some).map(|n| format!("file:///home/{}", n * self.random.below(3))).collect();
        self.host.all_roots.extend(roots.iter().cloned());
        self.say(format_args!("the host has roots {roots:?}"));
        let now = self.time();
        self.engine.set_roots(now, roots);
    }

    pub fn warm(&mut self) {
        let index = self.random.below(self.servers.len() as u64);
        let done = self.engine.connect(self.time(), &format!("s{index}"));
        self.say(format_args!("the host wants s{index} warm: {done:?}"));
    }

    pub fn unsubscribe(&mut self, server: usize, uri: &str) {
        let outcome = self.engine.unsubscribe(self.time(), &format!("s{server}"), uri);
        self.say(format_args!("the host no longer watches {uri} of s{server}: {outcome:?}"));
        let was = self.host.watched.remove(&(server, uri.to_owned()));
        if was && self.servers[server].configured && !matches!(outcome, Ok(true)) {
            self.fail(format!("{uri} of s{server} was watched and is not: {outcome:?}"));
        }
        let last = self.host.records.keys().next_back().copied().unwrap_or(0);
        self.host.unwatched.insert((server, uri.to_owned()), last);
    }

    /// A subscription was confirmed, or refused.
    pub fn watch_done(&mut self, id: u64, uri: &str, ok: Result<(), Kind>) {
        let record = &self.host.records[&id];
        let server = self.index_of(&record.server);
        let key = (server, uri.to_owned());
        let current = record.removals == self.servers[server].removals
            && self.host.unwatched.get(&key).is_none_or(|last| *last < id);
        match ok {
            // What was withdrawn in between may be either.
            Ok(()) if current => {
                self.counts.watched += 1;
                self.host.watched.insert(key);
            }
            Err(Kind::Server) => {
                self.host.watched.remove(&key);
            }
            _ => {}
        }
    }

    pub fn hear_question(&mut self, question: &Question) {
        self.counts.questions += 1;
        let id = question.id.0;
        let (text, kind) = match &question.asks {
            Asks::Form { message, .. } => (message.clone(), Kindred::Form),
            Asks::Url { message, .. } => (message.clone(), Kindred::Url),
            Asks::Sample { params } => {
                let params: serde_json::Value = serde_json::from_slice(params).unwrap_or_default();
                (params["word"].as_str().unwrap_or("").to_owned(), Kindred::Sample)
            }
        };
        if self.host.closed.contains(&id) || self.host.questions.contains_key(&id) {
            return self.fail(format!("question {id} is put twice"));
        }
        let request = question.request.map(|request| request.0);
        if let Some(request) = request {
            let Some(record) = self.host.records.get(&request) else {
                return self.fail(format!("question {id} belongs to nobody's request {request}"));
            };
            // In a round the request is known; on a connection it is the likeliest.
            let token = token_of(&record.asked);
            let own = token.is_some_and(|token| text.starts_with(&format!("t{token} ")));
            let good = record.user == question.user_data && *record.server == *question.server;
            if !good || (text.contains(" r") && !own) {
                return self.fail(format!("{question:?} does not belong to {record:?}"));
            }
        } else if question.user_data != 0 || text.contains(" r") {
            return self.fail(format!("{question:?} belongs to no request"));
        }
        self.host.questions.insert(id, Open { text, request, kind });
        if self.random.mille(850) {
            let delay = self.random.spread(15_000_000);
            self.later(delay, Todo::Answer(id));
        }
    }

    pub fn question_gone(&mut self, id: u64) {
        self.counts.questions_gone += 1;
        if self.host.questions.remove(&id).is_none() {
            self.fail(format!("question {id} goes and was not open"));
        }
        self.host.closed.insert(id);
    }

    /// Somebody gets round to a question; it may be gone.
    pub fn answer_question(&mut self, id: u64) {
        let (now, name) = (self.time(), QuestionId(id));
        let Some(open) = self.host.questions.get(&id).cloned() else {
            if self.engine.answer(now, name, Answer::Decline).is_ok() {
                self.fail(format!("question {id} is answered after its end"));
            }
            return;
        };
        // It may have gone while the host was deaf: that is heard later.
        let live = self.engine.is_open(name);
        let word = |value: &str| Pair { key: "word".into(), value: value.into(), is_json: false };
        if live && self.random.mille(150) && open.kind != Kindred::Url {
            let wrong = match (open.kind, self.random.below(3)) {
                (Kindred::Form, 0) => Answer::Accept(vec![]),
                (Kindred::Form, 1) => {
                    Answer::Accept(vec![Pair { key: "nothing".into(), ..word("x") }])
                }
                _ => Answer::Json("[1".into()),
            };
            let outcome = self.engine.answer(now, name, wrong.clone());
            if outcome.is_ok() || !self.engine.is_open(name) {
                return self.fail(format!("question {id} takes {wrong:?}: {outcome:?}"));
            }
            self.counts.wrong_answers += 1;
        }
        let answer = match (self.random.below(10), open.kind) {
            (0, _) => Answer::Decline,
            (1, _) => Answer::Cancel,
            (_, Kindred::Sample) => {
                Answer::Json(format!("{{\"role\":\"assistant\",\"word\":\"{}\"}}", open.text))
            }
            (2 | 3, Kindred::Form) => Answer::Json(format!("{{\"word\":\"{}\"}}", open.text)),
            _ if open.kind == Kindred::Form => Answer::Accept(vec![word(&open.text)]),
            _ => Answer::Accept(vec![]),
        };
        let outcome = self.engine.answer(now, name, answer.clone());
        self.say(format_args!("the host answers {id} with {answer:?}: {outcome:?}"));
        if outcome.is_ok() != live {
            return self.fail(format!("question {id}, open {live}: {answer:?} gives {outcome:?}"));
        }
        if !live {
            return;
        }
        if matches!(answer, Answer::Cancel) {
            self.host.dismissed.insert(open.text.clone());
        }
        self.counts.answers += 1;
        self.host.questions.remove(&id);
        self.host.closed.insert(id);
        if self.random.mille(200) && self.engine.answer(now, name, answer).is_ok() {
            self.fail(format!("question {id} is answered twice"));
        }
    }

    /// Everybody answers what is open.
    pub fn answer_all(&mut self) {
        let open: Vec<u64> = self.host.questions.keys().copied().collect();
        for id in open {
            self.answer_question(id);
            self.settle();
        }
    }

    /// What holds of questions and jobs after every step in which the host has
    /// heard everything.
    pub fn check_people(&mut self) {
        let records = &self.host.records;
        let stale = self.host.questions.iter().find(|(id, open)| {
            let ended = open.request.and_then(|request| records.get(&request)).is_some_and(|r| {
                // On a connection it may be another's, while that goes on.
                let others = self.host.pending.iter().any(|id| records[id].server == r.server);
                r.fate != Fate::Pending && (open.text.contains(" r") || !others)
            });
            ended || !self.engine.is_open(QuestionId(**id))
        });
        if let Some((id, open)) = stale {
            let why = format!("question {id} ({open:?}) is over and nobody was told");
            return self.fail(why);
        }
        if self.counts.steps % 8 == 0 {
            let mut jobs: Vec<u64> =
                self.engine.jobs(self.time()).iter().map(|job| job.id.0).collect();
            jobs.retain(|id| !matches!(self.host.records[id].asked, Asked::Ready));
            let mut pending = self.host.pending.clone();
            pending.retain(|id| !matches!(self.host.records[id].asked, Asked::Ready));
            pending.sort_unstable();
            if jobs != pending {
                return self.fail(format!("jobs are {jobs:?}, pending {pending:?}"));
            }
        }
        self.nobody_waits_in_vain();
    }

    /// What is watched is watched at a live server; what is watched no longer
    /// keeps no connection.
    pub fn watch_over(&mut self) {
        let able: Vec<usize> = (0..self.servers.len())
            .filter(|index| {
                let server = &self.servers[*index];
                server.configured && server.profile.can_be_served(&server.entry)
            })
            .collect();
        for index in &able {
            for _ in 0..2 {
                let uri = format!("r://{}", self.random.below(6));
                let wish =
                    Wish { server: format!("s{index}"), asked: Asked::Subscribe { uri }, pad: 0 };
                self.submit(wish, None);
                self.settle();
            }
            self.host.next_token += 1;
            let asked = Asked::Call { tool: "asks", token: self.host.next_token, pairs: false };
            self.submit(Wish { server: format!("s{index}"), asked, pad: 0 }, None);
            self.settle();
        }
        for seconds in [20, 160] {
            self.run_for(seconds * 1_000_000);
            self.answer_all();
            self.run_for(5_000_000);
            if self.failure.is_some() {
                return;
            }
            for (server, uri) in self.host.watched.clone() {
                if able.contains(&server) && !self.is_watched(server, &uri) && seconds > 20 {
                    return self.fail(format!("{uri} of s{server} is watched no more"));
                }
            }
            if seconds == 20 {
                let links: Vec<u64> = self.links.keys().copied().collect();
                for id in links.into_iter().filter(|id| id % 2 == 0) {
                    self.die(id);
                }
            }
        }
        for server in 0..self.servers.len() {
            // All there are: some were subscribed to without the host being sure.
            for n in 0..6 {
                self.unsubscribe(server, &format!("r://{n}"));
                self.settle();
            }
        }
        for _ in 0..40 {
            self.run_for(10_000_000);
            self.answer_all();
            if self.host.pending.is_empty() {
                break;
            }
        }
        self.run_for(100_000_000);
        for index in able {
            let idle = self.servers[index].entry.settings.pool_idle_timeout;
            let Ok(snapshot) = self.engine.snapshot(&format!("s{index}")) else { continue };
            let left = snapshot.report.pool_total;
            let busy = snapshot.report.in_flight + snapshot.report.queued;
            if idle.is_some_and(|idle| !idle.is_zero()) && left > 0 && busy == 0 {
                return self.fail(format!("s{index} keeps {left} connections for nothing"));
            }
        }
    }
}
