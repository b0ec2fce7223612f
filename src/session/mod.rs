//! One MCP session: which era the server speaks, and what each era promises.
//!
//! * [`negotiation`] — the handshake of each era and the fallback between them.
//! * [`legacy`] — sessions that begin with `initialize` (up to 2025-11-25).
//! * [`modern`] — requests without a session (since 2026-07-28).

pub mod legacy;
pub mod modern;
pub mod negotiation;
