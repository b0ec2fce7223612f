//! Waiting for a child and signalling it, by descriptor and by number.
//!
//! A pidfd names one process for ever, a number only until it is reaped. These
//! are the bare calls; which of them may be used when is the business of
//! [`process`](super::process).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::exit_status::ExitStatus;
use super::{check, fd};

/// `PIDFD_SIGNAL_PROCESS_GROUP`: Linux 6.9.
const TO_GROUP: libc::c_uint = 1 << 2;

/// Which child to wait for.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// By descriptor.
    Pidfd(BorrowedFd<'a>),
    /// By number.
    Pid(i32),
}

/// A close-on-exec descriptor of the process `pid`.
///
/// # Errors
///
/// `ENOSYS` before Linux 5.3 and under valgrind, `ESRCH` when nothing has that
/// number.
pub fn open(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes plain numbers.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    // Descriptors and -1 fit an int.
    let raw = check(raw as libc::c_int)?;
    // SAFETY: the call succeeded, so `raw` is open and ours alone.
    fd::lift(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// How the child ended, or `None` while it runs. It is not reaped: a zombie keeps its
/// number.
///
/// # Errors
///
/// `ECHILD` when somebody else reaped it.
pub fn peek(who: Who<'_>) -> io::Result<Option<ExitStatus>> {
    wait(who, libc::WNOWAIT)
}

/// Reaps the child if it ended: its number may be that of another process from then on.
/// `None` while it runs.
///
/// # Errors
///
/// `ECHILD` when somebody else reaped it.
pub fn reap(who: Who<'_>) -> io::Result<Option<ExitStatus>> {
    wait(who, 0)
}

fn wait(who: Who<'_>, flags: libc::c_int) -> io::Result<Option<ExitStatus>> {
    let (kind, id) = match who {
        Who::Pidfd(fd) => (libc::P_PIDFD, fd.as_raw_fd()),
        Who::Pid(pid) => (libc::P_PID, pid),
    };
    let flags = libc::WEXITED | libc::WNOHANG | flags;
    // SAFETY: an all-zero siginfo_t is a valid value of the C struct.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is valid for the answer.
    check(unsafe { libc::waitid(kind, id as libc::id_t, &mut info, flags) })?;
    // SAFETY: waitid filled in the fields of SIGCHLD, or left all zero.
    let pid = unsafe { info.si_pid() };
    if pid == 0 {
        return Ok(None);
    }
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    Ok(Some(match info.si_code {
        libc::CLD_EXITED => ExitStatus::Code(status),
        _ => ExitStatus::Signal(status),
    }))
}

/// Signals every process in the group that the process of `pidfd` leads or led.
///
/// Safe however long ago the leader was reaped: the descriptor, not a number,
/// says which group. Signal 0 only asks whether anybody is left.
///
/// # Errors
///
/// `ESRCH` when nobody is left, `EINVAL` before Linux 6.9.
pub fn signal_group(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null siginfo asks for what kill(2) would send.
    let ret = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, none, TO_GROUP)
    };
    // 0 and -1 fit an int.
    check(ret as libc::c_int)?;
    Ok(())
}

/// Signals the process group `group`. The caller must know that the number is
/// still held.
///
/// # Errors
///
/// What `killpg` reports.
pub fn killpg(group: i32, signal: i32) -> io::Result<()> {
    // SAFETY: the call takes plain numbers.
    check(unsafe { libc::killpg(group, signal) })?;
    Ok(())
}
