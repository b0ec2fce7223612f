//! Discrete events: calls come, wait for a connection, are worked on and answered.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use tmcp::config::PoolTuning;
use tmcp::engine::tuning::{Tuning, TuningBounds, TuningInput};
use tmcp::engine::{ConnectionId, Pool, Shape, Surplus};
use tmcp::time::Time;

use crate::algorithms::{Policy, Sizing};
use crate::workload::{Call, Service, Workload};

/// A connect with its handshake, in microseconds.
const CONNECT: u64 = 1000;
/// Microseconds until an idle connection is closed.
pub const IDLE: u64 = 300_000_000;

pub struct Outcome {
    /// Beyond an ideal client, in microseconds.
    pub delays: Vec<u64>,
    pub average: f64,
    pub most: usize,
    pub verdict: &'static str,
    /// Connections opened, closed because they were idle, and as overflow.
    pub opened: u64,
    pub idled: u64,
    pub surplus: u64,
    /// Connections over time, where they changed.
    pub timeline: Vec<(u64, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Answers come before calls of the same moment.
    Answer(usize),
    Opened(u64),
    Call(usize),
    Timer,
}

/// The server's side: what waits and what runs.
struct Server {
    service: Service,
    turns_at: u64,
    waiting: VecDeque<(usize, u64)>,
    running: Vec<(usize, u64)>,
}

impl Server {
    fn new(workload: &Workload) -> Server {
        let turns_at = workload.turns_at.unwrap_or(u64::MAX);
        Server {
            service: workload.service,
            turns_at,
            waiting: VecDeque::new(),
            running: Vec::new(),
        }
    }

    /// Starts what may start; returns the calls.
    fn start(&mut self, now: u64) -> Vec<usize> {
        let service = if now >= self.turns_at { Service::PerConnection } else { self.service };
        let mut started = Vec::new();
        let mut left = VecDeque::new();
        while let Some((call, on)) = self.waiting.pop_front() {
            let is_free = match service {
                Service::Async => true,
                Service::PerConnection => self.running.iter().all(|(_, other)| *other != on),
                Service::Workers(count) => self.running.len() < count,
            };
            if is_free {
                self.running.push((call, on));
                started.push(call);
            } else {
                left.push_back((call, on));
            }
        }
        self.waiting = left;
        started
    }
}

/// The answers of a client that has a connection for every call at once.
fn ideal(workload: &Workload, calls: &[Call]) -> Vec<u64> {
    let mut server = Server::new(workload);
    let mut events: BinaryHeap<Reverse<(u64, Event)>> =
        calls.iter().enumerate().map(|(n, call)| Reverse((call.at, Event::Call(n)))).collect();
    let mut answers = vec![0; calls.len()];
    while let Some(Reverse((now, event))) = events.pop() {
        match event {
            Event::Call(n) => server.waiting.push_back((n, n as u64)),
            Event::Answer(n) => {
                server.running.retain(|(call, _)| *call != n);
                answers[n] = now;
            }
            Event::Opened(_) | Event::Timer => {}
        }
        for n in server.start(now) {
            events.push(Reverse((now + calls[n].takes, Event::Answer(n))));
        }
    }
    answers
}

struct Client<'a> {
    calls: &'a [Call],
    now: u64,
    server: Server,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    pool: Pool,
    queue: VecDeque<usize>,
    sizing: Sizing,
    tuning: Option<Tuning>,
    /// On which connection a call is, and since when.
    sent: HashMap<usize, (u64, u64)>,
    idle_since: HashMap<u64, u64>,
    next: u64,
    timer: u64,
    area: u128,
    counted: u64,
    most: usize,
    idle: u64,
    idled: u64,
    surplus: u64,
    timeline: Vec<(u64, usize)>,
}

/// `size`: of the pool, for policies that do not find it. `idle`: microseconds.
pub fn run(workload: &Workload, policy: Policy, seed: u64, size: usize, idle: u64) -> Outcome {
    let calls = workload.calls(seed);
    let ideal = ideal(workload, &calls);
    let mut client = Client {
        calls: &calls,
        now: 0,
        server: Server::new(workload),
        events: calls.iter().enumerate().map(|(n, c)| Reverse((c.at, Event::Call(n)))).collect(),
        pool: Pool::default(),
        queue: VecDeque::new(),
        sizing: Sizing::new(policy, size),
        tuning: (policy == Policy::Tuned).then(Tuning::default),
        sent: HashMap::new(),
        idle_since: HashMap::new(),
        next: 1,
        timer: u64::MAX,
        area: 0,
        counted: 0,
        most: 0,
        idle,
        idled: 0,
        surplus: 0,
        timeline: Vec::new(),
    };
    let mut delays = vec![0; calls.len()];
    while let Some(Reverse((now, event))) = client.events.pop() {
        client.drop_idle(now);
        client.count(now);
        client.now = now;
        match event {
            Event::Call(n) => client.queue.push_back(n),
            Event::Opened(id) => {
                client.pool.ready(ConnectionId(id));
                client.idle_since.insert(id, now);
            }
            Event::Answer(n) => {
                client.answered(n);
                delays[n] = now.saturating_sub(ideal[n]);
            }
            Event::Timer if now < client.timer => continue,
            Event::Timer => client.timer = u64::MAX,
        }
        client.pump();
        for n in client.server.start(now) {
            client.events.push(Reverse((now + calls[n].takes, Event::Answer(n))));
        }
    }
    Outcome {
        delays,
        average: client.area as f64 / client.counted.max(1) as f64,
        most: client.most,
        verdict: client.tuning.map_or("", |tuning| tuning.record().verdict().name()),
        opened: client.next - 1,
        idled: client.idled,
        surplus: client.surplus,
        timeline: client.timeline,
    }
}

