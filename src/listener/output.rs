//! Bytes that wait to be written to an agent.

use std::collections::VecDeque;

use crate::json::kept::Json;
use crate::release;

/// A longer result is not copied but queued as the buffer it came in.
const COPIED: usize = 64 << 10;

/// Bytes that wait to be written, in pieces.
#[derive(Debug, Default)]
pub struct AgentOutput {
    pieces: VecDeque<Piece>,
    /// Bytes of all pieces that were not written.
    waiting: usize,
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    /// Bytes at the front that were written, or are no part of the output.
    done: usize,
}

impl AgentOutput {
    /// Bytes that were not written.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether all was written.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// The next bytes to write; empty when there are none.
    pub fn front(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| &piece.bytes[piece.done..])
    }

    /// `n` bytes of [`front`](AgentOutput::front) were written.
    pub fn wrote(&mut self, n: usize) {
        let Some(piece) = self.pieces.front_mut() else { return };
        let n = n.min(piece.bytes.len() - piece.done);
        piece.done += n;
        self.waiting -= n;
        if piece.done == piece.bytes.len() {
            if let Some(piece) = self.pieces.pop_front() {
                release::later(piece.bytes);
            }
        }
    }

    /// Appends bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.waiting += bytes.len();
        match self.pieces.back_mut() {
            Some(piece) if piece.bytes.len() + bytes.len() <= COPIED => {
                piece.bytes.extend_from_slice(bytes);
            }
            _ if bytes.is_empty() => {}
            _ => self.pieces.push_back(Piece { bytes: bytes.to_vec(), done: 0 }),
        }
    }

    /// Appends JSON on one line. JSON has no newline inside a string, so each is a blank.
    pub(super) fn push_json(&mut self, json: Json) {
        self.push_json_behind(json, 0);
    }

    /// The same without the first `skipped` bytes.
    pub(super) fn push_json_behind(&mut self, json: Json, skipped: usize) {
        let text = json.get(skipped..).unwrap_or_default();
        if text.len() <= COPIED && memchr::memchr2(b'\n', b'\r', text).is_none() {
            return self.push(text);
        }
        let (mut bytes, start) = json.into_buffer();
        let done = start + skipped;
        let mut at = done;
        while let Some(next) = memchr::memchr2(b'\n', b'\r', &bytes[at..]) {
            at += next;
            bytes[at] = b' ';
        }
        if bytes.len() > done {
            self.waiting += bytes.len() - done;
            self.pieces.push_back(Piece { bytes, done });
        }
    }
}
