//! The Model Context Protocol as a pure function of bytes and time.
//!
//! Everything here turns bytes into messages and messages into bytes, or
//! decides what is to be said next in a conversation. Nothing here owns a
//! descriptor, reads a clock or knows how bytes travel; `engine` composes
//! these parts into connections.
//!
//! * [`framing`] — one JSON document per line, with a limit and a resync rule.
//! * [`json`] — a value kept as it came.
//! * [`jsonrpc`] — envelopes: request, notification, response, error, batch.
//! * [`salvage`] and [`mend`] — messages in lines that are none by themselves.
//! * [`raw`], [`deep`] and [`page`] — what is inside of long messages, bounded.
//! * [`message`] — the MCP messages that are written and the few fields that are read.
//! * [`negotiation`] — which era a server speaks, and the handshake of each.
//! * [`legacy`] and [`modern`] — what a session of each era promises.
//! * [`arguments`] — words typed by a person, encoded by a tool's `inputSchema`.
//! * [`schema`] — what a schema asks for, field by field.
//! * [`content`] and [`listing`] — results and lists as text for people.
//! * [`rows`] — lists as tables; [`blob`] and [`mod@pointer`] — parts of a result.
//! * [`job`] — all of these in pieces, for a host that must not wait.

pub mod arguments;
mod assembly;
mod batch;
pub mod blob;
mod blocks;
pub mod content;
pub mod deep;
pub mod error_data;
mod field;
pub mod framing;
pub mod job;
pub mod json;
pub mod jsonrpc;
mod layout;
pub mod legacy;
pub mod lenient;
pub mod listing;
pub mod mend;
pub mod message;
pub mod modern;
pub mod negotiation;
pub mod offers;
pub mod outline;
pub mod page;
pub mod pointer;
pub mod raw;
pub mod rows;
pub mod salvage;
mod sameness;
pub mod schema;
mod schema_type;
mod schema_value;
pub mod secret;
mod shape;
mod stride;
mod subschema;
mod walk;
mod word;
mod words;