impl Client<'_> {
    fn bounds(&self) -> TuningBounds {
        TuningBounds { untuned: self.sizing.shape(), in_flight: 64, is_cheap: true }
    }

    fn shape(&self) -> Shape {
        match &self.tuning {
            Some(tuning) => tuning.shape(&self.bounds()),
            None => self.sizing.shape(),
        }
    }

    fn time(&self) -> Time {
        Time::from_micros(self.now)
    }

    /// As the engine's pump.
    fn pump(&mut self) {
        let (now, bounds) = (self.time(), self.bounds());
        if let Some(tuning) = &mut self.tuning {
            tuning.follow(now, PoolTuning::On);
        }
        while let Some(&n) = self.queue.front() {
            let since = Time::from_micros(self.calls[n].at);
            let shape = self.sizing.shape();
            let found = match &mut self.tuning {
                Some(tuning) => tuning.acquire(now, &mut self.pool, &bounds, since),
                None => self.pool.acquire(shape),
            };
            let Some((id, _)) = found else { break };
            self.queue.pop_front();
            self.idle_since.remove(&id.0);
            self.sent.insert(n, (id.0, self.now));
            self.server.waiting.push_back((n, id.0));
            if let Some(tuning) = &mut self.tuning {
                let tool = Some(self.calls[n].tool);
                let (wire, connection) = (n as u64, id.0);
                tuning.apply(TuningInput::Sent { now, wire, connection, tool });
            }
        }
        while self.pool.wants(self.queue.len(), self.shape()).is_some() {
            self.pool.open(ConnectionId(self.next));
            self.events.push(Reverse((self.now + CONNECT, Event::Opened(self.next))));
            self.next += 1;
        }
        if self.queue.is_empty() {
            while let Some(id) = self.pool.surplus(self.shape(), |_| false) {
                self.surplus += 1;
                self.close(id);
            }
        }
        self.note();
        let first = self.queue.front().map(|n| Time::from_micros(self.calls[*n].at));
        let is_idle = self.pool.idle() > 1;
        let bounds = TuningBounds { is_cheap: is_idle, ..self.bounds() };
        let due = self.tuning.as_ref().and_then(|tuning| tuning.deadline(now, first, &bounds));
        if let Some(due) = due.map(Time::as_micros).filter(|due| *due < self.timer) {
            self.timer = due;
            self.events.push(Reverse((due, Event::Timer)));
        }
    }

    fn answered(&mut self, n: usize) {
        let now = self.time();
        self.server.running.retain(|(call, _)| *call != n);
        let Some((on, since)) = self.sent.remove(&n) else { return };
        self.sizing.answered(self.now, self.now - since, self.sent.len() + 1);
        if let Some(tuning) = &mut self.tuning {
            tuning.apply(TuningInput::Answered { now, wire: n as u64, has_run: true });
            tuning.follow(now, PoolTuning::On);
        }
        let surplus = if self.queue.is_empty() { Surplus::Closes } else { Surplus::Stays };
        let id = ConnectionId(on);
        if self.pool.release(id, surplus, self.shape()) {
            self.surplus += 1;
            self.close(id);
        } else if self.pool.load(id) == 0 {
            self.idle_since.insert(on, self.now);
        }
    }

    fn close(&mut self, id: ConnectionId) {
        self.pool.remove(id);
        self.idle_since.remove(&id.0);
        self.note();
    }

    /// Closes what has been idle too long before `until`.
    fn drop_idle(&mut self, until: u64) {
        let mut over: Vec<(u64, u64)> =
            self.idle_since.iter().map(|(id, at)| (at + self.idle, *id)).collect();
        over.sort_unstable();
        for (at, id) in over.into_iter().take_while(|(at, _)| *at <= until) {
            self.count(at);
            self.now = at;
            self.idled += 1;
            self.close(ConnectionId(id));
        }
    }

    fn count(&mut self, now: u64) {
        let span = now - self.counted;
        self.area += u128::from(span) * self.pool.members().len() as u128;
        self.counted = now;
    }

    fn note(&mut self) {
        let count = self.pool.members().len();
        self.most = self.most.max(count);
        if self.timeline.last().is_none_or(|(_, last)| *last != count) {
            self.timeline.push((self.now, count));
        }
    }
}
