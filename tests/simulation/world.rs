//! The clock, the schedule, and the course of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Arguments;
use std::sync::Arc;

use tmcp::config::{Config, ServerConfig};
use tmcp::engine::{Engine, LogLevel};
use tmcp::time::Time;

use crate::host::Host;
use crate::link::{Link, Stage};
use crate::pipes::Pipe;
use crate::prefixed;
use crate::profile::{self, Profile};
use crate::random::Random;
use crate::trace::Trace;
use crate::wants::Rounds;

/// Steps at one instant of virtual time before something is going in circles.
const MAX_STANDSTILL: u32 = 20_000;
/// Steps of one run.
const MAX_STEPS: u32 = 100_000;
const SECOND: u64 = 1_000_000;

/// Something that happens at a time.
#[derive(Clone, Copy, Debug)]
pub enum Todo {
    Host,
    /// A wake-up for nothing.
    Wake,
    Open(u64),
    Boot(u64),
    Writable(u64),
    Read(u64),
    Deliver(u64),
    Progress(u64, u64),
    Execute(u64, u64),
    Die(u64),
    Exit(u64),
    Reap(u64),
    /// Somebody answers a question.
    Answer(u64),
    Change(u64),
    EndListen(u64, u64),
    /// The host has time for what would take too long in one go.
    Work,
}

/// A server in the world, whether it is configured at the moment or not.
#[derive(Debug)]
pub struct Server {
    pub entry: Arc<ServerConfig>,
    pub configured: bool,
    pub profile: Profile,
    pub socket_up: bool,
    /// Pages of its tool list; none when it does not know the method.
    pub pages: usize,
    /// The entry in force, and how many there were before it.
    pub applied: Option<Arc<ServerConfig>>,
    pub generation: u64,
    /// How often it was taken out of the configuration.
    pub removals: u64,
    /// An entry named its era at some time.
    pub pinned: bool,
}

macro_rules! summary {
    ($($name:ident),*) => {
        /// How often each thing happened.
        #[derive(Clone, Debug, Default)]
        pub struct Summary { $(pub $name: u64),* }

        impl Summary {
            pub fn add(&mut self, other: &Summary) { $(self.$name += other.$name;)* }

            /// What did not happen at all.
            pub fn never(&self) -> Vec<&'static str> {
                let all = [$((stringify!($name), self.$name)),*];
                all.iter().filter(|(_, times)| *times == 0).map(|(name, _)| *name).collect()
            }
        }
    };
}

summary!(
    steps,
    opened,
    forgotten,
    open_failures,
    hung_opens,
    abandoned_opens,
    late_opens,
    remembered,
    signals,
    lines,
    server_cancels,
    calls_seen,
    noise,
    accepted,
    refused,
    cancelled,
    cancelled_late,
    progress,
    ok,
    tool_errors,
    listed,
    pages,
    pieces,
    invalid,
    busy,
    timeouts,
    server_errors,
    protocol_errors,
    io,
    unknown,
    fallbacks,
    returns,
    server_ups,
    server_downs,
    tools_changed,
    repeats,
    alive_again,
    hits,
    misses,
    overflow,
    evicted_idle,
    evicted_overflow,
    evicted_reload,
    evicted_peer,
    evicted_error,
    evicted_abandoned,
    late_replies,
    junk_lines,
    foreign_replies,
    duplicate_replies,
    questions,
    questions_gone,
    answers,
    wrong_answers,
    rounds,
    state_alone,
    peer_questions,
    taken_back,
    watched,
    listens,
    listens_ended,
    updates,
    asked,
    extra_streams,
    streams_broken,
    streams_cancelled,
    sessions_gone,
    left_alone,
    breakers_opened,
    breakers_closed,
    probes
);

pub struct World {
    pub now: u64,
    pub random: Random,
    pub engine: Engine,
    todo: BTreeMap<(u64, u64), Todo>,
    pub seq: u64,
    pub servers: Vec<Server>,
    /// Sessions; one that speaks lines is one stream, too.
    pub links: BTreeMap<u64, Link>,
    /// Sockets speak frames, on several streams.
    pub frames: bool,
    pub pipes: BTreeMap<u64, Pipe>,
    /// On which stream the request of a session came.
    pub routes: BTreeMap<(u64, u64), u64>,
    /// Sessions of which something was lost with a stream that the server said.
    pub lossy: BTreeSet<u64>,
    /// How often each token ran.
    pub journal: BTreeMap<u64, u32>,
    /// Requests that were answered with questions.
    pub rounds: BTreeMap<u64, Rounds>,
    /// Tokens that a server has read.
    pub begun: BTreeSet<u64>,
    pub host: Host,
    pub trace: Trace,
    pub failure: Option<String>,
    pub counts: Summary,
    pub next_pid: i32,
    slack: u64,
    /// The host will come back for a piece of work.
    works: bool,
    standstill: u32,
}

