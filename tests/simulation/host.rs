//! What the host asks, and what it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tmcp::config::{Config, Defaults, Problem, ProblemKind, Settings};
use tmcp::engine::{
    Arguments, CallTool, Completion, Event, Listing, LogLevel, Pair, Reference, Reply, RequestId,
    Unfinished,
};
use tmcp::error::Kind;

use crate::peer::TOOLS;
use crate::people::Open;
use crate::profile::{self, Profile, Speaks};
use crate::world::{Todo, World};

/// Longest life of a request that nobody limits.
const TOTAL: u64 = 30 * 60 * 1_000_000;

/// How a request ended, as the host saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Pending,
    Ok,
    Failed(Kind),
    Cancelled,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// A tool, its token, and whether its words wait for the schema.
    Call {
        tool: &'static str,
        token: u64,
        pairs: bool,
    },
    List,
    Lists(Listing),
    /// Any other method, with a token of its own.
    Ask {
        method: &'static str,
        token: u64,
    },
    Subscribe {
        uri: String,
    },
    Ready,
}

/// One request that was accepted.
#[derive(Clone, Debug)]
pub struct Record {
    pub server: String,
    pub asked: Asked,
    pub user: u64,
    pub due: u64,
    /// How often its server had been removed.
    pub removals: u64,
    /// A person waits for it.
    pub by_person: bool,
    pub fate: Fate,
}

/// A request to be made.
#[derive(Clone, Debug)]
pub struct Wish {
    pub server: String,
    pub asked: Asked,
    pub pad: usize,
}

/// The host's side.
#[derive(Debug, Default)]
pub struct Host {
    pub records: BTreeMap<u64, Record>,
    pub pending: Vec<u64>,
    pub moves: u64,
    pub next_token: u64,
    /// Under which entry of its server each token was asked for.
    pub generations: BTreeMap<u64, u64>,
    /// `handle_timeout` was just called: what is due must have ended.
    pub woken: bool,
    pub defaults: Defaults,
    /// Open questions, and those that are over.
    pub questions: BTreeMap<u64, Open>,
    pub closed: BTreeSet<u64>,
    /// The words of the questions that a person dismissed.
    pub dismissed: BTreeSet<String>,
    pub all_roots: BTreeSet<String>,
    /// What is watched for certain, and the last request before each end of that.
    pub watched: BTreeSet<(usize, String)>,
    pub unwatched: BTreeMap<(usize, String), u64>,
    /// It has not pulled its events since the last step.
    pub deaf: bool,
}

impl Record {
    pub fn is_ok(&self) -> bool {
        self.fate == Fate::Ok
    }

    pub fn is_repeatable(&self) -> bool {
        !matches!(self.asked, Asked::Call { tool, .. } if tool != "idem")
    }
}

impl Host {
    pub fn plain_call(&mut self, server: usize) -> Wish {
        self.next_token += 1;
        let asked = Asked::Call { tool: "echo", token: self.next_token, pairs: false };
        Wish { server: format!("s{server}"), asked, pad: 0 }
    }
}

impl World {
    /// One thing that the host does, and the time of its next.
    pub fn host_move(&mut self) {
        self.host.moves = self.host.moves.saturating_sub(1);
        match self.random.below(100) {
            0..=50 => self.wish(),
            51 => self.set_abilities(),
            52 => self.set_roots(),
            53 => self.warm(),
            54 => {
                let server = self.random.below(self.servers.len() as u64) as usize;
                let uri = format!("r://{}", self.random.below(4));
                self.unsubscribe(server, &uri);
            }
            55..=69 => self.cancel(),
            70..=73 => {
                for _ in 0..self.random.range(2, 20) {
                    self.wish();
                }
            }
            74 => {
                // Enough to fill any queue.
                let server = self.random.below(self.servers.len() as u64) as usize;
                let may_repeat = self.random.mille(500);
                for _ in 0..self.random.range(100, 200) {
                    let mut wish = self.host.plain_call(server);
                    if let Asked::Call { tool, .. } = &mut wish.asked {
                        *tool = if may_repeat { "idem" } else { "echo" };
                    }
                    let timeout = Duration::from_micros(self.random.spread(20_000_000));
                    self.submit(wish, Some(timeout));
                }
            }
            75..=80 => self.configure_some(),
            81 => {
                self.say(format_args!("the configuration cannot be read"));
                let problem = Problem::file("no such file");
                self.engine.configuration_failed(self.time(), problem);
            }
            82..=83 => self.set_defaults(),
            84..=89 => self.weather(),
            90..=94 => self.haunt(),
            95 => self.ready(),
            96 => {
                let level = self.random.pick(&[LogLevel::Error, LogLevel::Info, LogLevel::Debug]);
                self.engine.set_log_level(level);
            }
            _ => self.later(0, Todo::Wake),
        }
        if self.host.moves > 0 {
            let pause = match self.random.below(10) {
                0..=3 => 0,
                4..=8 => self.random.spread(300_000),
                _ => self.random.spread(40_000_000),
            };
            self.later(pause, Todo::Host);
        }
    }

