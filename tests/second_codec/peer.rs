//! A server of frames on a Unix socket, in threads of the test.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::prefixed::{Frame, HEADER, PREAMBLE, header, write_frame};

/// What the threads of a peer share.
#[derive(Default)]
pub struct State {
    is_over: bool,
    /// The streams that are open, and all that there were.
    open: BTreeMap<u64, UnixStream>,
    pub accepted: u64,
    /// The sessions of the streams.
    pub sessions: BTreeMap<u64, u64>,
    /// The texts of the calls that ran, each with its stream, in their order.
    pub ran: Vec<(String, u64)>,
    /// The texts of held calls that are to be answered.
    released: BTreeSet<String>,
    /// Bytes of further answers are written in pieces of this many.
    pub piece: usize,
    /// Bytes that the longest request had.
    pub longest: usize,
    threads: Vec<JoinHandle<()>>,
}

impl State {
    /// The stream on which a call runs, or ran.
    pub fn stream_of(&self, text: &str) -> Option<u64> {
        self.ran.iter().find(|(other, _)| other == text).map(|(_, stream)| *stream)
    }

    pub fn is_open(&self, stream: u64) -> bool {
        self.open.contains_key(&stream)
    }

    /// Ends a stream as a server that dies does.
    pub fn cut(&mut self, stream: u64) {
        if let Some(stream) = self.open.remove(&stream) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub fn cut_all(&mut self) {
        for stream in self.open.keys().copied().collect::<Vec<_>>() {
            self.cut(stream);
        }
    }
}

type Shared = Arc<(Mutex<State>, Condvar)>;

pub struct Peer {
    shared: Shared,
    path: PathBuf,
    accepts: Option<JoinHandle<()>>,
}

impl Peer {
    pub fn listen(path: &Path) -> Peer {
        let listener = UnixListener::bind(path).expect("the socket is free");
        let shared = Shared::default();
        let of = shared.clone();
        let accepts = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut state = lock(&of);
                if state.is_over {
                    return;
                }
                let stream = stream.expect("a stream");
                state.accepted += 1;
                let id = state.accepted;
                state.open.insert(id, stream.try_clone().expect("a descriptor"));
                let of = of.clone();
                state.threads.push(std::thread::spawn(move || serve(&of, id, stream)));
            }
        });
        Peer { shared, path: path.to_owned(), accepts: Some(accepts) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared)
    }

    /// Answers a held call.
    pub fn release(&self, text: &str) {
        self.state().released.insert(text.to_owned());
        self.shared.1.notify_all();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let threads = {
            let mut state = self.state();
            state.is_over = true;
            state.cut_all();
            std::mem::take(&mut state.threads)
        };
        self.shared.1.notify_all();
        // The next stream finds that all is over.
        let _ = UnixStream::connect(&self.path);
        for thread in self.accepts.take().into_iter().chain(threads) {
            let _ = thread.join();
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Serves one stream to its end.
fn serve(shared: &Shared, id: u64, mut stream: UnixStream) {
    let mut preamble = [0; PREAMBLE];
    if stream.read_exact(&mut preamble).is_ok() {
        lock(shared).sessions.insert(id, u64::from_le_bytes(preamble));
        while let Some(message) = read_frame(&mut stream) {
            let mut state = lock(shared);
            state.longest = state.longest.max(message.len());
            drop(state);
            let message: Value = serde_json::from_slice(&message).expect("JSON");
            let Some(answer) = answer(shared, id, &message) else { continue };
            let mut out = Vec::new();
            write_frame(&mut out, Frame::Message, |out| out.extend_from_slice(&answer));
            let piece = match lock(shared).piece {
                0 => out.len(),
                piece => piece,
            };
            if out.chunks(piece).any(|part| stream.write_all(part).is_err()) {
                break;
            }
        }
    }
    lock(shared).open.remove(&id);
}

fn read_frame(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut head = [0; HEADER];
    stream.read_exact(&mut head).ok()?;
    let (kind, length) = header(&head)?;
    assert_eq!(kind, Frame::Message, "a client ends no session");
    let mut message = vec![0; length];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// The answer to a message, made at once or when a held call is released; `None`: there is
/// none, or the stream has ended.
fn answer(shared: &Shared, stream: u64, message: &Value) -> Option<Vec<u8>> {
    let id = message.get("id")?;
    let result = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "frames", "version": "1"},
        }),
        "tools/call" => {
            let params = &message["params"];
            let text = params["arguments"]["text"].as_str().unwrap_or_default();
            let mut state = lock(shared);
            state.ran.push((text.to_owned(), stream));
            if params["name"] == "hold" {
                state = shared
                    .1
                    .wait_while(state, |s| {
                        !s.is_over && s.is_open(stream) && !s.released.contains(text)
                    })
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                if !state.released.contains(text) {
                    return None;
                }
            }
            let more = params["arguments"]["more"].as_u64().unwrap_or_default() as usize;
            let text = format!("{text}{}", "x".repeat(more));
            json!({"content": [{"type": "text", "text": text}]})
        }
        other => panic!("nobody asks for {other}"),
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string().into_bytes())
}
