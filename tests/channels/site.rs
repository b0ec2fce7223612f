//! A small HTTP server for tests, with a thread for each connection, that serves MCP unless a
//! test says otherwise.

#![allow(dead_code)] // Each test crate uses its part.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub verb: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
    /// How many calls of tools came, with this one.
    pub nth_call: usize,
}

impl Asked {
    pub fn method(&self) -> String {
        self.body["method"].as_str().unwrap_or_default().to_owned()
    }

    pub fn id(&self) -> u64 {
        self.body["id"].as_u64().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    /// The answer with this result.
    pub fn answer(&self, result: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, self.id())
    }

    /// The answer with the text of the call.
    pub fn echo(&self) -> String {
        let text = &self.body["params"]["arguments"]["text"];
        self.answer(&json!({"content": [{"type": "text", "text": text}]}).to_string())
    }
}

/// What is sent back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    is_chunked: bool,
    piece: usize,
    is_cut: bool,
    stays_open: bool,
    raw: Option<Vec<u8>>,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        Answer { status, piece: 1 << 20, ..Answer::default() }
    }

    /// The connection is closed without a word.
    pub fn nothing() -> Answer {
        Answer::raw(b"")
    }

    pub fn raw(bytes: &[u8]) -> Answer {
        Answer { raw: Some(bytes.to_vec()), ..Answer::status(0) }
    }

    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn json(mut self, body: &str) -> Answer {
        self.body = body.as_bytes().to_vec();
        self.header("Content-Type", "application/json")
    }

    pub fn html(mut self, body: &str) -> Answer {
        self.body = body.as_bytes().to_vec();
        self.header("Content-Type", "text/html; charset=utf-8")
    }

    pub fn events(mut self, body: &str) -> Answer {
        self.body = body.as_bytes().to_vec();
        self.is_chunked = true;
        self.header("Content-Type", "text/event-stream")
    }

    /// It is written in pieces of so many bytes; chunks are as long.
    pub fn in_pieces_of(mut self, bytes: usize) -> Answer {
        self.piece = bytes;
        self
    }

    /// The connection ends before the body does.
    pub fn cut(mut self) -> Answer {
        self.is_cut = true;
        self
    }

    /// The body does not end.
    pub fn stays_open(mut self) -> Answer {
        self.stays_open = true;
        self
    }

    /// Writes it. True: the connection is kept.
    fn write(&self, out: &mut impl Write) -> std::io::Result<bool> {
        if let Some(raw) = &self.raw {
            out.write_all(raw)?;
            return Ok(false);
        }
        let mut bytes = format!("HTTP/1.1 {} \r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if self.is_chunked {
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for piece in self.body.chunks(self.piece.max(1)) {
                bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                bytes.extend_from_slice(piece);
                bytes.extend_from_slice(b"\r\n");
            }
            if !self.is_cut && !self.stays_open {
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        } else {
            let more = usize::from(self.is_cut) * 10;
            let length = self.body.len() + more;
            bytes.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
            bytes.extend_from_slice(&self.body);
        }
        for piece in bytes.chunks(self.piece) {
            out.write_all(piece)?;
            out.flush()?;
        }
        Ok(!self.is_cut)
    }
}

/// A stream that is read and written by shared references.
struct Whole<S>(RefCell<S>);

impl<S: Read> Read for &Whole<S> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().read(buf)
    }
}

