//! Codecs without I/O: messages to bytes of a stream, and back.
//!
//! The bytes of framing belong to the codec alone, also in the arithmetic of delivery:
//! a sender keeps the [`Ticket`] of a message and asks what came of it.
//!
//! * [`ndjson`] — one message a line (MCP "Transports: stdio").

mod delivery;
pub mod ndjson;
mod output;

pub use delivery::Delivery;
pub use output::{Spare, Ticket};
