//! Programs that run to their end: output, exit status, and a deadline.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::wait::PATIENCE;

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit status, or minus the signal that ended it.
    pub code: i32,
    /// How long it ran.
    pub took: Duration,
}

impl Output {
    /// Asserts success and gives the standard output.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "failed: {self:?}");
        self.stdout
    }

    /// Asserts an exit status and gives the standard error.
    #[track_caller]
    #[must_use]
    pub fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "should end with {code}: {self:?}");
        assert_eq!(self.stdout, "", "an error belongs on standard error: {self:?}");
        self.stderr
    }
}

/// A program under way. Dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    started: Instant,
    what: String,
}

impl Running {
    /// Starts a command with this standard input.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command, stdin: &[u8]) -> Running {
        let what = format!("{command:?}");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
        let stdout = collect(child.stdout.take().expect("piped above"));
        let stderr = collect(child.stderr.take().expect("piped above"));
        let mut input = child.stdin.take().expect("piped above");
        let stdin = stdin.to_vec();
        // A program that does not read its input is no concern of this thread.
        thread::spawn(move || drop(input.write_all(&stdin)));
        Running {
            child: Some(child),
            stdout: Some(stdout),
            stderr: Some(stderr),
            started: Instant::now(),
            what,
        }
    }

    /// The process.
    ///
    /// # Panics
    /// When it has been waited for.
    #[must_use]
    pub fn process(&self) -> Process {
        let child = self.child.as_ref().expect("not waited for yet");
        Process::of(child.id() as i32).expect("a child stays until it is waited for")
    }

    /// Whether it has ended.
    ///
    /// # Panics
    /// When the system does not know it.
    pub fn ended(&mut self) -> bool {
        let child = self.child.as_mut().expect("not waited for yet");
        child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come within [`PATIENCE`].
    #[track_caller]
    #[must_use]
    pub fn wait(mut self) -> Output {
        use std::os::unix::process::ExitStatusExt;

        while !self.ended() {
            assert!(self.started.elapsed() < PATIENCE, "does not end: {}", self.what);
            thread::sleep(Duration::from_millis(2));
        }
        let took = self.started.elapsed();
        let mut child = self.child.take().expect("taken only here");
        let status = child.wait().expect("it has ended");
        let text = |reader: Option<JoinHandle<Vec<u8>>>| {
            let bytes = reader.expect("taken only here").join().expect("a reader ends");
            String::from_utf8(bytes).expect("tmux prints UTF-8")
        };
        Output {
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
            code: status.code().unwrap_or_else(|| -status.signal().unwrap_or(0)),
            took,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}