impl<S: Write> Write for &Whole<S> {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

type Behave = dyn Fn(&Asked) -> Option<Answer> + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct Site {
    url: String,
    pub connections: Arc<AtomicUsize>,
    /// Those that have not ended.
    pub open: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Methods in the order in which they were answered.
    answered: Arc<Mutex<Vec<String>>>,
    sessions: Arc<AtomicUsize>,
    is_modern: bool,
    behave: Arc<Behave>,
}

impl Site {
    /// A server of the era of sessions. What `behave` does not answer is answered as usual.
    pub fn legacy(behave: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Site {
        Site::start(false, Arc::new(behave))
    }

    /// A server of the era without sessions.
    pub fn modern(behave: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Site {
        Site::start(true, Arc::new(behave))
    }

    /// A server of the era of sessions on a Unix socket.
    pub fn legacy_on(
        path: &Path,
        behave: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
    ) -> Site {
        let site = Site::new(String::new(), false, Arc::new(behave));
        let listener = UnixListener::bind(path).expect("a socket");
        let own = site.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(&stream, &stream));
            }
        });
        site
    }

    fn new(url: String, is_modern: bool, behave: Arc<Behave>) -> Site {
        Site {
            url,
            connections: Arc::default(),
            open: Arc::default(),
            asked: Arc::default(),
            answered: Arc::default(),
            sessions: Arc::default(),
            is_modern,
            behave,
        }
    }

    fn start(is_modern: bool, behave: Arc<Behave>) -> Site {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let site = Site::new(format!("http://127.0.0.1:{port}/mcp"), is_modern, behave);
        let own = site.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    own.serve(&stream, &stream);
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        site
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test has failed with it").clone()
    }

    pub fn order(&self) -> Vec<String> {
        self.answered.lock().expect("no test has failed with it").clone()
    }

    pub fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method() == method).count()
    }

    /// Serves one connection until its end.
    fn serve(&self, input: impl Read, output: impl Write) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        self.open.fetch_add(1, Ordering::SeqCst);
        self.talk(input, output);
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Serves a connection whose halves cannot be taken apart, such as one of TLS.
    pub fn serve_whole(&self, stream: impl Read + Write) {
        let stream = Whole(RefCell::new(stream));
        self.serve(&stream, &stream);
    }

    fn talk(&self, input: impl Read, mut output: impl Write) {
        let mut input = BufReader::new(input);
        while let Some(mut asked) = read(&mut input) {
            {
                let mut all = self.asked.lock().expect("no test has failed with it");
                asked.nth_call = all.iter().filter(|a| a.method() == "tools/call").count() + 1;
                all.push(asked.clone());
            }
            let answer = (self.behave)(&asked).unwrap_or_else(|| self.usual(&asked));
            let method = asked.method();
            if !method.is_empty() {
                self.answered.lock().expect("no test has failed with it").push(method);
            }
            match answer.write(&mut output) {
                Ok(true) if answer.stays_open => {
                    let _ = input.read(&mut [0]);
                    return;
                }
                Ok(true) => {}
                _ => return,
            }
        }
    }

    fn usual(&self, asked: &Asked) -> Answer {
        if asked.verb != "POST" {
            return Answer::status(405);
        }
        let info = json!({"name": "site", "version": "0"});
        match asked.method().as_str() {
            "server/discover" if self.is_modern => Answer::status(200).json(
                &asked.answer(
                    &json!({"resultType": "complete", "supportedVersions": ["2026-07-28"],
                    "capabilities": {"tools": {}}, "_meta": {
                    "io.modelcontextprotocol/serverInfo": info}})
                    .to_string(),
                ),
            ),
            "initialize" => {
                let n = self.sessions.fetch_add(1, Ordering::SeqCst) + 1;
                let result = json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                    "serverInfo": info});
                Answer::status(200)
                    .header("Mcp-Session-Id", &format!("session-{n}"))
                    .json(&asked.answer(&result.to_string()))
            }
            "tools/list" => Answer::status(200).json(
                &asked.answer(r#"{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}"#),
            ),
            "tools/call" => Answer::status(200).json(&asked.echo()),
            _ if asked.body["id"].is_null() => Answer::status(202),
            method => Answer::status(if self.is_modern { 404 } else { 200 }).json(&format!(
                r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":-32601,"message":"no {method}"}}}}"#,
                asked.id()
            )),
        }
    }
}

/// Reads one request.
fn read(input: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    if input.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (verb, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        line.clear();
        input.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.and_then(|(_, n)| n.parse().ok()).unwrap_or(0)];
    input.read_exact(&mut body).ok()?;
    // A form stands there as a string.
    let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| text());
    Some(Asked { verb, path, headers, body, nth_call: 0 })
}
