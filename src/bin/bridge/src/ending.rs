//! Processes that are told to end: stdin closed, SIGTERM after 2 s, SIGKILL after 2 s more.

use std::time::{Duration, Instant};

use mio::Registry;
use tmcp::channel::{Channel, Flow, Signal, Stdio};

/// Time between two steps.
const STEP: Duration = Duration::from_secs(2);
/// How often the processes are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Processes that are told to end.
#[derive(Debug, Default)]
pub(crate) struct Endings {
    all: Vec<EndingProcess>,
}

#[derive(Debug)]
struct EndingProcess {
    channel: Stdio,
    next: Signal,
    at: Instant,
    is_killed: bool,
}

impl Endings {
    /// Closes the standard input of a process, and sees it to its end.
    pub(crate) fn end(&mut self, mut channel: Stdio, registry: &Registry, now: Instant) {
        let _ = channel.deregister(registry);
        channel.shutdown_write();
        let at = now + STEP;
        self.all.push(EndingProcess { channel, next: Signal::Terminate, at, is_killed: false });
    }

    /// Processes that have not ended.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// When `turn` is wanted next.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        (!self.all.is_empty()).then(|| now + LOOK)
    }

    /// Ends all of them without further waiting.
    pub(crate) fn hurry(&mut self, now: Instant) {
        for process in &mut self.all {
            process.next = Signal::Kill;
            process.at = now;
        }
    }

    /// Reaps what has ended, and takes the next step with what has not.
    pub(crate) fn turn(&mut self, scratch: &mut [u8], now: Instant) {
        self.all.retain_mut(|process| {
            let EndingProcess { channel, next, at, is_killed } = process;
            // A process that is stopped by a full pipe would not see the end of its input.
            for _ in 0..4 {
                let out = channel.read(scratch).unwrap_or(Flow::Closed);
                let err = channel.read_stderr(scratch).unwrap_or(Flow::Closed);
                if !matches!((out, err), (Flow::Bytes(_), _) | (_, Flow::Bytes(_))) {
                    break;
                }
            }
            let Some(child) = channel.child_mut() else { return false };
            if child.try_reap().is_some() {
                child.end_leftovers();
            }
            if child.is_gone() && !child.group_is_alive() {
                return false;
            }
            if now >= *at {
                child.signal(*next);
                if *is_killed && child.is_gone() {
                    return false;
                }
                *is_killed = *next == Signal::Kill;
                *next = Signal::Kill;
                *at = now + STEP;
            }
            true
        });
    }
}
