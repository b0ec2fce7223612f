//! The channel to a port of a host.
//!
//! Addresses and `localhost` need no resolver. Another name is resolved by a child process
//! ([`Resolver`]), because the resolver of the C library waits for name servers.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::task::Poll;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::race::Race;
use super::resolver::Resolver;
use super::{Channel, ConnectError, EventSource, Flow, flow, read_from};
use crate::config::is_localhost;
use crate::sys::socket;
use crate::time::Time;

/// A TCP connection.
#[derive(Debug)]
pub struct Tcp {
    port: u16,
    state: TcpState,
}

#[derive(Debug)]
enum TcpState {
    /// The name of the host is known, and its addresses are not.
    Resolving(Resolver),
    Connecting(Race),
    Connected(TcpStream),
    /// The connect has failed.
    Failed,
}

impl Tcp {
    /// A channel to `port` of `host`, which is a name, or an address without brackets.
    /// Nothing is resolved or connected before the first `poll_connect`. `env` is the
    /// environment of the resolver process.
    pub fn new(host: &str, port: u16, env: &[(OsString, OsString)]) -> Tcp {
        let state = match addresses(host) {
            Some(addresses) => TcpState::Connecting(Race::new(&addresses, port)),
            None => TcpState::Resolving(Resolver::new(host, env)),
        };
        Tcp { port, state }
    }

    fn socket(&self) -> Option<&TcpStream> {
        match &self.state {
            TcpState::Connected(socket) => Some(socket),
            _ => None,
        }
    }

    fn advance(
        &mut self,
        now: Time,
        registry: &Registry,
        base: Token,
    ) -> Poll<Result<(), ConnectError>> {
        if let TcpState::Resolving(resolver) = &mut self.state {
            let Poll::Ready(resolved) = resolver.poll(now, registry, base) else {
                return Poll::Pending;
            };
            resolver.deregister(registry);
            self.state = TcpState::Connecting(Race::new(&resolved?, self.port));
        }
        if let TcpState::Connecting(race) = &mut self.state {
            let Poll::Ready(socket) = race.poll(now, registry, base) else {
                return Poll::Pending;
            };
            self.state = TcpState::Connected(socket?);
        }
        Poll::Ready(Ok(()))
    }
}

impl Channel for Tcp {
    /// The resolver and the sockets are registered when they are made.
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()> {
        let Some(socket) = self.socket() else { return Ok(()) };
        let source = &mut SourceFd(&socket.as_raw_fd());
        registry.register(source, EventSource::Write.token(base), Interest::READABLE)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match &mut self.state {
            TcpState::Resolving(resolver) => resolver.deregister(registry),
            TcpState::Connecting(race) => race.deregister(registry),
            TcpState::Connected(socket) => {
                return registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
            }
            TcpState::Failed => {}
        }
        Ok(())
    }

    fn poll_connect(
        &mut self,
        now: Time,
        registry: &Registry,
        base: Token,
    ) -> Poll<Result<(), ConnectError>> {
        let advanced = self.advance(now, registry, base);
        if let Poll::Ready(Err(_)) = advanced {
            self.state = TcpState::Failed;
        }
        advanced
    }

    fn connect_deadline(&self) -> Option<Time> {
        match &self.state {
            TcpState::Resolving(resolver) => resolver.deadline(),
            TcpState::Connecting(race) => race.deadline(),
            TcpState::Connected(_) | TcpState::Failed => None,
        }
    }

    fn watch_room(&mut self, registry: &Registry, base: Token, watch: bool) -> io::Result<()> {
        let Some(socket) = self.socket() else { return Ok(()) };
        let interest =
            if watch { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let source = &mut SourceFd(&socket.as_raw_fd());
        registry.reregister(source, EventSource::Write.token(base), interest)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow> {
        let TcpState::Connected(socket) = &mut self.state else { return Ok(Flow::Blocked) };
        read_from(socket, buf)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let Some(socket) = self.socket() else { return Ok(Flow::Blocked) };
        flow(|| socket::send(socket.as_fd(), bytes))
    }

    fn shutdown_write(&mut self) {
        if let Some(socket) = self.socket() {
            // Fails only when the server is gone, which the next read reports.
            let _ = socket.shutdown(Shutdown::Write);
        }
    }

    fn fd(&self) -> Option<RawFd> {
        Some(self.socket()?.as_raw_fd())
    }
}

/// The addresses that need no resolver. Names below `localhost` are this host's, too
/// (RFC 6761, section 6.3).
fn addresses(host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(address) = host.parse() {
        return Some(vec![address]);
    }
    is_localhost(host).then(|| vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()])
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn only_names_of_other_hosts_need_a_resolver() {
        let count = |host| addresses(host).map(|found| found.len());
        for (host, expected) in [
            ("127.0.0.1", Some(1)),
            ("::1", Some(1)),
            ("localhost", Some(2)),
            ("LocalHost.", Some(2)),
            ("a.localhost", Some(2)),
            ("notlocalhost", None),
            ("localhost.example", None),
            ("example.com", None),
        ] {
            assert_eq!(count(host), expected, "{host}");
        }
    }
}
