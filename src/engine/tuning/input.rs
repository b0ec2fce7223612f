//! What the verdict depends on: the sends and answers of one server, in order. As text it
//! is the trace of the debug log, from which a verdict can be made again.

use std::fmt;
use std::str::FromStr;

use crate::time::Time;

/// Something that happened to a request of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TuningInput {
    /// It was sent. `wire` is its JSON-RPC id, unique for all servers.
    Sent {
        /// When.
        now: Time,
        /// The JSON-RPC id.
        wire: u64,
        /// The connection's number.
        connection: u64,
        /// A hash of the tool's name; `None` if no tool is called. Lists and pings may be
        /// answered by a reader that runs beside the tools, so they are no evidence.
        tool: Option<u32>,
    },
    /// It was answered.
    Answered {
        /// When.
        now: Time,
        /// The JSON-RPC id.
        wire: u64,
        /// The tool has run. An error may come from a check before it.
        has_run: bool,
    },
    /// Its caller has given it up. The server may still work on it.
    Abandoned {
        /// The JSON-RPC id.
        wire: u64,
    },
    /// No answer will come: it was taken back, or its connection is gone.
    Gone {
        /// When.
        now: Time,
        /// The JSON-RPC id.
        wire: u64,
    },
}

impl fmt::Display for TuningInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            TuningInput::Sent { now, wire, connection, tool } => {
                let tool = tool.map_or("-".to_owned(), |tool| format!("{tool:08x}"));
                write!(f, "sent {} {wire} {connection} {tool}", now.as_micros())
            }
            TuningInput::Answered { now, wire, has_run } => {
                write!(f, "answered {} {wire} {}", now.as_micros(), u8::from(has_run))
            }
            TuningInput::Abandoned { wire } => write!(f, "abandoned {wire}"),
            TuningInput::Gone { now, wire } => write!(f, "gone {} {wire}", now.as_micros()),
        }
    }
}

impl FromStr for TuningInput {
    type Err = String;

    fn from_str(line: &str) -> Result<TuningInput, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| -> Result<u64, String> {
            let word = words.get(at).copied().unwrap_or_default();
            word.parse().map_err(|_| format!("word {} of '{line}' is no number", at + 1))
        };
        let time = |at| number(at).map(Time::from_micros);
        match (words.first().copied().unwrap_or_default(), words.len()) {
            ("sent", 5) => Ok(TuningInput::Sent {
                now: time(1)?,
                wire: number(2)?,
                connection: number(3)?,
                tool: match words[4] {
                    "-" => None,
                    tool => Some(
                        u32::from_str_radix(tool, 16)
                            .map_err(|_| format!("word 5 of '{line}' is no hash of a tool"))?,
                    ),
                },
            }),
            ("answered", 4) => Ok(TuningInput::Answered {
                now: time(1)?,
                wire: number(2)?,
                has_run: number(3)? != 0,
            }),
            ("abandoned", 2) => Ok(TuningInput::Abandoned { wire: number(1)? }),
            ("gone", 3) => Ok(TuningInput::Gone { now: time(1)?, wire: number(2)? }),
            _ => Err(format!("'{line}' is no line of a trace")),
        }
    }
}

/// The hash under which a tool stands in a trace (FNV-1a, 32 bits).
pub fn tool_hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let now = Time::from_micros(17);
        for (input, line) in [
            (
                TuningInput::Sent { now, wire: 4, connection: 2, tool: Some(0xab) },
                "sent 17 4 2 000000ab",
            ),
            (TuningInput::Sent { now, wire: 4, connection: 2, tool: None }, "sent 17 4 2 -"),
            (TuningInput::Answered { now, wire: 4, has_run: true }, "answered 17 4 1"),
            (TuningInput::Abandoned { wire: 4 }, "abandoned 4"),
            (TuningInput::Gone { now, wire: 4 }, "gone 17 4"),
        ] {
            assert_eq!(input.to_string(), line);
            assert_eq!(line.parse(), Ok(input));
        }
        for (line, why) in [
            ("sent 1 2 3", "'sent 1 2 3' is no line of a trace"),
            ("gone 1 x", "word 3 of 'gone 1 x' is no number"),
            ("sent 1 2 3 xyz", "word 5 of 'sent 1 2 3 xyz' is no hash of a tool"),
        ] {
            assert_eq!(line.parse::<TuningInput>(), Err(why.to_owned()));
        }
    }
}
