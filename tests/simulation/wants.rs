//! What servers want beside their answers: words of people, in both eras, and
//! to tell of changes. They remember what they asked and check what they get.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::host::Asked;
use crate::link::{Ending, Job, Link, Stage, Want, Wanted};
use crate::pipes;
use crate::profile::{Reads, Watches};
use crate::world::{Todo, World};

/// Rounds that a client takes part in.
const ROUNDS: usize = 10;

/// One result that asked for input.
#[derive(Debug)]
pub struct Issue {
    /// `requestState`, byte for byte.
    state: Option<String>,
    wanted: BTreeMap<String, Want>,
}

/// The rounds of one request.
#[derive(Debug, Default)]
pub struct Rounds {
    pub total: usize,
    issued: Vec<Issue>,
}

impl World {
    /// A request comes, perhaps with answers to the last round: says which round
    /// it is in.
    pub fn round_of(&mut self, id: u64, job: &Job, raw: &str, params: &Value) -> usize {
        let token = job.token;
        if !self.rounds.contains_key(&token) {
            let asks = job.modern && (job.tool == "asks" || job.tool.contains('/'));
            let total = match self.random.below(10) {
                _ if !asks => 0,
                0..=4 => self.random.range(1, 3) as usize,
                5 => self.random.range(9, 12) as usize,
                _ => 0,
            };
            self.rounds.insert(token, Rounds { total, issued: Vec::new() });
        }
        let rounds = &self.rounds[&token];
        let last = rounds.issued.len();
        let again = job.tool.contains('/') || job.tool == "idem";
        let first = if again { 0 } else { last };
        let fits = |round: &usize| {
            let Some(issue) = round.checked_sub(1).map(|at| &rounds.issued[at]) else {
                return !raw.contains("requestState") && params.get("inputResponses").is_none();
            };
            let same_state = match &issue.state {
                Some(state) => raw.contains(&format!("\"requestState\":{state},")),
                None => !raw.contains("requestState"),
            };
            let none = serde_json::Map::new();
            let answers = params["inputResponses"].as_object().unwrap_or(&none);
            same_state
                && answers.keys().eq(issue.wanted.keys())
                && answers.iter().all(|(key, answer)| self.fits(&issue.wanted[key], answer))
        };
        match (first..=last).rev().find(fits) {
            Some(round) => round,
            None => {
                let wanted = format!("{:?}", rounds.issued.last());
                self.fail(format!("c{id}: round {last} of t{token} wants {wanted} and gets {raw}"));
                last
            }
        }
    }

    /// Whether an answer can be one to what was wanted.
    fn fits(&self, want: &Want, answer: &Value) -> bool {
        match want.what {
            Wanted::Roots => answer["roots"].as_array().is_some_and(|roots| {
                let known = |root: &Value| {
                    root["uri"].as_str().is_some_and(|uri| self.host.all_roots.contains(uri))
                };
                roots.iter().all(known)
            }),
            Wanted::Form | Wanted::Url => match answer["action"].as_str() {
                Some("accept") => {
                    want.what == Wanted::Url || answer["content"]["word"] == want.text.as_str()
                }
                Some("decline" | "cancel") => true,
                _ => false,
            },
            Wanted::Sample => answer["word"] == want.text.as_str(),
            Wanted::Unknown => false,
        }
    }

    /// Whether a request asked for input more often than anybody goes along.
    pub fn is_endless(&self, token: u64) -> bool {
        self.rounds.get(&token).is_some_and(|rounds| rounds.issued.len() > ROUNDS)
    }