    /// A server is left alone, or called again.
    fn breaker_changed(&mut self, server: &str, state: &str) {
        match state {
            "open" => self.counts.breakers_opened += 1,
            "closed" => self.counts.breakers_closed += 1,
            other => self.fail(format!("the breaker of {server} is told to be {other}")),
        }
    }

    fn wish(&mut self) {
        let server = if self.random.mille(20) {
            "nobody".to_owned()
        } else {
            format!("s{}", self.random.below(self.servers.len() as u64))
        };
        if self.random.mille(250) {
            let wish = self.other_wish(server);
            let timeout = self.random.mille(200).then(|| Duration::from_secs(20));
            self.submit(wish, timeout);
            return;
        }
        let asked = match self.random.below(20) {
            0 => Asked::List,
            n => {
                self.host.next_token += 1;
                let tool = match n {
                    1..=3 => "idem",
                    4 => "fails",
                    5 => "refuses",
                    6 => "nosuch",
                    7 => "picky",
                    8..=10 => "asks",
                    _ => "echo",
                };
                Asked::Call { tool, token: self.host.next_token, pairs: self.random.mille(200) }
            }
        };
        let pad = if self.random.mille(100) { self.random.spread(5_000) as usize } else { 0 };
        let timeout = match self.random.below(4) {
            0 => Some(Duration::from_micros(self.random.spread(60_000_000))),
            _ => None,
        };
        self.submit(Wish { server, asked, pad }, timeout);
    }

    /// Makes a request; `None` when it is refused.
    pub fn submit(&mut self, wish: Wish, timeout: Option<Duration>) -> Option<RequestId> {
        let is_unattended = matches!(wish.asked, Asked::Call { .. }) && self.random.mille(400);
        let user = self.random.next();
        let now = self.time();
        let Wish { server, asked, pad } = wish;
        let who = if is_unattended { "a hook" } else { "the host" };
        self.say(format_args!("{who} asks {server}: {asked:?} within {timeout:?}"));
        let generation = self.servers[self.index_of(&server)].generation;
        let outcome = match &asked {
            Asked::Call { tool, token, pairs } => {
                self.host.generations.insert(*token, generation);
                let arguments = if *pairs {
                    Arguments::Pairs(vec![Pair {
                        key: "token".into(),
                        value: token.to_string(),
                        is_json: self.random.mille(300),
                    }])
                } else {
                    let blank = self.random.pick(&["", " ", "\n", "\r\n\t"]);
                    let pad = "x".repeat(pad);
                    let pad = if pad.is_empty() { pad } else { format!(",\"pad\":\"{pad}\"") };
                    Arguments::Json(format!("{{{blank}\"token\":{blank}{token}{pad}}}{blank}"))
                };
                let call = CallTool {
                    server: server.clone(),
                    tool: (*tool).into(),
                    arguments,
                    is_unattended,
                };
                self.engine.call(now, call, timeout, user)
            }
            Asked::Lists(what) => self.engine.list(now, &server, *what, timeout, user),
            Asked::Subscribe { uri } => self.engine.subscribe(now, &server, uri, timeout, user),
            Asked::Ask { method, token } => {
                self.host.generations.insert(*token, generation);
                let engine = &mut self.engine;
                let word = format!("r://t{token}");
                match *method {
                    "resources/read" => engine.read_resource(now, &server, &word, timeout, user),
                    "prompts/get" => {
                        let arguments = match self.random.mille(500) {
                            true => Arguments::Pairs(vec![Pair {
                                key: "a\"b".into(),
                                value: "c\n".into(),
                                is_json: false,
                            }]),
                            false => Arguments::Json("{ \"a\" :\n\"b\"}".into()),
                        };
                        engine.get_prompt(now, &server, &word, arguments, timeout, user)
                    }
                    _ => {
                        let reference = match self.random.mille(500) {
                            true => Reference::Prompt("p"),
                            false => Reference::Template("r://{x}"),
                        };
                        let given = [Pair { key: "y".into(), value: word.clone(), is_json: false }];
                        let wanted = Unfinished {
                            reference,
                            argument: "x",
                            value: &word,
                            given: if word.is_empty() { &[] } else { &given },
                        };
                        engine.complete(now, &server, wanted, timeout, user)
                    }
                }
            }
            Asked::List | Asked::Ready => {
                self.engine.list(now, &server, Listing::Tools, timeout, user)
            }
        };
        let id = match outcome {
            Ok(id) => id,
            Err(error) => {
                self.say(format_args!("  refused: {error}"));
                self.counts.refused += 1;
                self.counts.busy += u64::from(error.kind() == Kind::Busy);
                if !matches!(error.kind(), Kind::Invalid | Kind::Busy) {
                    self.fail(format!("a request is refused with {error:?}"));
                }
                return None;
            }
        };
        self.say(format_args!("  {id:?}"));
        let limit = timeout.map_or(TOTAL, |limit| limit.as_micros() as u64);
        let due = self.now.saturating_add(limit);
        let removals = self.servers[self.index_of(&server)].removals;
        let by_person = !is_unattended;
        let fate = Fate::Pending;
        self.record(id, Record { server, asked, user, due, removals, by_person, fate });
        self.counts.accepted += 1;
        Some(id)
    }

