//! Sockets that accept connections and stay silent, and connections that are closed for
//! other clients. [`Reachability`](crate::engine::reachability::Reachability) decides what
//! the silence means.

use std::path::Path;

use crate::config::{ConnectCost, Transport};
use crate::engine::action::Action;
use crate::engine::connection::{Phase, Purpose};
use crate::engine::loss::Loss;
use crate::engine::reachability::Silence;
use crate::engine::{ConnectionId, Engine, LogLevel, ServerId};
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::time::Time;
use crate::wire::Delivery;

impl Engine {
    /// A connection's deadline has come. True: the connection is a socket that is silent
    /// in its handshake, and nothing else is to be done about it.
    pub(super) fn handle_silence(&mut self, now: Time, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let is_silent = connection.channel.is_shared() && !connection.is_heard;
        let Phase::Negotiating(negotiation) = &mut connection.phase else { return false };
        if !is_silent || now < connection.next_silence_check {
            return false;
        }
        let server = connection.server;
        let state = &mut self.servers[server.0 as usize];
        let (is_up, since) = (state.pool.is_up(), connection.silent_since);
        match state.reach.judge_silence(now, is_up, connection.opened, since) {
            Silence::Wait { until, found_serial } => {
                negotiation.postpone(until);
                connection.next_silence_check = until;
                connection.silent_since = now;
                if found_serial {
                    self.found_serial(now, server);
                }
                self.note_connection(id);
                true
            }
            Silence::GiveUp => {
                state.metrics.timeout();
                let reason = "it accepts connections and does not answer: its server may be busy \
                              with another client"
                    .to_owned();
                let (cause, category) = (EvictionCause::Error, ErrorCategory::Handshake);
                self.connection_lost(now, id, Loss { reason, cause, category });
                true
            }
            Silence::Knock { until } => {
                connection.next_silence_check = until;
                let is_first = !std::mem::replace(&mut connection.knocked, true);
                let is_due = negotiation.deadline() <= now;
                let (name, config) = (state.name.clone(), state.config.clone());
                self.actions.push_back(Action::Knock { server: config });
                if is_first {
                    self.note(
                        LogLevel::Info,
                        format_args!("{name} accepts the connection and does not answer yet"),
                    );
                }
                self.note_connection(id);
                !is_due
            }
        }
    }

    /// The server serves one connection at a time: the others are closed.
    fn found_serial(&mut self, now: Time, server: ServerId) {
        let name = self.server(server).name.clone();
        self.note(
            LogLevel::Info,
            format_args!("{name} serves one connection at a time: calls wait for each other"),
        );
        self.close_surplus(now, server);
        self.find_connections_due();
    }

    /// The grace of a request whose caller is gone is over, and the server still works on
    /// it. A socket is closed, because another connection costs a descriptor. A process
    /// is used again, because other requests depend on it.
    pub(super) fn grace_is_over(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (server, channel) = (connection.server, connection.channel);
        let is_over = |purpose: Purpose| match purpose {
            Purpose::Abandoned { until } => until <= now,
            _ => false,
        };
        // A part of the request has left, and the server has not read the rest since: it
        // would not read other requests either.
        let is_stuck = (connection.exchanges.iter())
            .any(|e| is_over(e.purpose) && connection.delivery(e) == Delivery::Torn);
        if is_stuck {
            let reason = "the server does not read what it is sent".to_owned();
            let (cause, category) = (EvictionCause::Error, ErrorCategory::Lost);
            return self.connection_lost(now, id, Loss { reason, cause, category });
        }
        let late = connection.exchanges.iter().filter(|exchange| is_over(exchange.purpose));
        let late: Vec<u64> = late.map(|exchange| exchange.wire).collect();
        let freed = late.len();
        for wire in late {
            connection.take(wire);
        }
        if channel.connect_cost() == ConnectCost::Descriptor && connection.exchanges.is_empty() {
            self.close(now, id, EvictionCause::Abandoned);
            return self.pump(now, server);
        }
        for _ in 0..freed {
            self.release(now, id);
        }
        self.note_connection(id);
    }

    /// Another client waits for the server behind a socket: idle connections to it are
    /// closed.
    pub fn knocked(&mut self, now: Time, path: &Path) {
        for index in 0..self.servers.len() {
            let server = ServerId(index as u32);
            let state = &mut self.servers[index];
            let same = state.config.socket_path.as_deref() == Some(path);
            if !same || !state.pool.is_up() {
                continue;
            }
            state.reach.peer_knocked();
            let idle: Vec<ConnectionId> = (state.pool.members().iter())
                .filter(|member| member.ready && member.load == 0)
                .map(|member| member.id)
                .collect();
            for id in idle {
                self.close_for_knock(now, id);
            }
            self.pump(now, server);
        }
    }

    /// Closes an idle connection if another client has knocked. True: it is closed.
    pub(super) fn close_for_knock(&mut self, now: Time, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let is_used = connection.is_carrier() || !connection.exchanges.is_empty();
        if is_used || !connection.channel.is_shared() {
            return false;
        }
        let state = self.server_mut(connection.server);
        if !state.reach.take_knock() {
            return false;
        }
        self.close(now, id, EvictionCause::Idle);
        true
    }

    /// Whether connections that cost a descriptor are kept when they become idle.
    pub fn keeps_idle(&self) -> bool {
        !self.drops_idle
    }

    /// Says whether they are.
    pub fn set_keeps_idle(&mut self, keeps: bool) {
        self.drops_idle = !keeps;
    }

    /// Closes the connection that has been idle for the longest time, of all those on
    /// channels that may go. False: none is idle.
    pub fn spare_one(&mut self, now: Time, may_go: impl Fn(Transport) -> bool) -> bool {
        let idle = self.connections.iter().filter(|(_, connection)| {
            matches!(connection.phase, Phase::Ready(_))
                && may_go(connection.channel)
                && connection.exchanges.is_empty()
                && !connection.is_carrier()
        });
        let longest = idle.min_by_key(|(id, connection)| (connection.idle_since, **id));
        let Some(id) = longest.map(|(id, _)| *id) else { return false };
        self.close(now, id, EvictionCause::Idle);
        true
    }
}
