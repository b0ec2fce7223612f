//! Resolves the name of a host in a child process.
//!
//! `getaddrinfo` waits for name servers, and a thread is not allowed in the host. The child
//! is `getent ahosts NAME`, which asks as every other program of the system does: hosts
//! file, name servers, and what else `/etc/nsswitch.conf` names.
//!
//! Invariants:
//! - No call waits. The child is killed after [`LIMIT`], and when the resolver is dropped.
//! - At most [`MOST_OUTPUT`] bytes of its output are read, and [`MOST_ADDRESSES`] addresses
//!   used.

use std::ffi::OsString;
use std::fs::File;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::task::Poll;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::{Child, ConnectError, ConnectErrorKind, EventSource, Flow, Program, Signal, read_from};
use crate::error::Kind;
use crate::time::{Time, in_words};

/// The C library gives a name server 5 s.
const LIMIT: Duration = Duration::from_secs(8);
const MOST_OUTPUT: usize = 16 << 10;
const MOST_ADDRESSES: usize = 32;

/// Resolves one name.
#[derive(Debug)]
pub(super) struct Resolver {
    host: String,
    program: Program,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    output: File,
    /// Kept open: the child must be able to write to it.
    _stderr: OwnedFd,
    child: Child,
    text: Vec<u8>,
    until: Time,
}

impl Resolver {
    /// Nothing is started before the first [`poll`](Resolver::poll).
    pub(super) fn new(host: &str, env: &[(OsString, OsString)]) -> Resolver {
        let mut program = Program::new("getent");
        program.args = vec!["ahosts".into(), host.into()];
        program.env = env.to_vec();
        Resolver { host: host.to_owned(), program, running: None }
    }

    /// Starts the child, or reads what it has printed. The addresses come in the order in
    /// which they are to be tried, and there is at least one.
    ///
    /// # Errors
    ///
    /// The child cannot be started, found nothing or took too long.
    pub(super) fn poll(
        &mut self,
        now: Time,
        registry: &Registry,
        base: Token,
    ) -> Poll<Result<Vec<IpAddr>, ConnectError>> {
        let running = match &mut self.running {
            Some(running) => running,
            none => match start(&self.host, &self.program, now, registry, base) {
                Ok(running) => none.insert(running),
                Err(error) => return Poll::Ready(Err(error)),
            },
        };
        let host = &self.host;
        if !running.read() {
            if now < running.until {
                return Poll::Pending;
            }
            let message = format!("'{host}' was not resolved within {} (getent)", in_words(LIMIT));
            return Poll::Ready(Err(ConnectError::new(ConnectErrorKind::Name, message)));
        }
        let found = parse(&running.text);
        if !found.is_empty() {
            return Poll::Ready(Ok(found));
        }
        let message = match running.text.trim_ascii().is_empty() {
            true => format!("no such host '{host}'"),
            false => format!("no such host '{host}': getent printed no address"),
        };
        Poll::Ready(Err(ConnectError::new(ConnectErrorKind::Name, message)))
    }

    /// When [`poll`](Resolver::poll) is to be called although no event comes.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.running.as_ref().map(|running| running.until)
    }

    pub(super) fn deregister(&mut self, registry: &Registry) {
        let Some(running) = &self.running else { return };
        let _ = registry.deregister(&mut SourceFd(&running.output.as_raw_fd()));
        if let Some(fd) = running.child.pidfd() {
            let _ = registry.deregister(&mut SourceFd(&fd));
        }
    }
}

impl Running {
    /// Reads what there is. True: there is no more to come.
    fn read(&mut self) -> bool {
        let mut buf = [0; 4096];
        while self.text.len() < MOST_OUTPUT {
            match read_from(&mut self.output, &mut buf) {
                Ok(Flow::Bytes(n)) => self.text.extend_from_slice(&buf[..n]),
                // Another process may hold the pipe when the child is gone.
                Ok(Flow::Blocked) => {
                    self.child.try_reap();
                    return self.child.is_gone();
                }
                Ok(Flow::Closed) | Err(_) => break,
            }
        }
        self.child.try_reap();
        true
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.child.is_gone() {
            self.child.signal(Signal::Kill);
        }
    }
}

fn start(
    host: &str,
    program: &Program,
    now: Time,
    registry: &Registry,
    base: Token,
) -> Result<Running, ConnectError> {
    let (child, pipes) = Child::spawn(program).map_err(|error| {
        let kind = match error.kind() {
            Kind::Invalid => ConnectErrorKind::Resolver,
            _ => ConnectErrorKind::Name,
        };
        let message = format!(
            "'{host}' cannot be resolved: {}; an address in its place needs no resolver",
            error.message()
        );
        ConnectError::new(kind, message)
    })?;
    let running = Running {
        output: File::from(pipes.stdout),
        _stderr: pipes.stderr,
        child,
        text: Vec::new(),
        until: now + LIMIT,
    };
    let register = |fd, source: EventSource| {
        registry.register(&mut SourceFd(&fd), source.token(base), Interest::READABLE)
    };
    let watched = register(running.output.as_raw_fd(), EventSource::Read);
    let watched = watched.and_then(|()| match running.child.pidfd() {
        Some(fd) => register(fd, EventSource::Exit),
        None => Ok(()),
    });
    match watched {
        Ok(()) => Ok(running),
        Err(error) => Err(ConnectError::new(ConnectErrorKind::Io, crate::sys::sentence(&error))),
    }
}

/// The addresses in the output of `getent ahosts`: each line begins with one, and each
/// address stands there once for every type of socket.
fn parse(text: &[u8]) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let word = line.split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
        let word = word.and_then(|word| std::str::from_utf8(word).ok());
        let Some(address) = word.and_then(|word| word.parse().ok()) else { continue };
        if !found.contains(&address) && found.len() < MOST_ADDRESSES {
            found.push(address);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_prints_nothing_is_given_up_after_the_limit() {
        let poll = mio::Poll::new().unwrap();
        let mut resolver = Resolver::new("a.example", &[]);
        resolver.program = Program::new("/bin/sleep");
        resolver.program.args = vec!["1000".into()];
        let mut ask = |now| resolver.poll(now, poll.registry(), Token(0));
        assert!(ask(Time::ZERO).is_pending());
        assert!(ask(Time::ZERO + (LIMIT - Duration::from_micros(1))).is_pending());
        match ask(Time::ZERO + LIMIT) {
            Poll::Ready(Err(error)) => {
                assert_eq!(error.message(), "'a.example' was not resolved within 8 s (getent)")
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(resolver.deadline(), Some(Time::ZERO + LIMIT));
    }

    #[test]
    fn each_address_is_taken_once_and_in_its_order() {
        let text = b"2001:db8::1     STREAM example.com\n2001:db8::1     DGRAM  \n\
            192.0.2.7       STREAM \n192.0.2.7       RAW    \n";
        let found: Vec<String> = parse(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["2001:db8::1", "192.0.2.7"]);
    }

    #[test]
    fn what_is_no_address_is_passed_over() {
        assert!(parse(b"").is_empty());
        assert!(parse(b"garbage\n\xff\xfe 1.2.3.4\n1.2.3.4.5 x\n\0\n").is_empty());
        assert_eq!(parse(b"garbage\n  1.2.3.4").len(), 1);
    }

    #[test]
    fn addresses_have_a_bound() {
        let text: String = (0..200).map(|i| format!("10.0.0.{i} STREAM\n")).collect();
        assert_eq!(parse(text.as_bytes()).len(), MOST_ADDRESSES);
    }
}
