//! A process for each connection. Bytes pass unread.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Instant;

use mio::event::Event;
use mio::net::UnixStream;
use mio::{Interest, Token};
use tmcp::channel::{Channel, EventSource, Flow, Program, Stdio, TOKENS};

use crate::daemon::{Mode, Turn};
use crate::log;
use crate::output::Output;
use crate::shared;

/// The state of the mode.
#[derive(Debug)]
pub(crate) struct Separate {
    program: Program,
    /// By the first token of the connection; that of its process comes after it.
    pairs: BTreeMap<usize, Pair>,
    started: u64,
}

/// A connection and its process.
#[derive(Debug)]
struct Pair {
    stream: UnixStream,
    channel: Stdio,
    /// Bytes for the process, at most one piece.
    input: Vec<u8>,
    /// Bytes for the client.
    output: Output,
    can_read_client: bool,
    can_write_client: bool,
    can_read_process: bool,
    can_write_process: bool,
    has_stderr: bool,
    client_ended: bool,
    client_hung_up: bool,
    process_ended: bool,
    stdin_closed: bool,
}

impl Separate {
    pub(crate) fn new(command: &[OsString]) -> Separate {
        Separate { program: shared::program(command), pairs: BTreeMap::new(), started: 0 }
    }

    fn end(&mut self, block: usize, turn: &mut Turn<'_>) {
        let Some(mut pair) = self.pairs.remove(&block) else { return };
        let _ = turn.registry.deregister(&mut pair.stream);
        let _ = pair.stream.shutdown(Shutdown::Both);
        turn.endings.end(pair.channel, turn.registry, turn.now);
    }
}

impl Pair {
    /// Moves what can be moved. True: the pair has come to its end.
    fn turn(&mut self, scratch: &mut [u8]) -> bool {
        self.read_stderr(scratch);
        if self.input.is_empty() && self.can_read_client && !self.client_ended {
            match self.stream.read(scratch) {
                Ok(0) => self.client_ended = true,
                Ok(n) => self.input.extend_from_slice(&scratch[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.can_read_client = false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return true,
            }
        }
        if !self.input.is_empty() && self.can_write_process {
            match self.channel.write(&self.input) {
                Ok(Flow::Bytes(n)) => drop(self.input.drain(..n)),
                Ok(Flow::Blocked) => self.can_write_process = false,
                // What it said before may still be there to read.
                Ok(Flow::Closed) | Err(_) => {
                    self.input.clear();
                    self.client_ended = true;
                }
            }
        }
        if self.output.is_empty() && self.can_read_process && !self.process_ended {
            match self.channel.read(scratch) {
                Ok(Flow::Bytes(n)) => self.output.push(&scratch[..n]),
                Ok(Flow::Blocked) => self.can_read_process = false,
                Ok(Flow::Closed) | Err(_) => self.process_ended = true,
            }
        }
        if !self.output.is_empty() && self.can_write_client {
            match self.output.write(&mut self.stream) {
                Ok(can_write) => self.can_write_client = can_write,
                Err(_) => return true,
            }
        }
        (self.client_hung_up && (self.client_ended || self.process_ended || !self.input.is_empty()))
            || (self.process_ended && self.output.is_empty())
    }

    fn read_stderr(&mut self, scratch: &mut [u8]) {
        if self.has_stderr {
            self.has_stderr = matches!(self.channel.read_stderr(scratch), Ok(Flow::Bytes(_)));
        }
        let pid = self.channel.child().map_or(0, |child| child.pid());
        while let Some(line) = self.channel.stderr_mut().and_then(|ring| ring.next_line()) {
            log::of_server(pid, &line);
        }
    }

    fn has_more(&self) -> bool {
        let reads_client = self.can_read_client && !self.client_ended && self.input.is_empty();
        let reads_process = self.can_read_process && !self.process_ended && self.output.is_empty();
        self.has_stderr
            || reads_client
            || reads_process
            || (self.can_write_process && !self.input.is_empty())
            || (self.can_write_client && !self.output.is_empty())
    }
}

impl Mode for Separate {
    fn start(&mut self, _turn: &mut Turn<'_>) -> Result<(), String> {
        Ok(())
    }

    fn accepted(&mut self, stream: StdStream, turn: &mut Turn<'_>) -> io::Result<()> {
        let block = turn.block();
        let process_block = turn.block();
        let mut channel =
            Stdio::spawn(&self.program).map_err(|e| io::Error::other(e.to_string()))?;
        self.started += 1;
        let mut stream = UnixStream::from_std(stream);
        let registered = channel.register(turn.registry, Token(process_block)).and_then(|()| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            turn.registry.register(&mut stream, Token(block), interest)
        });
        if let Err(e) = registered {
            turn.endings.end(channel, turn.registry, turn.now);
            return Err(e);
        }
        let pair = Pair {
            stream,
            channel,
            input: Vec::new(),
            output: Output::default(),
            can_read_client: true,
            can_write_client: true,
            can_read_process: true,
            can_write_process: true,
            has_stderr: true,
            client_ended: false,
            client_hung_up: false,
            process_ended: false,
            stdin_closed: false,
        };
        self.pairs.insert(block, pair);
        Ok(())
    }

    fn event(&mut self, event: &Event) {
        let (base, source) = EventSource::of(event.token());
        if let Some(pair) = self.pairs.get_mut(&base.0) {
            pair.can_read_client |= event.is_readable() || event.is_read_closed();
            pair.can_write_client |= event.is_writable();
            pair.client_hung_up |= event.is_write_closed() || event.is_error();
        } else if let Some(pair) = base.0.checked_sub(TOKENS).and_then(|b| self.pairs.get_mut(&b)) {
            match source {
                EventSource::Write => pair.can_write_process = true,
                EventSource::Read => pair.can_read_process = true,
                EventSource::Stderr => pair.has_stderr = true,
                EventSource::Exit => {
                    (pair.can_read_process, pair.has_stderr) = (true, true);
                    if let Some(child) = pair.channel.child_mut() {
                        child.try_reap();
                    }
                }
            }
        }
    }

    fn turn(&mut self, turn: &mut Turn<'_>) -> bool {
        let mut ended = Vec::new();
        for (block, pair) in &mut self.pairs {
            if pair.turn(turn.scratch) {
                ended.push(*block);
            } else if pair.client_ended && pair.input.is_empty() && !pair.stdin_closed {
                pair.stdin_closed = true;
                // The end of the connection is the end of the server's input. Its other
                // descriptors stay registered, so its last answers come.
                let _ = pair.channel.deregister(turn.registry);
                pair.channel.shutdown_write();
                pair.can_write_process = false;
                let _ = pair.channel.register(turn.registry, Token(*block + TOKENS));
            }
        }
        for block in ended {
            self.end(block, turn);
        }
        self.pairs.values().any(Pair::has_more)
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn connections(&self) -> usize {
        self.pairs.len()
    }

    fn stop(&mut self, turn: &mut Turn<'_>) {
        let blocks: Vec<usize> = self.pairs.keys().copied().collect();
        for block in blocks {
            self.end(block, turn);
        }
    }

    fn status(&self, _now: Instant) -> String {
        format!("Processes started: {}\n", self.started)
    }
}
