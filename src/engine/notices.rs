//! Notices of servers that their tools, or a resource that is watched, changed. A server
//! may send ten thousand a second; the host is told the last one, ten times a second
//! at most.
//!
//! Invariants:
//! * the host has at most one event of each kind and server that it has not pulled;
//! * the last notice is told to the host, however many were left out before it, unless
//!   nobody asked for it.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use crate::config::Era;
use crate::engine::connection::Connection;
use crate::engine::deadlines::Timer;
use crate::engine::event::Event;
use crate::engine::subscriptions::covers;
use crate::engine::{ConnectionId, Engine, ServerId};
use crate::json::lenient::Oddity;
use crate::mcp::message::{self, AcknowledgedParams};
use crate::rpc::envelope::Params;
use crate::time::Time;

/// Least time between two events of one kind of one server.
const PAUSE: Duration = Duration::from_millis(100);
/// Resources of one server whose changes are still to be told: only those that are
/// watched, and what lies below them.
const RESOURCES: usize = 64;
/// Longest name of a resource that is told.
const LONGEST_URI: usize = 8 << 10;
/// How long after a list a change may be what that list brought about.
const ECHO: Duration = Duration::from_secs(1);

/// The changes of one server that the host has not been told.
#[derive(Debug, Default)]
pub(super) struct Notices {
    tools: Gate,
    /// The tools changed since the host was told.
    tools_changed: bool,
    resources: Gate,
    /// Resources that changed since the host was told, the oldest first.
    changed: VecDeque<Box<str>>,
    lists: ToolLists,
}

/// A change that the host is told now.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Tools,
    Resource(Box<str>),
}

/// Lets events of one kind through, at most one in [`PAUSE`].
#[derive(Debug, Default)]
struct Gate {
    /// The host has not pulled the last event.
    is_told: bool,
    not_before: Time,
}

/// The last list of tools, and whether changes that were told led to new definitions.
#[derive(Debug, Default)]
struct ToolLists {
    /// [`Catalogue::digest`](crate::engine::catalogue::Catalogue::digest) of the last list.
    digest: u64,
    at: Option<Time>,
    /// A change was told since the last list.
    changed: bool,
    /// Lists in a row that followed a change and had the definitions of the list before.
    unchanged: u32,
}

impl Gate {
    fn is_open(&self, now: Time) -> bool {
        !self.is_told && now >= self.not_before
    }

    fn close(&mut self, now: Time) {
        *self = Gate { is_told: true, not_before: now + PAUSE };
    }
}

impl ToolLists {
    /// Whether the server tells a change after each list. A host that lists the tools
    /// on each change would go on for ever.
    fn cause_changes(&self, now: Time) -> bool {
        self.unchanged >= 2 && self.at.is_some_and(|at| now.since(at) < ECHO)
    }
}

impl Notices {
    /// When the host is to be told more.
    fn due(&self) -> Option<Time> {
        let tools = self.tools_changed && !self.tools.is_told;
        let resources = !self.changed.is_empty() && !self.resources.is_told;
        let tools = tools.then_some(self.tools.not_before);
        tools.into_iter().chain(resources.then_some(self.resources.not_before)).min()
    }

    /// A list of tools came.
    pub(super) fn listed(&mut self, now: Time, digest: u64) {
        let lists = &mut self.lists;
        let same = lists.changed && lists.at.is_some() && lists.digest == digest;
        let unchanged = if same { lists.unchanged.saturating_add(1) } else { 0 };
        *lists = ToolLists { digest, at: Some(now), changed: false, unchanged };
    }

    /// The server told that its tools changed. `is_wanted`: the notice was asked for.
    /// Returns how many changes are dropped by that.
    fn tools_changed(&mut self, now: Time, is_wanted: bool) -> u64 {
        let is_echo = self.lists.cause_changes(now);
        self.lists.changed = true;
        if is_echo || !is_wanted {
            return 1;
        }
        u64::from(mem::replace(&mut self.tools_changed, true))
    }

    /// The server told that a resource changed. Returns how many changes are dropped by
    /// that.
    fn resource_changed(&mut self, uri: &str) -> u64 {
        let before = self.changed.len();
        self.changed.retain(|other| **other != *uri);
        let mut dropped = before - self.changed.len();
        if self.changed.len() == RESOURCES {
            self.changed.pop_front();
            dropped += 1;
        }
        self.changed.push_back(uri.into());
        dropped as u64
    }

