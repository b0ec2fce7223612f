//! One turn of the loop, and carrying out what the engine asks.

use std::time::Duration;

use crate::channel::{ExitStatus, Flow, Signal};
use crate::config::Endpoint;
#[cfg(not(feature = "oauth"))]
use crate::config::ServerConfig;
#[cfg(not(feature = "oauth"))]
use crate::engine::Unavailable;
use crate::engine::{Action, ChildExit, LogLevel, StreamId, TerminationSignal};
use crate::release;
use crate::sys::{clock, knock, reaper};
use crate::time::Time;

use super::bridge;
use super::import::ImportStep;
use super::link::{Exit, Link, Unread};
use super::loader::LoadStep;
use super::tokens::KNOCKS;
use super::{Client, Reply, STRAGGLER, lookup};

/// The share of the budget that is left for what takes longer than what came
/// before it.
const HEADROOM: u32 = 5;
/// Bytes of a list that are copied in one go.
const PIECE: usize = 256 << 10;
/// How often each stream with something to read is read before the clock is asked:
/// as much as a pipe or a socket holds.
const HEARINGS: usize = 4;
/// Dispatches for which the clock may wait for that.
pub(super) const PATIENCE: u32 = 16;
/// Log lines that the host is given in one go; it may write each to a file.
const LOG_LINES: usize = 50;
/// Lines of stderr that are logged in one go.
const STDERR_LINES: usize = 100;

impl Client {
    /// Does what is ready, for about `budget`. True: more is ready, and the
    /// descriptor will not say so; call again soon.
    pub fn dispatch(&mut self, budget: Duration) -> bool {
        let start = clock::now();
        self.flush(start);
        self.relieve(start);
        let mut served = self.read_ahead(start);
        if !served || self.engine.deadline().is_some_and(|when| when <= start) {
            self.collect_events();
        }
        self.look_at_processes(start);
        #[cfg(feature = "oauth")]
        self.drive_logins(start);
        self.drive_helpers(start);
        self.read_again(start);
        self.expire_agents(start);
        if std::mem::take(&mut self.knocked) {
            for path in self.knocks.iter_mut().flat_map(|knocks| knocks.read()) {
                self.engine.knocked(start, &path);
            }
        }
        self.carry_out(start);
        // What a server has said while we were stopped, or asleep, is read before
        // anybody is told that it came too late: once everywhere, for a server that
        // does not stop must not stop the clock.
        let mut unheard = self.busy.len() * HEARINGS;
        let mut now = start;
        // The next piece may take as long as the longest so far, and somewhat
        // longer: it is left to the next dispatch rather than begun. Light pieces
        // and heavy ones take turns, so what the last dispatches had counts, too.
        let mut longest = (self.longest_piece - self.longest_piece / 8).min(budget / 2);
        let mut over = |before: Time, now: Time| {
            longest = longest.max(now.since(before));
            now.since(start) + longest >= budget - budget / HEADROOM
        };
        loop {
            let before = now;
            let mut loading = false;
            unheard = unheard.min(self.busy.len() * HEARINGS);
            let due = self.engine.deadline().is_some_and(|when| when <= start);
            // What is still to be opened waits for us, and no server is late with it.
            let heard = unheard == 0 && self.opening.is_empty();
            if due && (heard || self.patience == 0) {
                self.engine.handle_timeout(start);
                self.patience = PATIENCE;
                self.carry_out(now);
            } else if self.engine.has_log() {
                // What comes faster than it is logged would push out the rest.
                self.carry_out(now);
            } else {
                loading = self.load(now);
                self.import_on(now);
                self.export_on(now);
                self.engine.work(now, PIECE);
                self.open_next(now);
                self.serve_agents(now);
                if let Some(id) = self.busy.pop_front() {
                    served = true;
                    unheard = unheard.saturating_sub(1);
                    self.serve(now, id);
                    self.carry_out(now);
                }
            }
            let due = self.engine.deadline().is_some_and(|when| when <= start);
            if !self.is_busy() && !loading && !due {
                break;
            }
            now = clock::now();
            if over(before, now) {
                break;
            }
        }
        if self.engine.deadline().is_some_and(|when| when <= start) {
            self.patience = self.patience.saturating_sub(1);
        }
        self.longest_piece = longest;
        release::expire(start);
        let mut took = clock::now().since(start);
        while release::is_pending() && took < budget / 2 {
            release::step();
            took = clock::now().since(start);
        }
        if self.has_unsaved() && (!served || took < budget / 2) {
            self.save();
            took = clock::now().since(start);
        }
        self.longest_dispatch = self.longest_dispatch.max(took);
        let loading = self.loader.as_ref().is_some_and(|loader| loader.due().is_none());
        loading || self.has_more()
    }

