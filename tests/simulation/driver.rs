//! Carries out what the engine asks, as a real driver would.

use tmcp::config::Transport;
use tmcp::engine::{Action, ChildExit, OpenFailure, Opened, StreamId, TerminationSignal};

use crate::link::{Child, Ending, Link, Stage};
use crate::world::{Todo, World};

/// Actions that one step may cause.
const MAX_ACTIONS: usize = 5_000;

impl World {
    /// Carries out every action that is asked for.
    pub fn carry_out(&mut self) {
        for _ in 0..MAX_ACTIONS {
            let Some(action) = self.engine.poll_action() else { return };
            if self.trace.is_kept() {
                let text = match &action {
                    Action::Open { stream, channel, server } => {
                        format!("Open {stream:?} {channel:?} {}", server.name)
                    }
                    other => format!("{other:?}"),
                };
                self.say(format_args!("  action {text}"));
            }
            self.carry_out_one(action);
            if self.failure.is_some() {
                return;
            }
        }
        self.fail(format!("{MAX_ACTIONS} actions and no end"));
    }

    fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::Open { stream, channel, server } if self.frames && !channel.is_process() => {
                self.open_pipe(stream.0, &server);
            }
            Action::Write { stream } if self.is_pipe(stream.0) => {
                if self.random.mille(100) {
                    self.block_pipe(stream.0);
                } else {
                    self.write_pipe(stream.0);
                }
            }
            Action::Forget { stream } if self.is_pipe(stream.0) => self.forget_pipe(stream.0),
            Action::Open { stream, channel, server } => {
                let index = self.index_of(&server.name);
                let profile = self.servers[index].profile.clone();
                let generation = self.servers[index].generation;
                let link = Link::new(self.now, index, channel, generation, profile);
                if self.links.insert(stream.0, link).is_some() {
                    return self.fail(format!("{stream:?} is opened twice"));
                }
                self.counts.opened += 1;
                if let Ok(snapshot) = self.engine.snapshot(&server.name) {
                    let all = snapshot.report.pool_total;
                    let size = server.limits(&self.host.defaults, server.transport).pool_max_size;
                    // The one that is opened may only look whether the socket is back.
                    if all > size.max(32) as usize {
                        return self.fail(format!("{} has {all} connections", server.name));
                    }
                }
                let hangs = self.servers[index].profile.hangs;
                if self.random.mille(hangs) {
                    self.counts.hung_opens += 1;
                    if self.random.mille(500) {
                        let delay = self.random.range(1_000_000, 120_000_000);
                        self.later(delay, Todo::Open(stream.0));
                    }
                    return;
                }
                // A spawn is done at once, a connect often.
                if self.random.mille(if channel.is_process() { 800 } else { 400 }) {
                    self.open_done(stream.0);
                } else {
                    let delay = self.random.spread(50_000);
                    self.later(delay, Todo::Open(stream.0));
                }
            }
            Action::Write { stream } => {
                let Some(link) = self.links.get_mut(&stream.0) else {
                    return self.fail(format!("write to unknown {stream:?}"));
                };
                match link.stage {
                    Stage::Open => {}
                    // It was asked for before the stream was closed.
                    Stage::Closed | Stage::Forgotten => return,
                    Stage::Opening => {
                        return self.fail(format!("write to {stream:?} before it is open"));
                    }
                }
                if link.blocked {
                    return;
                }
                if self.random.mille(100) {
                    self.links.get_mut(&stream.0).expect("looked up above").blocked = true;
                    let delay = self.random.spread(20_000);
                    self.later(delay, Todo::Writable(stream.0));
                } else {
                    self.write(stream.0);
                }
            }
            Action::Close { stream } => {
                let Some(link) = self.links.get_mut(&stream.0) else {
                    return self.fail(format!("close of unknown {stream:?}"));
                };
                if link.stage != Stage::Open || link.child.is_none() {
                    let stage = link.stage;
                    return self.fail(format!("close of {stream:?}, which is {stage:?}"));
                }
                link.stage = Stage::Closed;
                link.up_ended = true;
                let delay = self.random.spread(20_000);
                self.later(delay, Todo::Read(stream.0));
            }
            Action::Signal { stream, signal } => self.signal(stream.0, signal),
            Action::Forget { stream } => {
                let Some(link) = self.links.get_mut(&stream.0) else {
                    return self.fail(format!("forget of unknown {stream:?}"));
                };
                if link.stage == Stage::Forgotten {
                    return self.fail(format!("{stream:?} is forgotten twice"));
                }
                if link.child.as_ref().is_some_and(|child| !child.reaped) {
                    return self.fail(format!("{stream:?} is forgotten, its process is not gone"));
                }
                self.counts.abandoned_opens += u64::from(link.stage == Stage::Opening);
                link.stage = Stage::Forgotten;
                link.up_ended = true;
                self.counts.forgotten += 1;
                let delay = self.random.spread(20_000);
                self.later(delay, Todo::Read(stream.0));
            }
            Action::LetGo { stream } => self.fail(format!("{stream:?} is let go")),
            Action::Knock { .. } => {}
            // No codec here has words for an end.
            Action::Farewell { stream, .. } => self.fail(format!("{stream:?} has last words")),
            Action::Remember { .. } => self.counts.remembered += 1,
            Action::KeepTools { .. } => {}
            Action::Authorize { .. } => self.fail("no server wants a token".to_owned()),
        }
    }

    fn signal(&mut self, id: u64, signal: TerminationSignal) {
        let Some(link) = self.links.get_mut(&id) else {
            return self.fail(format!("signal to unknown connection {id}"));
        };
        let ignores_term = link.profile.ignores_term;
        if link.child.as_ref().is_none_or(|child| child.reaped) {
            let child = format!("{:?}", link.child);
            return self
                .fail(format!("connection {id}: a signal for a process that is no more: {child}"));
        }
        self.counts.signals += 1;
        if signal == TerminationSignal::Kill || !ignores_term {
            let delay = self.random.spread(10_000);
            self.later(delay, Todo::Exit(id));
        }
    }

    /// A connect or a spawn comes to its end.
    pub fn open_done(&mut self, id: u64) {
        let Some(link) = self.links.get(&id) else { return };
        if link.stage != Stage::Opening {
            self.counts.late_opens += u64::from(self.now > link.asked + 1_000_000);
            return;
        }
        let (server, channel) = (link.server, link.channel);
        // What it is by now, not what it was when the connect began.
        let profile = self.servers[server].profile.clone();
        let failure = match channel {
            Transport::Socket if !self.servers[server].socket_up => {
                Some(("Connection refused", false))
            }
            Transport::Socket if self.random.mille(profile.refuses) => {
                Some(("Resource temporarily unavailable", false))
            }
            Transport::Stdio if profile.command_missing => {
                Some(("No such file or directory", true))
            }
            Transport::Stdio if self.random.mille(profile.spawn_fails) => {
                Some(("Cannot allocate memory", false))
            }
            _ => None,
        };
        let now = self.time();
        if let Some((message, permanent)) = failure {
            self.say(format_args!("c{id} cannot be opened: {message}"));
            self.counts.open_failures += 1;
            let failure = OpenFailure {
                message: message.into(),
                permanent,
                crowded: message.starts_with("Resource"),
            };
            return self.engine.open_failed(now, StreamId(id), failure);
        }
        let pid = channel.is_process().then(|| {
            self.next_pid += 1;
            self.next_pid
        });
        self.say(format_args!("c{id} is open, pid {pid:?}"));
        let boot = profile.boot;
        let link = self.links.get_mut(&id).expect("looked up above");
        link.stage = Stage::Open;
        link.profile = profile;
        link.child = pid.map(|pid| Child { pid, alive: true, reaped: false });
        let broken = link.ending.is_some();
        self.later(boot, Todo::Boot(id));
        if broken {
            // It broke while it was being opened.
            self.later(0, Todo::Deliver(id));
        }
        self.engine.opened(now, StreamId(id), Opened { pid, ..Opened::default() });
    }

    /// Writes until there is nothing more or the pipe is full.
    pub fn write(&mut self, id: u64) {
        loop {
            let Some(link) = self.links.get_mut(&id) else { return };
            if link.stage != Stage::Open {
                return;
            }
            link.blocked = false;
            if link.peer.dead && !link.channel.is_process() && self.random.mille(500) {
                if !link.end_told {
                    link.end_told = true;
                    link.down.clear();
                    self.say(format_args!("c{id} broken pipe"));
                    let now = self.time();
                    self.engine.end_of_stream(now, StreamId(id), Some("Broken pipe"));
                }
                return;
            }
            let room = (link.profile.pipe as usize).saturating_sub(link.up.len());
            let pending = self.engine.pending(StreamId(id));
            if pending.is_empty() {
                return;
            }
            if room == 0 {
                link.blocked = true;
                return;
            }
            let most = room.min(pending.len()) as u64;
            let newline = pending[..most as usize].iter().position(|byte| *byte == b'\n');
            let n = match self.random.below(10) {
                // All but the newline: some readers make do without.
                0 => match newline {
                    Some(at) if at > 0 => at as u64,
                    _ => most,
                },
                1 | 2 => self.random.range(1, most),
                _ => most,
            } as usize;
            link.up.extend(&pending[..n]);
            link.written += n as u64;
            let now = self.time();
            self.engine.wrote(now, StreamId(id), n);
            self.say(format_args!("c{id} wrote {n}"));
            let delay = self.random.spread(3_000);
            self.later(delay, Todo::Read(id));
            let short = (n as u64) < most;
            let frail = self.links.get(&id).is_some_and(|link| link.profile.trouble > 0);
            // A connection that is lost just there tells apart what has run from what has not.
            let often = if newline == Some(n) { 300 } else { 60 };
            if short && frail && self.random.mille(often) {
                self.go_mute(id);
            }
            if short && self.random.mille(400) {
                if let Some(link) = self.links.get_mut(&id) {
                    link.blocked = true;
                }
                let delay = self.random.spread(20_000);
                self.later(delay, Todo::Writable(id));
                return;
            }
        }
    }

    /// Gives the engine some of what the server said, or its end.
    pub fn deliver(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !matches!(link.stage, Stage::Open | Stage::Closed) || link.end_told {
            return;
        }
        let now = tmcp::time::Time::from_micros(self.now);
        if link.down.is_empty() {
            let Some(ending) = link.ending else { return };
            link.end_told = true;
            self.say(format_args!("c{id} ends: {ending:?}"));
            let error = (ending == Ending::Reset).then_some("Connection reset by peer");
            return self.engine.end_of_stream(now, StreamId(id), error);
        }
        if link.ending == Some(Ending::Reset) && self.random.mille(300) {
            link.down.clear();
        }
        let all = link.down.len() as u64;
        let n = match self.random.below(10) {
            _ if all == 0 => 0,
            0 => 1,
            1 | 2 => self.random.range(1, all),
            _ => all,
        };
        let bytes: Vec<u8> = link.down.drain(..n as usize).collect();
        let more = !link.down.is_empty() || link.ending.is_some();
        if self.trace.is_kept() && !bytes.is_empty() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            self.say(format_args!("c{id} read {text:?}"));
        }
        self.engine.received(now, StreamId(id), &bytes);
        if more {
            let delay = self.random.spread(2_000);
            self.later(delay, Todo::Deliver(id));
        }
    }

    /// A process ends, whatever it was doing.
    pub fn exit(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(child) = &mut link.child else { return };
        if !std::mem::replace(&mut child.alive, false) {
            return;
        }
        let pid = child.pid;
        link.peer.dead = true;
        link.ending.get_or_insert(Ending::Eof);
        self.say(format_args!("c{id} pid {pid} exits"));
        // Its exit may be seen before or after what it wrote last.
        let (told, read) = (self.random.spread(200_000), self.random.spread(5_000));
        self.later(told, Todo::Reap(id));
        self.later(read, Todo::Deliver(id));
    }

    /// The exit of a process is reported.
    pub fn reap(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(child) = &mut link.child else { return };
        if std::mem::replace(&mut child.reaped, true) {
            return;
        }
        self.say(format_args!("c{id} is reaped"));
        let now = self.time();
        if self.random.mille(300) {
            self.engine.log_stderr(self.time(), StreamId(id), "oh no");
        }
        let exit = ChildExit { status: "exit status 1".into(), ..ChildExit::default() };
        self.engine.child_exited(now, StreamId(id), exit);
    }

    /// Reports about connections that the engine has closed its books on, or
    /// never opened: nothing may come of them.
    pub fn haunt(&mut self) {
        let links = self.links.iter().filter(|(id, link)| !self.is_pipe(**id) && !link.is_known());
        let pipes = self.pipes.iter().filter(|(_, pipe)| pipe.stage == Stage::Forgotten);
        let gone: Vec<u64> = links.map(|(id, _)| *id).chain(pipes.map(|(id, _)| *id)).collect();
        let id = if gone.is_empty() || self.random.mille(100) {
            999_999
        } else {
            gone[self.random.below(gone.len() as u64) as usize]
        };
        self.say(format_args!("a late report about c{id}"));
        let (now, connection) = (self.time(), StreamId(id));
        match self.random.below(6) {
            0 => self.engine.received(
                now,
                connection,
                b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n",
            ),
            1 => self.engine.wrote(now, connection, 10),
            2 => self.engine.end_of_stream(now, connection, None),
            3 => self.engine.child_exited(now, connection, ChildExit::default()),
            4 => {
                let failure =
                    OpenFailure { message: "late".into(), permanent: true, crowded: false };
                self.engine.open_failed(now, connection, failure);
            }
            _ => {
                if !self.engine.pending(connection).is_empty() {
                    self.fail(format!("c{id} is gone and has bytes to write"));
                }
            }
        }
    }
}
