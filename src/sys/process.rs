//! One child process, from its start until nothing of it is left.
//!
//! The difficulty is that two may reap it: this library, and a host like tmux
//! that waits for every child. Once a child is reaped its number may belong to
//! anybody, so from then on the number is dead to us. But the group of the
//! child, to which its own children belong, may live on (`npx` and `uvx` start
//! the server as a grandchild), and it has to be ended as well.
//!
//! What is done, and why it is safe:
//! - A leader that ended is first looked at and left a zombie (`WNOWAIT`). The
//!   zombie holds the number, so the group is signalled then, and only then is
//!   the leader reaped.
//! - Where the kernel can signal a group by pidfd (Linux 6.9), that is used
//!   always. It names the group without a number, so it may be used after the
//!   leader was reaped, by whomever.
//! - Elsewhere, before a number is used, the kernel is asked whether the child
//!   is still ours to wait for. When the host reaped it first, its group cannot
//!   be signalled any more, and is not: what was left in it gets end of file on
//!   its pipes and nothing else. When we were first, leftovers that were asked
//!   to terminate once already are killed, because there is no later.
//! - With neither pidfd the host must report exits; a host that reaps in
//!   silence leaves us nothing to tell its next child from ours.
//!
//! Invariants:
//! - After `Reaped` or `Elsewhere` no call here uses the number.
//! - Nothing here waits. A process dropped while it runs is told to terminate
//!   and put aside, to be reaped when the next one is started or dropped.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use super::exit_status::ExitStatus;
use super::pidfd::{self, Who};

/// What a server's processes can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// SIGTERM: end, in your own time.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// A child process that leads its own group.
#[derive(Debug)]
pub struct Process {
    pid: i32,
    pidfd: Option<OwnedFd>,
    /// The kernel takes a pidfd for a group.
    group_by_pidfd: bool,
    state: ProcessState,
    /// The strongest signal that was sent.
    asked: Option<Signal>,
    /// What the leader leaves in its group is not told to go when the leader ends.
    pub spares_group: bool,
    /// It was let go: it is not told to go when this is dropped.
    free: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProcessState {
    /// Running, or a zombie that is ours to reap.
    Ours,
    /// Reaped by us or reported by the host.
    Reaped(ExitStatus),
    /// Reaped by the host, which has not said how it ended.
    Elsewhere,
}

impl Signal {
    fn number(self) -> i32 {
        match self {
            Signal::Terminate => libc::SIGTERM,
            Signal::Kill => libc::SIGKILL,
        }
    }
}

impl Process {
    /// Takes charge of the child `pid`, started just now as the leader of its
    /// own group. Without `use_pidfd`, as on a kernel that has none.
    pub fn adopt(pid: i32, use_pidfd: bool) -> Process {
        let mut process = Process {
            pid,
            pidfd: None,
            group_by_pidfd: false,
            state: ProcessState::Ours,
            asked: None,
            spares_group: false,
            free: false,
        };
        if !use_pidfd {
            return process;
        }
        match pidfd::open(pid) {
            Ok(fd) => match pidfd::peek(Who::Pidfd(fd.as_fd())) {
                Ok(_) => {
                    process.group_by_pidfd = pidfd::signal_group(fd.as_fd(), 0).is_ok();
                    process.pidfd = Some(fd);
                }
                // Another thread of the host was quicker, and the number may
                // be somebody else's already.
                Err(e) if e.raw_os_error() == Some(libc::ECHILD) => {
                    process.state = ProcessState::Elsewhere;
                }
                // Linux 5.3 opens pidfds and cannot wait for them.
                Err(_) => {}
            },
            Err(e) if e.raw_os_error() == Some(libc::ESRCH) => {
                process.state = ProcessState::Elsewhere
            }
            Err(_) => {}
        }
        process
    }

    /// Reaps the child if it ended. `None` while it runs, and while only the
    /// host can know how it ended ([`is_gone`](Process::is_gone) then holds).
    pub fn try_reap(&mut self) -> Option<ExitStatus> {
        if self.state == ProcessState::Ours {
            match pidfd::peek(self.who()) {
                Ok(None) => {}
                Ok(Some(status)) => {
                    self.end_leftovers();
                    // When the host got in between, we know the status all the same.
                    let _ = pidfd::reap(self.who());
                    self.state = ProcessState::Reaped(status);
                }
                Err(_) => self.lost(),
            }
        }
        self.status()
    }