    /// Whether there is something to do that no event and no deadline announces.
    pub(super) fn has_more(&self) -> bool {
        self.is_busy() || self.tool_lists.has_more() || self.has_unsaved() || release::is_pending()
    }

    fn is_busy(&self) -> bool {
        let ready = !self.busy.is_empty() || !self.opening.is_empty();
        let importing = !self.imports.is_empty();
        let exporting = self.exports.as_ref().is_some_and(|exports| exports.is_busy(clock::now()));
        let agents = self.listening.as_ref().is_some_and(|all| all.is_busy(self.is_ready()));
        let busy = ready || importing || exporting || agents;
        busy || self.engine.has_work() || self.engine.has_log()
    }

    fn has_unsaved(&self) -> bool {
        self.eras.is_unsaved() || self.tool_lists.is_unsaved()
    }

    /// Writes one file of our own.
    fn save(&mut self) {
        let saved = match self.eras.is_unsaved() {
            true => self.eras.save(),
            false => self.tool_lists.save(),
        };
        if let Err(error) = saved {
            let text = crate::sys::sentence(&error);
            (self.log)(LogLevel::Debug, &format!("what was learnt could not be kept: {text}"));
        }
    }

    /// Closes every channel without waiting, and tells every process to go. What
    /// does not is ended after us. What was learnt and waits for a turn with time
    /// left is written: there will be none.
    pub(super) fn shut_down(&mut self) {
        let mut groups = Vec::new();
        for (stream, bytes) in self.engine.farewells() {
            if let Some(link) = self.links.get_mut(&stream) {
                let _ = link.write(&bytes);
            }
        }
        for (id, mut link) in self.links.drain() {
            if self.engine.outlives(id) {
                if let Some(child) = link.channel.child_mut() {
                    child.let_go();
                }
            }
            // Nothing can be done about an error here, and nothing depends on it.
            let _ = link.channel.deregister(self.poll.registry());
            link.channel.shutdown_write();
            if let Some(child) = link.channel.child_mut().filter(|child| !child.is_free()) {
                if child.signal(Signal::Terminate) {
                    groups.push(child.pid());
                }
            }
        }
        self.helpers.shut_down(self.poll.registry());
        reaper::reap(&groups);
        for (_, mut channel) in self.orphaned_groups.drain(..) {
            if let Some(child) = channel.child_mut() {
                child.signal(Signal::Kill);
            }
        }
        while self.has_unsaved() {
            self.save();
        }
    }

    /// Reads where an answer is likely, before the poll is asked. False: nothing
    /// was there.
    fn read_ahead(&mut self, now: Time) -> bool {
        let Some(id) = self.speculative_read.follow() else { return false };
        let Some(link) = self.links.get_mut(&id) else { return false };
        if link.ended || link.listed || self.engine.unread_until(id).is_some_and(|at| now < at) {
            return false;
        }
        link.readable = true;
        let came = self.read(now, id);
        self.come_back(now, id);
        came
    }

    /// Takes what the poll has; it keeps what does not fit.
    fn collect_events(&mut self) {
        if self.poll.poll(&mut self.events, Some(Duration::ZERO)).is_err() {
            // EINTR; the next turn asks again.
            return;
        }
        for event in &self.events {
            if event.token() == KNOCKS {
                self.knocked = true;
                continue;
            }
            if self.exports.as_mut().is_some_and(|exports| exports.note(event.token())) {
                continue;
            }
            #[cfg(feature = "oauth")]
            if self.logins.note(event.token()) {
                continue;
            }
            if self.helpers.note(event.token()) {
                continue;
            }
            if self.listening.as_mut().is_some_and(|listening| listening.note(event)) {
                continue;
            }
            let (id, part) = Link::of(event.token());
            let Some(link) = self.links.get_mut(&id) else { continue };
            link.note(part, event);
            if !link.listed {
                link.listed = true;
                self.busy.push_back(id);
            }
        }
    }