impl World {
    pub fn new(seed: u64, trace: Trace) -> World {
        let mut random = Random::new(seed);
        let servers = (0..random.range(1, 4) as usize)
            .map(|index| Server {
                entry: profile::entry(&mut random, index),
                configured: false,
                profile: Profile::random(&mut random),
                socket_up: random.mille(800),
                pages: random.below(5) as usize,
                applied: None,
                generation: 0,
                removals: 0,
                pinned: false,
            })
            .collect();
        let engine = Engine::new("sim", "1", random.next(), LogLevel::Debug);
        World {
            now: random.below(10 * SECOND),
            engine,
            todo: BTreeMap::new(),
            seq: 0,
            servers,
            links: BTreeMap::new(),
            frames: false,
            pipes: BTreeMap::new(),
            routes: BTreeMap::new(),
            lossy: BTreeSet::new(),
            journal: BTreeMap::new(),
            rounds: BTreeMap::new(),
            begun: BTreeSet::new(),
            host: Host::default(),
            trace,
            failure: None,
            counts: Summary::default(),
            next_pid: 1000,
            slack: 0,
            works: false,
            standstill: 0,
            random,
        }
    }

    /// A world in which sockets speak frames.
    pub fn with_frames(seed: u64, trace: Trace) -> World {
        let mut world = World::new(seed, trace);
        world.frames = true;
        world.engine.set_wires(prefixed::wires);
        world
    }

    pub fn time(&self) -> Time {
        Time::from_micros(self.now)
    }

    pub fn later(&mut self, delay: u64, todo: Todo) {
        self.seq += 1;
        self.todo.insert((self.now + delay, self.seq), todo);
    }

    pub fn say(&self, line: Arguments<'_>) {
        self.trace.line(self.now, line);
    }

    /// Ends the run: `why` does not hold. The first reason counts.
    pub fn fail(&mut self, why: String) {
        self.say(format_args!("FAILED {why}"));
        self.failure.get_or_insert(why);
    }

