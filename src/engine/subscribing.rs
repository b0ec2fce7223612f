//! Being told that a resource changed.
//!
//! Up to 2025-11-25 a subscription is made by a request and lives as long as the
//! connection; since 2026-07-28 it is a request that never ends
//! (`subscriptions/listen`), one for everything that is watched. Either way the
//! connection is kept, and what is watched is asked for again on the next one.

use crate::config::Era;
use crate::engine::connection::{Connection, Purpose};
use crate::engine::deadlines::Timer;
use crate::engine::event::Reply;
use crate::engine::pool::Surplus;
use crate::engine::request::{Request, RequestKind, RequestState};
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error, Result};
use crate::mcp::message;
use crate::mcp::message::AcknowledgedParams;
use crate::rpc::envelope;
use crate::rpc::envelope::Params;
use crate::time::Time;
use crate::wire::Outgoing;
use std::collections::BTreeSet;
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
        let kind = RequestKind::Subscribe { uri: uri.into() };
        self.accept(now, None, server, kind, timeout, user_data)
    }

    /// No longer watches a resource. False: it was not watched.
    ///
    /// # Errors
    /// [`error::Kind::Invalid`] for an unknown server.
    pub fn unsubscribe(&mut self, now: Time, server: &str, uri: &str) -> Result<bool> {
        let id = self.find_server(server)?;
        if !self.server_mut(id).subscriptions.unwatch(uri) {
            return Ok(false);
        }
        self.drop_changes_of(id, uri);
        let on: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.server == id && connection.carries(uri))
            .map(|(id, _)| *id)
            .collect();
        for connection in on {
            match self.connections.get(&connection).and_then(|connection| connection.era()) {
                Some(Era::Modern) => self.listen(now, id, connection),
                Some(Era::Legacy) => self.tell_unsubscribed(now, id, connection, uri),
                None => {}
            }
        }
        Ok(true)
    }

    /// The answer to the question whether we would like to hear is not waited for.
    fn tell_unsubscribed(&mut self, now: Time, server: ServerId, id: ConnectionId, uri: &str) {
        let Some(stream) = self.connections.get_mut(&id) else { return };
        let wire = self.next_wire;
        self.next_wire += 1;
        let members = message::member("uri", uri);
        let method = "resources/unsubscribe";
        let size = stream.send_unawaited(&mut self.shared, method, wire, |out| {
            message::write_request(out, wire, method, &members, "", None);
        });
        stream.drop_carried(uri);
        stream.idle_since = now;
        self.server_mut(server).metrics.request_sent(now, size);
        self.serve_wire(now, id);
        self.note_connection(id);
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
        request.state = RequestState::AwaitingAck;
        request.heard = now;
        self.servers[server.0 as usize].subscriptions.await_confirmation(id);
        self.note_request(id);
        self.listen(now, server, connection);
        // The slot that the request took is given back: the listen request holds
        // its own, or the one of the request that it replaces.
        self.release(now, connection);
    }

    /// Everything that is watched, or asked to be and not confirmed yet.
    fn wanted(&self, server: ServerId) -> BTreeSet<Box<str>> {
        let state = self.server(server);
        let mut uris = state.subscriptions.watched().clone();
        for id in state.subscriptions.unconfirmed() {
            let request = self.requests.get(id);
            if let Some(Request { kind: RequestKind::Subscribe { uri }, internal: false, .. }) =
                request
            {
                uris.insert(uri.clone());
            }
        }
        uris
    }

    /// Replaces the listen request on a connection by one for what is wanted now.
    fn listen(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        let uris = self.wanted(server);
        // One for everything, wherever the first one was made.
        let listens = |stream: &Connection| {
            stream.server == server && stream.era().is_some() && stream.listens().is_some()
        };
        let other = self.connections.iter().find(|(_, stream)| listens(stream));
        let id = other.map_or(id, |(other, _)| *other);
        let Some(stream) = self.connections.get_mut(&id) else { return };
        let meta = Some(&*self.identity.modern_meta);
        let old = stream.listens();
        if let Some(old) = old {
            stream.withdraw(&mut self.shared, old, "the subscriptions changed", meta);
        }
        stream.carry_only(uris.clone());
        if uris.is_empty() {
            self.serve_wire(now, id);
            if old.is_some() {
                self.server_mut(server).pool.vacate(id);
                self.release(now, id);
            }
            return;
        }
        let wire = self.next_wire;
        self.next_wire += 1;
        let mut list = Vec::new();
        for uri in &uris {
            if !list.is_empty() {
                list.push(b',');
            }
            envelope::write_str(&mut list, uri);
        }
        let members = format!(
            "\"notifications\":{{\"toolsListChanged\":true,\"resourceSubscriptions\":[{}]}},",
            String::from_utf8_lossy(&list)
        );
        let method = "subscriptions/listen";
        let what = Outgoing::Request { method, name: "", definition: "" };
        let size = stream.send(&mut self.shared, what, wire, Purpose::Listen, |out| {
            message::write_request(out, wire, method, &members, "", meta);
        });
        let state = self.server_mut(server);
        if old.is_none() {
            state.pool.occupy(id);
        }
        state.metrics.request_sent(now, size);
        self.serve_wire(now, id);
    }

    /// Lets go of the listen request of a connection that is to be closed; what
    /// it carried is asked for on another one.
    pub(super) fn stop_listening(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        let Some(stream) = self.connections.get_mut(&id) else { return };
        let Some(wire) = stream.listens() else { return };
        let meta = Some(&*self.identity.modern_meta);
        stream.withdraw(&mut self.shared, wire, "the connection retires", meta);
        stream.carry_only(BTreeSet::new());
        let state = self.server_mut(server);
        state.pool.vacate(id);
        let shape = state.shape();
        // Others may wait: it is closed by who asked, not for being one too many.
        state.pool.release(id, Surplus::Stays, shape);
        for id in state.subscriptions.take_unconfirmed() {
            if let Some(request) = self.requests.get_mut(&id) {
                request.state = RequestState::Queued;
                request.assigned = None;
                self.server_mut(server).queue.push(id);
                self.note_request(id);
            }
        }
        self.serve_wire(now, id);
        self.renew_soon(now, server);
    }

    /// A server ended a listen request, in good order or with an error.
    pub(super) fn listen_ended(
        &mut self,
        now: Time,
        server: ServerId,
        id: ConnectionId,
        error: Option<Error>,
    ) {
        let watchers = self.release_listen(now, server, id);
        let error = error.unwrap_or_else(|| {
            Error::new(error::Kind::Server, "the server ended the subscription at once")
        });
        for id in watchers {
            self.finish(now, id, Err(error.clone()));
        }
        self.renew_soon(now, server);
    }

    /// The listen request of a connection is over: its slot is free. Returns the requests
    /// that waited for the confirmation.
    pub(super) fn release_listen(
        &mut self,
        now: Time,
        server: ServerId,
        id: ConnectionId,
    ) -> Vec<RequestId> {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.carry_only(BTreeSet::new());
        }
        let state = self.server_mut(server);
        state.pool.vacate(id);
        let watchers = state.subscriptions.take_unconfirmed();
        self.release(now, id);
        watchers
    }

    /// A server of the modern era says what it will tell.
    pub(super) fn acknowledged(
        &mut self,
        now: Time,
        server: ServerId,
        id: ConnectionId,
        params: Option<&Params<'_>>,
    ) {
        let text = params.map(Params::abridged).unwrap_or_default();
        let params = AcknowledgedParams::read(&text);
        let listens = self.connections.get(&id).and_then(|connection| connection.listens());
        // What was said about a request that has been replaced says nothing of this one.
        if listens.is_none() || params.about.is_some_and(|about| about != listens) {
            return;
        }
        let agreed = params.resources;
        for id in self.server_mut(server).subscriptions.take_unconfirmed() {
            let Some(request) = self.requests.get(&id) else { continue };
            let RequestKind::Subscribe { uri } = &request.kind else { continue };
            let (uri, internal) = (uri.clone(), request.internal);
            if internal {
                self.finish(now, id, Ok(Reply::Ready));
            } else if agreed.iter().any(|other| **other == *uri) {
                self.server_mut(server).subscriptions.watch(uri);
                self.finish(now, id, Ok(Reply::Ready));
            } else {
                self.server_mut(server).subscriptions.unwatch(&uri);
                let message = format!("the server does not tell about changes of '{uri}'");
                self.finish(now, id, Err(Error::new(error::Kind::Server, message)));
            }
        }
    }

    /// Nobody waits any more for a subscription to be confirmed.
    pub(super) fn abandon_watcher(&mut self, now: Time, id: RequestId, server: ServerId) {
        self.server_mut(server).subscriptions.stop_waiting(id);
        if !self.wanted(server).is_empty() {
            return;
        }
        let listens = |stream: &Connection| stream.server == server && stream.listens().is_some();
        let on = self.connections.iter().find(|(_, stream)| listens(stream)).map(|(id, _)| *id);
        if let Some(on) = on {
            self.listen(now, server, on);
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
        let RequestKind::Subscribe { uri } = &request.kind else { return };
        let (uri, internal) = (uri.clone(), request.internal);
        let state = self.server_mut(server);
        if state.removed {
            return self.finish_unconfigured(now, id, server);
        }
        if internal && !state.subscriptions.watched().contains(&uri) {
            // It was given up while it was being asked for again.
            self.tell_unsubscribed(now, server, on, &uri);
            return self.finish(now, id, Ok(Reply::Ready));
        }
        state.subscriptions.watch(uri.clone());
        match self.connections.get_mut(&on) {
            Some(stream) if stream.era().is_some() => {
                stream.carry(uri);
                self.note_connection(on);
                if internal {
                    // Of an era in which one request carries all, it asked for one
                    // resource; the server may be of another now.
                    self.renew_soon(now, server);
                }
            }
            // It was closed with the answer, as one too many or out of force.
            _ => self.renew_soon(now, server),
        }
        self.finish(now, id, Ok(Reply::Ready));
    }

    /// What is watched and not carried by any connection is asked for again: at
    /// once, but not in circles with a server that ends it each time.
    pub(super) fn renew_soon(&mut self, now: Time, server: ServerId) {
        self.renew_at(server, self.server(server).subscriptions.next_renewal(now));
    }

    /// Asking again came to nothing; it is tried once more, later.
    pub(super) fn renew_later(&mut self, now: Time, server: ServerId) {
        self.renew_at(server, self.server(server).subscriptions.renewal_after_failure(now));
    }

    fn renew_at(&mut self, server: ServerId, when: Option<Time>) {
        let Some(when) = when.filter(|_| !self.server(server).removed) else { return };
        let timer = Timer::Renewal(server);
        let armed = self.deadlines.armed(timer);
        self.deadlines.arm(timer, Some(armed.map_or(when, |armed| armed.min(when))));
    }

    /// Asks again for what is watched and not carried.
    pub(super) fn renew(&mut self, now: Time, server: ServerId) {
        let state = self.server(server);
        if state.removed {
            return;
        }
        let mut missing = state.subscriptions.watched().clone();
        let (name, era) = (state.name.clone(), state.reach.era());
        for stream in self.connections.values().filter(|stream| stream.server == server) {
            missing.retain(|uri| !stream.carries(uri));
        }
        for (_, request) in self.requests.iter().filter(|(_, request)| request.internal) {
            if let (RequestKind::Subscribe { uri }, Some(of)) = (&request.kind, request.server()) {
                if of == server {
                    missing.remove(uri);
                }
            }
        }
        if missing.is_empty() {
            return;
        }
        self.server_mut(server).subscriptions.renews(now);
        // One listen request carries them all.
        let count = if era == Some(Era::Modern) { 1 } else { missing.len() };
        for uri in missing.into_iter().take(count) {
            self.note(LogLevel::Debug, format_args!("{name}: subscribing to {uri} again"));
            let kind = RequestKind::Subscribe { uri };
            let id = self.insert(None, Request::internal(now, name.clone(), kind));
            // Known before it is admitted: should it be refused, it is tried again.
            self.requests.assign(id, server);
            self.admit(now, id);
        }
    }
}
