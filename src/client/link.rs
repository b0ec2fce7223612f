//! One open channel and what is known of its readiness.

use std::io;
use std::time::Duration;

use mio::{Registry, Token};

use crate::channel::{Channel, EventSource, ExitStatus, Flow, TOKENS};
use crate::engine::StreamId;
use crate::time::Time;

/// How long the host may take to say how a process ended that it has reaped.
pub(super) const REPORT: Duration = Duration::from_millis(200);
/// How often a process without a descriptor is asked whether it has ended.
pub(super) const POLL: Duration = Duration::from_millis(50);

/// A channel with its readiness. mio tells edges: what it told is kept here
/// until the channel says that it has nothing more.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) channel: Box<dyn Channel>,
    /// The channel has not said yet that it is connected.
    pub(super) connecting: bool,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) stderr: bool,
    pub(super) exit: Exit,
    /// The engine was told of it.
    pub(super) exit_told: bool,
    /// It is in the list of those to be served.
    pub(super) listed: bool,
    /// The engine was told that the stream has ended.
    pub(super) ended: bool,
    pub(super) closing: bool,
    /// An event told the end of what can be read, perhaps together with bytes
    /// before it: no other event will.
    pub(super) hung_up: bool,
    /// The server takes nothing more. What it said before is still to be read.
    pub(super) refused: bool,
    /// The poll was asked to tell when it takes bytes again.
    pub(super) watches_room: bool,
}

/// Which streams of a link are left unread for a while.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unread {
    pub(super) output: bool,
    pub(super) stderr: bool,
}

/// What is known of the end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// There is none, or it runs.
    Running,
    /// It was reaped by the host, which has not said how it ended.
    Unexplained { until: Time },
    /// It was reaped.
    Known(Option<ExitStatus>),
}

impl Link {
    pub(super) fn new(channel: Box<dyn Channel>) -> Link {
        Link {
            channel,
            connecting: true,
            readable: false,
            writable: false,
            stderr: false,
            exit: Exit::Running,
            exit_told: false,
            listed: false,
            ended: false,
            closing: false,
            hung_up: false,
            refused: false,
            watches_room: false,
        }
    }

    /// The channel is connected.
    pub(super) fn connected(&mut self) {
        self.connecting = false;
        // Nothing tells that a fresh stream takes bytes; trying does no harm.
        self.writable = true;
        self.readable = self.channel.has_input();
    }

    /// The channel is still connecting: the next event is waited for.
    pub(super) fn await_connect(&mut self) {
        (self.readable, self.writable, self.hung_up) = (false, false, false);
    }

    /// The token block of a connection.
    pub(super) fn token(id: StreamId) -> Token {
        Token(id.0 as usize * TOKENS)
    }

    /// Whose token it is.
    pub(super) fn of(token: Token) -> (StreamId, EventSource) {
        let (base, part) = EventSource::of(token);
        (StreamId((base.0 / TOKENS) as u64), part)
    }

    /// Keeps what an event says.
    pub(super) fn note(&mut self, part: EventSource, event: &mio::event::Event) {
        match part {
            EventSource::Stderr => self.stderr = true,
            EventSource::Exit => {
                self.channel.child_mut().map(|child| child.try_reap());
            }
            EventSource::Read | EventSource::Write => {
                let over = event.is_error() || event.is_read_closed();
                self.hung_up |= over;
                self.readable |= event.is_readable() || over;
                self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
            }
        }
    }

    /// Looks whether the process is gone.
    pub(super) fn look(&mut self, now: Time) {
        let Some(child) = self.channel.child_mut() else { return };
        if child.pidfd().is_some() && !child.is_gone() && !self.ended {
            // Its descriptor will tell, and asking costs a system call.
            return;
        }
        let status = child.try_reap();
        match self.exit {
            Exit::Known(_) => return,
            _ if status.is_some() => self.exit = Exit::Known(status),
            Exit::Running if child.is_gone() => {
                self.exit = Exit::Unexplained { until: now + REPORT };
            }
            Exit::Unexplained { until } if now >= until => self.exit = Exit::Known(None),
            Exit::Running | Exit::Unexplained { .. } => return,
        }
        // What it wrote before it went is still in the pipes.
        self.readable |= !self.ended;
        self.stderr = true;
    }

    /// Whether `poll_connect` is due although no event has said so.
    pub(super) fn is_connect_due(&self, now: Time) -> bool {
        self.connecting && self.channel.connect_deadline().is_some_and(|due| due <= now)
    }

    /// When `look` or `poll_connect` is due although no event will say so.
    pub(super) fn deadline(&self, now: Time) -> Option<Time> {
        if self.connecting {
            return self.channel.connect_deadline();
        }
        match self.exit {
            Exit::Unexplained { until } => Some(until),
            Exit::Known(_) => None,
            Exit::Running => {
                let child = self.channel.child()?;
                let blind = child.pidfd().is_none() && (self.ended || self.closing);
                blind.then(|| now + POLL)
            }
        }
    }

    /// Whether it can be served without waiting for an event, nor for the time until
    /// which one of its streams is left unread.
    pub(super) fn is_busy(&self, unread: Unread) -> bool {
        let reads = self.readable && !unread.output;
        let known = matches!(self.exit, Exit::Known(_)) && !self.exit_told;
        reads || (self.stderr && !unread.stderr) || (known && !self.readable && !self.stderr)
    }

    /// Closes the sending side. A closed descriptor must not stay registered.
    pub(super) fn shutdown(&mut self, registry: &Registry, id: StreamId) -> io::Result<()> {
        self.closing = true;
        self.watches_room = false;
        let unwatched = self.channel.deregister(registry);
        // Whatever came of that, the server has to learn that it is to go.
        self.channel.shutdown_write();
        unwatched.and_then(|()| self.channel.register(registry, Link::token(id)))
    }

    /// Asks for a report exactly while a write is blocked.
    pub(super) fn settle(&mut self, registry: &Registry, id: StreamId) -> io::Result<()> {
        let watch = !self.writable && !self.ended;
        if watch != self.watches_room {
            self.watches_room = watch;
            self.channel.watch_room(registry, Link::token(id), watch)?;
        }
        Ok(())
    }

    /// Writes `bytes` until they are gone or the stream is full.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut done = 0;
        if self.writable && self.channel.has_output() {
            self.flush()?;
        }
        while self.writable && done < bytes.len() {
            match self.channel.write(&bytes[done..]) {
                Ok(Flow::Bytes(n)) => done += n,
                Ok(Flow::Blocked) => self.writable = false,
                Ok(Flow::Closed) => self.refuse(),
                Err(error) => {
                    self.refuse();
                    return if done > 0 { Ok(done) } else { Err(error) };
                }
            }
        }
        // What was accepted and did not fit leaves when there is room again.
        self.writable &= !self.channel.has_output();
        Ok(done)
    }

    /// Sends what the channel holds back.
    fn flush(&mut self) -> io::Result<()> {
        match self.channel.flush() {
            Ok(Flow::Bytes(_)) => {}
            Ok(Flow::Blocked) => self.writable = false,
            Ok(Flow::Closed) => self.refuse(),
            Err(error) => {
                self.refuse();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Nothing more can be written. The reading side tells the end, after what
    /// is still to be read.
    fn refuse(&mut self) {
        self.writable = false;
        self.refused = true;
        self.readable = !self.ended;
    }
}