    fn record(&mut self, id: RequestId, record: Record) {
        if self.host.records.insert(id.0, record).is_some() {
            self.fail(format!("{id:?} is given out twice"));
        }
        self.host.pending.push(id.0);
    }

    fn ready(&mut self) {
        let user = self.random.next();
        let id = self.engine.wait_ready(self.time(), user);
        let due = self.now + TOTAL;
        let server = String::new();
        let asked = Asked::Ready;
        let (removals, by_person, fate) = (0, true, Fate::Pending);
        self.record(id, Record { server, asked, user, due, removals, by_person, fate });
    }

    fn cancel(&mut self) {
        let live = !self.host.pending.is_empty() && self.random.mille(800);
        let id = if live {
            let at = self.random.below(self.host.pending.len() as u64) as usize;
            self.host.pending[at]
        } else {
            self.random.range(1, self.host.records.keys().next_back().copied().unwrap_or(1) + 3)
        };
        let times = if self.random.mille(200) { 2 } else { 1 };
        for _ in 0..times {
            // Its end may be waiting to be pulled; then it is taken back.
            let cancelled = self.engine.cancel(self.time(), RequestId(id));
            self.say(format_args!("the host cancels {id}: {cancelled}"));
            match self.host.records.get_mut(&id) {
                Some(record) if record.fate == Fate::Pending => {
                    if !cancelled {
                        return self.fail(format!("request {id} cannot be cancelled"));
                    }
                    record.fate = Fate::Cancelled;
                    self.host.pending.retain(|other| *other != id);
                    self.counts.cancelled += 1;
                }
                _ if cancelled => {
                    return self.fail(format!("request {id} is cancelled after its end"));
                }
                _ => self.counts.cancelled_late += 1,
            }
        }
    }

    /// Some servers are configured, some change, some are gone.
    pub fn configure_some(&mut self) {
        for index in 0..self.servers.len() {
            let server = &mut self.servers[index];
            match self.random.below(10) {
                0 | 1 => server.configured = false,
                2 | 3 => {
                    server.entry = profile::entry(&mut self.random, index);
                    server.configured = true;
                }
                _ => server.configured = true,
            }
        }
        self.configure();
    }

    pub fn configure_all(&mut self) {
        for server in &mut self.servers {
            server.configured = true;
        }
        self.configure();
    }

    fn configure(&mut self) {
        let mut config = Config::default();
        for (index, server) in self.servers.iter_mut().enumerate() {
            let next = server.configured.then(|| server.entry.clone());
            // What was opened for an entry that is out of force serves no new call.
            let changes = server.applied.is_some() && server.applied != next;
            server.generation += u64::from(changes);
            if next.is_none() && server.applied.is_some() {
                server.removals += 1;
                self.host.watched.retain(|(other, _)| *other != index);
            }
            server.applied = next;
            if server.configured {
                server.pinned |= server.entry.era.is_some();
                config.servers.push(server.entry.clone());
            } else if self.random.mille(300) {
                let message = format!("server 's{index}' has a bad entry");
                let server = Some(format!("s{index}"));
                let kind = ProblemKind::Refused;
                config.problems.push(Problem { server, kind, ..Problem::file(message) });
            }
        }
        if self.trace.is_kept() {
            let names: Vec<String> = config.servers.iter().map(|s| format!("{s:?}")).collect();
            self.say(format_args!("configured: {}", names.join("; ")));
        }
        self.engine.configure(self.time(), config);
    }

