//! One MCP session: which era the server speaks, and what each era promises.
//!
//! * [`negotiation`] — the handshake of each era and the fallback between them.
//! * [`legacy`] — sessions that begin with `initialize` (up to 2025-11-25).
//! * [`modern`] — requests without a session (since 2026-07-28).

pub mod legacy;
pub mod modern;
pub mod negotiation;

use crate::config::Era;
use crate::mcp::capabilities::Offers;
use crate::mcp::server_info::ServerInfo;
use crate::mcp::version;

/// An established session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The server's era.
    pub era: Era,
    /// The revision both sides speak.
    pub version: &'static str,
    /// The server's name and version (`serverInfo`).
    pub server: ServerInfo,
    /// The capabilities of the server; unknown without a handshake.
    pub offers: Option<Offers>,
    /// What was wrong with the answer to the handshake, although it could be read.
    pub remark: Option<String>,
}

impl Session {
    /// A session up to 2025-11-25.
    pub fn legacy(version: &'static str, server: ServerInfo, offers: Offers) -> Session {
        Session { era: Era::Legacy, version, server, offers: Some(offers), remark: None }
    }

    /// A session since 2026-07-28.
    pub fn modern(server: ServerInfo, offers: Option<Offers>) -> Session {
        Session { era: Era::Modern, version: version::MODERN, server, offers, remark: None }
    }
}