    /// The next change that the host is told now.
    fn next(&mut self, now: Time) -> Option<Change> {
        if self.tools_changed && self.tools.is_open(now) {
            self.tools_changed = false;
            self.tools.close(now);
            return Some(Change::Tools);
        }
        if !self.resources.is_open(now) {
            return None;
        }
        let uri = self.changed.pop_front()?;
        self.resources.close(now);
        Some(Change::Resource(uri))
    }

    /// Drops changes of what is not watched any more.
    fn forget_resource(&mut self, uri: &str) {
        self.changed.retain(|other| !covers(uri, other));
    }
}

impl Engine {
    /// The tools of a server changed, as it says on a connection.
    pub(super) fn tools_changed(
        &mut self,
        now: Time,
        server: ServerId,
        id: ConnectionId,
        params: Option<&Params<'_>>,
    ) {
        self.server_mut(server).tools.forget();
        self.forget_tools(server);
        let is_asked_for = is_asked_for(self.connections.get(&id).map(Box::as_ref), params);
        let state = self.server_mut(server);
        let is_wanted = is_asked_for && !state.removed;
        state.metrics.wire.dropped += state.notices.tools_changed(now, is_wanted);
        self.tell_changes(now, server);
    }

    /// A resource changed, as a server says on a connection.
    pub(super) fn resource_updated(
        &mut self,
        now: Time,
        server: ServerId,
        id: ConnectionId,
        params: Option<&Params<'_>>,
    ) {
        let is_asked_for = is_asked_for(self.connections.get(&id).map(Box::as_ref), params);
        let text = params.map(Params::abridged).unwrap_or_default();
        let Some(uri) = message::updated_uri(&text) else {
            let what = "is no text: the notice is left out";
            return self.odd(server, Oddity { of: "resources/updated", field: "uri", what });
        };
        let state = self.server_mut(server);
        if !is_asked_for || uri.len() > LONGEST_URI || !state.subscriptions.covers(&uri) {
            state.metrics.wire.dropped += 1;
            return;
        }
        state.metrics.wire.dropped += state.notices.resource_changed(&uri);
        self.tell_changes(now, server);
    }

    /// Tells the host the changes that are due, and arms the timer for the others.
    pub(super) fn tell_changes(&mut self, now: Time, server: ServerId) {
        let state = &mut self.servers[server];
        while let Some(change) = state.notices.next(now) {
            let server = state.name.clone();
            self.events.push_back(match change {
                Change::Tools => Event::ToolsChanged { server },
                Change::Resource(uri) => Event::ResourceUpdated { server, uri: uri.into() },
            });
        }
        self.arm_changes(server);
    }

    /// The host has pulled an event: the next of its kind may follow.
    pub(super) fn change_pulled(&mut self, event: &Event) {
        let (name, is_of_tools) = match event {
            Event::ToolsChanged { server } => (server, true),
            Event::ResourceUpdated { server, .. } => (server, false),
            _ => return,
        };
        let Some(server) = self.servers.by_name().get(name).copied() else { return };
        let notices = &mut self.server_mut(server).notices;
        match is_of_tools {
            true => notices.tools.is_told = false,
            false => notices.resources.is_told = false,
        }
        self.arm_changes(server);
    }

    /// Nothing more is told of a server.
    pub(super) fn drop_changes(&mut self, server: ServerId) {
        self.server_mut(server).notices = Notices::default();
        self.arm_changes(server);
    }

    /// A resource is not watched any more.
    pub(super) fn drop_changes_of(&mut self, server: ServerId, uri: &str) {
        self.server_mut(server).notices.forget_resource(uri);
        self.arm_changes(server);
    }

    fn arm_changes(&mut self, server: ServerId) {
        let due = self.server(server).notices.due();
        self.deadlines.arm(Timer::Changes(server), due);
    }
}

/// Whether a notice on a connection was asked for there. In the modern era that
/// is done by a listen request, whose id what is told bears (2026-07-28, subscriptions);
/// what bears none is taken for the only one there is.
fn is_asked_for(connection: Option<&Connection>, params: Option<&Params<'_>>) -> bool {
    let Some(connection) = connection else { return false };
    if connection.era() != Some(Era::Modern) {
        return true;
    }
    let Some(listens) = connection.listens() else { return false };
    let text = params.map(Params::abridged).unwrap_or_default();
    let about = AcknowledgedParams::read(&text).about;
    about.is_none_or(|about| about == Some(listens))
}

#[cfg(test)]
mod tests;
