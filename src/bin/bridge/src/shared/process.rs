//! The process of the server, its pipes, and what waits to be written to it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mio::Token;
use tmcp::channel::{Channel, EventSource, Flow, Program, Stdio};
use tmcp::rpc::line::Line;
use tmcp::wire::TooLong;
use tmcp::wire::ndjson::Lines;

use crate::daemon::Turn;
use crate::log;
use crate::message;

/// How long a process that closed its output may take to say how it ended.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// How often a process is looked at whose end no event reports.
const LOOK: Duration = Duration::from_millis(20);
/// Pieces of standard error read in one turn.
const STDERR_READS: usize = 4;
/// A process that leaves more messages or bytes than this unread is given up. Requests of
/// clients stop long before; only a process that asks and reads no answers gets there.
const MOST_MESSAGES: usize = 65_536;
const MOST_BYTES: usize = 64 << 20;
/// Bytes written in one turn.
const TURN: usize = 256 << 10;

/// The process of the server.
#[derive(Debug)]
pub(super) struct ServerProcess {
    channel: Stdio,
    block: usize,
    lines: Lines,
    /// Each ends in a newline.
    queue: VecDeque<(Option<u64>, Vec<u8>)>,
    queued: usize,
    /// Bytes of the first that were written.
    written: usize,
    is_readable: bool,
    has_stderr: bool,
    is_writable: bool,
    /// Since when its output is closed.
    closed: Option<Instant>,
    /// It left too much unread.
    is_given_up: bool,
    started: Instant,
    last_line: String,
}

impl ServerProcess {
    pub(super) fn spawn(
        program: &Program,
        block: usize,
        turn: &Turn<'_>,
    ) -> Result<ServerProcess, String> {
        let mut channel = Stdio::spawn(program).map_err(|e| e.to_string())?;
        if let Err(e) = channel.register(turn.registry, Token(block)) {
            return Err(format!("the pipes of the server cannot be watched: {e}"));
        }
        let mut lines = Lines::default();
        lines.set_limit(message::LIMIT);
        Ok(ServerProcess {
            channel,
            block,
            lines,
            queue: VecDeque::new(),
            queued: 0,
            written: 0,
            is_readable: true,
            has_stderr: true,
            is_writable: true,
            closed: None,
            is_given_up: false,
            started: turn.now,
            last_line: String::new(),
        })
    }

    pub(super) fn pid(&self) -> i32 {
        self.channel.child().map_or(0, |child| child.pid())
    }

    pub(super) fn block(&self) -> usize {
        self.block
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    pub(super) fn event(&mut self, source: EventSource) {
        match source {
            EventSource::Write => self.is_writable = true,
            EventSource::Read => self.is_readable = true,
            EventSource::Stderr => self.has_stderr = true,
            EventSource::Exit => {
                // Its last answers are in the pipe, whose end is only seen now.
                (self.is_readable, self.has_stderr) = (true, true);
                if let Some(child) = self.channel.child_mut() {
                    child.try_reap();
                }
            }
        }
    }

    /// Reads once, and gives each line to `each`.
    pub(super) fn read(
        &mut self,
        turn: &mut Turn<'_>,
        mut each: impl FnMut(Result<&mut Line<'_>, TooLong>),
    ) {
        if !self.is_readable || self.closed.is_some() {
            return;
        }
        let mut input = match self.channel.read(turn.scratch) {
            Ok(Flow::Bytes(n)) => &turn.scratch[..n],
            Ok(Flow::Blocked) => {
                self.is_readable = false;
                return;
            }
            Ok(Flow::Closed) | Err(_) => {
                self.closed = Some(turn.now);
                // A message without its newline was said all the same.
                if let Some(mut text) = self.lines.finish() {
                    each(Ok(&mut text.line()));
                }
                return;
            }
        };
        loop {
            match self.lines.next(&mut input) {
                Ok(Some(mut text)) => each(Ok(&mut text.line())),
                Ok(None) => return,
                Err(too_long) => each(Err(too_long)),
            }
        }
    }

    /// Passes its standard error on, line by line.
    pub(super) fn read_stderr(&mut self, turn: &mut Turn<'_>) {
        for _ in 0..STDERR_READS {
            if !self.has_stderr {
                break;
            }
            self.has_stderr = matches!(self.channel.read_stderr(turn.scratch), Ok(Flow::Bytes(_)));
        }
        let pid = self.pid();
        let is_closed = self.closed.is_some();
        let Some(ring) = self.channel.stderr_mut() else { return };
        while let Some(line) =
            ring.next_line().or_else(|| ring.take_partial().filter(|_| is_closed))
        {
            if !line.trim_ascii().is_empty() {
                self.last_line = String::from_utf8_lossy(&line[..line.len().min(300)]).into_owned();
            }
            log::of_server(pid, &line);
        }
    }

    /// How it ended, once its output is closed.
    pub(super) fn end(&mut self, now: Instant) -> Option<String> {
        let since = self.closed?;
        let status = self.channel.child_mut().and_then(|child| child.try_reap().or(child.status()));
        let how = match status {
            Some(status) => format!("the server process {} has ended ({status})", self.pid()),
            None if self.is_given_up => {
                format!("the server process {} reads nothing and was given up", self.pid())
            }
            None if now < since + LAST_WORDS => return None,
            None => format!("the server process {} has closed its output", self.pid()),
        };
        let last = match self.last_line.is_empty() {
            true => String::new(),
            false => format!(", its last words: {}", self.last_line),
        };
        Some(how + &last)
    }

    /// When `end` is to be asked again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.closed.map(|_| Instant::now() + LOOK)
    }

    /// Appends a message that ends in a newline.
    pub(super) fn queue(&mut self, request: Option<u64>, text: Vec<u8>, now: Instant) {
        if self.queue.len() > MOST_MESSAGES || self.queued > MOST_BYTES {
            self.is_given_up = true;
            self.closed.get_or_insert(now);
        }
        self.queued += text.len();
        self.queue.push_back((request, text));
    }

    /// Bytes that wait to be written.
    pub(super) fn queued(&self) -> usize {
        self.queued - self.written
    }

    /// Writes what the pipe takes.
    pub(super) fn write(&mut self) {
        let mut room = TURN;
        while self.is_writable && room > 0 {
            let Some((_, text)) = self.queue.front() else { return };
            let end = text.len().min(self.written + room);
            match self.channel.write(&text[self.written..end]) {
                Ok(Flow::Bytes(n)) => {
                    self.written += n;
                    room -= n;
                }
                // The end of a process that reads no more shows on its output.
                Ok(Flow::Blocked | Flow::Closed) | Err(_) => self.is_writable = false,
            }
            if self.queue.front().is_some_and(|(_, text)| text.len() == self.written) {
                self.queue.pop_front();
                self.queued -= self.written;
                self.written = 0;
            }
        }
    }

    /// Whether a turn has something to do at once.
    pub(super) fn has_more(&self) -> bool {
        (self.is_readable && self.closed.is_none())
            || self.has_stderr
            || (self.is_writable && !self.queue.is_empty())
    }

    /// Requests whose closing brace did not leave, so that nothing of them can have run.
    pub(super) fn take_unsent(&mut self) -> Vec<(u64, Vec<u8>)> {
        if self.queue.front().is_some_and(|(_, text)| self.written + 1 >= text.len()) {
            self.queue.pop_front();
        }
        let queue = std::mem::take(&mut self.queue);
        (self.queued, self.written) = (0, 0);
        queue.into_iter().filter_map(|(request, text)| Some((request?, text))).collect()
    }

    pub(super) fn into_channel(self) -> Stdio {
        self.channel
    }
}
