//! A socket that accepts and stays silent: its server may serve one connection at a
//! time, and be busy with another one.
//!
//! While one connection of ours is served, a second whose handshake gets no byte is no
//! failure: those who wait get the first one. An answer on the first meanwhile is the
//! evidence that the server is serial; from then on there is one connection, and it is
//! given back soon. While none of ours is served, another client may keep the server
//! from us: the driver is asked to knock, so that it gives its idle connections back.

use std::time::Duration;

use crate::config::ConnectCost;
use crate::engine::action::Action;
use crate::engine::connection::{Phase, Purpose};
use crate::engine::loss::Loss;
use crate::engine::{ConnectionId, Engine, LogLevel, ServerId};
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::time::Time;
use crate::wire::Delivery;

/// Between two thoughts about a silent connection.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a socket may be silent while no connection of ours is served.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long an idle connection to a serial server is kept.
pub(super) const SERIAL_IDLE: Duration = Duration::from_secs(1);

/// What is known of how a socket server takes several connections.
#[derive(Debug, Default)]
pub(super) struct Manners {
    /// It serves one connection at a time.
    pub(super) serial: bool,
    /// Two connections were served at once: it does not.
    pub(super) concurrent: bool,
    /// When a request was answered last.
    pub(super) answered: Option<Time>,
    /// Another client waits for it: the next connection that is not in use is closed.
    pub(super) knocked: bool,
}

impl Engine {
    /// A socket has been silent for a while in its handshake. True: that is dealt with.
    pub(super) fn is_silent(&mut self, now: Time, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let silent = connection.channel.is_shared() && !connection.heard;
        let Phase::Negotiating(negotiation) = &mut connection.phase else { return false };
        if !silent || now < connection.thought {
            return false;
        }
        connection.thought = now + PAUSE;
        let (server, opened) = (connection.server, connection.opened);
        let state = &mut self.servers[server.0 as usize];
        if state.pool.is_up() {
            negotiation.postpone(now + PAUSE);
            connection.silent_since = now;
            let alone = !state.manners.concurrent;
            if alone && state.manners.answered.is_some_and(|answered| answered > opened) {
                // Nothing is to be learnt of it any more.
                connection.thought = now + PATIENCE;
                negotiation.postpone(now + PATIENCE);
                self.found_serial(now, server);
            }
            self.note_connection(id);
            return true;
        }
        if now.since(connection.silent_since) >= PATIENCE {
            let reason = "it accepts connections and does not answer: its server may be busy \
                          with another client"
                .to_owned();
            self.lose_silent(now, id, reason);
            return true;
        }
        let name = state.name.clone();
        let first = !std::mem::replace(&mut connection.knocked, true);
        let config = state.config.clone();
        self.actions.push_back(Action::Knock { server: config });
        if first {
            self.note(
                LogLevel::Info,
                format_args!("{name} accepts the connection and does not answer yet"),
            );
        }
        let due = self.connections.get(&id).and_then(|connection| match &connection.phase {
            Phase::Negotiating(negotiation) => Some(negotiation.deadline()),
            _ => None,
        });
        self.note_connection(id);
        due.is_none_or(|due| due > now)
    }

    fn found_serial(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        if std::mem::replace(&mut state.manners.serial, true) {
            return;
        }
        let name = state.name.clone();
        self.note(
            LogLevel::Info,
            format_args!("{name} serves one connection at a time: calls wait for each other"),
        );
        self.close_surplus(now, server);
        self.find_connections_due();
    }

    fn lose_silent(&mut self, now: Time, id: ConnectionId, reason: String) {
        if let Some(connection) = self.connections.get(&id) {
            let server = connection.server;
            let state = self.server_mut(server);
            state.metrics.timeout();
            // Nobody waits for as long again to hear the same.
            state.reach.started_again = true;
        }
        let (cause, category) = (EvictionCause::Error, ErrorCategory::Handshake);
        self.lose(now, id, Loss { reason, cause, category });
    }

    /// The server still works on a request that nobody waits for. Another
    /// connection costs a socket server nothing; a process is shared, and others
    /// depend on it.
    pub(super) fn grace_is_over(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (server, channel) = (connection.server, connection.channel);
        let over = |purpose: Purpose| match purpose {
            Purpose::Abandoned { until } => until <= now,
            _ => false,
        };
        // What nobody waits for any more keeps its bytes for as long as they are not
        // taken, and a server that does not take them is of no use to others.
        let stuck = (connection.exchanges.iter())
            .any(|e| over(e.purpose) && connection.delivery(e) == Delivery::Torn);
        if stuck {
            let reason = "the server does not read what it is sent".to_owned();
            let (cause, category) = (EvictionCause::Error, ErrorCategory::Lost);
            return self.lose(now, id, Loss { reason, cause, category });
        }
        let before = connection.exchanges.len();
        connection.exchanges.retain(|exchange| !over(exchange.purpose));
        let freed = before - connection.exchanges.len();
        if channel.connect_cost() == ConnectCost::Descriptor && connection.exchanges.is_empty() {
            self.close(now, id, EvictionCause::Abandoned);
            return self.pump(now, server);
        }
        for _ in 0..freed {
            self.release(now, id);
        }
        self.note_connection(id);
    }

    /// Another client waits for the server behind a socket: connections that are not
    /// in use are given back.
    pub fn knocked(&mut self, now: Time, path: &std::path::Path) {
        for index in 0..self.servers.len() {
            let server = ServerId(index as u32);
            let state = &mut self.servers[index];
            let same = state.config.socket_path.as_deref() == Some(path);
            if !same || !state.pool.is_up() {
                continue;
            }
            state.manners.knocked = true;
            let idle: Vec<ConnectionId> = (state.pool.members().iter())
                .filter(|member| member.ready && member.load == 0)
                .map(|member| member.id)
                .collect();
            for id in idle {
                self.give_back(now, id);
            }
            self.pump(now, server);
        }
    }

    /// Closes a connection that is not in use if another client waits for it. True: it
    /// is closed.
    pub(super) fn give_back(&mut self, now: Time, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let carries = connection.is_carrier() || !connection.exchanges.is_empty();
        if carries || !connection.channel.is_shared() {
            return false;
        }
        let state = self.server_mut(connection.server);
        if !std::mem::take(&mut state.manners.knocked) {
            return false;
        }
        self.close(now, id, EvictionCause::Idle);
        true
    }

    /// Closes the connection that has been idle for the longest time, whoever's it is.
    /// False: none is idle.
    pub fn spare_one(&mut self, now: Time) -> bool {
        let idle = self.connections.iter().filter(|(_, connection)| {
            matches!(connection.phase, Phase::Ready(_))
                && connection.exchanges.is_empty()
                && !connection.is_carrier()
        });
        let longest = idle.min_by_key(|(id, connection)| (connection.idle_since, **id));
        let Some(id) = longest.map(|(id, _)| *id) else { return false };
        self.close(now, id, EvictionCause::Idle);
        true
    }
}
