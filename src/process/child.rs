//! The process of a stdio server, as the driver sees it.

use std::os::fd::{AsRawFd, RawFd};

use crate::error::Result;
use crate::sys::exit_status::ExitStatus;
use crate::sys::process::{self, Process, Signal};
use crate::sys::spawn::{self, Pipes, Program};

/// A server's process and the group that it leads.
///
/// The driver ends it in steps, with timers between them: it closes standard input, sends
/// [`Signal::Terminate`], then [`Signal::Kill`]. It calls [`try_reap`](Child::try_reap)
/// after each step, on the exit event and when standard output closes. When the leader is
/// reaped, the rest of its group is told to terminate. The driver keeps the child until
/// [`group_is_alive`](Child::group_is_alive) is false, or kills the group after a while.
///
/// A child that is dropped while it runs is told to terminate, and not reaped.
#[derive(Debug)]
pub struct Child {
    pub(crate) process: Process,
}

impl Child {
    /// Starts `program`. Returns the child and our ends of its pipes.
    pub(crate) fn spawn(program: &Program) -> Result<(Child, Pipes)> {
        process::sweep();
        let (pid, pipes) = spawn::spawn(program)?;
        let mut process = Process::adopt(pid, program.use_pidfd);
        process.spares_group = program.spares_group;
        Ok((Child { process }, pipes))
    }

    /// Reaps the leader if it ended. `None` while it runs, and while only the host knows its
    /// exit status: then [`is_gone`](Child::is_gone) is true, and the host will report it.
    pub fn try_reap(&mut self) -> Option<ExitStatus> {
        self.process.try_reap()
    }

    /// The host reports that it reaped the leader. Ignored if we reaped it.
    pub fn exited_elsewhere(&mut self, status: ExitStatus) {
        self.process.exited_elsewhere(status);
    }

    /// Signals the group. False when the group is empty, or when the leader was reaped and the
    /// kernel cannot name the group without it.
    pub fn signal(&mut self, signal: Signal) -> bool {
        self.process.signal(signal)
    }

    /// Terminates the processes that a reaped leader left in its group. True: there are some.
    pub fn end_leftovers(&mut self) -> bool {
        if !self.process.is_gone() || self.process.is_free() || !self.process.group_is_alive() {
            return false;
        }
        if self.process.spares_group {
            self.process.signal(Signal::Terminate);
        }
        true
    }

    /// Detaches the process: from now on it is neither signalled nor reaped.
    pub fn let_go(&mut self) {
        self.process.let_go();
    }

    /// Whether it was detached.
    pub fn is_free(&self) -> bool {
        self.process.is_free()
    }

    /// Whether we or the host reaped the leader.
    pub fn is_gone(&self) -> bool {
        self.process.is_gone()
    }

    /// Whether the group has a process that [`signal`](Child::signal) reaches.
    pub fn group_is_alive(&self) -> bool {
        self.process.group_is_alive()
    }

    /// The exit status of the leader, once it is known.
    pub fn status(&self) -> Option<ExitStatus> {
        self.process.status()
    }

    /// The pid of the leader, for display and for the host's reports.
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// The descriptor of [`EventSource::Exit`](crate::channel::EventSource::Exit). `None` on an
    /// old kernel and under valgrind: no event reports the exit, so the driver tries to reap
    /// when standard output closes, and by a timer.
    pub fn pidfd(&self) -> Option<RawFd> {
        self.process.pidfd().map(|fd| fd.as_raw_fd())
    }
}
