//! A client on real descriptors, a private HOME, and the scripted server.

#![allow(dead_code)] // Each test crate uses its part.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tmcp::client::{
    Arguments, CallTool, Client, Completion, Event, LogLevel, Options, Reply, RequestId,
};

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
        let path = std::env::temp_dir().join(format!("tmcp-{name}-{}", std::process::id()));
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
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = log.clone();
        let env = vec![
            (OsString::from("HOME"), home.0.clone().into_os_string()),
            (OsString::from("PATH"), std::env::var_os("PATH").unwrap_or_default()),
        ];
        let options =
            Options { env, name: "tmcp-tests".into(), version: "0".into(), ..Options::default() };
        let client = Client::new(
            options,
            LogLevel::Debug,
            Box::new(move |_, line| sink.lock().expect("no panic").push(line.to_owned())),
        )
        .expect("a client");
        Driver { client, log, events: Vec::new(), home }
    }

    /// Waits in poll(2), as a host does, and dispatches once.
    pub fn turn(&mut self) {
        let wait = self.client.timeout().map_or(100, |t| t.as_millis().min(100) as i32);
        // Less than a millisecond is still a wait.
        let wait =
            if wait == 0 && self.client.timeout().is_some_and(|t| !t.is_zero()) { 1 } else { wait };
        poll(self.client.as_raw_fd(), wait);
        self.client.dispatch(Duration::from_millis(2));
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

    pub fn start(&mut self, server: &str, tool: &str, json: &str) -> RequestId {
        let call = CallTool {
            server: server.into(),
            tool: tool.into(),
            arguments: Arguments::Json(json.into()),
        };
        self.client.call(call, None, 0).expect("the call is accepted")
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

/// The entry of a scripted server over stdio.
pub fn stdio(args: &[&str]) -> String {
    let args: Vec<String> = args.iter().map(|arg| format!("{arg:?}")).collect();
    format!("{{\"command\":{:?},\"args\":[{}]}}", server_binary(), args.join(","))
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
