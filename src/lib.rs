//! `tmcp`: an MCP client that lives inside somebody else's event loop.

#![deny(unsafe_code)]

pub mod client;
pub mod config;
pub mod engine;
pub mod error;
pub mod metrics;
pub mod protocol;
mod sys;
pub mod table;
pub mod time;
pub mod transport;
