//! The race of connects to the addresses of one host (RFC 8305).
//!
//! Addresses of both families take turns. The next attempt begins 250 ms after the last one,
//! or as soon as an attempt fails; attempts under way go on. The first socket that is
//! connected wins, and the others are closed.
//!
//! Invariants:
//! - No call waits. [`Race::deadline`] is the time of the next attempt.
//! - A socket that is under way is registered with the token of [`EventSource::Write`].

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::task::Poll;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::{ConnectError, ConnectErrorKind, EventSource};
use crate::sys::{self, fd, socket};
use crate::time::Time;

/// "Connection Attempt Delay" (RFC 8305, section 5).
const DELAY: Duration = Duration::from_millis(250);
/// Failures that an error names; a name may have many addresses.
const MOST_TOLD: usize = 4;

/// Connects to the addresses of one host.
#[derive(Debug)]
pub(super) struct Race {
    waiting: VecDeque<SocketAddr>,
    under_way: Vec<(SocketAddr, TcpStream)>,
    failures: Vec<(SocketAddr, io::Error)>,
    /// When the next attempt begins.
    next: Time,
}

impl Race {
    /// Nothing is connected before the first [`poll`](Race::poll).
    pub(super) fn new(addresses: &[IpAddr], port: u16) -> Race {
        let waiting = interleaved(addresses).map(|ip| SocketAddr::new(ip, port)).collect();
        Race { waiting, under_way: Vec::new(), failures: Vec::new(), next: Time::ZERO }
    }

    /// Looks at the attempts under way, and begins those that are due. The socket that it
    /// returns is registered for reading.
    ///
    /// # Errors
    ///
    /// No address could be connected.
    pub(super) fn poll(
        &mut self,
        now: Time,
        registry: &Registry,
        base: Token,
    ) -> Poll<Result<TcpStream, ConnectError>> {
        let token = EventSource::Write.token(base);
        loop {
            let mut at = 0;
            while at < self.under_way.len() {
                match outcome(&self.under_way[at].1) {
                    Poll::Pending => at += 1,
                    Poll::Ready(outcome) => {
                        let (address, socket) = self.under_way.swap_remove(at);
                        let outcome = outcome.and_then(|()| {
                            // What was sent meanwhile is reported by the new registration.
                            let source = &mut SourceFd(&socket.as_raw_fd());
                            registry.reregister(source, token, Interest::READABLE)
                        });
                        if outcome.is_ok() {
                            self.deregister(registry);
                            return Poll::Ready(Ok(socket));
                        }
                        self.failed(now, address, outcome, Some((registry, &socket)));
                    }
                }
            }
            if now < self.next && !self.under_way.is_empty() {
                return Poll::Pending;
            }
            let Some(address) = self.waiting.pop_front() else {
                return match self.under_way.is_empty() {
                    true => Poll::Ready(Err(self.error())),
                    false => Poll::Pending,
                };
            };
            self.next = now + DELAY;
            let begun = begin(address).and_then(|socket| {
                let source = &mut SourceFd(&socket.as_raw_fd());
                registry.register(source, token, Interest::READABLE | Interest::WRITABLE)?;
                Ok(socket)
            });
            match begun {
                Ok(socket) => self.under_way.push((address, socket)),
                Err(error) => self.failed(now, address, Err(error), None),
            }
        }
    }

    /// When [`poll`](Race::poll) is to be called although no event comes.
    pub(super) fn deadline(&self) -> Option<Time> {
        (!self.waiting.is_empty()).then_some(self.next)
    }

    /// Deregisters all sockets that are under way.
    pub(super) fn deregister(&mut self, registry: &Registry) {
        for (_, socket) in self.under_way.drain(..) {
            // It is closed next, which nothing can prevent.
            let _ = registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
        }
    }

    fn failed(
        &mut self,
        now: Time,
        address: SocketAddr,
        outcome: io::Result<()>,
        registered: Option<(&Registry, &TcpStream)>,
    ) {
        if let Some((registry, socket)) = registered {
            let _ = registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
        }
        if let Err(error) = outcome {
            self.failures.push((address, error));
        }
        // The next attempt does not wait for its turn.
        self.next = now;
    }

    /// The sentences of the system, each with its address where they differ.
    fn error(&self) -> ConnectError {
        let is_refused =
            |(_, e): &(SocketAddr, io::Error)| e.kind() == io::ErrorKind::ConnectionRefused;
        let kind = match self.failures.iter().any(is_refused) {
            true => ConnectErrorKind::Refused,
            false => ConnectErrorKind::Io,
        };
        let mut sentences = self.failures.iter().map(|(_, error)| sys::sentence(error));
        let first = sentences.next().unwrap_or_else(|| "the host has no address".to_owned());
        let message = if sentences.all(|other| other == first) {
            first
        } else {
            let told = self.failures.iter().take(MOST_TOLD);
            let told = told.map(|(at, error)| format!("{}: {}", at.ip(), sys::sentence(error)));
            told.collect::<Vec<_>>().join("; ")
        };
        ConnectError::new(kind, message)
    }
}

/// The families take turns, beginning with that of the first address (RFC 8305, section 4).
fn interleaved(addresses: &[IpAddr]) -> impl Iterator<Item = IpAddr> {
    let first = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (ours, others): (VecDeque<IpAddr>, VecDeque<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv6() == first);
    let (mut now, mut next) = (ours, others);
    std::iter::from_fn(move || {
        if now.is_empty() {
            std::mem::swap(&mut now, &mut next);
        }
        let address = now.pop_front();
        std::mem::swap(&mut now, &mut next);
        address
    })
}

/// Begins to connect.
fn begin(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::from(mio::net::TcpStream::connect(address)?);
    let socket = TcpStream::from(fd::lift(OwnedFd::from(socket))?);
    // A request is one small write, and its answer is waited for.
    socket.set_nodelay(true)?;
    // Without it a host that went away is never noticed by an idle connection.
    socket::keep_alive(socket.as_fd())?;
    Ok(socket)
}

/// Whether a socket is connected by now.
fn outcome(socket: &TcpStream) -> Poll<io::Result<()>> {
    if let Some(error) = socket.take_error().transpose() {
        return Poll::Ready(Err(error.unwrap_or_else(|error| error)));
    }
    match socket.peer_addr() {
        // A port of our own range where nobody listens may have been given to this very
        // socket, which is then connected to itself.
        Ok(peer) if socket.local_addr().is_ok_and(|local| local == peer) => {
            Poll::Ready(Err(io::Error::from_raw_os_error(libc::ECONNREFUSED)))
        }
        Ok(_) => Poll::Ready(Ok(())),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::interleaved;

    #[test]
    fn families_take_turns_beginning_with_the_first() {
        let ips = |texts: &[&str]| -> Vec<IpAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        for (given, tried) in [
            (vec!["::1", "::2", "::3", "1.1.1.1"], vec!["::1", "1.1.1.1", "::2", "::3"]),
            (vec!["1.1.1.1", "1.1.1.2", "::1"], vec!["1.1.1.1", "::1", "1.1.1.2"]),
            (vec!["1.1.1.1", "1.1.1.2"], vec!["1.1.1.1", "1.1.1.2"]),
            (vec![], vec![]),
        ] {
            assert_eq!(interleaved(&ips(&given)).collect::<Vec<_>>(), ips(&tried), "{given:?}");
        }
    }
}
