//! The process behind a stdio channel, as the driver sees it.

use std::os::fd::{AsRawFd, RawFd};

use crate::error::Result;
use crate::sys::exit_status::ExitStatus;
use crate::sys::process::{self, Process, Signal};
use crate::sys::spawn::{self, Pipes, Program};

/// A server's process and the group that it leads.
///
/// The driver ends it in steps, with waits of its own between them: close its
/// standard input, [`Signal::Terminate`], [`Signal::Kill`]. After each step, on
/// the exit event and when standard output closes, it calls
/// [`try_reap`](Child::try_reap). What the leader leaves in its group is told
/// to terminate when the leader is reaped; a driver that wants to be sure keeps
/// the child until [`group_is_alive`](Child::group_is_alive) is false, and
/// kills after a while.
///
/// Dropped while it runs, it is told to terminate and nobody waits for it.
#[derive(Debug)]
pub struct Child {
    pub(crate) process: Process,
}

impl Child {
    /// Starts `program`; the child, and our ends of its pipes.
    pub(crate) fn spawn(program: &Program) -> Result<(Child, Pipes)> {
        process::sweep();
        let (pid, pipes) = spawn::spawn(program)?;
        let mut process = Process::adopt(pid, program.use_pidfd);
        process.spares_group = program.spares_group;
        Ok((Child { process }, pipes))
    }

    /// Reaps the leader if it ended. `None` while it runs, and also while only
    /// the host knows how it ended: [`is_gone`](Child::is_gone) is true then,
    /// and the host's report is awaited.
    pub fn try_reap(&mut self) -> Option<ExitStatus> {
        self.process.try_reap()
    }

    /// Takes the host's word that it reaped the leader. Ignored when we did.
    pub fn exited_elsewhere(&mut self, status: ExitStatus) {
        self.process.exited_elsewhere(status);
    }

    /// Signals the whole group. False when nobody is left in it, or when the
    /// leader was reaped and the kernel cannot name the group without it.
    pub fn signal(&mut self, signal: Signal) -> bool {
        self.process.signal(signal)
    }

    /// Tells what a leader that is gone has left in its group to go. True: there is
    /// somebody left.
    pub fn end_leftovers(&mut self) -> bool {
        if !self.process.is_gone() || self.process.is_free() || !self.process.group_is_alive() {
            return false;
        }
        if self.process.spares_group {
            self.process.signal(Signal::Terminate);
        }
        true
    }

    /// Lets it live on: from now on it is neither signalled nor waited for.
    pub fn let_go(&mut self) {
        self.process.let_go();
    }

    /// Whether it was let go.
    pub fn is_free(&self) -> bool {
        self.process.is_free()
    }

    /// Whether the leader was reaped, by us or by the host.
    pub fn is_gone(&self) -> bool {
        self.process.is_gone()
    }

    /// Whether anybody is known to be left whom [`signal`](Child::signal) reaches.
    pub fn group_is_alive(&self) -> bool {
        self.process.group_is_alive()
    }

    /// How the leader ended, once that is known.
    pub fn status(&self) -> Option<ExitStatus> {
        self.process.status()
    }

    /// The leader's number; for display, and to match the host's reports.
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// The descriptor behind [`EventSource::Exit`](crate::channel::EventSource::Exit). Without one (an
    /// old kernel, valgrind) no event tells of the exit: the driver then tries
    /// when standard output closes, and from time to time while it waits.
    pub fn pidfd(&self) -> Option<RawFd> {
        self.process.pidfd().map(|fd| fd.as_raw_fd())
    }
}
