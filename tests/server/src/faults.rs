//! The faults as data, and what they do to the bytes of one reply.
//!
//! Which replies are touched is decided here; when and how bytes are written is
//! the business of [`crate::output`].

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

/// How `server/discover` is met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Probe {
    #[default]
    Answer,
    Error(i64),
    Exit,
    Late(Duration),
    Silent,
}

/// The shape in which ids come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ids {
    #[default]
    AsSent,
    Float,
    Text,
}

/// Every fault switch.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) probe: Probe,
    pub(crate) start_delay: Duration,
    pub(crate) stderr_flood: usize,
    pub(crate) no_eof_exit: bool,
    pub(crate) ignore_term: bool,
    pub(crate) grandchild: bool,
    pub(crate) exit_after: Option<u64>,
    pub(crate) stop_reading: bool,

    pub(crate) crlf: bool,
    pub(crate) bom: bool,
    pub(crate) junk: usize,
    pub(crate) batch: bool,
    /// Bytes written at a time; 0 is no limit.
    pub(crate) split: usize,
    pub(crate) huge_line: usize,
    pub(crate) ping_on_init: bool,

    pub(crate) ids: Ids,
    pub(crate) half: bool,
    pub(crate) duplicate: bool,
    pub(crate) foreign: bool,
    pub(crate) reorder: bool,
    pub(crate) delay: Duration,
    pub(crate) never_reply: bool,
    pub(crate) garbage: bool,
    pub(crate) both: bool,
    /// The methods whose replies are touched; empty is all.
    pub(crate) only: Vec<String>,
    /// Replies spared at first.
    pub(crate) skip: u64,
    /// Replies that could have been touched so far.
    pub(crate) seen: AtomicU64,
}

impl Faults {
    /// Whether replies may go out as they are, without a look at each.
    pub(crate) fn spare_replies(&self) -> bool {
        self.ids == Ids::AsSent
            && self.delay.is_zero()
            && self.junk == 0
            && self.huge_line == 0
            && ![self.half, self.duplicate, self.foreign, self.reorder].contains(&true)
            && ![self.never_reply, self.garbage, self.both, self.batch].contains(&true)
    }

    /// Whether this reply, to `method`, is to be touched.
    pub(crate) fn touch(&self, method: &str) -> bool {
        let chosen = self.only.is_empty() || self.only.iter().any(|only| only == method);
        chosen && self.seen.fetch_add(1, Ordering::Relaxed) >= self.skip
    }

    /// The id as it comes back to the client.
    pub(crate) fn id(&self, id: &Value) -> String {
        match (self.ids, id) {
            (Ids::Float, Value::Number(number)) if !number.is_f64() => format!("{number}.0"),
            (Ids::Text, Value::Number(number)) => format!("\"{number}\""),
            _ => id.to_string(),
        }
    }

    /// The lines that stand for one reply, without their ends. `reply` is the
    /// whole object as a sound server would have sent it.
    pub(crate) fn lines(&self, reply: Vec<u8>) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for number in 0..self.junk {
            lines.push(format!("npm warn this is line {number} of noise {{").into_bytes());
        }
        if self.foreign {
            let id = 900_000_000 + self.seen.load(Ordering::Relaxed);
            let text = json!([{"type": "text", "text": "the answer to another question"}]);
            let foreign = json!({"jsonrpc": "2.0", "id": id, "result": {"content": text}});
            lines.push(foreign.to_string().into_bytes());
        }
        let reply = if self.garbage {
            b"\x00\xff\xfe}{ \"jsonrpc\": 2, garbage".to_vec()
        } else {
            self.swell(reply)
        };
        if self.duplicate {
            lines.push(reply.clone());
        }
        lines.push(reply);
        lines
    }

    /// Adds the members that `--both` and `--huge-line` ask for.
    fn swell(&self, mut reply: Vec<u8>) -> Vec<u8> {
        if self.both {
            let extra: &[u8] = if reply.windows(9).any(|part| part == b"\"result\":") {
                br#","error":{"code":-32603,"message":"and an error too"}}"#
            } else {
                br#","result":{"content":[]}}"#
            };
            reply.pop();
            reply.extend_from_slice(extra);
        }
        const FRAME: usize = br#","padding":""}"#.len() - 1;
        if self.huge_line > reply.len() + FRAME {
            let padding = self.huge_line - reply.len() - FRAME;
            reply.pop();
            reply.extend_from_slice(br#","padding":""#);
            reply.resize(reply.len() + padding, b'x');
            reply.extend_from_slice(b"\"}");
        }
        reply
    }
}

/// Writes `bytes` to stderr; a client that does not drain it is stuck here.
pub(crate) fn flood_stderr(bytes: usize) {
    let line = b"noise on stderr, which is nothing to worry about, again and again\n";
    let mut left = bytes;
    let mut stderr = std::io::stderr().lock();
    while left > 0 {
        let part = left.min(line.len());
        if stderr.write_all(&line[..part]).is_err() {
            return;
        }
        left -= part;
    }
}
