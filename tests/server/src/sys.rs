//! What std does not offer: signals, umask, aborting without a core file.
//!
//! The only `unsafe` of the crate, each a few lines around one system call.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// The write end of the pipe by which a signal reaches its thread.
static SIGNAL_PIPE: AtomicI32 = AtomicI32::new(-1);

/// Ignores SIGTERM for good.
pub(crate) fn ignore_term() {
    // SAFETY: SIG_IGN is a valid disposition and no handler is involved.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
}

/// Runs `cleanup` on its own thread and exits when SIGTERM, SIGINT or SIGHUP
/// comes. SIGTERM stays ignored if it was.
pub(crate) fn on_termination(cleanup: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let mut fds = [-1; 2];
    // SAFETY: `fds` is valid for the two descriptors that pipe2 writes.
    let made = unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) };
    if made != 0 {
        return Err(format!("pipe: {}", io::Error::last_os_error()));
    }
    // SAFETY: pipe2 succeeded, so this descriptor is open and nobody else's.
    let read_end = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    SIGNAL_PIPE.store(fds[1], Ordering::SeqCst);
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let handler = tell as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SAFETY: `tell` only calls write(2), which is async-signal-safe.
        let before = unsafe { libc::signal(signal, handler) };
        if before == libc::SIG_IGN {
            // SAFETY: restores the disposition this signal had a moment ago.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
    }
    std::thread::spawn(move || {
        let mut signal = [0];
        let _ = File::from(read_end).read_exact(&mut signal);
        cleanup();
        std::process::exit(128 + i32::from(signal[0]));
    });
    Ok(())
}

extern "C" fn tell(signal: libc::c_int) {
    let byte = signal as u8;
    // SAFETY: one byte is readable at `byte`; a stale descriptor gives EBADF.
    unsafe { libc::write(SIGNAL_PIPE.load(Ordering::SeqCst), (&raw const byte).cast(), 1) };
}

/// Binds a listening socket that only its owner may use from the very start.
pub(crate) fn bind_private(path: &Path) -> io::Result<UnixListener> {
    // SAFETY: umask cannot fail; no other thread creates files at this point.
    let before = unsafe { libc::umask(0o177) };
    let listener = UnixListener::bind(path);
    // SAFETY: as above; puts back what was there.
    unsafe { libc::umask(before) };
    listener
}

/// Ends the process by SIGABRT without leaving a core file behind.
pub(crate) fn crash() -> ! {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `none` is a valid rlimit for the duration of the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    std::process::abort();
}

/// Waits until the peer of `fd` is gone, reading nothing.
pub(crate) fn wait_hangup(fd: BorrowedFd<'_>) {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: 0, revents: 0 };
    loop {
        // SAFETY: `poll` is one valid pollfd and `fd` stays open meanwhile.
        let ready = unsafe { libc::poll(&raw mut poll, 1, -1) };
        if ready > 0 {
            return;
        }
    }
}

/// Ends a process that this one started and has not reaped.
pub(crate) fn terminate(pid: u32) {
    // SAFETY: a plain system call; the caller holds the child unreaped, so the
    // pid cannot have been given to another process.
    unsafe { libc::kill(pid as libc::pid_t, libc::SIGTERM) };
}

/// Starts the grandchild that keeps stdout and stderr open, and gives its pid.
pub(crate) fn spawn_holder() -> Result<u32, String> {
    let program = std::env::current_exe().map_err(|e| format!("own program: {e}"))?;
    let child = Command::new(program)
        .arg("--hold")
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| format!("grandchild: {e}"))?;
    Ok(child.id())
}

/// Life of the grandchild: long enough for any test, not for ever.
pub(crate) fn hold() -> Result<(), String> {
    std::thread::sleep(Duration::from_secs(600));
    Ok(())
}
