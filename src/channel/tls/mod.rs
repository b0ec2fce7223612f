//! TLS over another channel.
//!
//! Bytes that the TLS layer has accepted count as written, although they may wait for room
//! in the socket ([`Channel::flush`]). A request of which the layer has accepted the end may
//! have reached the server, so it is not repeated when the connection is lost.
//!
//! Records and reads do not match: after a read there may be bytes that no event will
//! report ([`Channel::has_input`]).
//!
//! Invariants:
//! - One call reads at most [`READS`] times [`INPUT`] bytes.
//! - The handshake reads at most [`LONGEST_HANDSHAKE`] bytes.
//! - `write` returns less than it accepted only if no byte of the rest was encrypted.

mod context;
mod sentence;

use std::io::{self, Read, Write};
use std::os::fd::RawFd;
use std::task::Poll;

use mio::{Registry, Token};
use rustls::ClientConnection;

use super::{Channel, ConnectError, ConnectErrorKind, Flow, Security};
use crate::time::Time;

pub use context::{TlsContext, TlsFiles};

/// Bytes that are read from the socket at once: a record and its header.
const INPUT: usize = (16 << 10) + 256;
/// Reads in one call, if records hold no data.
const READS: usize = 4;
/// A chain of certificates has some KiB.
const LONGEST_HANDSHAKE: usize = 256 << 10;
/// Encrypted bytes that may wait for room in the socket.
const OUTPUT: usize = 64 << 10;

/// A TLS connection over another channel.
#[derive(Debug)]
pub struct TlsStream {
    inner: Box<dyn Channel>,
    connection: Box<ClientConnection>,
    phase: TlsPhase,
    /// Bytes of the socket; those from `fed` on were not given to the connection.
    input: Box<[u8]>,
    filled: usize,
    fed: usize,
    handshake: usize,
    /// The socket was empty at the last read, so an event announces more.
    drained: bool,
    /// The socket has ended.
    ended: bool,
    /// The socket takes no more, or the server has broken the protocol.
    broken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TlsPhase {
    Connecting,
    Handshake,
    Open,
}

impl TlsStream {
    fn new(inner: Box<dyn Channel>, mut connection: ClientConnection) -> TlsStream {
        connection.set_buffer_limit(Some(OUTPUT));
        TlsStream {
            inner,
            connection: Box::new(connection),
            phase: TlsPhase::Connecting,
            input: vec![0; INPUT].into_boxed_slice(),
            filled: 0,
            fed: 0,
            handshake: 0,
            drained: false,
            ended: false,
            broken: false,
        }
    }

    /// Writes what is encrypted; how many bytes the socket took.
    fn send(&mut self) -> (usize, io::Result<Flow>) {
        let mut sent = 0;
        while self.connection.wants_write() {
            let mut blocked = false;
            let mut socket = Socket { inner: &mut *self.inner, blocked: &mut blocked };
            match self.connection.write_tls(&mut socket) {
                Ok(n) => sent += n,
                Err(_) if blocked => return (sent, Ok(Flow::Blocked)),
                Err(error) => {
                    self.broken = true;
                    return (sent, Err(error));
                }
            }
        }
        (sent, Ok(Flow::Bytes(0)))
    }

    /// Reads from the socket what the connection is to be given next.
    fn receive(&mut self) -> io::Result<Flow> {
        if self.ended {
            return Ok(Flow::Closed);
        }
        let flow = self.inner.read(&mut self.input)?;
        match flow {
            Flow::Bytes(n) => (self.filled, self.fed, self.drained) = (n, 0, false),
            Flow::Blocked => self.drained = true,
            Flow::Closed => {
                self.ended = true;
                // Tells the connection that nothing more comes.
                self.connection.read_tls(&mut io::empty())?;
            }
        }
        Ok(flow)
    }

    /// Gives the connection what was read. False: it has had all of it.
    fn feed(&mut self) -> Result<bool, FeedError> {
        if self.fed == self.filled {
            return Ok(false);
        }
        let mut rest = &self.input[self.fed..self.filled];
        // It takes nothing while it holds decrypted bytes; the caller takes those first.
        let n = self.connection.read_tls(&mut rest).map_err(FeedError::System)?;
        // Nothing that follows the end of TLS counts.
        self.fed = if n == 0 { self.filled } else { self.fed + n };
        self.connection.process_new_packets().map_err(FeedError::Protocol)?;
        Ok(true)
    }

    fn shake_hands(&mut self) -> Poll<Result<(), ConnectError>> {
        let lost = |error: &io::Error| {
            let message = format!(
                "the connection was lost in the TLS handshake: {}",
                crate::sys::sentence(error)
            );
            Poll::Ready(Err(ConnectError::new(ConnectErrorKind::Io, message)))
        };
        loop {
            if let (_, Err(error)) = self.send() {
                return lost(&error);
            }
            if !self.connection.is_handshaking() {
                self.phase = TlsPhase::Open;
                return Poll::Ready(Ok(()));
            }
            match self.feed() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(FeedError::System(error)) => return lost(&error),
                Err(FeedError::Protocol(error)) => {
                    // The alert tells the server why.
                    let _ = self.send();
                    self.broken = true;
                    return Poll::Ready(Err(sentence::of_handshake(&error)));
                }
            }
            match self.receive() {
                Ok(Flow::Bytes(n)) => {
                    self.handshake += n;
                    if self.handshake > LONGEST_HANDSHAKE {
                        let message = format!(
                            "the TLS handshake is longer than {} KiB",
                            LONGEST_HANDSHAKE >> 10
                        );
                        return Poll::Ready(Err(ConnectError::new(ConnectErrorKind::Tls, message)));
                    }
                }
                Ok(Flow::Blocked) => return Poll::Pending,
                Ok(Flow::Closed) => {
                    let message = "the server closed the connection in the TLS handshake";
                    let message = message.to_owned();
                    return Poll::Ready(Err(ConnectError::new(ConnectErrorKind::Io, message)));
                }
                Err(error) => return lost(&error),
            }
        }
    }
}