    /// What a job answers when it wants to know more first.
    ///
    /// What a connection can no longer carry was never asked: the request may be in
    /// another round by now, elsewhere.
    pub fn ask_in_result(&mut self, id: u64, job: &Job) -> Option<String> {
        let rounds = self.rounds.get_mut(&job.token)?;
        if job.round >= rounds.total {
            return None;
        }
        if job.round > ROUNDS {
            let why = format!("t{} goes into round {}", job.token, job.round);
            self.fail(why);
            return None;
        }
        self.counts.rounds += 1;
        let mut wanted = BTreeMap::new();
        let mut requests = serde_json::Map::new();
        for at in 0..self.random.below(4) {
            let what = self.any_want(true);
            let want = Want { what, text: format!("t{} r{} k{at}", job.token, job.round) };
            let (method, params) = spell_want(&want);
            requests.insert(format!("k{at}\""), json!({"method": method, "params": params}));
            wanted.insert(format!("k{at}\""), want);
        }
        let state = (wanted.is_empty() || self.random.mille(600))
            .then(|| format!("\"s{}-{}\\u0041\\/\\n {{ \"", job.token, job.round));
        let mut result = "\"resultType\":\"input_required\"".to_owned();
        if !requests.is_empty() || self.random.mille(300) {
            result += &format!(",\"inputRequests\":{}", Value::Object(requests));
        }
        if let Some(state) = &state {
            result += &format!(",\"requestState\":{state}");
            self.counts.state_alone += u64::from(wanted.is_empty());
        }
        let wire = serde_json::from_str(&job.id).ok().and_then(|id| pipes::number(&id));
        let awaited = wire.is_none_or(|wire| self.is_awaited(id, wire));
        if awaited && self.links.get(&id).is_some_and(Link::is_heard) {
            let rounds = self.rounds.get_mut(&job.token)?;
            rounds.issued.truncate(job.round);
            rounds.issued.push(Issue { state, wanted });
        } else {
            self.say(format_args!("c{id} asks for t{} in round {}, unheard", job.token, job.round));
        }
        Some(format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{{result}}}}}", job.id))
    }

    fn any_want(&mut self, in_result: bool) -> Wanted {
        match self.random.below(40) {
            0 if in_result => Wanted::Unknown,
            1..=4 => Wanted::Sample,
            5..=10 => Wanted::Roots,
            11..=16 => Wanted::Url,
            _ => Wanted::Form,
        }
    }

    /// A server asks on the connection, for a job or out of the blue.
    pub fn ask_person(&mut self, id: u64, wire: u64, token: u64) {
        self.seq += 1;
        let what = self.any_want(false);
        let text = format!("t{token} q{}", self.seq);
        let want = Want { what, text };
        let (method, params) = spell_want(&want);
        let spelt = self.spell_question();
        let link = self.links.get_mut(&id).expect("its caller holds it");
        if wire > 0 {
            link.peer.waits.entry(wire).or_default().insert(spelt.clone());
        }
        link.peer.asked.insert(spelt.clone(), Some(want));
        self.counts.peer_questions += 1;
        self.put(
            id,
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{spelt},\"method\":\"{method}\",\"params\":{params}}}"
            ),
        );
    }

    /// Whether a job still waits for words; now and then a question is taken back.
    pub fn still_waits(&mut self, id: u64, wire: u64) -> bool {
        let take_back = self.random.mille(150);
        let Some(link) = self.links.get_mut(&id) else { return false };
        let Some(open) = link.peer.waits.get_mut(&wire) else { return false };
        if let Some(question) = open.first().cloned().filter(|_| take_back) {
            open.remove(&question);
            link.peer.asked.remove(&question);
            link.peer.taken_back.insert(question.clone());
            self.counts.taken_back += 1;
            self.put(
                id,
                format!(
                    "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":\
                     {{\"requestId\":{question}}}}}"
                ),
            );
        }
        let open = self.links[&id].peer.waits.get(&wire).is_some_and(|open| !open.is_empty());
        open && self.random.mille(900)
    }

    /// The client answers a question.
    pub fn answered(&mut self, id: u64, message: &Value) {
        let question = message["id"].to_string();
        let Some(link) = self.links.get_mut(&id) else { return };
        link.peer.waits.values_mut().for_each(|open| {
            open.remove(&question);
        });
        let Some(want) = link.peer.asked.remove(&question) else {
            if !link.peer.taken_back.remove(&question) {
                self.fail(format!("c{id}: an answer to a question that was not asked: {message}"));
            }
            return;
        };
        let Some(want) = want else { return };
        // A call that goes on has a right to the answer of a person. It does not go on
        // once the client knows that the server has closed its output.
        let dismissed = message["result"]["action"] == "cancel" && !link.end_told;
        let link = &self.links[&id];
        let goes_on = link.peer.jobs.iter().any(|(wire, job)| {
            let asked = want.text.starts_with(&format!("t{} ", job.token));
            asked && !job.cancelled && self.is_awaited(id, *wire)
        });
        if dismissed && goes_on && !self.host.dismissed.contains(&want.text) {
            self.fail(format!("c{id}: {want:?} is dismissed, and by nobody"));
        }
        let refused = message.get("error").is_some() && want.what == Wanted::Sample;
        if !refused && !self.fits(&want, &message["result"]) {
            self.fail(format!("c{id}: {want:?} is answered with {message}"));
        }
    }

    /// A server that can hear waits for no answer that nobody will give.
    pub fn nobody_waits_in_vain(&mut self) {
        let vain = self.links.iter().find_map(|(id, link)| {
            let quiet = link.stage == Stage::Open
                && !link.peer.dead
                && link.peer.booted
                && link.ending.is_none()
                && !link.end_told
                && !link.blocked
                && link.profile.reads == Reads::Eagerly
                && link.up.is_empty()
                && link.down.is_empty()
                && link.peer.partial.is_empty()
                && !self.lossy.contains(id)
                && (!self.is_pipe(*id) || self.pipes_are_quiet(*id));
            if !quiet {
                return None;
            }
            link.peer.asked.iter().find_map(|(question, want)| {
                let open = want.as_ref().is_some_and(|want| {
                    self.host.questions.values().any(|open| open.text == want.text)
                });
                (!open).then(|| format!("c{id} waits in vain for an answer to {question} {want:?}"))
            })
        });
        if let Some(why) = vain {
            self.fail(why);
        }
    }

    // ----- changes of resources -----------------------------------------------

    pub fn subscribe_here(&mut self, id: u64, wire: u64, params: &Value) {
        let uri = params["uri"].as_str().unwrap_or("").to_owned();
        let watches = self.links[&id].profile.watches;
        match watches {
            Watches::Refuses | Watches::Partly => {
                self.answer_error(id, wire, -32002, "no such resource")
            }
            Watches::Silent => {}
            Watches::Plain | Watches::Ends => {
                let link = self.links.get_mut(&id).expect("its caller holds it");
                link.peer.subscribed.insert(uri);
                self.answer(id, wire, &json!({}));
                let delay = self.random.spread(5_000_000);
                self.later(delay, Todo::Change(id));
            }
        }
    }

    pub fn unsubscribe_here(&mut self, id: u64, wire: u64, params: &Value) {
        let link = self.links.get_mut(&id).expect("its caller holds it");
        link.peer.subscribed.remove(params["uri"].as_str().unwrap_or(""));
        self.answer(id, wire, &json!({}));
    }

    /// A `subscriptions/listen` request.
    pub fn listen_here(&mut self, id: u64, wire: u64, params: &Value) {
        let uris: Vec<String> = params["notifications"]["resourceSubscriptions"]
            .as_array()
            .map(|uris| uris.iter().filter_map(|uri| Some(uri.as_str()?.to_owned())).collect())
            .unwrap_or_default();
        if uris.is_empty() {
            return self.fail(format!("c{id}: listens to nothing: {params}"));
        }
        let watches = self.links[&id].profile.watches;
        let agreed: Vec<String> = match watches {
            Watches::Refuses => return self.answer_error(id, wire, -32601, "Method not found"),
            Watches::Silent => return,
            Watches::Partly => uris.iter().filter(|uri| !uri.ends_with('0')).cloned().collect(),
            Watches::Plain | Watches::Ends => uris,
        };
        let spelt = self.spell(wire);
        let filter = json!({ "resourceSubscriptions": agreed });
        self.put(
            id,
            format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\
                 \"params\":{{\"notifications\":{filter},\"_meta\":\
                 {{\"io.modelcontextprotocol/subscriptionId\":{spelt}}}}}}}"
            ),
        );
        let link = self.links.get_mut(&id).expect("its caller holds it");
        link.peer.listens.insert(wire, agreed);
        self.counts.listens += 1;
        let delay = self.random.spread(5_000_000);
        self.later(delay, Todo::Change(id));
        if watches == Watches::Ends {
            let delay = self.random.spread(20_000_000);
            self.later(delay, Todo::EndListen(id, wire));
        }
    }

    /// A server ends a subscription in good order, one way or the other.
    pub fn end_listen(&mut self, id: u64, wire: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.peer.dead || link.peer.listens.remove(&wire).is_none() {
            return;
        }
        self.counts.listens_ended += 1;
        if self.random.mille(500) {
            return self.answer(id, wire, &json!({"resultType": "complete"}));
        }
        let spelt = self.spell(wire);
        self.put(
            id,
            format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":\
                 {{\"requestId\":{spelt},\"reason\":\"enough\"}}}}"
            ),
        );
    }

    /// A resource changes that somebody watches.
    pub fn change(&mut self, id: u64) {
        let Some(link) = self.links.get(&id) else { return };
        let all: Vec<String> = link.watched().cloned().collect();
        if all.is_empty() || link.peer.dead {
            return;
        }
        let uri = &all[self.random.below(all.len() as u64) as usize];
        let params = json!({ "uri": uri });
        let method = "notifications/resources/updated";
        self.put(
            id,
            format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}"),
        );
    }

    /// Whether a server that lives is going to tell of changes.
    pub fn is_watched(&self, server: usize, uri: &str) -> bool {
        self.links.values().any(|link| {
            link.server == server
                && link.stage == Stage::Open
                && !link.peer.dead
                && link.ending != Some(Ending::Eof)
                && link.watched().any(|other| other == uri)
        })
    }
}

