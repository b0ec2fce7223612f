//! Log lines, filtered before they are formatted.

use std::collections::VecDeque;
use std::fmt::Arguments;

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

/// Lines that wait for a host which does not pull them; the oldest go first.
const CAPACITY: usize = 1000;

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

    pub(super) fn write(&mut self, level: LogLevel, line: Arguments<'_>) {
        if level > self.level {
            return;
        }
        if self.lines.len() == CAPACITY {
            self.lines.pop_front();
        }
        self.lines.push_back((level, line.to_string()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn pop(&mut self) -> Option<(LogLevel, String)> {
        self.lines.pop_front()
    }
}
