//! A client on a terminal of its own: keys in, raw bytes out.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::{Child, Stdio};
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::tmux::Tmux;
use crate::wait::{PATIENCE, until};

/// An attached client. Dropped, it is killed.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    master: File,
    seen: Arc<Seen>,
}

/// What was written to a terminal, and who waits for more.
#[derive(Debug, Default)]
struct Seen {
    bytes: Mutex<Vec<u8>>,
    more: Condvar,
}

impl Terminal {
    /// Attaches to the first session, with these further switches.
    ///
    /// # Panics
    /// When the client does not come up.
    #[must_use]
    pub fn attach(tmux: &Tmux, switches: &[&str]) -> Terminal {
        let (master, slave) = open();
        let slave = || Stdio::from(slave.try_clone().expect("a descriptor can be copied"));
        let child = tmux
            .command(["attach-session", "-t", "one"])
            .args(switches)
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .expect("a client starts");
        let seen = Arc::new(Seen::default());
        let mut reader = master.try_clone().expect("a descriptor can be copied");
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(size @ 1..) = reader.read(&mut buffer) {
                lock(&shared.bytes).extend_from_slice(&buffer[..size]);
                shared.more.notify_all();
            }
        });
        let terminal = Terminal { child, master, seen };
        let pid = terminal.process().pid.to_string();
        until("the client is attached", || {
            tmux.run(["list-clients", "-F", "#{client_pid}"]).stdout.lines().any(|line| line == pid)
        });
        terminal
    }

    /// The client's process.
    ///
    /// # Panics
    /// When it was reaped.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::of(self.child.id() as i32).expect("a child stays until it is waited for")
    }

    /// Whether the client has ended.
    ///
    /// # Panics
    /// When the system does not know it.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Types.
    ///
    /// # Panics
    /// When the terminal has gone.
    pub fn keys(&mut self, keys: &[u8]) {
        self.master.write_all(keys).expect("the terminal takes keys");
    }

    /// All bytes that were written to the terminal.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        lock(&self.seen.bytes).clone()
    }

    /// Whether these bytes were written to the terminal.
    #[must_use]
    pub fn saw(&self, bytes: &[u8]) -> bool {
        find(&lock(&self.seen.bytes), bytes)
    }

    /// Waits until these bytes were written to the terminal.
    #[track_caller]
    pub fn until(&self, bytes: &[u8]) {
        until(&format!("the terminal shows {:?}", String::from_utf8_lossy(bytes)), || {
            self.saw(bytes)
        });
    }

    /// Types one letter at a pane with `cat` in it and gives the time to its echo.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn echo(&mut self, letter: u8) -> Duration {
        let before = lock(&self.seen.bytes).len();
        let start = Instant::now();
        self.keys(&[letter]);
        let missing = |bytes: &mut Vec<u8>| !bytes[before..].contains(&letter);
        let bytes = lock(&self.seen.bytes);
        let (bytes, late) = self
            .seen
            .more
            .wait_timeout_while(bytes, PATIENCE, missing)
            .expect("nobody panics with the bytes in hand");
        drop(bytes);
        assert!(!late.timed_out(), "no echo of {:?}", letter as char);
        start.elapsed()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // What a locked client runs does not go with it.
        if let Ok(None) = self.child.try_wait() {
            for process in self.process().descendants() {
                process.signal(libc::SIGKILL);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether one is part of the other.
#[must_use]
pub fn find(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().expect("nobody panics with the bytes in hand")
}

/// A terminal of 100 by 30.
fn open() -> (File, OwnedFd) {
    let size = libc::winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let (mut master, mut slave) = (-1, -1);
    // SAFETY: the two numbers and the size outlive the call, the other two may be null.
    let result =
        unsafe { libc::openpty(&mut master, &mut slave, ptr::null_mut(), ptr::null_mut(), &size) };
    assert_eq!(result, 0, "openpty: {}", io::Error::last_os_error());
    for fd in [master, slave] {
        // SAFETY: F_SETFD takes a number and the descriptor is ours.
        let result = unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        assert_eq!(result, 0, "fcntl: {}", io::Error::last_os_error());
    }
    // SAFETY: openpty gave this descriptor to us and nobody else has it.
    let master = unsafe { File::from_raw_fd(master) };
    // SAFETY: likewise.
    let slave = unsafe { OwnedFd::from_raw_fd(slave) };
    (master, slave)
}
