//! Fields of requests that the command of `headersHelper` has printed.
//!
//! The driver runs the command before it opens the first stream of a connection, and again
//! when the server has refused them ([`Action::Authorize`](crate::engine::Action::Authorize)).

use std::sync::Arc;
use std::time::Duration;

use crate::config::ServerConfig;
use crate::engine::connection::Phase;
use crate::engine::{Engine, wires};
use crate::time::Time;
use crate::wire::StreamId;

/// How long the driver lets the command run, and a moment more. Connecting has its own limit,
/// which begins behind that.
pub(super) const HELPER_WAIT: Duration = Duration::from_secs(11);

impl Engine {
    /// Whether the driver has to run the command of `headersHelper` before it opens a stream:
    /// the first of a connection, which has the fields for all others.
    pub fn wants_fields(&self, stream: StreamId) -> bool {
        let id = self.connection_of(stream);
        let Some(connection) = self.connections.get(&id) else { return false };
        let config = &self.server(connection.server).config;
        stream == id.first_stream()
            && !connection.channel.is_process()
            && config.headers_helper().is_some()
    }

    /// The command has printed the fields for a connection that is opened next.
    pub fn set_fields(&mut self, now: Time, stream: StreamId, printed: &[(String, String)]) {
        self.learn_fields(printed);
        let id = self.connection_of(stream);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !matches!(connection.phase, Phase::Opening) {
            return;
        }
        let config = &self.servers[connection.server.0 as usize].config;
        connection.wire.set_fields(wires::fields(config, printed));
        // What is limited and measured from here on is the work of the server.
        connection.opened = now;
        self.note_connection(id);
    }

    /// The command has printed fields once more, for all connections of the server. True:
    /// there are other ones than before.
    pub fn renew_fields(
        &mut self,
        server: &Arc<ServerConfig>,
        printed: &[(String, String)],
    ) -> bool {
        self.learn_fields(printed);
        let mut are_other = false;
        for connection in self.connections.values_mut() {
            let config = &self.servers[connection.server.0 as usize].config;
            if Arc::ptr_eq(config, server) && !connection.channel.is_process() {
                are_other |= connection.wire.set_fields(wires::fields(config, printed));
            }
        }
        are_other
    }
}
