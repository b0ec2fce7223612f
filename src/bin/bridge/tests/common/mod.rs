//! A bridge of its own for each test, the scripted server behind it, and clients.

#![allow(dead_code)] // Each test crate uses its part.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longest time a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const BRIDGE: &str = env!("CARGO_BIN_EXE_tmcp-bridge");

/// The scripted server, built beside the bridge.
pub fn server_binary() -> PathBuf {
    let path = Path::new(BRIDGE).with_file_name("tmcp-test-server");
    assert!(path.exists(), "{} is missing: run `cargo build --workspace`", path.display());
    path
}

/// Waits until `found` gives something.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: it does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A process that ends with its test, even if that fails.
pub struct Ended(pub Child);

impl Ended {
    /// Tells it to end, and waits. Whether it ended well.
    pub fn end(&mut self) -> bool {
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        until("it ends", || self.0.try_wait().expect("a child")).success()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.end();
        }
    }
}

/// A directory of one test, removed at its end.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (pid, n) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("tmcp-bridge-{pid}-{n}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).expect("a directory for the test");
        Directory(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running bridge. Its directory "run" does not exist before.
pub struct Bridge {
    pub process: Child,
    pub socket: PathBuf,
    pub log: PathBuf,
    pub directory: Directory,
}

impl Bridge {
    /// The scripted server with these switches.
    pub fn new(switches: &[&str]) -> Bridge {
        Bridge::with(&[], switches)
    }

    pub fn with(options: &[&str], switches: &[&str]) -> Bridge {
        let directory = Directory::new();
        let (socket, log) = (directory.path("run/s"), directory.path("log"));
        let file = std::fs::File::create(&log).expect("a log");
        let process = Command::new(BRIDGE)
            .arg("--socket")
            .arg(&socket)
            .args(options)
            .arg("--")
            .arg(server_binary())
            .args(
                switches.iter().map(|switch| switch.replace("DIR", directory.0.to_str().unwrap())),
            )
            .stdin(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the bridge starts");
        let mut bridge = Bridge { process, socket, log, directory };
        until("the bridge listens", || {
            let ended = bridge.process.try_wait().expect("a child");
            assert!(ended.is_none(), "the bridge has ended: {}", bridge.said());
            bridge.said().contains("listening on").then_some(())
        });
        bridge
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A client that has not spoken yet.
    pub fn connect(&self) -> Peer {
        Peer::connect(&self.socket)
    }

    /// A client with a session.
    pub fn client(&self) -> Peer {
        self.client_with(json!({}))
    }

    pub fn client_with(&self, capabilities: Value) -> Peer {
        let mut peer = self.connect();
        peer.initialize(capabilities);
        peer
    }

    pub fn status(&self) -> String {
        let output = Command::new(BRIDGE)
            .args(["--status", "--socket"])
            .arg(&self.socket)
            .output()
            .expect("the bridge can be asked");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Waits until the status has this line.
    pub fn until_status(&self, line: &str) {
        until(line, || self.status().lines().any(|l| l == line).then_some(()));
    }

    pub fn figure(&self, name: &str) -> String {
        let status = self.status();
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {status}")).to_owned()
    }

    /// Executed calls, as the server wrote them down with `--journal DIR/journal`.
    pub fn journal(&self) -> String {
        std::fs::read_to_string(self.directory.path("journal")).unwrap_or_default()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    pub fn until_ended(&mut self) -> Option<i32> {
        until("the bridge ends", || self.process.try_wait().expect("a child")).code()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the bridge said:\n{}", self.said());
        }
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal("TERM");
            let end = Instant::now() + PATIENCE;
            while self.process.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < end
            {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

pub fn is_alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

/// A client of a bridge.
pub struct Peer {
    pub stream: UnixStream,
    reader: BufReader<UnixStream>,
    /// Messages that were read and not asked for.
    pub aside: Vec<Value>,
}

impl Peer {
    pub fn connect(socket: &Path) -> Peer {
        let stream = UnixStream::connect(socket).expect("the bridge accepts");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Peer { stream, reader, aside: Vec::new() }
    }

    pub fn initialize(&mut self, capabilities: Value) -> Value {
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "0"}});
        self.send(json!({"id": "init", "method": "initialize", "params": params}));
        let answer = self.answer(&json!("init"));
        self.send(json!({"method": "notifications/initialized"}));
        answer
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the bridge reads");
    }

    pub fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = "2.0".into();
        self.raw(format!("{message}\n").as_bytes());
    }

    pub fn call(&mut self, id: impl Into<Value>, tool: &str, arguments: Value) {
        let id: Value = id.into();
        let params = json!({"name": tool, "arguments": arguments});
        self.send(json!({"id": id, "method": "tools/call", "params": params}));
    }

    /// The next line; `None` at the end.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).expect("a line within the patience");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    pub fn next(&mut self) -> Value {
        let line = self.line().expect("the bridge has closed the connection");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    /// The next message of which `fits` is true. Others are put aside.
    pub fn wait(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        if let Some(at) = self.aside.iter().position(&mut fits) {
            return self.aside.remove(at);
        }
        loop {
            let message = self.next();
            if fits(&message) {
                return message;
            }
            self.aside.push(message);
        }
    }

    pub fn answer(&mut self, id: &Value) -> Value {
        self.wait(|message| message.get("method").is_none() && message["id"] == *id)
    }

    pub fn notice(&mut self, method: &str) -> Value {
        self.wait(|message| message["method"] == method)
    }

    /// The text that a tool gives.
    pub fn text(&mut self, id: impl Into<Value>, tool: &str, arguments: Value) -> String {
        let id = id.into();
        self.call(id.clone(), tool, arguments);
        text_of(&self.answer(&id))
    }
}

pub fn text_of(answer: &Value) -> String {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("no text in {answer}")).to_owned()
}