    /// Takes the host's word that it reaped the child.
    pub fn exited_elsewhere(&mut self, status: ExitStatus) {
        if self.state == ProcessState::Ours {
            self.lost();
        }
        // A status of our own is the better one: the host's may be that of a
        // later process with the same number.
        if self.state == ProcessState::Elsewhere {
            self.state = ProcessState::Reaped(status);
        }
    }

    /// Signals the group. False when nobody was left to signal, or when the
    /// group cannot be named safely any more.
    pub fn signal(&mut self, signal: Signal) -> bool {
        self.asked = self.asked.max(Some(signal));
        if let (true, Some(fd)) = (self.group_by_pidfd, &self.pidfd) {
            return pidfd::signal_group(fd.as_fd(), signal.number()).is_ok();
        }
        if self.state != ProcessState::Ours {
            return false;
        }
        if pidfd::peek(self.who()).is_err() {
            self.lost();
            return false;
        }
        pidfd::killpg(self.pid, signal.number()).is_ok()
    }

    /// Whether the leader was reaped, by whomever.
    pub fn is_gone(&self) -> bool {
        self.state != ProcessState::Ours
    }

    /// Whether somebody is known to live in the group, the leader or others
    /// that it left behind and that [`signal`](Process::signal) still reaches.
    pub fn group_is_alive(&self) -> bool {
        match &self.pidfd {
            Some(fd) if self.group_by_pidfd => pidfd::signal_group(fd.as_fd(), 0).is_ok(),
            _ => self.state == ProcessState::Ours,
        }
    }

    /// How the leader ended, once that is known.
    pub fn status(&self) -> Option<ExitStatus> {
        match self.state {
            ProcessState::Reaped(status) => Some(status),
            ProcessState::Ours | ProcessState::Elsewhere => None,
        }
    }

    /// The number of the leader; for display and for matching the host's reports.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Readable once the leader ended; `None` where the kernel has no pidfds.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// From now on as on a kernel before Linux 6.9.
    #[cfg(test)]
    pub fn forget_group_by_pidfd(&mut self) {
        self.group_by_pidfd = false;
    }

    /// Lets it live on; it is reaped when it has ended and another one is started.
    pub fn let_go(&mut self) {
        self.spares_group = true;
        self.free = true;
    }

    /// Whether it was let go.
    pub fn is_free(&self) -> bool {
        self.free
    }

    fn who(&self) -> Who<'_> {
        match &self.pidfd {
            Some(fd) => Who::Pidfd(fd.as_fd()),
            None => Who::Pid(self.pid),
        }
    }

    /// Signals what the dead leader left in its group, while its zombie still
    /// holds the number.
    fn end_leftovers(&mut self) {
        match self.asked {
            None if self.spares_group => return,
            None => self.signal(Signal::Terminate),
            // Told already, and it can be told more later.
            Some(Signal::Terminate) if self.group_by_pidfd => return,
            Some(_) => self.signal(Signal::Kill),
        };
    }

    /// Somebody else reaped the leader.
    fn lost(&mut self) {
        self.state = ProcessState::Elsewhere;
        if self.asked.is_none() && !self.spares_group {
            self.signal(Signal::Terminate);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.state != ProcessState::Ours || self.try_reap().is_some() || self.is_gone() {
            return;
        }
        if !self.free {
            self.signal(Signal::Terminate);
        }
        if self.pidfd.is_some() && !self.is_gone() {
            let process = Process {
                pid: self.pid,
                pidfd: self.pidfd.take(),
                group_by_pidfd: self.group_by_pidfd,
                state: self.state,
                asked: self.asked,
                spares_group: self.spares_group,
                free: self.free,
            };
            // What is left of `self` must not look at the number again.
            self.state = ProcessState::Elsewhere;
            abandoned().push(process);
        }
    }
}

/// Leaves the child `pid` to itself. It is reaped when another one is started.
pub fn leave(pid: i32) {
    let process = Process::adopt(pid, true);
    if process.pidfd.is_some() {
        abandoned().push(process);
    }
}

/// Reaps those that were dropped while they ran and have ended since.
pub fn sweep() {
    // Taken out first: what ends in here is dropped outside the lock.
    let mut waiting = std::mem::take(&mut *abandoned());
    waiting.retain_mut(|process| process.try_reap().is_none() && !process.is_gone());
    abandoned().append(&mut waiting);
}

// Only those with a pidfd: a number alone cannot be kept safely.
static ABANDONED: Mutex<Vec<Process>> = Mutex::new(Vec::new());

fn abandoned() -> std::sync::MutexGuard<'static, Vec<Process>> {
    ABANDONED.lock().unwrap_or_else(PoisonError::into_inner)
}
