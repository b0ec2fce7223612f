//! Channels against real processes and sockets.

mod process;
mod socket;

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::*;

const BASE: Token = Token(8);

/// A driver in small: polls, and does what the events ask for.
struct Host {
    poll: Poll,
    out: Vec<u8>,
    closed: bool,
    status: Option<ExitStatus>,
    parts: Vec<EventSource>,
}

impl Host {
    fn watching(transport: &mut dyn Channel) -> Host {
        let poll = Poll::new().unwrap();
        transport.register(poll.registry(), BASE).unwrap();
        Host { poll, out: Vec::new(), closed: false, status: None, parts: Vec::new() }
    }

    /// Turns until `done`; fails when that takes longer than any machine needs.
    #[track_caller]
    fn until(&mut self, transport: &mut dyn Channel, done: impl Fn(&Host) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut events = Events::with_capacity(16);
        let mut scratch = [0; 4096];
        loop {
            while let Flow::Bytes(_) = transport.read_stderr(&mut scratch).unwrap() {}
            while !self.closed {
                match transport.read(&mut scratch).unwrap() {
                    Flow::Bytes(n) => self.out.extend(&scratch[..n]),
                    Flow::Blocked => break,
                    Flow::Closed => self.closed = true,
                }
            }
            if let Some(child) = transport.child_mut() {
                self.status = child.try_reap();
            }
            if done(self) {
                return;
            }
            assert!(Instant::now() < deadline, "nothing more came: {self:?}");
            // Where there is no pidfd only a look tells that the child ended.
            let nap = match transport.child().map(Child::pidfd) {
                Some(None) => Duration::from_millis(5),
                _ => deadline - Instant::now(),
            };
            match self.poll.poll(&mut events, Some(nap)) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                result => result.unwrap(),
            }
            for event in &events {
                let (base, part) = EventSource::of(event.token());
                assert_eq!(base, BASE);
                self.parts.push(part);
            }
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let out = String::from_utf8_lossy(&self.out);
        write!(f, "out {out:?} closed {} status {:?}", self.closed, self.status)
    }
}

/// A directory that is gone with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("tmcp-transport-{}-{n}", std::process::id()));
        std::fs::create_dir(&dir).unwrap();
        Scratch(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn program(command: &str, args: &[&str]) -> Program {
    Program {
        args: args.iter().map(OsString::from).collect(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        ..Program::new(command)
    }
}

fn shell(script: &str) -> Program {
    program("sh", &["-c", script])
}

#[track_caller]
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "waited for nothing: {what}");
        std::thread::yield_now();
    }
}

/// Runs the ignored test `name` of this binary alone in a process, for what
/// would disturb the others, and gives how it ended.
fn alone(name: &str) -> (ExitStatus, String) {
    let exe = std::env::current_exe().unwrap();
    let mut program = program(exe.to_str().unwrap(), &["--ignored", "--exact", name]);
    program.env.push(("TMCP_TEST_ALONE".into(), "1".into()));
    let mut stdio = Stdio::spawn(&program).unwrap();
    let mut host = Host::watching(&mut stdio);
    host.until(&mut stdio, |h| h.status.is_some() && h.closed);
    (host.status.unwrap(), host.text().to_owned())
}

/// Whether this is the process that [`alone`] started.
fn is_alone() -> bool {
    std::env::var_os("TMCP_TEST_ALONE").is_some()
}

fn message<T: fmt::Debug, E: fmt::Display>(result: Result<T, E>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_token_tells_its_transport_and_its_part() {
    for (token, base, part) in
        [(8, 8, EventSource::Write), (9, 8, EventSource::Read), (15, 12, EventSource::Exit)]
    {
        assert_eq!(EventSource::of(Token(token)), (Token(base), part));
        assert_eq!(part.token(Token(base)), Token(token));
    }
}

fn count(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}
