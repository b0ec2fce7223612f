//! A raw JSON client for the test server: it writes lines and reads lines, with
//! a deadline on every wait, and ends what it started.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A running server, ended when dropped.
#[derive(Debug)]
pub struct Server {
    pub child: Child,
}

/// A conversation over any pair of streams.
pub struct Peer {
    to: Option<Box<dyn Write + Send>>,
    from: Receiver<Vec<u8>>,
}

/// A private directory, removed when dropped.
#[derive(Debug)]
pub struct Scratch(pub PathBuf);

impl Server {
    /// Starts the server with its pipes open.
    pub fn start(args: &[&str]) -> Server {
        let child = Command::new(env!("CARGO_BIN_EXE_tmcp-test-server"))
            .args(args)
            .env("TMCP_TEST_VALUE", "from outside")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        Server { child }
    }

    /// Starts the server and talks to it on its pipes.
    pub fn stdio(args: &[&str]) -> (Server, Peer) {
        let mut server = Server::start(args);
        let peer = server.peer();
        (server, peer)
    }

    /// Starts the server on a socket in `scratch` and waits until it listens.
    pub fn socket(scratch: &Scratch, args: &[&str]) -> (Server, PathBuf) {
        let path = scratch.0.join("s.sock");
        let text = path.to_str().expect("a UTF-8 path").to_string();
        let server = Server::start(&[&["--socket", &text], args].concat());
        wait_until("the socket", || UnixStream::connect(&path).is_ok());
        (server, path)
    }

    /// The conversation on the server's pipes.
    pub fn peer(&mut self) -> Peer {
        let to = self.child.stdin.take().expect("stdin is piped");
        let from = self.child.stdout.take().expect("stdout is piped");
        Peer::new(to, from)
    }

    /// Waits for the process to end.
    pub fn status(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the exit", || {
            status = self.child.try_wait().expect("the child is ours");
            status.is_some()
        });
        status.expect("waited for")
    }

    /// Sends a signal to the process, which has not been reaped.
    pub fn signal(&self, signal: i32) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([format!("-{signal}"), pid]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    pub fn new(to: impl Write + Send + 'static, from: impl Read + Send + 'static) -> Peer {
        let (lines, received) = channel();
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            loop {
                let mut line = Vec::new();
                match from.read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) if lines.send(line).is_err() => return,
                    Ok(_) => {}
                }
            }
        });
        Peer { to: Some(Box::new(to)), from: received }
    }

    pub fn connect(path: &Path) -> Peer {
        let stream = UnixStream::connect(path).expect("the server listens");
        Peer::new(stream.try_clone().expect("a second handle"), stream)
    }

    pub fn send(&mut self, message: Value) {
        self.send_raw(format!("{message}\n").as_bytes());
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        let to = self.to.as_mut().expect("stdin is open");
        to.write_all(bytes).and_then(|()| to.flush()).expect("the server reads");
    }

    pub fn request(&mut self, id: u64, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Closes the server's stdin.
    pub fn hang_up(&mut self) {
        self.to = None;
    }

    /// The next line as it came.
    pub fn line(&mut self) -> Vec<u8> {
        self.from.recv_timeout(DEADLINE).expect("the server answers")
    }

    /// The next line as JSON.
    pub fn read(&mut self) -> Value {
        let line = self.line();
        serde_json::from_slice(&line)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&line)))
    }

    /// Waits for the end of the server's output.
    pub fn end(&mut self) {
        match self.from.recv_timeout(DEADLINE) {
            Err(RecvTimeoutError::Disconnected) => {}
            other => panic!("not the end: {other:?}"),
        }
    }

    /// Whether nothing comes for a moment. Proves little by itself: only for
    /// replies that must never come.
    pub fn is_silent(&mut self) -> bool {
        self.from.recv_timeout(Duration::from_millis(150)) == Err(RecvTimeoutError::Timeout)
    }

    /// The handshake of the legacy era.
    pub fn initialize(&mut self) -> Value {
        self.request(900, "initialize", initialize_params("2025-11-25"));
        let reply = self.read();
        self.notify("notifications/initialized", json!({}));
        reply
    }

    /// A legacy call and its reply.
    pub fn call(&mut self, id: u64, tool: &str, arguments: Value) -> Value {
        self.request(id, "tools/call", json!({"name": tool, "arguments": arguments}));
        self.read()
    }

    /// A modern request and its reply.
    pub fn modern(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.request(id, method, modern_params(params));
        self.read()
    }
}

impl Scratch {
    pub fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tmcp-server-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a new directory");
        Scratch(path)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a UTF-8 path").to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn initialize_params(version: &str) -> Value {
    json!({"protocolVersion": version, "capabilities": {"roots": {}},
        "clientInfo": {"name": "raw", "version": "0"}})
}

pub fn modern_params(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params
}

/// The text of a tool's result.
pub fn text(reply: &Value) -> &str {
    reply["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {reply}"))
}

pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
