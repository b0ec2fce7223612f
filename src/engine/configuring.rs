//! A configuration comes into force.
//!
//! One with very many servers does so in pieces: to make a thousand takes some
//! milliseconds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::vec;

use crate::config::{Config, Defaults, Problem, ServerConfig};
use crate::engine::deadlines::Timer;
use crate::engine::event::Event;
use crate::engine::notices::Notices;
use crate::engine::request::State;
use crate::engine::server::Server;
use crate::engine::{Engine, LogLevel, RequestId, ServerId};
use crate::metrics::EvictionCause;
use crate::time::Time;

/// Servers that are taken over in one go.
const PIECE: usize = 100;

/// A configuration of which some servers are taken over already.
#[derive(Debug)]
pub(super) struct Coming {
    servers: vec::IntoIter<Arc<ServerConfig>>,
    /// Servers there were before, those among them that were removed and have
    /// something in flight.
    known: HashMap<Arc<str>, usize>,
    /// Places of servers that were removed and have nothing in flight.
    free: Vec<usize>,
    problems: Vec<Problem>,
}

impl Engine {
    /// A configuration was read. Servers that did not change keep their
    /// connections; those that did, or are gone, finish what is in flight. One of
    /// many servers is in force when [`work`](Engine::work) has nothing left to do.
    pub fn configure(&mut self, now: Time, config: Config) {
        self.take_over_all(now);
        let named: HashSet<String> = config.servers.iter().map(|new| new.id()).collect();
        let gone: Vec<ServerId> = self
            .by_name
            .iter()
            .filter(|(name, _)| !named.contains(&***name))
            .map(|(_, id)| *id)
            .collect();
        for id in gone {
            self.remove_server(now, id);
        }
        let free = self.forget_removed();
        let names = self.servers.iter().map(|server| server.name.clone()).enumerate();
        let known = names.map(|(index, name)| (name, index));
        let known = known.filter(|(_, index)| free.binary_search(index).is_err()).collect();
        let Config { servers, problems } = config;
        let servers = servers.into_iter();
        let is_short = servers.len() <= PIECE;
        self.coming = Some(Box::new(Coming { servers, known, free, problems }));
        if is_short {
            self.take_over(now);
        }
    }

    /// Takes over some servers of the configuration that is coming.
    pub(super) fn take_over(&mut self, now: Time) {
        let Some(mut coming) = self.coming.take() else { return };
        for new in coming.servers.by_ref().take(PIECE) {
            self.learn_entry(&new);
            let era = self.known_eras.get(&new.identity()).copied();
            let Some(&index) = coming.known.get(&*new.id()) else {
                let server = Server::new(new, &self.defaults, era);
                let index = coming.free.pop().unwrap_or(self.servers.len());
                self.by_name.insert(server.name.clone(), ServerId(index as u32));
                match self.servers.get_mut(index) {
                    Some(place) => *place = server,
                    None => self.servers.push(server),
                }
                continue;
            };
            let id = ServerId(index as u32);
            let server = &mut self.servers[index];
            server.removed = false;
            self.by_name.insert(server.name.clone(), id);
            server.reach.configuration_read();
            if *server.config != *new {
                // A daemon that would be started alike is the new entry's as well.
                let same = server.config.identity() == new.identity();
                server.config = new;
                server.reach.entry_changed(era);
                server.tools.forget();
                server.relimit(&self.defaults);
                self.retire_all(now, id, EvictionCause::Reload);
                if !same {
                    self.release_daemon(now, id);
                }
            }
        }
        if coming.servers.len() > 0 {
            self.coming = Some(coming);
            return;
        }
        let before = std::mem::replace(&mut self.problems, coming.problems);
        self.configured(now, &before);
    }

    /// Takes over what is left of a configuration that another one follows.
    fn take_over_all(&mut self, now: Time) {
        while self.coming.is_some() {
            self.take_over(now);
        }
    }

    /// No configuration could be read. What was read before stays in force.
    pub fn configuration_failed(&mut self, now: Time, problem: Problem) {
        self.take_over_all(now);
        let before = self.problems.clone();
        self.problems.retain(|old| old.server.is_some());
        self.problems.push(problem);
        self.configured(now, &before);
    }

    /// Values for what an entry of the configuration leaves out.
    pub fn set_defaults(&mut self, now: Time, defaults: Defaults) {
        self.defaults = defaults;
        for server in &mut self.servers {
            server.relimit(&self.defaults);
        }
        // Connections may have been idle for too long already.
        self.find_connections_due();
        for index in 0..self.servers.len() {
            self.pump(now, ServerId(index as u32));
        }
    }

    /// A configuration is in force; what was `before` wrong with the last one was
    /// told then.
    fn configured(&mut self, now: Time, before: &[Problem]) {
        self.ready = true;
        self.loading = false;
        let told: HashSet<&str> = before.iter().map(|problem| &*problem.message).collect();
        let all = self.problems.iter().map(|problem| &problem.message);
        let fresh: Vec<String> = all.clone().filter(|p| !told.contains(&***p)).cloned().collect();
        let problems: Vec<String> = all.cloned().collect();
        for problem in &fresh {
            self.note(LogLevel::Warning, format_args!("{problem}"));
        }
        self.note(LogLevel::Debug, format_args!("{} servers configured", self.by_name.len()));
        self.events.push_back(Event::ConfigLoaded { problems, fresh });
        let mut waiting: Vec<RequestId> = self
            .requests
            .iter()
            .filter(|(_, request)| matches!(request.state, State::AwaitingConfig))
            .map(|(id, _)| id)
            .collect();
        waiting.sort_unstable();
        for id in waiting {
            self.admit(now, id);
        }
        for index in 0..self.servers.len() {
            self.pump(now, ServerId(index as u32));
        }
    }

    /// Forgets what is known of servers that were removed and have nothing in flight;
    /// returns their places, in order, which others may take.
    fn forget_removed(&mut self) -> Vec<usize> {
        let busy: HashSet<ServerId> = self
            .connections
            .values()
            .map(|connection| connection.server)
            .chain(self.requests.iter().filter_map(|(_, request)| request.server()))
            .collect();
        let timers = &self.deadlines;
        let free = |(index, server): (usize, &mut Server)| {
            let idle = !busy.contains(&ServerId(index as u32))
                && timers.armed(Timer::Retry(ServerId(index as u32))).is_none();
            if server.removed && idle {
                *server = Server::new(server.config.clone(), &self.defaults, None);
                server.removed = true;
            }
            (server.removed && idle).then_some(index)
        };
        self.servers.iter_mut().enumerate().filter_map(free).collect()
    }

    fn remove_server(&mut self, now: Time, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        server.removed = true;
        let name = server.name.clone();
        let mut waiting = server.queue.take_all();
        waiting.append(&mut server.tools.take_waiting());
        waiting.append(&mut server.subscriptions.clear());
        self.deadlines.arm(Timer::Renewal(id), None);
        self.by_name.remove(&name);
        self.drop_changes(id);
        self.server_mut(id).notices = Notices::default();
        // What waits for words of a person has nowhere to go with them.
        let mut asking: Vec<RequestId> = self
            .requests
            .iter()
            .filter(|(_, r)| r.server() == Some(id) && matches!(r.state, State::Asking))
            .map(|(id, _)| id)
            .collect();
        asking.sort_unstable();
        waiting.append(&mut asking);
        for request in waiting {
            self.finish_unconfigured(now, request, id);
        }
        self.retire_all(now, id, EvictionCause::Reload);
        self.entry_removed(now, id);
    }
}
