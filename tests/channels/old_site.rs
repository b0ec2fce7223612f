//! A small server of HTTP with SSE (2024-11-05) for tests, with a thread for each connection.

#![allow(dead_code)] // Each test crate uses its part.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What a server does that is not usual.
#[derive(Clone, Debug, Default)]
pub struct OldSite {
    /// The data of the `endpoint` event, with `{port}` for the port and `{session}` for the session.
    pub endpoint: String,
    /// The only path at which messages are taken.
    pub messages: String,
    /// What is answered to a message, in place of 202.
    pub refusal: Option<(u16, &'static str)>,
    /// The connection of a message ends behind its response.
    pub closes: bool,
    /// The stream of events ends at the call of a tool, which has run.
    pub ends_at_call: bool,
    /// A call with this text is not answered.
    pub mute_at: &'static str,
    /// What is answered to a POST to the path of the events, which is none for messages.
    pub post: (u16, bool),
}

/// A server that runs.
#[derive(Clone)]
pub struct OldServer {
    pub url: String,
    own: Arc<OldSite>,
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The streams of events by session.
    streams: HashMap<usize, TcpStream>,
    /// Verb, path and method of each request.
    asked: Vec<(String, String, String)>,
}

impl OldSite {
    /// A server that behaves, with the events at `/sse`.
    pub fn usual() -> OldSite {
        OldSite {
            endpoint: "/messages?session={session}".to_owned(),
            messages: "/messages".to_owned(),
            post: (405, true),
            ..OldSite::default()
        }
    }

    /// Serves, with the events at this path.
    pub fn start(self, path: &str) -> OldServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let url = format!("http://127.0.0.1:{port}{path}");
        let server = OldServer { url, own: Arc::new(self), port, state: Arc::default() };
        let (serving, path) = (server.clone(), path.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, path) = (serving.clone(), path.clone());
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    own.serve(&stream, &path);
                });
            }
        });
        server
    }
}

impl OldServer {
    /// How often a method was called.
    pub fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|(_, _, asked)| asked == method).count()
    }

    /// Verb, path and method of each request.
    pub fn asked(&self) -> Vec<(String, String, String)> {
        self.state.lock().expect("no test has failed with it").asked.clone()
    }

    /// Ends all streams of events.
    pub fn end_events(&self) {
        let mut state = self.state.lock().expect("no test has failed with it");
        for (_, stream) in state.streams.drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn serve(&self, stream: &TcpStream, events: &str) {
        let mut input = BufReader::new(stream);
        while let Some((verb, path, body)) = read(&mut input) {
            let method = body["method"].as_str().unwrap_or_default().to_owned();
            let bare = path.split('?').next().unwrap_or_default().to_owned();
            let session = {
                let mut state = self.state.lock().expect("no test has failed with it");
                state.asked.push((verb.clone(), path.clone(), method));
                state.asked.iter().filter(|(verb, ..)| verb == "GET").count()
            };
            let kept = match (&*verb, &*bare) {
                ("GET", path) if path == events => self.begin_events(stream, session),
                ("POST", at) if at == self.own.messages => self.take(stream, &path, &body),
                ("POST", at) if at == events => {
                    let (status, kept) = self.own.post;
                    write(stream, status, "no", kept);
                    kept
                }
                _ => {
                    write(stream, 404, "<html>nothing here", true);
                    true
                }
            };
            if !kept {
                break;
            }
        }
        let is_events = |other: &TcpStream| other.peer_addr().ok() == stream.peer_addr().ok();
        let state = self.state.lock().expect("no test has failed with it");
        if !state.streams.values().any(is_events) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn begin_events(&self, mut stream: &TcpStream, session: usize) -> bool {
        let endpoint = self.own.endpoint.replace("{session}", &session.to_string());
        let endpoint = endpoint.replace("{port}", &self.port.to_string());
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n";
        let text = format!("{head}event: endpoint\ndata: {endpoint}\n\n");
        let own = stream.try_clone().expect("a descriptor");
        let mut state = self.state.lock().expect("no test has failed with it");
        state.streams.insert(session, own);
        stream.write_all(text.as_bytes()).is_ok()
    }

    /// Takes a message, and answers it by the events of its session.
    fn take(&self, stream: &TcpStream, path: &str, body: &Value) -> bool {
        if let Some((status, text)) = self.own.refusal.filter(|_| body["method"] == "tools/call") {
            write(stream, status, text, true);
            return true;
        }
        let session = path.rsplit_once('=').and_then(|(_, number)| number.parse().ok());
        let session: usize = session.unwrap_or(1);
        write(stream, 202, "Accepted", !self.own.closes);
        let id = &body["id"];
        let result = match body["method"].as_str().unwrap_or_default() {
            "initialize" => json!({"protocolVersion": "2024-11-05", "capabilities": {"tools": {}},
                "serverInfo": {"name": "old", "version": "0"}}),
            "tools/list" => json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
            "tools/call" if self.own.ends_at_call => {
                self.end_events();
                return !self.own.closes;
            }
            "tools/call" if body["params"]["arguments"]["text"] == self.own.mute_at => {
                return !self.own.closes;
            }
            "tools/call" => {
                json!({"content": [{"type": "text", "text": body["params"]["arguments"]["text"]}]})
            }
            _ => return !self.own.closes,
        };
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
        let state = self.state.lock().expect("no test has failed with it");
        if let Some(mut events) = state.streams.get(&session) {
            let _ =
                events.write_all(format!("event: message\r\ndata: {answer}\r\n\r\n").as_bytes());
        }
        !self.own.closes
    }
}

fn write(mut stream: &TcpStream, status: u16, text: &str, kept: bool) {
    let connection = if kept { "keep-alive" } else { "close" };
    let length = text.len();
    let _ = stream.write_all(
        format!(
            "HTTP/1.1 {status} x\r\nContent-Type: text/html\r\nConnection: {connection}\r\n\
             Content-Length: {length}\r\n\r\n{text}"
        )
        .as_bytes(),
    );
}

fn read(input: &mut impl BufRead) -> Option<(String, String, Value)> {
    let mut line = String::new();
    if input.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (verb, path) = (words.next()?, words.next()?);
    let mut length = 0;
    loop {
        line.clear();
        input.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some((verb, path, serde_json::from_slice(&body).unwrap_or_default()))
}
