//! Writing to a pipe without being killed by it.
//!
//! A socket can be told with `MSG_NOSIGNAL`; a pipe cannot, and a server must
//! find an ordinary pipe on its standard input. tmux ignores SIGPIPE, so there
//! nothing needs doing. A plain C program does not, and a library must not
//! change its dispositions: around each write to a pipe the signal is blocked
//! in this thread, and taken back if the write raised it.

use std::ptr;

/// Whether a write to a broken pipe would do more than fail.
///
/// Asked once for each child, not for each write: a host that stops ignoring
/// SIGPIPE while children run must expect to receive it.
pub fn is_deadly() -> bool {
    // SAFETY: an all-zero sigaction is a valid value of the C struct.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: a null new action only asks; `action` is valid for the answer.
    let ret = unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), &mut action) };
    ret != 0 || action.sa_sigaction != libc::SIG_IGN
}

/// Runs `write` and discards a SIGPIPE that it raised in this thread.
///
/// One that was pending before stays pending: it is the host's.
pub fn shielded<R>(write: impl FnOnce() -> R) -> R {
    let set = sigpipe_set();
    if is_pending() {
        // Blocked by the host already, and a second one would merge with the first.
        return write();
    }
    let mut old = empty_set();
    // SAFETY: both sets are initialised and live across the call.
    let blocked = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, &mut old) } == 0;
    let result = write();
    if blocked {
        if is_pending() {
            let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: the set and the zero time-out are valid; no siginfo is wanted.
            unsafe { libc::sigtimedwait(&set, ptr::null_mut(), &now) };
        }
        // SAFETY: `old` was filled by the call above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &old, ptr::null_mut()) };
    }
    result
}

fn is_pending() -> bool {
    let mut pending = empty_set();
    // SAFETY: `pending` is valid for the answer.
    unsafe { libc::sigpending(&mut pending) };
    // SAFETY: `pending` is an initialised set and SIGPIPE a valid signal.
    (unsafe { libc::sigismember(&pending, libc::SIGPIPE) }) == 1
}

fn sigpipe_set() -> libc::sigset_t {
    let mut set = empty_set();
    // SAFETY: `set` is initialised and SIGPIPE a valid signal.
    unsafe { libc::sigaddset(&mut set, libc::SIGPIPE) };
    set
}

pub(super) fn empty_set() -> libc::sigset_t {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the call initialises the set that it is given.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: initialised just now.
    unsafe { set.assume_init() }
}