fn spell_want(want: &Want) -> (&'static str, Value) {
    let text = &want.text;
    match want.what {
        Wanted::Form => (
            "elicitation/create",
            json!({"message": text, "requestedSchema": {"type": "object", "required": ["word"],
                "properties": {"word": {"type": "string"}}}}),
        ),
        Wanted::Url => (
            "elicitation/create",
            json!({"mode": "url", "message": text, "url": "https://x.example/",
                "elicitationId": "e"}),
        ),
        Wanted::Roots => ("roots/list", json!({})),
        Wanted::Sample => ("sampling/createMessage", json!({"messages": [], "word": text})),
        Wanted::Unknown => ("other/method", json!({})),
    }
}

/// The token in an answer's request, for requests that are no calls.
pub fn token_in(method: &str, params: &Value) -> u64 {
    let word = match method {
        "resources/read" => &params["uri"],
        "prompts/get" => &params["name"],
        _ => &params["argument"]["value"],
    };
    let digits = word.as_str().unwrap_or("").trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(0)
}

impl Asked {
    pub fn uri(&self) -> Option<&str> {
        match self {
            Asked::Subscribe { uri } => Some(uri),
            _ => None,
        }
    }
}

/// A call of a round may reach a server twice when its connection is lost in between.
/// Only what the client can hear counts as asked: seeds 5833 and 23521 took for a fault
/// of the engine that it answered what it had been asked, and not what it had not.
#[test]
fn what_a_mute_connection_asks_is_not_waited_for() {
    let mut world = World::new(1, crate::trace::Trace::dropped());
    let profile = world.servers[0].profile.clone();
    for id in [1, 2] {
        let link = Link::new(0, 0, tmcp::config::Transport::Socket, 0, profile.clone());
        world.links.insert(id, link);
    }
    let job = Job {
        id: "1".into(),
        tool: "resources/read".into(),
        token: 5,
        progress_token: None,
        modern: true,
        cancelled: false,
        fate: crate::link::Fate::Answered,
        round: 0,
    };
    world.rounds.insert(5, Rounds { total: 1, issued: Vec::new() });
    world.ask_in_result(2, &job).expect("there is a round");
    let asked = format!("{:?}", world.rounds[&5].issued);
    world.go_mute(1);
    for _ in 0..10 {
        world.ask_in_result(1, &job).expect("there is a round");
    }
    assert_eq!(format!("{:?}", world.rounds[&5].issued), asked);
}
