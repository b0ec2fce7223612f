//! What only tests do to their own process, for which Rust has no safe call.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::exit_status::ExitStatus;

/// Sets signals as tmux does, and blocks one in this thread.
pub fn ignore_signals_like_tmux() {
    for signal in [libc::SIGPIPE, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGQUIT] {
        // SAFETY: ignoring installs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let mut set = super::sigpipe::empty_set();
    // SAFETY: `set` is initialised and SIGUSR1 a valid signal.
    unsafe { libc::sigaddset(&mut set, libc::SIGUSR1) };
    // SAFETY: `set` is initialised; the old mask is not wanted.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) };
}

/// Gives SIGPIPE its default action, which ends the process.
pub fn make_sigpipe_deadly() {
    // SAFETY: the default action installs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Whether this thread has SIGPIPE blocked.
pub fn sigpipe_is_blocked() -> bool {
    let mut set = super::sigpipe::empty_set();
    // SAFETY: a null new mask only asks; `set` is valid for the answer.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &mut set) };
    // SAFETY: `set` is initialised and SIGPIPE a valid signal.
    (unsafe { libc::sigismember(&set, libc::SIGPIPE) }) == 1
}

/// A copy of `fd` that exec does not close.
pub fn leaky_copy(fd: &impl AsRawFd) -> RawFd {
    // SAFETY: `fd` is open; the copy is the caller's to forget.
    let copy = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD, 50) };
    assert!(copy >= 50);
    copy
}

/// Closes descriptors 0 to 2.
pub fn close_standard_fds() {
    for fd in 0..3 {
        // SAFETY: the standard library copes with closed standard descriptors.
        unsafe { libc::close(fd) };
    }
}

/// Reaps a child as a host does: `None` while it runs, an error when it is not there.
pub fn host_waits(pid: i32) -> io::Result<Option<ExitStatus>> {
    let mut status = 0;
    // SAFETY: `status` is valid for the answer.
    let ret = unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) };
    super::check(ret)?;
    Ok(if ret == 0 { None } else { ExitStatus::from_wait(status) })
}

/// Whether a process has the number `pid` and is no zombie.
pub fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// Kills a process that the test knows to be alive.
pub fn kill(pid: i32) {
    // SAFETY: the call takes plain numbers.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// Lets the listener keep no connection waiting but one.
pub fn shrink_backlog(listener: &UnixListener) {
    // SAFETY: the call takes plain numbers.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
}

/// A listener that belongs to another user; needs root.
pub fn listen_as(uid: u32, path: &Path) -> UnixListener {
    let path = path.to_owned();
    let listen = move || {
        let keep = libc::uid_t::MAX;
        let listener = UnixListener::bind(&path).unwrap();
        // The bare call changes this thread alone, which ends here.
        // SAFETY: the call takes plain numbers.
        let ret = unsafe { libc::syscall(libc::SYS_setresuid, keep, uid, keep) };
        assert_eq!(ret, 0, "the test needs root");
        shrink_backlog(&listener);
        listener
    };
    // The thread is only a carrier of the other user.
    std::thread::spawn(listen).join().unwrap()
}

/// Ends the process at once, without anybody's clean-up.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: the call does not return.
    unsafe { libc::_exit(code) }
}
