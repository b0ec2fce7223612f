//! What servers tell of changes: that their tools, or a resource that is watched,
//! changed. A server may say so ten thousand times a second; the host hears the
//! last of it, ten times a second at most.
//!
//! Invariants:
//! * the host has at most one event of each kind and server that it has not pulled;
//! * what was told last is told to the host, however much was left out before it,
//!   unless it is about something that nobody asked for.

use std::collections::VecDeque;
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

/// What of one server is still to be told.
#[derive(Debug, Default)]
pub(super) struct Notices {
    tools: Kind,
    /// The tools changed since the host was told.
    tools_changed: bool,
    resources: Kind,
    /// Resources that changed since the host was told, the oldest first.
    changed: VecDeque<Box<str>>,
    lists: Lists,
}

/// One kind of events.
#[derive(Debug, Default)]
struct Kind {
    /// The host has not pulled the last one.
    told: bool,
    /// No other one before.
    not_before: Time,
}

/// The last list of tools, and whether the changes that were told led to others.
#[derive(Debug, Default)]
struct Lists {
    /// Of the definitions.
    digest: u64,
    at: Option<Time>,
    /// A change was told since.
    changed: bool,
    /// Lists in a row that were asked for after a change and were the same as before.
    vain: u32,
}

impl Kind {
    fn may(&self, now: Time) -> bool {
        !self.told && now >= self.not_before
    }

    fn tell(&mut self, now: Time) {
        *self = Kind { told: true, not_before: now + PAUSE };
    }
}

impl Lists {
    /// Whether a change is what each list brings about. Whoever lists the tools
    /// because they changed would go on for ever.
    fn echoes(&self, now: Time) -> bool {
        self.vain >= 2 && self.at.is_some_and(|at| now.since(at) < ECHO)
    }
}

impl Notices {
    /// When there is something to be told that the host can be told then.
    fn due(&self) -> Option<Time> {
        let tools = self.tools_changed && !self.tools.told;
        let resources = !self.changed.is_empty() && !self.resources.told;
        let tools = tools.then_some(self.tools.not_before);
        tools.into_iter().chain(resources.then_some(self.resources.not_before)).min()
    }

    /// A list of tools came.
    pub(super) fn listed(&mut self, now: Time, digest: u64) {
        let lists = &mut self.lists;
        let vain = lists.changed && lists.at.is_some() && lists.digest == digest;
        let vain = if vain { lists.vain.saturating_add(1) } else { 0 };
        *lists = Lists { digest, at: Some(now), changed: false, vain };
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
        let state = &mut self.servers[server.0 as usize];
        let asked =
            state.notices.lists.echoes(now) || !is_asked_for(self.connections.get(&id), params);
        state.notices.lists.changed = true;
        if asked || state.removed {
            state.metrics.wire.dropped += 1;
            return;
        }
        state.metrics.wire.dropped += u64::from(state.notices.tools_changed);
        state.notices.tools_changed = true;
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
        let asked = is_asked_for(self.connections.get(&id), params);
        let text = params.map(Params::abridged).unwrap_or_default();
        let Some(uri) = message::updated_uri(&text) else {
            let what = "is no text: the notice is left out";
            return self.odd(server, Oddity { of: "resources/updated", field: "uri", what });
        };
        let uri = &*uri;
        let state = &mut self.servers[server.0 as usize];
        if !asked || uri.len() > LONGEST_URI || !state.subscriptions.covers(uri) {
            state.metrics.wire.dropped += 1;
            return;
        }
        let changed = &mut state.notices.changed;
        let before = changed.len();
        changed.retain(|other| **other != *uri);
        let mut dropped = before - changed.len();
        if changed.len() == RESOURCES {
            changed.pop_front();
            dropped += 1;
        }
        changed.push_back(uri.into());
        state.metrics.wire.dropped += dropped as u64;
        self.tell_changes(now, server);
    }

    /// Tells the host what it can be told now, and comes back for the rest.
    pub(super) fn tell_changes(&mut self, now: Time, server: ServerId) {
        let state = &mut self.servers[server.0 as usize];
        let notices = &mut state.notices;
        if notices.tools_changed && notices.tools.may(now) {
            notices.tools_changed = false;
            notices.tools.tell(now);
            self.events.push_back(Event::ToolsChanged { server: state.name.clone() });
        }
        if notices.resources.may(now) {
            if let Some(uri) = notices.changed.pop_front() {
                notices.resources.tell(now);
                let (server, uri) = (state.name.clone(), uri.into_string());
                self.events.push_back(Event::ResourceUpdated { server, uri });
            }
        }
        self.arm_changes(server);
    }

    /// The host has pulled an event: the next of its kind may follow.
    pub(super) fn change_pulled(&mut self, event: &Event) {
        let (name, tools) = match event {
            Event::ToolsChanged { server } => (server, true),
            Event::ResourceUpdated { server, .. } => (server, false),
            _ => return,
        };
        let Some(server) = self.servers.by_name().get(name).copied() else { return };
        let notices = &mut self.server_mut(server).notices;
        match tools {
            true => notices.tools.told = false,
            false => notices.resources.told = false,
        }
        self.arm_changes(server);
    }

    /// Nothing more is told of a server.
    pub(super) fn drop_changes(&mut self, server: ServerId) {
        let notices = &mut self.server_mut(server).notices;
        notices.tools_changed = false;
        notices.changed.clear();
        self.arm_changes(server);
    }

    /// A resource is not watched any more.
    pub(super) fn drop_changes_of(&mut self, server: ServerId, uri: &str) {
        self.server_mut(server).notices.changed.retain(|other| !covers(uri, other));
        self.arm_changes(server);
    }

    fn arm_changes(&mut self, server: ServerId) {
        let due = self.server(server).notices.due();
        self.deadlines.arm(Timer::Changes(server), due);
    }
}

/// Whether what is told on a connection was asked for there. In the modern era that
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
