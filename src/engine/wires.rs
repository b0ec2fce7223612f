//! Which codec a session speaks.

use crate::config::{ServerConfig, Transport};
use crate::wire::ndjson::Ndjson;
use crate::wire::{StreamId, Wire};

/// Makes the codec of a session with a server on a channel. The session opens the stream.
pub type NewWire = fn(StreamId, &ServerConfig, Transport) -> Box<dyn Wire>;

/// The codec of every channel so far: lines.
pub(super) fn lines(stream: StreamId, _: &ServerConfig, _: Transport) -> Box<dyn Wire> {
    Box::new(Ndjson::new(stream))
}
