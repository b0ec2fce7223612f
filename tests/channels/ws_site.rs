//! A small WebSocket server for tests, with a thread for each connection, that serves MCP unless
//! a test says otherwise. Its frames are read and written by `tungstenite`.

#![allow(dead_code)] // Each test crate uses its part.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocket};

/// What is done with a message.
#[derive(Clone, Debug)]
pub enum Reply {
    /// What an MCP server does.
    Usual,
    Messages(Vec<Message>),
    /// Bytes that need not be frames.
    Raw(Vec<u8>),
    /// A Close frame; then all is read until the end.
    Close(u16, String),
    /// The connection ends without a word.
    Drop,
}

type Refuse = dyn Fn(&str) -> Option<String> + Send + Sync;
type Behave = dyn Fn(&Value, usize) -> Reply + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct WsSite {
    pub url: String,
    /// The heads of the requests for a change of protocol.
    pub heads: Arc<Mutex<Vec<String>>>,
    pub messages: Arc<Mutex<Vec<Value>>>,
    /// The codes with which clients have closed, and the payloads of pongs.
    pub closes: Arc<Mutex<Vec<u16>>>,
    pub pongs: Arc<Mutex<Vec<Vec<u8>>>>,
    refuse: Arc<Refuse>,
    behave: Arc<Behave>,
}

impl WsSite {
    /// A server on a port. `behave` gets each message and how many calls of tools came.
    pub fn start(behave: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static) -> WsSite {
        WsSite::refusing(|_| None, behave)
    }

    /// A server that may answer to the request for a change of protocol with something else.
    pub fn refusing(
        refuse: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        behave: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static,
    ) -> WsSite {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let site = WsSite::new(format!("ws://127.0.0.1:{port}/mcp"), refuse, behave);
        let own = site.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    own.serve(&stream);
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        site
    }

    /// A server on a Unix socket.
    pub fn on(path: &Path) -> WsSite {
        let listener = UnixListener::bind(path).expect("a socket");
        let site = WsSite::new(String::new(), |_| None, |_, _| Reply::Usual);
        let own = site.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(&stream));
            }
        });
        site
    }

    pub fn new(
        url: String,
        refuse: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        behave: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static,
    ) -> WsSite {
        WsSite {
            url,
            heads: Arc::default(),
            messages: Arc::default(),
            closes: Arc::default(),
            pongs: Arc::default(),
            refuse: Arc::new(refuse),
            behave: Arc::new(behave),
        }
    }

    /// How many messages had this method.
    pub fn count(&self, method: &str) -> usize {
        let messages = self.messages.lock().expect("no test has failed with it");
        messages.iter().filter(|message| message["method"] == method).count()
    }

    /// Serves one connection until its end.
    pub fn serve(&self, mut stream: impl Read + Write) {
        let Some(head) = read_head(&mut BufReader::with_capacity(1, &mut stream)) else { return };
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let key = key.unwrap_or_default().to_owned();
        let refusal = (self.refuse)(&head);
        self.heads.lock().expect("no test has failed with it").push(head);
        if let Some(refusal) = refusal {
            let _ = stream.write_all(refusal.as_bytes());
            return;
        }
        let hash = sha1_smol::Sha1::from(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let accept = STANDARD.encode(hash.digest().bytes());
        let agreed = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mcp\r\n\r\n"
        );
        if stream.write_all(agreed.as_bytes()).is_ok() {
            self.talk(WebSocket::from_raw_socket(stream, Role::Server, None));
        }
    }

    fn talk<S: Read + Write>(&self, mut socket: WebSocket<S>) {
        while let Ok(message) = socket.read() {
            let text = match message {
                Message::Text(text) => text,
                Message::Pong(payload) => {
                    let mut pongs = self.pongs.lock().expect("no test has failed with it");
                    pongs.push(payload.to_vec());
                    continue;
                }
                Message::Close(frame) => {
                    let code = frame.map_or(1005, |frame| frame.code.into());
                    self.closes.lock().expect("no test has failed with it").push(code);
                    continue;
                }
                _ => continue,
            };
            let message: Value = serde_json::from_str(&text).expect("JSON");
            let nth_call = {
                let mut all = self.messages.lock().expect("no test has failed with it");
                all.push(message.clone());
                all.iter().filter(|message| message["method"] == "tools/call").count()
            };
            let done = match (self.behave)(&message, nth_call) {
                Reply::Usual => match usual(&message) {
                    Some(answer) => socket.send(Message::text(answer.to_string())),
                    None => Ok(()),
                },
                Reply::Messages(all) => all.into_iter().try_for_each(|one| socket.send(one)),
                Reply::Raw(bytes) => {
                    let stream = socket.get_mut();
                    stream.write_all(&bytes).and_then(|()| stream.flush()).map_err(Into::into)
                }
                Reply::Close(code, reason) => {
                    let code = CloseCode::from(code);
                    socket.close(Some(CloseFrame { code, reason: reason.into() }))
                }
                Reply::Drop => return,
            };
            if done.is_err() {
                return;
            }
        }
    }
}

/// The answer of a server of the era of sessions.
pub fn usual(message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let result = match message["method"].as_str()? {
        "initialize" => json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
            "serverInfo": {"name": "ws-site", "version": "0"}}),
        "tools/list" => json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
        "tools/call" => json!({"content": [
            {"type": "text", "text": message["params"]["arguments"]["text"]}]}),
        method => {
            let error = json!({"code": -32601, "message": format!("no {method}")});
            return Some(json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// Reads a head byte by byte, so that nothing behind it is read.
pub fn read_head(input: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if input.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}