    fn set_defaults(&mut self) {
        let random = &mut self.random;
        let settings = Settings {
            pool_max_size: random.pick(&[None, Some(1), Some(4), Some(50)]),
            pool_idle_timeout: random.pick(&[None, Some(0), Some(2)]).map(Duration::from_secs),
            max_in_flight: random.pick(&[None, Some(1), Some(3)]),
            timeout: random.pick(&[None, Some(3)]).map(Duration::from_secs),
            operation_timeout: random.pick(&[None, Some(2)]).map(Duration::from_secs),
            retry_attempts: random.pick(&[None, Some(0), Some(2)]),
            retry_backoff: random.pick(&[None, Some(10)]).map(Duration::from_millis),
            breaker_failures: random.pick(&[None, Some(0), Some(1), Some(3)]),
            ..Settings::default()
        };
        let defaults = Defaults { settings, ..Defaults::default() };
        self.say(format_args!("defaults: {defaults:?}"));
        self.host.defaults = defaults.clone();
        self.engine.set_defaults(self.time(), defaults);
    }

    /// Something changes in the world.
    fn weather(&mut self) {
        let index = self.random.below(self.servers.len() as u64) as usize;
        let server = &mut self.servers[index];
        match self.random.below(4) {
            0 => server.socket_up = !server.socket_up,
            1 => server.profile = Profile::random(&mut self.random),
            2 => {
                let speaks = self.random.pick(&[Speaks::Legacy, Speaks::Modern, Speaks::Dual]);
                server.profile.speaks = speaks;
            }
            _ => {}
        }
        let (up, profile) = (server.socket_up, &server.profile);
        self.trace.line(self.now, format_args!("weather: s{index} socket {up} {profile:?}"));
        if self.random.mille(600) {
            let links: Vec<u64> = self
                .links
                .iter()
                .filter(|(_, link)| link.server == index && !link.peer.dead)
                .map(|(id, _)| *id)
                .collect();
            for id in links {
                match self.random.below(10) {
                    0..=4 => self.die(id),
                    5..=7 => self.go_mute(id),
                    _ => {}
                }
            }
        }
    }

    /// Pulls what the engine has to tell, unless the host is busy.
    pub fn hear(&mut self) {
        self.host.deaf = !self.host.woken
            && self.host.moves > 0
            && self.random.mille(if self.host.deaf { 850 } else { 100 });
        if self.host.deaf {
            return;
        }
        while let Some(event) = self.engine.poll_event() {
            if self.trace.is_kept() {
                let text = format!("{event:?}");
                self.say(format_args!("  event {}", text.chars().take(300).collect::<String>()));
            }
            match event {
                Event::Done(done) => self.done(&done),
                Event::Progress(progress) => {
                    self.counts.progress += 1;
                    match self.host.records.get(&progress.id.0) {
                        Some(record) if record.fate != Fate::Pending => {
                            self.fail(format!("{:?} progresses after its end", progress.id))
                        }
                        Some(record) if record.user == progress.user_data => {
                            let token = token_of(&record.asked);
                            let words = progress.message.unwrap_or_default();
                            if token.is_some_and(|token| words != format!("t{token}")) {
                                self.fail(format!("{:?} hears {words}", progress.id));
                            }
                        }
                        _ => self.fail(format!("progress of nobody: {:?}", progress.id)),
                    }
                }
                Event::ServerUp { .. } => self.counts.server_ups += 1,
                Event::ServerDown { .. } => self.counts.server_downs += 1,
                Event::BreakerChanged { server, state } => self.breaker_changed(&server, state),
                Event::ToolsChanged { .. } => self.counts.tools_changed += 1,
                Event::ConfigLoaded { .. } => {}
                Event::ResourceUpdated { uri, .. } => {
                    self.counts.updates += 1;
                    if !uri.starts_with("r://") {
                        self.fail(format!("{uri} changed, which nobody watches"));
                    }
                }
                Event::Question(question) => self.hear_question(&question),
                Event::QuestionGone(id) => self.question_gone(id.0),
                Event::LoginPage { .. } => self.fail("nobody has logged in".to_owned()),
                Event::AgentCall(_) => self.fail("there is no agent".to_owned()),
            }
        }
    }

