//! Codecs without I/O: messages to bytes of a stream, and back.
//!
//! * [`ndjson`] — one message a line (MCP "Transports: stdio").

pub mod ndjson;
