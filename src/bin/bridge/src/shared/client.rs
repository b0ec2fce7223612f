//! A connection of a client.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdStream;

use mio::event::Event;
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use rustix::net::sockopt::socket_peercred;
use tmcp::rpc::line::Line;
use tmcp::wire::TooLong;
use tmcp::wire::ndjson::Lines;

use crate::message;
use crate::output::Output;

/// A connection of a client.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    lines: Lines,
    pub(super) output: Output,
    pub(super) is_readable: bool,
    pub(super) is_writable: bool,
    /// It sends nothing more, and may still read.
    pub(super) is_ended: bool,
    /// It neither sends nor reads.
    pub(super) is_hung_up: bool,
    /// For the log.
    pub(super) pid: i32,
}

impl Connection {
    pub(super) fn new(
        stream: StdStream,
        registry: &Registry,
        number: usize,
    ) -> io::Result<Connection> {
        let pid = socket_peercred(&stream).map_or(0, |peer| peer.pid.as_raw_nonzero().get());
        let mut stream = UnixStream::from_std(stream);
        registry.register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)?;
        let mut lines = Lines::default();
        lines.set_limit(message::LIMIT);
        Ok(Connection {
            stream,
            lines,
            output: Output::default(),
            is_readable: true,
            is_writable: true,
            is_ended: false,
            is_hung_up: false,
            pid,
        })
    }

    pub(super) fn event(&mut self, event: &Event) {
        self.is_readable |= (event.is_readable() || event.is_read_closed()) && !self.is_ended;
        self.is_writable |= event.is_writable();
        // A peer that has shut down only its sending half still reads.
        self.is_hung_up |= event.is_write_closed() || event.is_error();
    }

    /// Reads once, and gives each line to `each`.
    pub(super) fn read(
        &mut self,
        scratch: &mut [u8],
        mut each: impl FnMut(Result<&mut Line<'_>, TooLong>),
    ) -> io::Result<()> {
        let mut input = match self.stream.read(scratch) {
            Ok(0) => {
                self.is_ended = true;
                self.is_readable = false;
                if let Some(mut text) = self.lines.finish() {
                    each(Ok(&mut text.line()));
                }
                return Ok(());
            }
            Ok(n) => &scratch[..n],
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                self.is_readable = false;
                return Ok(());
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(e) => return Err(e),
        };
        loop {
            match self.lines.next(&mut input) {
                Ok(Some(mut text)) => each(Ok(&mut text.line())),
                Ok(None) => return Ok(()),
                Err(too_long) => each(Err(too_long)),
            }
        }
    }

    /// Writes what the client takes.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if self.is_writable && !self.output.is_empty() {
            self.is_writable = self.output.write(&mut self.stream)?;
        }
        Ok(())
    }

    pub(super) fn deregister(&mut self, registry: &Registry) {
        let _ = registry.deregister(&mut self.stream);
    }
}