    fn done(&mut self, done: &Completion) {
        let id = done.id;
        let Some(record) = self.host.records.get_mut(&id.0) else {
            return self.fail(format!("{id:?} ends and was never accepted"));
        };
        if record.fate != Fate::Pending {
            let fate = record.fate;
            return self.fail(format!("{id:?} ends after it was {fate:?}"));
        }
        record.fate = match &done.outcome {
            Ok(_) => Fate::Ok,
            Err(error) => Fate::Failed(error.kind()),
        };
        self.host.pending.retain(|other| *other != id.0);
        let record = record.clone();
        if record.user != done.user_data || *record.server != *done.server {
            return self.fail(format!("{id:?} of {record:?} ends as {done:?}"));
        }
        let token = token_of(&record.asked);
        if let Some(uri) = record.asked.uri() {
            let outcome = done.outcome.as_ref().map(|_| ()).map_err(|error| error.kind());
            self.watch_done(id.0, uri, outcome);
        }
        if token.is_some_and(|token| self.is_endless(token)) && done.outcome.is_ok() {
            return self.fail(format!("{id:?} ends well after too many rounds"));
        }
        let ran = token.and_then(|token| self.journal.get(&token)).copied().unwrap_or(0);
        match &done.outcome {
            Ok(Reply::Tool { is_error, result, .. }) => {
                self.counts.ok += u64::from(!is_error);
                self.counts.tool_errors += u64::from(*is_error);
                let Asked::Call { tool, token, .. } = &record.asked else {
                    return self.fail(format!("{id:?} asked for no tool and gets a result"));
                };
                if *tool == "nosuch" {
                    return;
                }
                let text = String::from_utf8_lossy(result);
                if !text.contains(&format!("t{token}.")) || *is_error != (*tool == "fails") {
                    return self.fail(format!("{id:?} (t{token}) is answered with {text}"));
                }
                if ran == 0 {
                    self.fail(format!("{id:?} (t{token}) is answered and never ran"));
                }
            }
            Ok(Reply::List { what, items: json }) if *what != Listing::Tools => {
                let items: Vec<serde_json::Value> =
                    serde_json::from_slice(json).unwrap_or_default();
                if record.asked != Asked::Lists(*what) || items.len() > 1 {
                    self.fail(format!("{id:?} ({record:?}) is told of {what:?} {items:?}"));
                }
            }
            Ok(Reply::List { items: json, .. }) => {
                self.counts.listed += 1;
                let tools: Vec<serde_json::Value> =
                    serde_json::from_slice(json).unwrap_or_default();
                if record.asked != Asked::List || (!tools.is_empty() && tools.len() != TOOLS.len())
                {
                    self.fail(format!("{id:?} ({record:?}) is told of {} tools", tools.len()));
                }
            }
            Ok(Reply::Result(result)) => {
                self.counts.asked += 1;
                let text = String::from_utf8_lossy(result);
                let own = token.is_some_and(|token| text.contains(&format!("t{token}.")));
                if !own || ran == 0 || !matches!(record.asked, Asked::Ask { .. }) {
                    self.fail(format!("{id:?} ({record:?}) is answered with {text}"));
                }
            }
            Ok(Reply::Ready | Reply::Imported(_)) => {
                if !matches!(record.asked, Asked::Ready | Asked::Subscribe { .. }) {
                    self.fail(format!("{id:?} ({record:?}) is told that all is ready"));
                }
            }
            Err(error) => {
                let counts = &mut self.counts;
                let counter = match error.kind() {
                    Kind::Invalid => &mut counts.invalid,
                    Kind::Busy => &mut counts.busy,
                    Kind::Timeout => &mut counts.timeouts,
                    Kind::Server => &mut counts.server_errors,
                    Kind::Protocol => &mut counts.protocol_errors,
                    Kind::Io => &mut counts.io,
                    Kind::OutcomeUnknown => &mut counts.unknown,
                    Kind::Cancelled | Kind::Closed | Kind::Internal => {
                        return self.fail(format!("{id:?} ends with {error:?}"));
                    }
                };
                *counter += 1;
                if error.message().contains("is left alone for now") {
                    self.counts.left_alone += 1;
                    if record.by_person {
                        return self.fail(format!("{id:?} of a person is not tried: {error}"));
                    }
                }
                // The evidence behind an error may be anybody's.
                let words = error.message().split("; stdout: ").next().unwrap_or_default();
                let own = token.map_or(String::new(), |token| format!("{token}."));
                // What is shown of an answer that was cut may end inside the number.
                let is_own = |told: &str| {
                    let end = told.find(|c: char| !c.is_ascii_digit());
                    match end {
                        Some(_) => !own.is_empty() && told.starts_with(&own),
                        None => own.starts_with(told),
                    }
                };
                if !words.split("refused t").skip(1).all(is_own) {
                    self.fail(format!("{id:?} ({record:?}) is told {words}"));
                }
            }
        }
    }
}

pub fn token_of(asked: &Asked) -> Option<u64> {
    match asked {
        Asked::Call { token, .. } | Asked::Ask { token, .. } => Some(*token),
        _ => None,
    }
}
