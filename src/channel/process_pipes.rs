//! The channel to a child process, over its standard streams.
//!
//! The streams are three pipes and no socket, because some servers open `/dev/stdin` again,
//! which fails with a socket.
//!
//! The channel ends with the leader of the process group. Another process of the group may
//! hold the pipes for ever, so an empty pipe counts as closed once the leader is reaped: all
//! that the leader wrote was in the pipe before.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::{Channel, Child, EventSource, Flow, Program, StderrRing, flow, read_from};
use crate::error::Result;
use crate::sys::sigpipe;

/// A child process and its pipes.
#[derive(Debug)]
pub struct Stdio {
    // The pipes before the child: it finds its input closed when it is dropped.
    stdin: Option<File>,
    stdout: File,
    stderr: File,
    pub(super) ring: StderrRing,
    pub(super) child: Child,
    /// Writes raise SIGPIPE unless it is blocked.
    pub(super) shield: bool,
}

impl Stdio {
    /// Starts `program`.
    ///
    /// # Errors
    ///
    /// A sentence that names what is wrong with the command or its directory,
    /// as [`Kind::Invalid`](crate::error::Kind::Invalid);
    /// [`Kind::Io`](crate::error::Kind::Io) when the system had no room.
    pub fn spawn(program: &Program) -> Result<Stdio> {
        let (child, pipes) = Child::spawn(program)?;
        Ok(Stdio {
            stdin: Some(File::from(pipes.stdin)),
            stdout: File::from(pipes.stdout),
            stderr: File::from(pipes.stderr),
            ring: StderrRing::default(),
            child,
            shield: sigpipe::is_deadly(),
        })
    }

    /// Closes the standard input of the child, which asks it to end.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The descriptors to register, with their interests and sources.
    fn sources(&self) -> impl Iterator<Item = (RawFd, Interest, EventSource)> + use<> {
        let stdin =
            self.stdin.as_ref().map(|f| (f.as_raw_fd(), Interest::WRITABLE, EventSource::Write));
        let exit = self.child.pidfd().map(|fd| (fd, Interest::READABLE, EventSource::Exit));
        let stdout = (self.stdout.as_raw_fd(), Interest::READABLE, EventSource::Read);
        let stderr = (self.stderr.as_raw_fd(), Interest::READABLE, EventSource::Stderr);
        stdin.into_iter().chain([stdout, stderr]).chain(exit)
    }

    /// An empty pipe is closed once the leader is gone.
    fn unless_gone(&self, flow: Flow) -> Flow {
        if flow == Flow::Blocked && self.child.is_gone() { Flow::Closed } else { flow }
    }
}

impl Channel for Stdio {
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()> {
        for (fd, interest, part) in self.sources() {
            if let Err(e) = registry.register(&mut SourceFd(&fd), part.token(base), interest) {
                // To deregister a descriptor that was not registered is harmless.
                let _ = self.deregister(registry);
                return Err(e);
            }
        }
        Ok(())
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let mut result = Ok(());
        for (fd, ..) in self.sources() {
            result = result.and(registry.deregister(&mut SourceFd(&fd)));
        }
        result
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow> {
        let flow = read_from(&mut self.stdout, buf)?;
        Ok(self.unless_gone(flow))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let Some(stdin) = &mut self.stdin else { return Ok(Flow::Closed) };
        let mut write = || stdin.write(bytes);
        if self.shield { flow(|| sigpipe::shielded(&mut write)) } else { flow(write) }
    }

    fn shutdown_write(&mut self) {
        self.close_stdin();
    }

    fn fd(&self) -> Option<RawFd> {
        Some(self.stdout.as_raw_fd())
    }

    fn child(&self) -> Option<&Child> {
        Some(&self.child)
    }

    fn child_mut(&mut self) -> Option<&mut Child> {
        Some(&mut self.child)
    }

    fn read_stderr(&mut self, scratch: &mut [u8]) -> io::Result<Flow> {
        let flow = read_from(&mut self.stderr, scratch)?;
        if let Flow::Bytes(n) = flow {
            self.ring.push(&scratch[..n]);
        }
        Ok(self.unless_gone(flow))
    }

    fn stderr(&self) -> Option<&StderrRing> {
        Some(&self.ring)
    }

    fn stderr_mut(&mut self) -> Option<&mut StderrRing> {
        Some(&mut self.ring)
    }
}
