//! Channels: byte streams to one server, over pipes, a Unix socket or TCP, or TLS.
//!
//! A channel knows nothing of messages, requests or retries, and makes no decisions. It
//! returns values ([`Flow`]) to the driver, which owns the poll and the buffers.
//!
//! Readiness is edge-triggered. After an event the driver repeats the call until
//! [`Flow::Blocked`] or [`Flow::Closed`]. If it stops earlier it must repeat the call by
//! itself, because no further event comes. A call without an event is harmless.
//!
//! Each channel is registered with a block of [`TOKENS`] tokens; [`EventSource::of`] reads
//! the token of an event.
//!
//! Invariants:
//! - No call waits, and each reads or writes at most the buffer that it is given.
//! - Every descriptor is non-blocking and close-on-exec.
//! - A write to a server that is gone is [`Flow::Closed`], never SIGPIPE.

mod connect_error;
mod process_pipes;
mod proxied;
mod race;
mod resolver;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
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
use crate::time::Time;
pub use connect_error::{ConnectError, ConnectErrorKind};
pub use process_pipes::Stdio;
pub use proxied::Proxied;
pub use tcp::Tcp;
#[cfg(feature = "tls")]
pub use tls::{TlsContext, TlsFiles, TlsStream};
pub use unix::Unix;

/// A channel to one server.
pub trait Channel: fmt::Debug + Send {
    /// Registers the channel with the tokens `base` to `base + TOKENS - 1`.
    ///
    /// # Errors
    ///
    /// The error of the system. Nothing is registered then.
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()>;

    /// Deregisters the channel. To be called before the channel is dropped and before
    /// `shutdown_write`, because a descriptor that a child of the host still holds would go
    /// on to report events.
    ///
    /// # Errors
    ///
    /// The first error of the system. The other descriptors are deregistered all the same.
    fn deregister(&mut self, registry: &Registry) -> io::Result<()>;

    /// Whether the channel is connected. Until then nothing is read or written. The driver
    /// asks again upon each event of the channel (`watch_room`) and at `connect_deadline`.
    /// What the channel opens on the way it registers itself with the tokens of `base`.
    ///
    /// # Errors
    ///
    /// The connect has failed. The channel is to be dropped.
    fn poll_connect(
        &mut self,
        now: Time,
        registry: &Registry,
        base: Token,
    ) -> Poll<Result<(), ConnectError>> {
        let _ = (now, registry, base);
        Poll::Ready(Ok(()))
    }

    /// When `poll_connect` is to be called although no event comes.
    fn connect_deadline(&self) -> Option<Time> {
        None
    }

    /// Begins to report that the channel is writable, after a write was blocked, or ends it.
    /// It is off otherwise, because each message that the peer reads would wake the host.
    ///
    /// # Errors
    ///
    /// The error of the system.
    fn watch_room(&mut self, registry: &Registry, base: Token, watch: bool) -> io::Result<()> {
        let _ = (registry, base, watch);
        Ok(())
    }

    /// Reads bytes of the server into `buf`.
    ///
    /// # Errors
    ///
    /// The error of the system, such as a reset by the peer.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow>;

    /// Writes a prefix of `bytes`. [`Flow::Closed`]: the server reads no more; bytes that it
    /// sent before may still be there to read.
    ///
    /// # Errors
    ///
    /// The error of the system.
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow>;

    /// Sends bytes that `write` has accepted and that are still here. [`Flow::Bytes`]: all of
    /// them were sent.
    ///
    /// # Errors
    ///
    /// The error of the system.
    fn flush(&mut self) -> io::Result<Flow> {
        Ok(Flow::Bytes(0))
    }

    /// Whether `flush` has something to send.
    fn has_output(&self) -> bool {
        false
    }

    /// Whether `read` is to be repeated although it gave fewer bytes than there was room for,
    /// because no event reports the rest.
    fn has_input(&self) -> bool {
        false
    }

    /// Closes the writing half.
    fn shutdown_write(&mut self);

    /// The descriptor for reading, for display.
    fn fd(&self) -> Option<RawFd>;

    /// The process group of the peer, on a socket.
    fn peer_group(&self) -> Option<i32> {
        None
    }

    /// How the bytes are encrypted.
    fn security(&self) -> Option<Security> {
        None
    }

    /// The process of a stdio server.
    fn child(&self) -> Option<&Child> {
        None
    }

    /// The same, to signal and reap it.
    fn child_mut(&mut self) -> Option<&mut Child> {
        None
    }

    /// Reads bytes of standard error into the ring, through `scratch`.
    ///
    /// # Errors
    ///
    /// The error of the system.
    fn read_stderr(&mut self, scratch: &mut [u8]) -> io::Result<Flow> {
        let _ = scratch;
        Ok(Flow::Closed)
    }

    /// The last bytes of the server's standard error.
    fn stderr(&self) -> Option<&StderrRing> {
        None
    }

    /// The same, to take lines out for the log.
    fn stderr_mut(&mut self) -> Option<&mut StderrRing> {
        None
    }
}

/// How the bytes of a channel are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// The version of TLS.
    pub version: &'static str,
    /// The cipher suite.
    pub cipher: &'static str,
}

/// The result of a read or a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// This many bytes were read or written. The call is to be repeated.
    Bytes(usize),
    /// No bytes now. An event comes when the call can be repeated.
    Blocked,
    /// The stream has ended.
    Closed,
}

/// Tokens in the block of one channel. Bases are its multiples.
pub const TOKENS: usize = 4;

/// The part of a channel that an event reports on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// The writing half, or a socket.
    Write,
    /// The reading half.
    Read,
    /// Standard error: call `read_stderr`.
    Stderr,
    /// The exit of the child: call `try_reap`.
    Exit,
}

impl EventSource {
    /// In the order of their tokens.
    const ALL: [EventSource; TOKENS] =
        [EventSource::Write, EventSource::Read, EventSource::Stderr, EventSource::Exit];

    /// The base of the block that `token` is in, and its source.
    ///
    /// The event itself says whether `Write` and `Read` are readable or writable, because a
    /// socket has only one token, and the end of a pipe is an error event.
    pub fn of(token: Token) -> (Token, EventSource) {
        let offset = token.0 % TOKENS;
        (Token(token.0 - offset), EventSource::ALL[offset])
    }

    /// The token in the block at `base`.
    pub fn token(self, base: Token) -> Token {
        Token(base.0 + self as usize)
    }
}

/// Repeats a call that a signal interrupted. Would-block and end of stream become values.
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

/// One read. Zero bytes are the end of the stream.
fn read_from(from: &mut impl Read, buf: &mut [u8]) -> io::Result<Flow> {
    let room = !buf.is_empty();
    match flow(|| from.read(buf))? {
        Flow::Bytes(0) if room => Ok(Flow::Closed),
        flow => Ok(flow),
    }
}

#[cfg(test)]
mod tests;