    /// What no event announces: processes that the host reaped, or that have no
    /// descriptor, and groups that outlived their leader.
    fn look_at_processes(&mut self, now: Time) {
        for id in std::mem::take(&mut self.watched) {
            let Some(link) = self.links.get_mut(&id) else { continue };
            if link.is_connect_due(now) {
                self.enlist(id);
                continue;
            }
            link.look(now);
            self.come_back(now, id);
            self.watch(now, id);
        }
        self.orphaned_groups.retain_mut(|(when, channel)| {
            let Some(child) = channel.child_mut() else { return false };
            if !child.group_is_alive() {
                return false;
            }
            let due = now >= *when;
            if due {
                child.signal(Signal::Kill);
            }
            !due
        });
    }

    /// Keeps in mind a link whose process no event will report.
    pub(super) fn watch(&mut self, now: Time, id: StreamId) {
        let Some(link) = self.links.get(&id) else { return };
        if link.deadline(now).is_some() && !self.watched.contains(&id) {
            self.watched.push(id);
        }
    }

    /// Puts a link among those to be served.
    pub(super) fn enlist(&mut self, id: StreamId) {
        if let Some(link) = self.links.get_mut(&id) {
            if !std::mem::replace(&mut link.listed, true) {
                self.busy.push_back(id);
            }
        }
    }

