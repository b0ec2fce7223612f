//! The streams of sessions that speak frames: several of one session, each with its own
//! capacity, delay and end.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tmcp::config::{ServerConfig, Transport};
use tmcp::engine::{OpenFailure, Opened, StreamId};

use crate::link::{Ending, Link, Stage};
use crate::prefixed::{self, Frame, HEADER, PREAMBLE};
use crate::profile::Profile;
use crate::world::{Todo, World};

/// One stream.
#[derive(Debug)]
pub struct Pipe {
    server: usize,
    /// The server's entry and manners when it was opened.
    generation: u64,
    profile: Profile,
    pub stage: Stage,
    /// The session that it belongs to, once the server knows.
    pub session: Option<u64>,
    /// The server does not know the session any more.
    is_refused: bool,
    up: VecDeque<u8>,
    partial: Vec<u8>,
    blocked: bool,
    down: VecDeque<u8>,
    ending: Option<Ending>,
    end_told: bool,
}

impl Pipe {
    /// Whether what the server says on it reaches the engine.
    fn is_heard(&self) -> bool {
        self.stage == Stage::Open && self.ending.is_none()
    }

    fn is_quiet(&self) -> bool {
        let empty = self.up.is_empty() && self.down.is_empty() && self.partial.is_empty();
        empty && !self.blocked && self.ending.is_none() && self.stage == Stage::Open
    }
}

impl World {
    /// Whether a stream carries frames.
    pub fn is_pipe(&self, id: u64) -> bool {
        self.pipes.contains_key(&id)
    }

    pub fn open_pipe(&mut self, id: u64, server: &Arc<ServerConfig>) {
        let index = self.index_of(&server.name);
        let pipe = Pipe {
            server: index,
            generation: self.servers[index].generation,
            profile: self.servers[index].profile.clone(),
            stage: Stage::Opening,
            session: None,
            is_refused: false,
            up: VecDeque::new(),
            partial: Vec::new(),
            blocked: false,
            down: VecDeque::new(),
            ending: None,
            end_told: false,
        };
        if self.pipes.insert(id, pipe).is_some() {
            return self.fail(format!("stream {id} is opened twice"));
        }
        self.counts.opened += 1;
        let hangs = self.servers[index].profile.hangs;
        if self.random.mille(hangs) {
            // The engine has to give it up.
            self.counts.hung_opens += 1;
        } else if self.random.mille(400) {
            self.open_pipe_done(id);
        } else {
            let delay = self.random.spread(50_000);
            self.later(delay, Todo::Open(id));
        }
    }

