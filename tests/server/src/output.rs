//! The way out: one stream, written by any thread of its connection.
//!
//! Lines of one message are never mixed with those of another. Replies pass
//! through the faults; everything else goes out as it is.

use std::fs::File;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::args::Options;
use crate::transport;

/// What a reply says.
#[derive(Debug)]
pub(crate) enum Body {
    Error {
        code: i64,
        message: String,
        data: Option<Value>,
    },
    /// A result written beforehand, for speed.
    Prepared(&'static str),
    Result(Value),
}

/// Where the bytes go.
#[derive(Debug)]
pub(crate) enum Sink {
    Socket(UnixStream),
    Stdout(File),
}

/// The writing half of one connection.
#[derive(Debug)]
pub(crate) struct Output {
    options: &'static Options,
    /// Whether replies need no look at the faults.
    plain: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    sink: Sink,
    /// Written, not sent yet.
    buffer: Vec<u8>,
    /// Replies that wait to leave as one JSON array.
    batch: Vec<Vec<u8>>,
    /// The reply that lets the next one go first.
    held: Option<Vec<Vec<u8>>>,
    started: bool,
}

impl Body {
    /// An error without data.
    pub(crate) fn error(code: i64, message: impl Into<String>) -> Body {
        Body::Error { code, message: message.into(), data: None }
    }
}

impl Output {
    /// The output of a new connection.
    pub(crate) fn new(sink: Sink, options: &'static Options) -> Arc<Output> {
        let state = State { sink, buffer: vec![], batch: vec![], held: None, started: false };
        let plain = options.faults.spare_replies();
        Arc::new(Output { options, plain, state: Mutex::new(state) })
    }

    /// Answers request `id`, which asked for `method`. The bytes leave with the
    /// next [`flush`](Output::flush).
    pub(crate) fn reply(self: &Arc<Output>, method: &str, id: &Value, body: &Body) {
        if self.plain || !self.options.faults.touch(method) {
            let mut state = self.lock();
            write_reply(&mut state.buffer, &id.to_string(), body);
            self.end_line(&mut state.buffer);
            return;
        }
        let faults = &self.options.faults;
        if faults.never_reply {
            return;
        }
        let mut reply = Vec::new();
        write_reply(&mut reply, &faults.id(id), body);
        let handshake = method == "initialize" || method == "server/discover";
        if faults.delay.is_zero() {
            self.send(reply, handshake);
        } else if self.options.serial {
            std::thread::sleep(faults.delay);
            self.send(reply, handshake);
        } else {
            let output = Arc::clone(self);
            std::thread::spawn(move || {
                std::thread::sleep(output.options.faults.delay);
                output.send(reply, handshake);
                output.flush();
            });
        }
    }

    /// Sends a request or notification of the server's own, at once.
    pub(crate) fn send_own(&self, message: &Value) {
        let mut state = self.lock();
        state.buffer.extend_from_slice(message.to_string().as_bytes());
        self.end_line(&mut state.buffer);
        self.write_out(&mut state);
    }

    /// Sends what waits.
    pub(crate) fn flush(&self) {
        let mut state = self.lock();
        if !state.batch.is_empty() {
            let batch = std::mem::take(&mut state.batch);
            state.buffer.push(b'[');
            state.buffer.extend_from_slice(&batch.join(&b','));
            state.buffer.push(b']');
            self.end_line(&mut state.buffer);
        }
        self.write_out(&mut state);
    }

    /// Sends half of a reply and nothing after it.
    pub(crate) fn send_half(&self, id: &Value, body: &Body) {
        let mut reply = Vec::new();
        write_reply(&mut reply, &id.to_string(), body);
        let mut state = self.lock();
        state.buffer.extend_from_slice(&reply[..reply.len() / 2]);
        self.write_out(&mut state);
    }

    /// Ends the connection; on stdio the process with it.
    pub(crate) fn close(&self) {
        let state = self.lock();
        match &state.sink {
            // A peer that is gone already is closed as well.
            Sink::Socket(stream) => drop(stream.shutdown(Shutdown::Both)),
            Sink::Stdout(_) => transport::leave(0),
        }
    }

    fn send(self: &Arc<Output>, reply: Vec<u8>, handshake: bool) {
        let faults = &self.options.faults;
        if faults.half {
            let mut state = self.lock();
            state.buffer.extend_from_slice(&reply[..reply.len() / 2]);
            self.write_out(&mut state);
            drop(state);
            return self.close();
        }
        let lines = faults.lines(reply);
        let mut state = self.lock();
        if faults.batch && !handshake {
            return state.batch.extend(lines);
        }
        if !faults.reorder {
            return self.push(&mut state, &lines);
        }
        match state.held.take() {
            Some(earlier) => {
                self.push(&mut state, &lines);
                self.push(&mut state, &earlier);
            }
            None => {
                state.held = Some(lines);
                drop(state);
                self.release_soon();
            }
        }
    }

    /// A reply without a successor must not be held for ever.
    fn release_soon(self: &Arc<Output>) {
        let output = Arc::clone(self);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            let mut state = output.lock();
            if let Some(lines) = state.held.take() {
                output.push(&mut state, &lines);
                output.write_out(&mut state);
            }
        });
    }

    fn push(&self, state: &mut State, lines: &[Vec<u8>]) {
        for line in lines {
            state.buffer.extend_from_slice(line);
            self.end_line(&mut state.buffer);
        }
    }

    fn end_line(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(if self.options.faults.crlf { b"\r\n" } else { b"\n" });
    }

    fn write_out(&self, state: &mut State) {
        if state.buffer.is_empty() {
            return;
        }
        let faults = &self.options.faults;
        let State { sink, buffer, started, .. } = state;
        if faults.bom && !std::mem::replace(started, true) {
            buffer.splice(..0, *b"\xef\xbb\xbf");
        }
        let written = if faults.split == 0 {
            sink.write(buffer)
        } else {
            buffer.chunks(faults.split).try_for_each(|piece| {
                sink.write(piece)?;
                // Long enough that the reader is likely to see the pieces.
                std::thread::sleep(Duration::from_micros(100));
                Ok(())
            })
        };
        buffer.clear();
        if written.is_err() && matches!(sink, Sink::Stdout(_)) {
            // Nobody reads any more; a server of this kind has no other purpose.
            transport::leave(0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Sink::Socket(stream) => stream.write_all(bytes),
            Sink::Stdout(file) => file.write_all(bytes),
        }
    }
}

fn write_reply(out: &mut Vec<u8>, id: &str, body: &Body) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
    match body {
        Body::Error { code, message, data } => {
            let mut error = json!({"code": code, "message": message});
            if let Some(data) = data {
                error["data"] = data.clone();
            }
            out.extend_from_slice(br#","error":"#);
            out.extend_from_slice(error.to_string().as_bytes());
        }
        Body::Prepared(result) => {
            out.extend_from_slice(br#","result":"#);
            out.extend_from_slice(result.as_bytes());
        }
        Body::Result(result) => {
            out.extend_from_slice(br#","result":"#);
            out.extend_from_slice(result.to_string().as_bytes());
        }
    }
    out.push(b'}');
}
