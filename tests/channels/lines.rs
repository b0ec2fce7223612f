//! A small server of lines on any byte stream, with a thread for each connection.

#![allow(dead_code)] // Each test crate uses its part.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Value, json};

/// What the server does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It answers with the text of the call.
    Answer,
    /// It answers with a text of this many bytes.
    Large(usize),
    /// It sends half of an answer; the caller of `serve` decides how the stream ends.
    Half,
    /// It reads the call and sends nothing; the caller of `serve` decides how the stream ends.
    Nothing,
}

/// Serves one connection until its end, or until a call that is not answered. True: the
/// client closed it.
pub fn serve<S: Read + Write>(stream: S, behaviour: Behaviour) -> (S, bool) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        match stream.read_line(&mut line) {
            Ok(0) | Err(_) => return (stream.into_inner(), true),
            Ok(_) => {}
        }
        let request: Value = serde_json::from_str(&line).expect("lines of JSON");
        let Some(id) = request.get("id") else { continue };
        let result = match request["method"].as_str() {
            Some("initialize") => json!({"protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}}, "serverInfo": {"name": "lines", "version": "0"}}),
            Some("tools/list") => json!({"tools": [
                {"name": "echo", "inputSchema": {"type": "object"}}]}),
            Some("tools/call") if behaviour == Behaviour::Nothing => {
                return (stream.into_inner(), false);
            }
            Some("tools/call") => {
                let text = match behaviour {
                    Behaviour::Large(size) => "x".repeat(size),
                    _ => request["params"]["arguments"]["text"].as_str().unwrap_or("").to_owned(),
                };
                json!({"content": [{"type": "text", "text": text}]})
            }
            _ => json!({}),
        };
        let mut answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        let is_half = behaviour == Behaviour::Half && request["method"] == "tools/call";
        if is_half {
            answer.truncate(answer.len() / 2);
        } else {
            answer.push('\n');
        }
        let stream_of = stream.get_mut();
        if stream_of.write_all(answer.as_bytes()).and_then(|()| stream_of.flush()).is_err() {
            return (stream.into_inner(), true);
        }
        if is_half {
            return (stream.into_inner(), false);
        }
    }
}