impl Channel for TlsStream {
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()> {
        self.inner.register(registry, base)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.inner.deregister(registry)
    }

    fn poll_connect(
        &mut self,
        now: Time,
        registry: &Registry,
        base: Token,
    ) -> Poll<Result<(), ConnectError>> {
        if self.phase == TlsPhase::Connecting {
            let Poll::Ready(connected) = self.inner.poll_connect(now, registry, base) else {
                return Poll::Pending;
            };
            connected?;
            self.phase = TlsPhase::Handshake;
        }
        let polled = self.shake_hands();
        if polled.is_pending() {
            // The driver has asked for this while there was no socket yet.
            let watched = self.inner.watch_room(registry, base, true);
            if let Err(error) = watched {
                let message = crate::sys::sentence(&error);
                return Poll::Ready(Err(ConnectError::new(ConnectErrorKind::Io, message)));
            }
        }
        polled
    }

    fn connect_deadline(&self) -> Option<Time> {
        self.inner.connect_deadline()
    }

    fn watch_room(&mut self, registry: &Registry, base: Token, watch: bool) -> io::Result<()> {
        self.inner.watch_room(registry, base, watch)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow> {
        let mut done = 0;
        let mut reads = 0;
        self.drained = false;
        while done < buf.len() {
            match self.connection.reader().read(&mut buf[done..]) {
                Ok(0) if done == 0 => return Ok(Flow::Closed),
                Ok(0) => break,
                Ok(n) => {
                    done += n;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // What came before is whole; the next call reports the end.
                Err(_) if done > 0 => break,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(io::Error::new(error.kind(), sentence::TRUNCATED));
                }
                Err(error) => return Err(error),
            }
            match self.feed() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(failure) => {
                    self.broken = true;
                    // The alert tells the server why.
                    let _ = self.send();
                    return Err(match failure {
                        FeedError::System(error) => error,
                        FeedError::Protocol(error) => io::Error::other(sentence::of(&error)),
                    });
                }
            }
            if reads == READS {
                return Ok(Flow::Bytes(done));
            }
            reads += 1;
            match self.receive() {
                Ok(Flow::Bytes(_) | Flow::Closed) => {}
                Ok(Flow::Blocked) if done == 0 => return Ok(Flow::Blocked),
                Ok(Flow::Blocked) => break,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Flow::Bytes(done))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.broken {
            return Ok(Flow::Closed);
        }
        match self.send().1? {
            Flow::Bytes(_) => {}
            flow => return Ok(flow),
        }
        let accepted = self.connection.writer().write(bytes)?;
        match self.send() {
            // The server cannot have seen any of it.
            (0, Err(error)) => Err(error),
            // It may have seen all of it. The next call, or a read, reports the error.
            (_, Err(_)) | (_, Ok(_)) => Ok(Flow::Bytes(accepted)),
        }
    }

    fn flush(&mut self) -> io::Result<Flow> {
        if self.broken {
            return Ok(Flow::Closed);
        }
        self.send().1
    }

    fn has_output(&self) -> bool {
        self.phase == TlsPhase::Open && !self.broken && self.connection.wants_write()
    }

    fn has_input(&self) -> bool {
        self.phase == TlsPhase::Open && !self.drained
    }

    fn shutdown_write(&mut self) {
        if self.phase == TlsPhase::Open && !self.broken {
            self.connection.send_close_notify();
            // A server that reads nothing cannot be told.
            let _ = self.send();
        }
        self.inner.shutdown_write();
    }

    fn fd(&self) -> Option<RawFd> {
        self.inner.fd()
    }

    fn peer_group(&self) -> Option<i32> {
        self.inner.peer_group()
    }

    fn security(&self) -> Option<Security> {
        let version = self.connection.protocol_version()?.as_str()?;
        let suite = self.connection.negotiated_cipher_suite()?.suite();
        Some(Security { version, cipher: suite.as_str()? })
    }
}

impl Drop for TlsStream {
    /// A socket that is given up is dropped without `shutdown_write`.
    fn drop(&mut self) {
        self.shutdown_write();
    }
}

/// Why the connection takes no more of what the server sends.
enum FeedError {
    System(io::Error),
    Protocol(rustls::Error),
}

/// The writing half of a channel.
struct Socket<'a> {
    inner: &'a mut dyn Channel,
    blocked: &'a mut bool,
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.inner.write(bytes)? {
            Flow::Bytes(n) => Ok(n),
            Flow::Blocked => {
                *self.blocked = true;
                Err(io::ErrorKind::WouldBlock.into())
            }
            Flow::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
