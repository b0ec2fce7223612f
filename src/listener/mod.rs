//! The core as an MCP server: what an agent says on a connection, and what it is told.
//!
//! An agent connects to the socket of the host, names one configured server in its first
//! line and speaks MCP from then on, in either era. Its requests become requests of the
//! engine, so that they share the server's queue, pool and figures with those of the host.
//! This module does no I/O: the driver (`client/listening.rs`) gives it bytes, carries out
//! its [`Demand`]s and writes its [`AgentOutput`].
//!
//! Invariants:
//! * an id of an agent is kept as it was written, and is unique among its open requests;
//! * every request gets one answer, or none after `notifications/cancelled`;
//! * the bytes of an unfinished line and the number of open requests have a limit.

mod agent;
mod hello;
mod output;
mod requests;
#[cfg(test)]
mod tests;

pub use agent::Agent;
pub use output::AgentOutput;
pub use requests::{AgentRequest, AgentRequestId, Demand};
