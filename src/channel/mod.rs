//! Channels: descriptors to bytes and back.
//!
//! A channel connects to one server and moves bytes; it knows nothing
//! of messages, requests or retries, and decides nothing. What happens is told
//! as values ([`Flow`]) to the driver, which owns the poll and the buffers.
//!
//! Readiness is edge-triggered and a hint. After an event the driver repeats
//! the call until [`Flow::Blocked`] or [`Flow::Closed`]; a driver that stops
//! earlier must come back by itself, for the event will not. A call without an
//! event, or after a stale one, is harmless.
//!
//! Each channel is registered with a block of [`TOKENS`] tokens and uses
//! those it needs; [`EventSource::of`] reads an event's token.
//!
//! Invariants:
//! - No call waits, whatever the server does, and each reads or writes at most
//!   the buffer that it is given.
//! - Every descriptor is non-blocking and close-on-exec.
//! - Nothing here is undone by a signal: a write to a server that is gone is
//!   [`Flow::Closed`], never SIGPIPE.

mod connect_error;
mod process_pipes;
mod unix;

use std::fmt;
use std::io::{self, Read};
use std::os::fd::RawFd;
use std::task::Poll;

use mio::{Registry, Token};

pub use crate::process::child::Child;
pub use crate::process::stderr::StderrRing;
pub use crate::sys::exit_status::ExitStatus;
pub use crate::sys::process::Signal;
pub use crate::sys::spawn::Program;
pub use connect_error::{ConnectError, ConnectErrorKind};
pub use process_pipes::Stdio;
pub use unix::Unix;

/// A channel to one server.
pub trait Channel: fmt::Debug + Send {
    /// Watches the channel with the tokens `base` to `base + TOKENS - 1`.
    ///
    /// # Errors
    ///
    /// What the system reports; nothing is watched then.
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()>;

    /// Watches it no longer. To be called before the channel is dropped or
    /// `shutdown_write` is called: a descriptor that a forking host's child
    /// still holds would else go on to report events.
    ///
    /// # Errors
    ///
    /// The first that the system reported; the rest was attempted all the same.
    fn deregister(&mut self, registry: &Registry) -> io::Result<()>;

    /// Whether the channel is connected. Until it is, nothing is read or written, and the
    /// driver asks again upon each event that says that the channel takes bytes, or has
    /// failed (`watch_room`).
    ///
    /// # Errors
    ///
    /// Why it cannot be connected; it is dropped then.
    fn poll_connect(&mut self) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    /// Reports that the channel takes bytes again, once a write was blocked and
    /// until it is told `false`. Without it every message that a socket's peer
    /// takes in would wake us.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn watch_room(&mut self, registry: &Registry, base: Token, watch: bool) -> io::Result<()> {
        let _ = (registry, base, watch);
        Ok(())
    }

    /// Reads what the server sent, at most `buf`.
    ///
    /// # Errors
    ///
    /// What the system reports, as when a peer reset the connection.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow>;

    /// Sends the start of `bytes`. [`Flow::Closed`] when the server takes no
    /// more; it may have sent something before that is still to be read.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow>;

    /// Tells the server that nothing more will come.
    fn shutdown_write(&mut self);

    /// The descriptor that is read, for display.
    fn fd(&self) -> Option<RawFd>;

    /// The process group of the peer, when it is another process's.
    fn peer_group(&self) -> Option<i32> {
        None
    }

    /// The process, when the channel came with one.
    fn child(&self) -> Option<&Child> {
        None
    }

    /// The process, to be signalled and reaped.
    fn child_mut(&mut self) -> Option<&mut Child> {
        None
    }

    /// Moves diagnostics into the ring, through `scratch`, like a read.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn read_stderr(&mut self, scratch: &mut [u8]) -> io::Result<Flow> {
        let _ = scratch;
        Ok(Flow::Closed)
    }

    /// What the server wrote to its standard error.
    fn stderr(&self) -> Option<&StderrRing> {
        None
    }

    /// The same, to take lines out for a log.
    fn stderr_mut(&mut self) -> Option<&mut StderrRing> {
        None
    }
}

/// What came of reading or writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// So many bytes were moved; there may be more.
    Bytes(usize),
    /// Nothing now; an event will tell.
    Blocked,
    /// Nothing any more.
    Closed,
}

/// Tokens in the block of one channel. Bases are its multiples.
pub const TOKENS: usize = 4;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// Writing; on a socket, reading too.
    Write,
    /// Reading.
    Read,
    /// Diagnostics: `read_stderr`.
    Stderr,
    /// The child ended: `try_reap`.
    Exit,
}

impl EventSource {
    /// The block's base, and which of its tokens `token` is.
    ///
    /// For `Write` and `Read` alike ask the event what it is ready for: a socket
    /// has but one token, and the far end of a pipe closes with an error event.
    pub fn of(token: Token) -> (Token, EventSource) {
        let part = match token.0 % TOKENS {
            0 => EventSource::Write,
            1 => EventSource::Read,
            2 => EventSource::Stderr,
            _ => EventSource::Exit,
        };
        (Token(token.0 - token.0 % TOKENS), part)
    }

    /// This part's token in the block at `base`.
    pub fn token(self, base: Token) -> Token {
        let offset = match self {
            EventSource::Write => 0,
            EventSource::Read => 1,
            EventSource::Stderr => 2,
            EventSource::Exit => 3,
        };
        Token(base.0 + offset)
    }
}

/// Repeats what a signal interrupted, and makes waiting and closing values.
fn flow(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<Flow> {
    loop {
        return match call() {
            Ok(n) => Ok(Flow::Bytes(n)),
            Err(e) => match e.kind() {
                io::ErrorKind::Interrupted => continue,
                io::ErrorKind::WouldBlock => Ok(Flow::Blocked),
                io::ErrorKind::BrokenPipe => Ok(Flow::Closed),
                _ => Err(e),
            },
        };
    }
}

/// One read, for which nothing means the end.
fn read_from(from: &mut impl Read, buf: &mut [u8]) -> io::Result<Flow> {
    let room = !buf.is_empty();
    match flow(|| from.read(buf))? {
        Flow::Bytes(0) if room => Ok(Flow::Closed),
        flow => Ok(flow),
    }
}

#[cfg(test)]
mod tests;
