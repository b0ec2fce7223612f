//! JSON-RPC 2.0: envelopes, ids, errors and batches. It knows no framing and no method.
//!
//! * [`envelope`] — requests, notifications, responses and errors.
//! * [`scanner`] and [`spans`] — where the parts of a message lie, found in one pass.
//! * [`mod@line`] — the text of a message, as a codec hands it over.
//! * [`batch`] — the messages of a batch (MCP 2025-03-26).
//! * [`salvage`] — messages in lines that are no message by themselves.

pub mod batch;
pub mod envelope;
pub mod line;
pub mod salvage;
pub mod scanner;
pub mod spans;