    pub fn index_of(&self, name: &str) -> usize {
        name.strip_prefix('s').and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// One run, from the first request to the moment when nothing is left.
    pub fn run(mut self) -> Result<Summary, String> {
        for (index, server) in self.servers.iter().enumerate() {
            self.say(format_args!("s{index} is {server:?}"));
        }
        self.set_abilities();
        self.set_roots();
        if self.random.mille(700) {
            self.configure_some();
        }
        self.host.moves = self.random.range(10, 70);
        self.later(0, Todo::Host);
        while self.host.moves > 0 && self.step(u64::MAX) {}
        // Some wait until the longest silence is over.
        let rest = match self.random.below(3) {
            0 => self.random.range(60 * SECOND, 130 * SECOND),
            _ => self.random.spread(30 * SECOND),
        };
        self.run_for(rest);
        let phases = [World::heal, World::live, World::watch_over, World::part, World::at_rest];
        for phase in phases {
            if self.failure.is_none() {
                phase(&mut self);
            }
        }
        match self.failure {
            Some(why) => Err(why),
            None => Ok(self.counts),
        }
    }

    /// Whatever was broken works again, and what was wedged is gone.
    fn heal(&mut self) {
        self.say(format_args!("--- everything works again"));
        for index in 0..self.servers.len() {
            let speaks = self.servers[index].profile.speaks;
            self.servers[index].profile = Profile::healthy(&mut self.random, speaks);
            self.servers[index].profile.service = 1_000;
            self.servers[index].profile.boot = 1_000;
            self.servers[index].socket_up = true;
        }
        let all: Vec<u64> = self.links.keys().copied().collect();
        for id in all {
            let link = self.links.get_mut(&id).expect("no link is ever taken out");
            if link.stage == Stage::Closed {
                // To be got rid of by the engine alone.
                continue;
            }
            if link.child.is_some() {
                self.exit(id);
            }
            self.die(id);
        }
        self.end_unread_pipes();
        if !self.engine.has_config() || self.random.mille(500) {
            self.configure_all();
        }
        self.settle();
        self.answer_all();
        self.run_for(45 * SECOND);
    }

    /// A server that works is used again, sooner or later: nothing that went
    /// before may have wedged it.
    fn live(&mut self) {
        for index in 0..self.servers.len() {
            let server = &self.servers[index];
            if !server.configured || !server.profile.can_be_served(&server.entry) {
                continue;
            }
            let mut served = false;
            for _ in 0..6 {
                if self.failure.is_some() || served {
                    break;
                }
                let seconds = std::time::Duration::from_secs(20);
                let call = self.host.plain_call(index);
                let asked = self.submit(call, Some(seconds));
                self.settle();
                served = match asked {
                    Some(id) => {
                        self.run_for(30 * SECOND);
                        self.host.records[&id.0].is_ok()
                    }
                    None => {
                        self.run_for(30 * SECOND);
                        false
                    }
                };
            }
            if !served && self.failure.is_none() {
                return self.fail(format!("s{index} works and is not used"));
            }
            self.counts.alive_again += 1;
        }
        self.count_metrics();
    }

    /// Everything is removed from the configuration.
    fn part(&mut self) {
        self.say(format_args!("--- no server is configured any more"));
        let now = self.time();
        for server in &mut self.servers {
            server.configured = false;
            server.removals += 1;
        }
        self.host.watched.clear();
        self.engine.configure(now, Config::default());
        self.settle();
        while self.step(u64::MAX) {}
    }

    pub fn run_for(&mut self, time: u64) {
        let until = self.now + time;
        while self.step(until) {}
        self.now = self.now.max(until);
    }

    /// The next thing that happens before `until`; false when there is none.
    fn step(&mut self, until: u64) -> bool {
        if self.failure.is_some() {
            return false;
        }
        let wake = self.engine.deadline().map(|when| when.as_micros().saturating_add(self.slack));
        let next = self.todo.first_key_value().map(|((when, _), _)| *when);
        let when = match (wake, next) {
            (None, None) => return false,
            (Some(one), Some(other)) => one.min(other),
            (one, other) => one.or(other).unwrap_or_default(),
        };
        if when > until {
            return false;
        }
        if when > self.now {
            self.now = when;
            self.standstill = 0;
        }
        self.standstill += 1;
        self.counts.steps += 1;
        if self.standstill > MAX_STANDSTILL || self.counts.steps > u64::from(MAX_STEPS) {
            self.fail(format!("{} steps, {} at this instant", self.counts.steps, self.standstill));
            return false;
        }
        let mut touched = true;
        if wake.is_some_and(|wake| wake <= self.now) && next.is_none_or(|next| next >= when) {
            self.wake();
        } else if let Some((_, todo)) = self.todo.pop_first() {
            // What servers do among themselves is no input of the engine's.
            touched = !matches!(
                todo,
                Todo::Boot(_)
                    | Todo::Read(_)
                    | Todo::Progress(..)
                    | Todo::Execute(..)
                    | Todo::Die(_)
                    | Todo::Exit(_)
                    | Todo::Change(_)
                    | Todo::EndListen(..)
            );
            self.carry(todo);
        }
        if touched {
            self.settle();
        }
        self.failure.is_none()
    }

    fn wake(&mut self) {
        self.say(format_args!("the clock wakes the engine"));
        let now = self.time();
        // Of very many requests some end, and the others stay due.
        for _ in 0..100 {
            self.engine.handle_timeout(now);
            if self.engine.deadline().is_none_or(|when| when > now) {
                break;
            }
        }
        if self.engine.deadline().is_some_and(|when| when <= now) {
            self.fail("the deadline has not moved".into());
        }
        self.host.woken = true;
        // A busy host is late now and then.
        self.slack = if self.random.mille(200) { self.random.spread(50_000) } else { 0 };
    }

    fn carry(&mut self, todo: Todo) {
        match todo {
            Todo::Host => self.host_move(),
            Todo::Wake => self.wake(),
            Todo::Open(id) if self.is_pipe(id) => self.open_pipe_done(id),
            Todo::Writable(id) if self.is_pipe(id) => self.pipe_is_writable(id),
            Todo::Read(id) if self.is_pipe(id) => self.read_pipe(id),
            Todo::Deliver(id) if self.is_pipe(id) => self.deliver_pipe(id),
            Todo::Open(id) => self.open_done(id),
            Todo::Boot(id) => self.boot(id),
            Todo::Writable(id) => {
                if self.links.get(&id).is_some_and(|link| link.blocked) {
                    self.write(id);
                }
            }
            Todo::Read(id) => self.read(id),
            Todo::Deliver(id) => self.deliver(id),
            Todo::Progress(id, wire) => self.progress(id, wire),
            Todo::Execute(id, wire) => self.execute(id, wire),
            Todo::Die(id) => self.die(id),
            Todo::Exit(id) => self.exit(id),
            Todo::Reap(id) => self.reap(id),
            Todo::Answer(id) => self.answer_question(id),
            Todo::Change(id) => self.change(id),
            Todo::EndListen(id, wire) => self.end_listen(id, wire),
            Todo::Work => {
                self.works = false;
                let (now, bytes) = (self.time(), self.random.spread(1_000) as usize);
                self.engine.work(now, bytes);
                self.counts.pieces += u64::from(self.engine.has_work());
            }
        }
    }

    /// What a driver does after every input, and then the rules.
    pub fn settle(&mut self) {
        self.carry_out();
        while let Some((_, line)) = self.engine.poll_log() {
            self.counts.fallbacks += u64::from(line == "falling back to stdio transport");
            self.counts.returns += u64::from(line.ends_with("is back"));
            self.say(format_args!("  log {line}"));
        }
        if self.engine.has_work() && !self.works {
            self.works = true;
            let delay = self.random.spread(20_000);
            self.later(delay, Todo::Work);
        }
        self.hear();
        self.check();
    }
}
