//! A client on real descriptors, a private HOME, and the scripted server.

#![allow(dead_code)] // Each test crate uses its part.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tmcp::client::{
    Arguments, CallTool, Client, Completion, Event, Listing, LogLevel, Options, Pair, Question,
    Reply, RequestId,
};
use tmcp::error::Error;

/// Longest time a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The scripted server, built beside the tests.
pub fn server_binary() -> PathBuf {
    let mut path = std::env::current_exe().expect("a test has a path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    let path = path.join("tmcp-test-server");
    assert!(path.exists(), "{} is missing: run `cargo build --workspace`", path.display());
    path
}

/// A directory of this test alone, removed at the end.
pub struct Home(pub PathBuf);

impl Home {
    pub fn new(name: &str) -> Home {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (pid, n) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("tmcp-{name}-{pid}-{n}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory for the test");
        Home(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A client, its log, and the events that nobody asked for yet.
pub struct Driver {
    pub client: Client,
    pub log: Arc<Mutex<Vec<String>>>,
    pub events: Vec<Event>,
    pub home: Home,
    /// What each turn may take.
    pub budget: Duration,
}

impl Driver {
    /// A client whose `~/.claude.json` has these servers.
    pub fn new(name: &str, servers: &str) -> Driver {
        let home = Home::new(name);
        std::fs::write(home.path(".claude.json"), format!("{{\"mcpServers\":{servers}}}"))
            .expect("the configuration is written");
        Driver::at(home)
    }

    /// A client in a prepared home.
    pub fn at(home: Home) -> Driver {
        Driver::with(home, |_| {})
    }

    /// A client with options of its own.
    pub fn with(home: Home, change: impl FnOnce(&mut Options)) -> Driver {
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = log.clone();
        let env = vec![
            (OsString::from("HOME"), home.0.clone().into_os_string()),
            (OsString::from("PATH"), std::env::var_os("PATH").unwrap_or_default()),
        ];
        let mut options =
            Options { env, name: "tmcp-tests".into(), version: "0".into(), ..Options::default() };
        change(&mut options);
        let client = Client::new(
            options,
            LogLevel::Debug,
            Box::new(move |_, line| sink.lock().expect("no panic").push(line.to_owned())),
        )
        .expect("a client");
        Driver { client, log, events: Vec::new(), home, budget: Duration::from_millis(2) }
    }

    /// Waits in poll(2), as a host does, and dispatches once.
    pub fn turn(&mut self) {
        let wait = self.client.timeout().map_or(100, |t| t.as_millis().min(100) as i32);
        // Less than a millisecond is still a wait.
        let wait =
            if wait == 0 && self.client.timeout().is_some_and(|t| !t.is_zero()) { 1 } else { wait };
        poll(self.client.as_raw_fd(), wait);
        self.client.dispatch(self.budget);
        while let Some(event) = self.client.next_event() {
            self.events.push(event);
        }
    }

    /// Turns until `found` gives something.
    pub fn until<T>(&mut self, what: &str, mut found: impl FnMut(&mut Driver) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(value) = found(self) {
                return value;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for {what}; log: {:#?}; events: {:#?}",
                self.log.lock().expect("no panic"),
                self.events
            );
            self.turn();
        }
    }

    pub fn done(&mut self, id: RequestId) -> Completion {
        self.until("a completion", |driver| {
            let at = driver.events.iter().position(|event| match event {
                Event::Done(done) => done.id == id,
                _ => false,
            })?;
            match driver.events.remove(at) {
                Event::Done(done) => Some(done),
                _ => None,
            }
        })
    }

    /// The next question of a server.
    pub fn question(&mut self) -> Question {
        self.until("a question", |driver| {
            let at = driver.events.iter().position(|event| matches!(event, Event::Question(_)))?;
            match driver.events.remove(at) {
                Event::Question(question) => Some(question),
                _ => None,
            }
        })
    }

    pub fn start(&mut self, server: &str, tool: &str, json: &str) -> RequestId {
        let call = CallTool {
            server: server.into(),
            tool: tool.into(),
            arguments: Arguments::Json(json.into()),
            is_unattended: false,
        };
        self.client.call(call, None, 0).expect("the call is accepted")
    }

    /// Why a call is not even accepted.
    pub fn start_error(&mut self, server: &str, tool: &str, json: &str) -> String {
        let call = CallTool {
            server: server.into(),
            tool: tool.into(),
            arguments: Arguments::Json(json.into()),
            is_unattended: false,
        };
        let refused = self.client.call(call, None, 0);
        refused.expect_err("the call is refused").message().to_owned()
    }

    /// Turns until the configuration has been read.
    pub fn ready(&mut self) {
        self.until("the configuration", |driver| driver.client.is_ready().then_some(()));
    }

    /// Calls and waits.
    pub fn call(&mut self, server: &str, tool: &str, json: &str) -> Completion {
        let id = self.start(server, tool, json);
        self.done(id)
    }

    /// The text of the first content block.
    pub fn text(&mut self, server: &str, tool: &str, json: &str) -> String {
        let done = self.call(server, tool, json);
        text_of(&done)
    }

    /// Why a call failed.
    pub fn error(&mut self, server: &str, tool: &str, json: &str) -> Error {
        match self.call(server, tool, json).outcome {
            Err(error) => error,
            Ok(reply) => panic!("{tool} was to fail: {reply:?}"),
        }
    }

    /// The tools of a server.
    pub fn tools(&mut self, server: &str) -> Vec<serde_json::Value> {
        let id =
            self.client.list(server, Listing::Tools, None, 0).expect("the request is accepted");
        match self.done(id).outcome {
            Ok(Reply::List { items, .. }) => serde_json::from_slice(&items).expect("an array"),
            other => panic!("no tools: {other:?}"),
        }
    }

    /// Connects, however long that takes: the limits of the entry are for what follows.
    pub fn warm(&mut self, server: &str) {
        let id =
            self.client.list(server, Listing::Tools, Some(PATIENCE), 0).expect("it is accepted");
        assert!(self.done(id).outcome.is_ok(), "the server does not start");
    }

    /// A call with words for arguments: `key=value`, `key:=json`.
    pub fn words(&mut self, server: &str, tool: &str, words: &[&str]) -> Completion {
        let pairs = words.iter().map(|word| {
            let (key, value) = word.split_once('=').expect("key=value");
            let (key, is_json) = match key.strip_suffix(':') {
                Some(key) => (key, true),
                None => (key, false),
            };
            Pair { key: key.into(), value: value.into(), is_json }
        });
        let arguments = Arguments::Pairs(pairs.collect());
        let call =
            CallTool { server: server.into(), tool: tool.into(), arguments, is_unattended: false };
        let id = self.client.call(call, None, 0).expect("the call is accepted");
        self.done(id)
    }

    /// The value on a line of a server's report.
    pub fn stat(&self, server: &str, label: &str) -> String {
        let report = self
            .client
            .stats(Some(server), tmcp::metrics::Detail::Full)
            .expect("the server is known");
        let found = report.lines().find_map(|line| {
            line.trim().strip_prefix(label).and_then(|rest| rest.strip_prefix(": "))
        });
        found.unwrap_or_else(|| panic!("no '{label}' in {report}")).to_owned()
    }

    /// The number on a line of a server's report.
    pub fn number(&self, server: &str, label: &str) -> u64 {
        let value = self.stat(server, label).replace(',', "");
        value.parse().unwrap_or_else(|_| panic!("'{label}' is '{value}'"))
    }

    /// How many lines of the log contain `part`.
    pub fn count_logged(&self, part: &str) -> usize {
        self.log.lock().expect("no panic").iter().filter(|line| line.contains(part)).count()
    }

    /// Turns for a while, for what must not happen; how many turns it took.
    pub fn turns_within(&mut self, time: Duration) -> usize {
        let start = Instant::now();
        let mut turns = 0;
        while start.elapsed() < time {
            self.turn();
            turns += 1;
        }
        turns
    }

    pub fn logged(&self, part: &str) -> bool {
        self.log.lock().expect("no panic").iter().any(|line| line.contains(part))
    }
}

pub fn text_of(done: &Completion) -> String {
    match &done.outcome {
        Ok(Reply::Tool { result, .. }) => {
            let value: serde_json::Value = serde_json::from_slice(result).expect("JSON");
            value["content"][0]["text"].as_str().unwrap_or_default().to_owned()
        }
        other => panic!("no result: {other:?}"),
    }
}

pub fn poll(fd: i32, ms: i32) {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    #[allow(unsafe_code)]
    // SAFETY: one valid pollfd is passed.
    unsafe {
        libc::poll(&mut poll, 1, ms);
    }
}

/// The arguments of `sleep` that end it when there is this file.
pub fn held(file: &Path) -> String {
    serde_json::json!({"ms": 60_000, "until": file}).to_string()
}

/// The entry of a scripted server over stdio.
pub fn stdio(args: &[&str]) -> String {
    let args: Vec<String> = args.iter().map(|arg| format!("{arg:?}")).collect();
    format!("{{\"command\":{:?},\"args\":[{}]}}", server_binary(), args.join(","))
}

/// The entry of a scripted server over stdio, with further keys.
pub fn entry(args: &[&str], more: &str) -> String {
    let base = stdio(args);
    match more {
        "" => base,
        more => format!("{},{more}}}", &base[..base.len() - 1]),
    }
}

/// The entry of a server on a socket without a command, with further keys.
pub fn socket(path: &Path, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!("{{\"transport\":\"socket\",\"socket_path\":{path:?}{comma}{more}}}")
}

/// Writes `.claude.json` with these servers.
pub fn write_config(home: &Home, servers: &str) {
    let part = home.path(".claude.json.part");
    std::fs::write(&part, format!("{{\"mcpServers\":{servers}}}")).expect("it is written");
    std::fs::rename(part, home.path(".claude.json")).expect("it is put in place");
}

/// A client with one scripted stdio server called `s`.
pub fn one(name: &str, args: &[&str], more: &str) -> Driver {
    Driver::new(name, &format!("{{\"s\":{}}}", entry(args, more)))
}

/// A client with one scripted stdio server called `s` that keeps a journal.
pub fn journaled(name: &str, args: &[&str], more: &str) -> (Driver, Journal) {
    let home = Home::new(name);
    let journal = Journal(home.path("journal"));
    let mut all = vec!["--journal", journal.0.to_str().expect("UTF-8")];
    all.extend(args);
    write_config(&home, &format!("{{\"s\":{}}}", entry(&all, more)));
    (Driver::at(home), journal)
}

/// What the scripted server ran.
pub struct Journal(pub PathBuf);

impl Journal {
    /// One value for each call that ran.
    pub fn calls(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("whole lines")).collect()
    }

    pub fn count(&self, tool: &str) -> usize {
        self.calls().iter().filter(|call| call["tool"] == tool).count()
    }
}

/// Whether a process runs and is no zombie.
pub fn is_running(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// A scripted server on a socket, stopped at the end.
pub struct Daemon(pub std::process::Child);

impl Daemon {
    pub fn start(socket: &Path, args: &[&str]) -> Daemon {
        let child = std::process::Command::new(server_binary())
            .arg("--socket")
            .arg(socket)
            .args(args)
            .stdin(std::process::Stdio::null())
            .spawn()
            .expect("the server starts");
        let start = Instant::now();
        while std::os::unix::net::UnixStream::connect(socket).is_err() {
            assert!(start.elapsed() < PATIENCE, "the server does not listen");
            std::thread::sleep(Duration::from_millis(2));
        }
        Daemon(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
