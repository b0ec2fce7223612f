//! A configuration comes into force.
//!
//! One with very many servers does so in pieces: to make a thousand takes some
//! milliseconds.

use std::collections::HashSet;

use crate::config::{Config, Defaults, Problem};
use crate::engine::deadlines::Timer;
use crate::engine::event::Event;
use crate::engine::request::RequestState;
use crate::engine::{Engine, LogLevel, RequestId, ServerId};
use crate::error::Result;
use crate::metrics::EvictionCause;
use crate::time::Time;

/// Entries that are applied in one go.
const PIECE: usize = 100;

impl Engine {
    /// A configuration was read. Servers that did not change keep their
    /// connections; those that did, or are gone, finish what is in flight. One of
    /// many servers is in force when [`work`](Engine::work) has nothing left to do.
    pub fn configure(&mut self, now: Time, config: Config) {
        self.apply_all(now);
        for id in self.servers.gone(&config) {
            let entry = &self.servers[id].config;
            let why = config.problems.iter().find(|problem| {
                problem.unused() == Some(&*entry.name) && problem.scope == entry.scope
            });
            let why = why.map(|problem| Box::from(&*problem.message));
            self.servers[id].unused_because = why;
            self.remove_server(now, id);
        }
        let free = self.forget_removed();
        let is_short = config.servers.len() <= PIECE;
        self.servers.begin(config, free);
        if is_short {
            self.apply_entries(now);
        }
    }

    /// Applies some entries of the configuration that is coming into force.
    pub(super) fn apply_entries(&mut self, now: Time) {
        for _ in 0..PIECE {
            let Some(new) = self.servers.next_entry() else { break };
            self.learn_entry(&new);
            let era = self.known_eras.get(&new.identity()).copied();
            let Some(id) = self.servers.apply(&new, &self.defaults, era) else { continue };
            let server = &mut self.servers[id];
            server.reach.configuration_read();
            if *server.config != *new {
                // A daemon that would be started alike is the new entry's as well.
                let same = server.config.identity() == new.identity();
                server.config = new;
                server.reach.entry_changed(era);
                server.tools.forget();
                server.relimit(&self.defaults);
                self.reset_breaker(now, id);
                self.retire_all(now, id, EvictionCause::Reload);
                if !same {
                    // What was seen is of another server.
                    self.server_mut(id).tuning = None;
                    self.release_daemon(now, id);
                }
            }
        }
        if let Some(before) = self.servers.complete() {
            self.configured(now, &before);
        }
    }

    /// Applies what is left of a configuration that another one follows.
    fn apply_all(&mut self, now: Time) {
        while self.servers.is_changing() {
            self.apply_entries(now);
        }
    }

    /// No configuration could be read. What was read before stays in force.
    pub fn configuration_failed(&mut self, now: Time, problem: Problem) {
        self.apply_all(now);
        let before = self.servers.add_problem(problem);
        self.configured(now, &before);
    }

    /// Values for what an entry of the configuration leaves out.
    pub fn set_defaults(&mut self, now: Time, defaults: Defaults) {
        self.defaults = defaults;
        for server in self.servers.iter_mut() {
            server.relimit(&self.defaults);
        }
        // Connections may have been idle for too long already.
        self.find_connections_due();
        for id in self.servers.ids() {
            if self.server(id).limits.breaker_failures == 0 {
                self.reset_breaker(now, id);
            }
            self.pump(now, id);
        }
    }

    /// A configuration is in force; what was `before` wrong with the last one was
    /// told then.
    fn configured(&mut self, now: Time, before: &[Problem]) {
        self.has_config = true;
        self.is_loading_config = false;
        let told: HashSet<&str> = before.iter().map(|problem| &*problem.message).collect();
        let all = self.servers.problems().iter().map(|problem| &problem.message);
        let fresh: Vec<String> = all.clone().filter(|p| !told.contains(&***p)).cloned().collect();
        let problems: Vec<String> = all.cloned().collect();
        let count = self.servers.by_name().len();
        for problem in &fresh {
            self.note(LogLevel::Warning, format_args!("{problem}"));
        }
        self.note(LogLevel::Debug, format_args!("{count} servers configured"));
        self.events.push_back(Event::ConfigLoaded { problems, fresh });
        let mut waiting: Vec<RequestId> = self
            .requests
            .iter()
            .filter(|(_, request)| matches!(request.state, RequestState::AwaitingConfig))
            .map(|(id, _)| id)
            .collect();
        waiting.sort_unstable();
        for id in waiting {
            self.admit(now, id);
        }
        for id in self.servers.ids() {
            self.pump(now, id);
        }
    }

    /// Forgets what is known of servers that were removed and have nothing in flight;
    /// returns their places, in order, which others may take.
    fn forget_removed(&mut self) -> Vec<ServerId> {
        let busy: HashSet<ServerId> = self
            .connections
            .values()
            .map(|connection| connection.server)
            .chain(self.requests.iter().filter_map(|(_, request)| request.server()))
            .collect();
        let deadlines = &self.deadlines;
        self.servers.forget_removed(&self.defaults, |id| {
            busy.contains(&id)
                || deadlines.armed(Timer::Retry(id)).is_some()
                || deadlines.armed(Timer::Breaker(id)).is_some()
        })
    }

    /// Lets the connections of a server go, idle ones at once and the others when their
    /// requests have ended, and opens another.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn reconnect(&mut self, now: Time, server: &str) -> Result<()> {
        let id = self.find_server(server)?;
        let server = &mut self.servers[id];
        server.reach.configuration_read();
        server.tools.forget();
        self.reset_breaker(now, id);
        self.retire_all(now, id, EvictionCause::Reload);
        self.pump(now, id);
        if self.server(id).pool.connecting() == 0 {
            self.open(now, id);
        }
        Ok(())
    }

    fn remove_server(&mut self, now: Time, id: ServerId) {
        self.servers.remove(id);
        let server = &mut self.servers[id];
        let mut waiting = server.queue.take_all();
        waiting.append(&mut server.tools.take_waiting());
        waiting.append(&mut server.subscriptions.clear());
        waiting.append(&mut server.take_held());
        server.breaker = None;
        self.deadlines.arm(Timer::Breaker(id), None);
        self.deadlines.arm(Timer::Renewal(id), None);
        self.drop_changes(id);
        // What waits for words of a person has nowhere to go with them.
        let mut asking: Vec<RequestId> = self
            .requests
            .iter()
            .filter(|(_, r)| r.server() == Some(id) && matches!(r.state, RequestState::Asking))
            .map(|(id, _)| id)
            .collect();
        asking.sort_unstable();
        waiting.append(&mut asking);
        for request in waiting {
            self.finish_unconfigured(now, request, id);
        }
        self.retire_all(now, id, EvictionCause::Reload);
        self.entry_removed(now, id);
        self.deadlines.arm(Timer::Tuning(id), None);
    }
}