    pub fn open_pipe_done(&mut self, id: u64) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        if pipe.stage != Stage::Opening {
            return;
        }
        let server = pipe.server;
        let profile = self.servers[server].profile.clone();
        let refused = !self.servers[server].socket_up || self.random.mille(profile.refuses);
        let now = self.time();
        if refused {
            self.say(format_args!("stream {id} cannot be opened"));
            self.counts.open_failures += 1;
            let failure = OpenFailure {
                message: "Connection refused".into(),
                permanent: false,
                crowded: false,
            };
            return self.engine.open_failed(now, StreamId(id), failure);
        }
        self.say(format_args!("stream {id} is open"));
        let boot = profile.boot;
        let pipe = self.pipes.get_mut(&id).expect("looked up above");
        pipe.stage = Stage::Open;
        pipe.profile = profile;
        self.later(boot, Todo::Read(id));
        self.engine.opened(now, StreamId(id), Opened::default());
    }

    /// Writes until there is nothing more or the stream is full.
    pub fn write_pipe(&mut self, id: u64) {
        loop {
            let Some(pipe) = self.pipes.get_mut(&id) else { return };
            if pipe.stage != Stage::Open {
                return;
            }
            pipe.blocked = false;
            let pending = self.engine.pending(StreamId(id));
            if pending.is_empty() {
                return;
            }
            let room = (pipe.profile.pipe as usize).saturating_sub(pipe.up.len());
            if room == 0 {
                pipe.blocked = true;
                return;
            }
            let most = room.min(pending.len()) as u64;
            let n = match self.random.below(10) {
                0 => (most - 1).max(1),
                1 | 2 => self.random.range(1, most),
                _ => most,
            } as usize;
            pipe.up.extend(&pending[..n]);
            let now = self.time();
            self.engine.wrote(now, StreamId(id), n);
            self.say(format_args!("stream {id} wrote {n}"));
            let delay = self.random.spread(3_000);
            self.later(delay, Todo::Read(id));
            let (short, frail) = ((n as u64) < most, self.pipes[&id].profile.trouble > 0);
            if short && frail && self.random.mille(200) {
                self.break_pipe(id);
            }
            if short && self.random.mille(400) {
                self.block_pipe(id);
                return;
            }
        }
    }

    pub fn block_pipe(&mut self, id: u64) {
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.blocked = true;
            let delay = self.random.spread(20_000);
            self.later(delay, Todo::Writable(id));
        }
    }

    pub fn pipe_is_writable(&mut self, id: u64) {
        if self.pipes.get(&id).is_some_and(|pipe| pipe.blocked) {
            self.write_pipe(id);
        }
    }

    /// One stream breaks; its session lives on.
    fn break_pipe(&mut self, id: u64) {
        self.counts.streams_broken += 1;
        self.say(format_args!("stream {id} breaks"));
        self.end_pipe(id, Ending::Reset);
    }

    fn end_pipe(&mut self, id: u64, how: Ending) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        pipe.ending.get_or_insert(how);
        let delay = self.random.spread(5_000);
        self.later(delay, Todo::Deliver(id));
    }

    /// Streams end of which the server has not read whose they are.
    pub fn end_unread_pipes(&mut self) {
        let unread = |(id, pipe): (&u64, &Pipe)| pipe.session.is_none().then_some(*id);
        let all: Vec<u64> = self.pipes.iter().filter_map(unread).collect();
        for id in all {
            self.end_pipe(id, Ending::Eof);
        }
    }

    /// Every stream of a session ends.
    pub fn end_pipes(&mut self, session: u64, how: Ending) {
        let mine = |(id, pipe): (&u64, &Pipe)| (pipe.session == Some(session)).then_some(*id);
        let all: Vec<u64> = self.pipes.iter().filter_map(mine).collect();
        for id in all {
            self.end_pipe(id, how);
        }
    }

    /// The server reads some of what waits for it.
    pub fn read_pipe(&mut self, id: u64) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        let over = pipe.stage == Stage::Forgotten;
        let Some(n) = pipe.profile.reads.amount(&mut self.random, pipe.up.len(), over) else {
            return;
        };
        pipe.partial.extend(pipe.up.drain(..n));
        let (blocked, more) = (pipe.blocked, !pipe.up.is_empty());
        if blocked && n > 0 {
            let delay = self.random.spread(3_000);
            self.later(delay, Todo::Writable(id));
        }
        if more {
            let delay = 1 + self.random.spread(3_000);
            self.later(delay, Todo::Read(id));
        }
        let Some(session) = self.session_of_pipe(id) else { return };
        while let Some(pipe) = self.pipes.get_mut(&id) {
            if self.links.get(&session).is_none_or(|link| link.peer.dead) {
                return;
            }
            let Some((_, length)) = prefixed::header(&pipe.partial) else { return };
            if pipe.partial.len() < HEADER + length {
                return;
            }
            let frame: Vec<u8> = pipe.partial.drain(..HEADER + length).collect();
            if let Ok(message) = serde_json::from_slice::<Value>(&frame[HEADER..]) {
                if let (Some(wire), true) = (message["id"].as_u64(), message["method"].is_string())
                {
                    self.routes.insert((session, wire), id);
                }
            }
            self.line(session, &frame[HEADER..], false);
        }
    }

    /// The session of a stream whose preamble was read. One that is not known is refused.
    fn session_of_pipe(&mut self, id: u64) -> Option<u64> {
        let pipe = self.pipes.get_mut(&id)?;
        if pipe.session.is_some() || pipe.partial.len() < PREAMBLE {
            return pipe.session.filter(|_| !pipe.is_refused);
        }
        let bytes: Vec<u8> = pipe.partial.drain(..PREAMBLE).collect();
        let session = u64::from_le_bytes(bytes.try_into().ok()?);
        pipe.session = Some(session);
        let (server, generation, stage) = (pipe.server, pipe.generation, pipe.stage);
        // Whichever stream is read first begins the session.
        let (profile, asked) = (pipe.profile.clone(), self.now);
        let link = self.links.entry(session).or_insert_with(|| {
            let mut link = Link::new(asked, server, Transport::Socket, generation, profile);
            link.peer.booted = true;
            link.stage = Stage::Forgotten;
            link
        });
        self.counts.extra_streams += u64::from(session != id);
        if !link.peer.dead {
            if stage != Stage::Forgotten {
                link.stage = Stage::Open;
            }
            if let Some(how) = link.ending {
                self.end_pipe(id, how);
            }
            return Some(session);
        }
        self.counts.sessions_gone += 1;
        self.say(format_args!("stream {id} is of session {session}, which is gone"));
        let pipe = self.pipes.get_mut(&id).expect("looked up above");
        pipe.is_refused = true;
        let mut frame = Vec::new();
        prefixed::write_frame(&mut frame, Frame::Gone, |_| {});
        pipe.down.extend(frame);
        self.end_pipe(id, Ending::Eof);
        None
    }

    /// The server says something in a session, on the stream of the request that it is about
    /// or on any other.
    pub fn put_in_pipe(&mut self, session: u64, text: &[u8]) {
        let message = serde_json::from_slice::<Value>(text.trim_ascii());
        // Half of an answer has no line end.
        let whole = message.is_ok() || text.ends_with(b"\n");
        let message = message.unwrap_or_default();
        let first = message.get(0).unwrap_or(&message);
        let is_answer = first.get("result").or(first.get("error")).is_some();
        let about = if is_answer { &first["id"] } else { &first["params"]["progressToken"] };
        let route = number(about).and_then(|wire| self.routes.get(&(session, wire)).copied());
        let stream = match route {
            Some(id) if self.pipes[&id].is_heard() => Some(id),
            // Nobody hears the answer to a request whose stream is gone.
            Some(_) if is_answer => return,
            _ => {
                let mine = |pipe: &Pipe| pipe.session == Some(session) && pipe.is_heard();
                let open = self.pipes.iter().filter(|(_, pipe)| mine(pipe));
                let open: Vec<u64> = open.map(|(id, _)| *id).collect();
                (!open.is_empty()).then(|| self.random.pick(&open))
            }
        };
        let Some(id) = stream else {
            self.lossy.insert(session);
            return;
        };
        let pipe = self.pipes.get_mut(&id).expect("chosen from those that there are");
        if pipe.profile.trouble > 0 && self.random.mille(30) {
            self.lossy.insert(session);
            return self.break_pipe(id);
        }
        let is_last = is_answer && route == Some(id) && self.random.mille(400);
        let kind = if is_last { Frame::Last } else { Frame::Message };
        let mut frame = Vec::new();
        prefixed::write_frame(&mut frame, kind, |out| out.extend_from_slice(text));
        if !whole {
            // More was announced than comes: the server dies within the frame.
            frame[0] = frame[0].wrapping_add(1).max(1);
        }
        pipe.down.extend(frame);
        if is_last || (is_answer && self.random.mille(100)) {
            let pipe = self.pipes.get_mut(&id).expect("looked up above");
            pipe.ending.get_or_insert(Ending::Eof);
        }
        let delay = self.random.spread(3_000);
        self.later(delay, Todo::Deliver(id));
    }

    /// Gives the engine some of what came on a stream, or its end.
    pub fn deliver_pipe(&mut self, id: u64) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        if pipe.stage != Stage::Open || pipe.end_told {
            return;
        }
        let now = tmcp::time::Time::from_micros(self.now);
        if pipe.ending == Some(Ending::Reset) && self.random.mille(300) {
            pipe.down.clear();
            self.lossy.extend(pipe.session);
        }
        if pipe.down.is_empty() {
            let Some(ending) = pipe.ending else { return };
            pipe.end_told = true;
            self.say(format_args!("stream {id} ends: {ending:?}"));
            let error = (ending == Ending::Reset).then_some("Connection reset by peer");
            return self.engine.end_of_stream(now, StreamId(id), error);
        }
        let all = pipe.down.len() as u64;
        let n = match self.random.below(10) {
            0 => 1,
            1 | 2 => self.random.range(1, all),
            _ => all,
        };
        let bytes: Vec<u8> = pipe.down.drain(..n as usize).collect();
        let more = !pipe.down.is_empty() || pipe.ending.is_some();
        self.say(format_args!("stream {id} read {:?}", String::from_utf8_lossy(&bytes)));
        self.engine.received(now, StreamId(id), &bytes);
        if more {
            let delay = self.random.spread(2_000);
            self.later(delay, Todo::Deliver(id));
        }
    }

    /// The engine wants to hear nothing more of a stream. A request that is served on it
    /// is cancelled thereby.
    pub fn forget_pipe(&mut self, id: u64) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        if pipe.stage == Stage::Forgotten {
            return self.fail(format!("stream {id} is forgotten twice"));
        }
        pipe.stage = Stage::Forgotten;
        self.counts.forgotten += 1;
        let Some(session) = pipe.session else { return };
        if !pipe.down.is_empty() {
            self.lossy.insert(session);
        }
        let over: Vec<u64> = (self.routes.iter())
            .filter(|((of, _), stream)| *of == session && **stream == id)
            .map(|((_, wire), _)| *wire)
            .collect();
        let lives =
            self.pipes.values().any(|p| p.session == Some(session) && p.stage == Stage::Open);
        let Some(link) = self.links.get_mut(&session) else { return };
        for wire in over {
            if let Some(job) = link.peer.jobs.get_mut(&wire) {
                job.cancelled = true;
                self.counts.streams_cancelled += 1;
            }
            link.peer.listens.remove(&wire);
        }
        if !lives {
            link.stage = Stage::Forgotten;
        }
    }

    /// Whether the client waits for the answer to a request, as far as its stream says.
    pub fn is_awaited(&self, session: u64, wire: u64) -> bool {
        let stream = self.routes.get(&(session, wire));
        let pipe = stream.and_then(|id| self.pipes.get(id));
        pipe.is_none_or(|pipe| pipe.is_heard() && !pipe.end_told)
    }

    /// Whether nothing is on its way on the streams of a session.
    pub fn pipes_are_quiet(&self, session: u64) -> bool {
        let server = self.links[&session].server;
        self.pipes.values().all(|pipe| match (pipe.session, pipe.stage) {
            (Some(of), _) if of != session => true,
            // What was written is read all the same.
            (_, Stage::Forgotten) => pipe.up.is_empty(),
            (Some(_), _) => pipe.is_quiet(),
            // It may be of this session.
            (None, _) => pipe.server != server,
        })
    }
}

/// A number of ours as a server may spell it.
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().or_else(|| other.as_f64().map(|n| n as u64)),
    }
}
