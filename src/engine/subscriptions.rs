//! Being told that a resource changed.
//!
//! Up to 2025-11-25 a subscription is made by a request and lives as long as the
//! connection; since 2026-07-28 it is a request that never ends
//! (`subscriptions/listen`), one for everything that is watched. Either way the
//! connection is kept, and what is watched is asked for again on the next one.

use crate::config::Era;
use crate::engine::connection::Purpose;
use crate::engine::event::{Event, Reply};
use crate::engine::request::{Kind, State};
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error, Result};
use crate::protocol::message::{AcknowledgedParams, UpdatedParams};
use crate::protocol::{jsonrpc, message};
use crate::time::Time;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

impl Engine {
    /// Asks to be told when a resource changes, until `unsubscribe`.
    ///
    /// # Errors
    /// As [`call`](Engine::call).
    pub fn subscribe(
        &mut self,
        now: Time,
        server: &str,
        uri: &str,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let kind = Kind::Subscribe { uri: uri.into() };
        self.accept(now, server, kind, timeout, user_data, false)
    }

    /// No longer watches a resource. False: it was not watched.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] for an unknown server.
    pub fn unsubscribe(&mut self, now: Time, server: &str, uri: &str) -> Result<bool> {
        let id = self.find_server(server)?;
        if !self.server_mut(id).watched.remove(uri) {
            return Ok(false);
        }
        let on: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.server == id && connection.pinned)
            .map(|(id, _)| *id)
            .collect();
        for connection in on {
            match self.connections.get(&connection).and_then(|connection| connection.era()) {
                Some(Era::Modern) => self.listen(now, id, connection),
                Some(Era::Legacy) => self.tell_unsubscribed(now, id, connection, uri),
                None => {}
            }
            let none_left = self.server(id).watched.is_empty();
            if let Some(stream) = self.connections.get_mut(&connection) {
                stream.pinned = !none_left;
                stream.idle_since = now;
            }
            self.rearm_connection(connection);
        }
        Ok(true)
    }

    /// The answer to the question whether we would like to hear is not waited for.
    fn tell_unsubscribed(&mut self, now: Time, server: ServerId, id: ConnectionId, uri: &str) {
        let Some(stream) = self.connections.get_mut(&id) else { return };
        let wire = self.next_wire;
        self.next_wire += 1;
        let members = message::member("uri", uri);
        stream.output.append(&mut self.spare, |out| {
            message::write_request(out, wire, "resources/unsubscribe", &members, "", None);
        });
        self.server_mut(server).metrics.message_sent(now);
        self.ask_write(id);
    }

    /// A subscription found a connection of the modern era: everything that is
    /// watched goes into one new listen request on it.
    pub(super) fn listen_for(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        connection: ConnectionId,
    ) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.state = State::AwaitingAck;
        request.heard = now;
        if let Kind::Subscribe { uri } = &request.kind {
            let uri = uri.clone();
            self.server_mut(server).watched.insert(uri);
        }
        self.server_mut(server).watchers.push(id);
        self.rearm_request(id);
        self.listen(now, server, connection);
        // The slot that the request took is given back: the listen request holds
        // its own, or the one of the request that it replaces.
        self.release(now, connection);
    }

    /// Replaces the listen request on a connection by one for what is watched now.
    fn listen(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        let uris: Vec<Box<str>> = self.server(server).watched.iter().cloned().collect();
        // One for everything, wherever the first one was made.
        let id = self
            .connections
            .iter()
            .find(|(_, stream)| {
                stream.server == server
                    && stream.exchanges.iter().any(|exchange| exchange.purpose == Purpose::Listen)
            })
            .map_or(id, |(other, _)| *other);
        let Some(stream) = self.connections.get_mut(&id) else { return };
        let old = stream.exchanges.iter().position(|exchange| exchange.purpose == Purpose::Listen);
        let had = old.is_some();
        if let Some(old) = old.map(|at| stream.exchanges.swap_remove(at).wire) {
            let meta = Some(&*self.identity.modern_meta);
            stream.output.append(&mut self.spare, |out| {
                message::write_cancelled(out, old, "the subscriptions changed", meta);
            });
        } else if !uris.is_empty() {
            self.server_mut(server).pool.occupy(id);
        }
        if uris.is_empty() {
            self.ask_write(id);
            if had {
                self.release(now, id);
            }
            return;
        }
        let wire = self.next_wire;
        self.next_wire += 1;
        let Some(stream) = self.connections.get_mut(&id) else { return };
        let mut list = Vec::new();
        for uri in &uris {
            if !list.is_empty() {
                list.push(b',');
            }
            jsonrpc::write_str(&mut list, uri);
        }
        let members = format!(
            "\"notifications\":{{\"toolsListChanged\":true,\"resourceSubscriptions\":[{}]}},",
            String::from_utf8_lossy(&list)
        );
        let meta = Some(&*self.identity.modern_meta);
        let size = stream.send(&mut self.spare, wire, Purpose::Listen, |out| {
            message::write_request(out, wire, "subscriptions/listen", &members, "", meta);
        });
        stream.pinned = true;
        self.server_mut(server).metrics.request_sent(now, size);
        self.ask_write(id);
    }

    /// A server of the modern era says what it will tell.
    pub(super) fn acknowledged(&mut self, now: Time, server: ServerId, params: Option<&RawValue>) {
        let agreed = params
            .and_then(|raw| serde_json::from_str::<AcknowledgedParams>(raw.get()).ok())
            .unwrap_or_default()
            .notifications
            .resource_subscriptions;
        for id in std::mem::take(&mut self.server_mut(server).watchers) {
            let Some(request) = self.requests.get(&id) else { continue };
            let Kind::Subscribe { uri } = &request.kind else { continue };
            let uri = uri.clone();
            if agreed.iter().any(|other| **other == *uri) {
                self.finish(now, id, Ok(Reply::Ready));
            } else {
                self.server_mut(server).watched.remove(&uri);
                let message = format!("the server does not tell about changes of '{uri}'");
                self.finish(now, id, Err(Error::new(error::Kind::Server, message)));
            }
        }
    }

    /// A legacy server agreed to tell about changes.
    pub(super) fn subscribed(
        &mut self,
        now: Time,
        id: RequestId,
        server: ServerId,
        on: ConnectionId,
    ) {
        let Some(request) = self.requests.get(&id) else { return };
        if let Kind::Subscribe { uri } = &request.kind {
            let uri = uri.clone();
            self.server_mut(server).watched.insert(uri);
        }
        if let Some(stream) = self.connections.get_mut(&on) {
            stream.pinned = true;
        }
        self.finish(now, id, Ok(Reply::Ready));
    }

    /// A resource changed.
    pub(super) fn resource_updated(&mut self, server: ServerId, params: Option<&RawValue>) {
        let uri = params.and_then(|raw| serde_json::from_str::<UpdatedParams<'_>>(raw.get()).ok());
        if let Some(uri) = uri.map(|params| params.uri.into_owned()) {
            let server = self.server(server).name.clone();
            self.events.push_back(Event::ResourceUpdated { server, uri });
        }
    }

    /// The connection that carried the subscriptions is gone: they are made anew.
    pub(super) fn subscribe_again(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        if state.removed {
            return;
        }
        let name: Arc<str> = state.name.clone();
        let uris: Vec<Box<str>> = match state.era {
            // One listen request carries them all.
            Some(Era::Modern) => state.watched.first().cloned().into_iter().collect(),
            _ => state.watched.iter().cloned().collect(),
        };
        for uri in uris {
            self.note(LogLevel::Debug, format_args!("{name}: subscribing to {uri} again"));
            let kind = Kind::Subscribe { uri };
            let id = self.insert(now, name.clone(), kind, None, 0, true);
            self.admit(now, id);
        }
    }
}