    /// One piece of work for one link: one write, one read, one look at stderr.
    fn serve(&mut self, now: Time, id: StreamId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.listed = false;
        if link.connecting {
            return self.finish_connect(now, id);
        }
        if link.writable {
            self.write(now, id);
        }
        let unread = self.unread(now, id);
        if !unread.stderr {
            self.read_stderr(now, id);
        }
        if !unread.output {
            self.read(now, id);
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        link.look(now);
        if let (Exit::Known(status), false) = (link.exit, link.exit_told) {
            // Nothing is lost: what it wrote before it went was read first.
            if !link.readable && !link.stderr {
                link.exit_told = true;
                let well = status == Some(ExitStatus::Code(0));
                let others = link.channel.child().is_some_and(|child| child.group_is_alive());
                let status = status.map(|status| status.to_string()).unwrap_or_default();
                self.engine.child_exited(now, id, ChildExit { status, well, others });
                return;
            }
        }
        self.come_back(now, id);
        self.watch(now, id);
    }

    /// Which streams of a link are left unread, because the server says too much.
    fn unread(&self, now: Time, id: StreamId) -> Unread {
        let later = |until: Option<Time>| until.is_some_and(|until| now < until);
        Unread {
            output: later(self.engine.unread_until(id)),
            stderr: later(self.engine.stderr_unread_until(id)),
        }
    }

    /// Has a link served again: soon, or when its streams are read again.
    pub(super) fn come_back(&mut self, now: Time, id: StreamId) {
        let unread = self.unread(now, id);
        let Some(link) = self.links.get(&id) else { return };
        if link.is_busy(unread) {
            self.enlist(id);
        }
        if self.read_again_at(id).is_some_and(|at| now < at) && !self.unread.contains(&id) {
            self.unread.push(id);
        }
    }

    /// When a link has something to read that is left unread until then.
    pub(super) fn read_again_at(&self, id: StreamId) -> Option<Time> {
        let link = self.links.get(&id)?;
        let output = self.engine.unread_until(id).filter(|_| link.readable);
        let stderr = self.engine.stderr_unread_until(id).filter(|_| link.stderr);
        output.into_iter().chain(stderr).min()
    }

    /// Serves the links again that were left unread for long enough.
    fn read_again(&mut self, now: Time) {
        let mut left = std::mem::take(&mut self.unread);
        left.retain(|id| {
            let wait = self.read_again_at(*id).is_some_and(|at| now < at);
            if !wait {
                self.enlist(*id);
            }
            wait
        });
        self.unread = left;
    }

    /// True: bytes came.
    fn read(&mut self, now: Time, id: StreamId) -> bool {
        let Some(link) = self.links.get_mut(&id) else { return false };
        if !link.readable {
            return false;
        }
        match link.channel.read(&mut self.scratch) {
            Ok(Flow::Bytes(n)) => {
                // A short read has emptied the stream; the next bytes are an edge.
                let over = link.hung_up || link.refused || link.exit != Exit::Running;
                link.readable = n == self.scratch.len() || over || link.channel.has_input();
                if n > 0 {
                    self.engine.received(now, id, &self.scratch[..n]);
                }
                return true;
            }
            // A server that takes nothing more is of no use, whether it says so or not.
            Ok(Flow::Blocked) if !link.refused => link.readable = false,
            Ok(Flow::Blocked | Flow::Closed) => {
                link.readable = false;
                if !std::mem::replace(&mut link.ended, true) {
                    self.engine.end_of_stream(now, id, None);
                }
            }
            Err(error) => {
                link.readable = false;
                if !std::mem::replace(&mut link.ended, true) {
                    let text = crate::sys::sentence(&error);
                    self.engine.end_of_stream(now, id, Some(&text));
                }
            }
        }
        false
    }

    /// Logs what came, then reads more: what is read faster than it is logged
    /// would push out what nobody has seen.
    fn read_stderr(&mut self, now: Time, id: StreamId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.stderr {
            return;
        }
        if let Some(ring) = link.channel.stderr_mut() {
            for _ in 0..STDERR_LINES {
                let Some(line) = ring.next_line() else { break };
                self.engine.log_stderr(now, id, &String::from_utf8_lossy(&line));
            }
            if ring.has_line() {
                return;
            }
        }
        match link.channel.read_stderr(&mut self.scratch) {
            Ok(Flow::Bytes(n)) => return self.engine.received_stderr(now, id, n),
            Ok(Flow::Blocked) => {
                // A question, or how far it has come, may stand there without an end.
                if let Some(text) = link.channel.stderr().and_then(|ring| ring.partial()) {
                    self.engine.stderr_unfinished(now, id, &String::from_utf8_lossy(&text));
                }
            }
            Ok(Flow::Closed) | Err(_) => {
                let last = link.channel.stderr_mut().and_then(|ring| ring.take_partial());
                if let Some(line) = last {
                    self.engine.log_stderr(now, id, &String::from_utf8_lossy(&line));
                }
            }
        }
        link.stderr = false;
    }

    fn write(&mut self, now: Time, id: StreamId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let bytes = self.engine.pending(id);
        if bytes.is_empty() && !link.channel.has_output() {
            return;
        }
        match link.write(bytes) {
            Ok(0) => {}
            Ok(n) => {
                self.speculative_read.wrote(id);
                self.engine.wrote(now, id, n);
            }
            Err(error) => {
                let text = crate::sys::sentence(&error);
                (self.log)(LogLevel::Debug, &format!("writing failed: {text}"));
            }
        }
        if let Err(error) = link.settle(self.poll.registry(), id) {
            let text = crate::sys::sentence(&error);
            (self.log)(LogLevel::Error, &format!("a connection cannot be watched: {text}"));
        }
        if link.readable {
            self.enlist(id);
        }
    }

    /// Reads a piece of the configuration. True: there is more to do now.
    fn load(&mut self, now: Time) -> bool {
        let Some(loader) = &mut self.loader else {
            self.tool_lists.next(|identity, tools, left| {
                self.engine.recall_tools(now, identity, tools, left);
            });
            return self.tool_lists.has_more();
        };
        let env = &self.options.env;
        let env = |name: &str| lookup(env, name);
        match loader.step(now, &mut self.scratch, &mut self.sources, &env) {
            LoadStep::More => return true,
            LoadStep::Later => return false,
            LoadStep::Done(loaded) => {
                self.files = loaded.files;
                let files: Vec<String> =
                    self.files.iter().map(|(file, _)| file.display().to_string()).collect();
                self.engine.set_origins(files.join(", "));
                let config = self.overrides.apply(loaded.config.clone());
                let config = bridge::put_behind(config, &self.options.env);
                self.loaded = loaded.config;
                self.tool_lists.want(config.servers.iter().map(|server| server.identity()));
                self.engine.configure(now, config);
                #[cfg(feature = "oauth")]
                self.read_tokens(now);
            }
        }
        self.loader = None;
        self.carry_out(now);
        self.tool_lists.has_more()
    }

    /// Does a piece of the import that goes on.
    fn import_on(&mut self, now: Time) {
        let Some(import) = self.imports.front_mut() else { return };
        let id = import.id;
        if !self.engine.has_request(id) {
            self.imports.pop_front();
            return;
        }
        let env = &self.options.env;
        let step = import.step(&mut self.scratch, &|name| lookup(env, name));
        let ImportStep::Done(outcome) = step else { return };
        self.imports.pop_front();
        // Commands that follow wait for the new servers.
        self.refresh(None);
        self.engine.finish_driver_request(now, id, outcome.map(Reply::Imported));
        self.carry_out(now);
    }

    /// Writes what was held back while the host pulled events.
    pub(super) fn flush(&mut self, now: Time) {
        self.pulling = false;
        while let Some(id) = self.unwritten.pop() {
            self.write(now, id);
        }
    }

    /// Carries out what the engine asks, until it asks for nothing more.
    pub(super) fn carry_out(&mut self, now: Time) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                // To start a process takes about a millisecond, wherever it is asked for:
                // that is left to the turns, which have a budget.
                Action::Open { stream, channel, server } => {
                    self.opening.push_back((stream, channel, server));
                }
                Action::Write { stream } if self.pulling => self.unwritten.push(stream),
                Action::Write { stream } => self.write(now, stream),
                Action::Farewell { stream, bytes } => {
                    if let Some(link) = self.links.get_mut(&stream) {
                        // Nobody waits for what comes of it.
                        let _ = link.write(&bytes);
                    }
                }
                Action::Close { stream } => {
                    if let Some(link) = self.links.get_mut(&stream) {
                        // A failure leaves it unwatched; its process is polled then.
                        let _ = link.shutdown(self.poll.registry(), stream);
                    }
                    self.watch(now, stream);
                }
                Action::Signal { stream, signal } => {
                    let link = self.links.get_mut(&stream);
                    if let Some(child) = link.and_then(|link| link.channel.child_mut()) {
                        child.signal(match signal {
                            TerminationSignal::Terminate => Signal::Terminate,
                            TerminationSignal::Kill => Signal::Kill,
                        });
                    }
                }
                Action::Forget { stream } => self.forget(now, stream),
                Action::LetGo { stream } => {
                    if let Some(mut link) = self.links.remove(&stream) {
                        let _ = link.channel.deregister(self.poll.registry());
                        if let Some(child) = link.channel.child_mut() {
                            child.let_go();
                        }
                    }
                }
                Action::Knock { server } => {
                    // Somebody else's file cannot be touched, and need not be.
                    if let Some(Endpoint::Unix(path)) = server.endpoint() {
                        let _ = knock::knock(path);
                    }
                }
                Action::Authorize { server, challenge, lacks_scopes } => {
                    match server.headers_helper().is_some() && !lacks_scopes {
                        true => self.renew_fields(now, &server, challenge),
                        false => self.authorize(now, &server, challenge.as_deref(), lacks_scopes),
                    }
                }
                Action::Remember { identity, era } => self.eras.set(identity, era),
                Action::KeepTools { identity, tools } => self.tool_lists.keep(identity, tools),
            }
        }
        for _ in 0..LOG_LINES {
            let Some((level, line)) = self.engine.poll_log() else { break };
            (self.log)(level, &line);
        }
    }

    fn forget(&mut self, now: Time, id: StreamId) {
        self.opening.retain(|(other, ..)| *other != id);
        self.forget_helper(now, id);
        let Some(mut link) = self.links.remove(&id) else { return };
        self.release_brake();
        let _ = link.channel.deregister(self.poll.registry());
        // The leader is gone; what it left behind is told to go and gets a while.
        let left = link.channel.child_mut().is_some_and(|child| child.end_leftovers());
        if left {
            self.orphaned_groups.push((now + STRAGGLER, link.channel));
        }
    }
}

#[cfg(not(feature = "oauth"))]
impl Client {
    /// A server wants a token, and there is none without logins.
    pub(super) fn authorize(&mut self, now: Time, server: &ServerConfig, _: Option<&str>, _: bool) {
        let address = server.authorization_key().unwrap_or_default();
        self.engine.token_unavailable(now, &address, &Unavailable::default());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shut_down();
    }
}
