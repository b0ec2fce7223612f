//! Log lines, filtered before they are formatted.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::Arguments;

use crate::engine::allowance::Allowance;
use crate::engine::{Engine, ServerId};
use crate::redact::Redactor;
use crate::time::Time;

/// How loud the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is off, work goes on.
    Warning,
    /// What a user would like to know.
    Info,
    /// Everything.
    Debug,
}

/// Lines that are kept until the host pulls them. The oldest are dropped first.
const CAPACITY: usize = 1000;

/// Lines about one server: a second, and in one burst.
const TALK: Allowance = Allowance::new(50, 2000);

/// What may be logged about one server.
#[derive(Debug)]
pub(super) struct Talk {
    lines: Allowance,
    /// Lines left out since the last one that was written.
    left_out: u64,
}

impl Default for Talk {
    fn default() -> Talk {
        Talk { lines: TALK, left_out: 0 }
    }
}

impl Engine {
    /// Logs a line about a server, within the allowance of that server.
    pub(super) fn note_about(
        &mut self,
        now: Time,
        server: ServerId,
        level: LogLevel,
        line: Arguments<'_>,
    ) {
        if level > self.log.level {
            return;
        }
        let state = &mut self.servers[server.0 as usize];
        if !state.talk.lines.take(now, 1) {
            state.metrics.wire.unlogged += 1;
            state.talk.left_out += 1;
            return;
        }
        let left_out = std::mem::take(&mut state.talk.left_out);
        if left_out > 0 {
            let name = &state.name;
            let line = format_args!("{name}: {left_out} lines were left out");
            self.log.write(level, line, &self.redactor);
        }
        self.log.write(level, line, &self.redactor);
    }
}

/// Lines waiting to be pulled.
#[derive(Debug)]
pub(super) struct Log {
    level: LogLevel,
    lines: VecDeque<(LogLevel, String)>,
}

impl Log {
    pub(super) fn new(level: LogLevel) -> Log {
        Log { level, lines: VecDeque::new() }
    }

    pub(super) fn set_level(&mut self, level: LogLevel) {
        self.level = level;
    }

    /// Whether lines of `level` are kept.
    pub(super) fn tells(&self, level: LogLevel) -> bool {
        level <= self.level
    }

    /// Keeps a line without its secrets, if it is loud enough.
    pub(super) fn write(&mut self, level: LogLevel, line: Arguments<'_>, secrets: &Redactor) {
        if level > self.level {
            return;
        }
        if self.lines.len() == CAPACITY {
            self.lines.pop_front();
        }
        let line = line.to_string();
        let clean = match secrets.clean(&line) {
            Cow::Borrowed(_) => None,
            Cow::Owned(clean) => Some(clean),
        };
        self.lines.push_back((level, clean.unwrap_or(line)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn pop(&mut self) -> Option<(LogLevel, String)> {
        self.lines.pop_front()
    }
}
