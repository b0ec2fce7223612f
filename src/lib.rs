//! `tmcp`: an MCP (Model Context Protocol) client that lives inside somebody
//! else's event loop, made for the tmux server.
//!
//! What decides never touches a descriptor or a clock; what touches them decides
//! nothing:
//!
//! ```text
//!   client      the driver: mio::Poll, readiness, the clock
//!     |    \
//!   engine  transport --> sys     decides   |   carries bytes
//!     |
//!   protocol                      bytes and time in, messages out
//!
//!   error  time  config  metrics  redact  table  chunks  room   leaves, used by all
//! ```
//!
//! # Drive contract
//! A host needs one descriptor and one timeout. After every call to
//! [`client::Client`]:
//! 1. wait until [`as_raw_fd`](client::Client::as_raw_fd) is readable or
//!    [`timeout`](client::Client::timeout) is over;
//! 2. call [`dispatch`](client::Client::dispatch), which never waits and ends
//!    within its budget; when it returns true, call it again soon;
//! 3. pull [`next_event`](client::Client::next_event) until there is none.
//!
//! A host that reaps every child (tmux does) reports exits by
//! [`child_exited`](client::Client::child_exited). Nothing is ever called back,
//! save the log sink, which must not call into the client.
//!
//! # Where to look
//! [`engine`] for what is decided and why, [`session::negotiation`] for the
//! eras, [`engine::Delivery`] for what may be sent twice, `docs/architecture.md`
//! for the life of one call.

#![deny(unsafe_code)]

pub mod channel;
pub mod chunks;
pub mod client;
pub mod config;
pub mod engine;
pub mod error;
pub mod json;
pub mod listener;
pub mod mcp;
pub mod metrics;
mod nearest;
#[cfg(feature = "oauth")]
pub mod oauth;
mod process;
pub mod redact;
pub mod release;
mod room;
pub mod rpc;
pub mod session;
mod sys;
pub mod table;
pub mod time;
pub mod wire;
