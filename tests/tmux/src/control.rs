//! A client in control mode, and a parser that is as strict as the strictest
//! terminal: a line outside a block that does not start with `%` ends the test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::tmux::Tmux;
use crate::wait::{PATIENCE, until};

/// What came between `%begin` and `%end` or `%error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The lines.
    pub lines: Vec<String>,
    /// Whether it ended with `%error`.
    pub error: bool,
    /// Whether it answers a command that this client sent.
    pub own: bool,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Seen {
    blocks: Vec<Block>,
    notifications: Vec<String>,
    wrong: Vec<String>,
    raw: Vec<String>,
    open: Option<(String, Block)>,
    ended: bool,
}

impl Seen {
    fn line(&mut self, line: String) {
        self.raw.push(line.clone());
        let mut words = line.splitn(2, ' ');
        let word = words.next().unwrap_or_default();
        let guard = words.next().unwrap_or_default();
        match (&mut self.open, word) {
            (None, "%begin") => {
                let numbers: Vec<&str> = guard.split(' ').collect();
                if numbers.len() != 3 || numbers.iter().any(|n| n.parse::<u64>().is_err()) {
                    self.wrong.push(line.clone());
                }
                let own = numbers.last() == Some(&"1");
                let block = Block { lines: Vec::new(), error: false, own };
                self.open = Some((guard.to_string(), block));
            }
            (Some((open, block)), "%end" | "%error") if open == guard => {
                block.error = word == "%error";
                self.blocks.push(block.clone());
                self.open = None;
            }
            // Whatever looks like a guard inside a block misleads simple parsers.
            (Some((_, block)), word) => {
                if matches!(word, "%begin" | "%end" | "%error") {
                    self.wrong.push(line.clone());
                }
                block.lines.push(line);
            }
            (None, _) if line.starts_with('%') && !matches!(word, "%end" | "%error") => {
                self.notifications.push(line);
            }
            (None, _) => self.wrong.push(line),
        }
    }
}

/// An attached control client. Dropped, it is killed.
#[derive(Debug)]
pub struct Control {
    child: Child,
    stdin: Option<ChildStdin>,
    seen: Arc<Mutex<Seen>>,
}

impl Control {
    /// Attaches to the first session.
    ///
    /// # Panics
    /// When the client does not come up.
    #[must_use]
    pub fn attach(tmux: &Tmux) -> Control {
        let mut child = tmux
            .command(["-C", "attach-session", "-t", "one"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a client starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("piped above");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let lines = Arc::clone(&seen);
        thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                lock(&lines).line(String::from_utf8_lossy(&line).into_owned());
            }
            lock(&lines).ended = true;
        });
        let mut control = Control { child, stdin, seen };
        assert_eq!(control.command("display-message -p ready").lines, ["ready"]);
        // The block of the attaching may come after the one above.
        let attached = |line: &String| line.starts_with("%session-changed");
        until("the client is attached", || control.raw().iter().any(attached));
        control
    }

    /// Sends a line.
    ///
    /// # Panics
    /// When the client has gone.
    pub fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("open until the end");
        writeln!(stdin, "{line}").expect("the client takes commands");
    }

    /// Sends a command and waits for its block.
    #[track_caller]
    pub fn command(&mut self, line: &str) -> Block {
        let before = self.own();
        self.send(line);
        self.wait(line, |seen| seen.blocks.iter().filter(|block| block.own).nth(before).cloned())
    }

    fn own(&self) -> usize {
        lock(&self.seen).blocks.iter().filter(|block| block.own).count()
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, look: impl Fn(&Seen) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let seen = lock(&self.seen);
            if let Some(value) = look(&seen) {
                return value;
            }
            assert!(!seen.ended, "the control client ended: {what}");
            if start.elapsed() >= PATIENCE {
                let last = seen.blocks.iter().rev().take(3).collect::<Vec<_>>();
                let message = format!("no answer: {what}: {last:?}, open: {:?}", seen.open);
                drop(seen);
                panic!("{message}");
            }
            drop(seen);
            thread::sleep(Duration::from_micros(300));
        }
    }

    /// Waits for so many blocks that answer no command, and gives them.
    #[track_caller]
    #[must_use]
    pub fn late(&self, count: usize) -> Vec<Block> {
        self.wait("late blocks", |seen| {
            let late: Vec<Block> =
                seen.blocks.iter().filter(|block| !block.own).skip(1).cloned().collect();
            (late.len() >= count).then_some(late)
        })
    }

    /// Waits for a line in any block that starts so, and gives it.
    #[track_caller]
    #[must_use]
    pub fn wait_line(&self, start: &str) -> String {
        self.wait(start, |seen| {
            let lines = seen.blocks.iter().flat_map(|block| &block.lines);
            lines.rev().find(|line| line.starts_with(start)).cloned()
        })
    }

    /// Every line so far, as it came.
    #[must_use]
    pub fn raw(&self) -> Vec<String> {
        lock(&self.seen).raw.clone()
    }

    /// The notifications so far.
    #[must_use]
    pub fn notifications(&self) -> Vec<String> {
        lock(&self.seen).notifications.clone()
    }

    /// Asserts that all output so far was well formed.
    #[track_caller]
    pub fn well_formed(&self) {
        let seen = lock(&self.seen);
        assert!(seen.wrong.is_empty(), "not well formed: {:?}", seen.wrong);
        assert!(seen.open.is_none(), "a block was never closed: {:?}", seen.open);
    }

    /// The time that a command needs for its way to the server and back.
    #[track_caller]
    pub fn round_trip(&mut self) -> Duration {
        let start = Instant::now();
        assert_eq!(self.command("display-message -p PONG").lines, ["PONG"]);
        start.elapsed()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().expect("nobody panics with it in hand")
}
