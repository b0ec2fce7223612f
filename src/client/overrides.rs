//! What the program says about servers beside the configuration files.
//!
//! It is laid over every configuration that is read, so a reload keeps it. It is kept in
//! memory alone: no file is written.

use std::collections::BTreeMap;

use crate::client::Client;
use crate::config::{Config, Problem, ProblemKind, Scope};
use crate::error::{Error, Kind, Result};
use crate::sys::clock;

/// What the program says about servers.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    /// Servers that are switched off, by their ids, with name and scope.
    off: BTreeMap<String, (String, Scope)>,
}

impl Overrides {
    /// A configuration with the changes of the program.
    pub(super) fn apply(&self, mut config: Config) -> Config {
        let mut problems = Vec::new();
        config.servers.retain(|server| {
            let is_off = self.off.contains_key(&server.id());
            if is_off {
                problems.push(Problem {
                    server: Some(server.name.clone()),
                    scope: server.scope.clone(),
                    kind: ProblemKind::Disabled,
                    message: format!("server '{}' is switched off", server.name),
                });
            }
            !is_off
        });
        config.problems.append(&mut problems);
        config
    }

    /// The id of the switched-off server that a name means: an id, or the name of the entry
    /// in the nearest scope.
    fn find_off(&self, name: &str, nearness: impl Fn(&Scope) -> Option<usize>) -> Option<String> {
        if self.off.contains_key(name) {
            return Some(name.to_owned());
        }
        let named = self.off.iter().filter(|(_, (known, _))| known == name);
        named.max_by_key(|(_, (_, scope))| nearness(scope)).map(|(id, _)| id.clone())
    }
}

impl Client {
    /// Switches a server off or on, for this client alone. Returns whether that changed
    /// anything.
    ///
    /// A server that is switched off is like an entry that says so: calls to it fail, its
    /// connections are closed when what is in flight has ended, and it is listed as
    /// `disabled`. A reload keeps that. `server` is a name or an id.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown server, and for one whose entry is not used for
    /// another reason. [`Kind::Busy`] while the configuration is being read.
    pub fn set_enabled(&mut self, server: &str, enabled: bool) -> Result<bool> {
        if !self.is_ready() {
            return Err(Error::new(Kind::Busy, "the configuration is being read"));
        }
        let at = self.engine.directory();
        let off = self.overrides.find_off(server, |scope| scope.nearness(at));
        match (enabled, off) {
            (true, Some(id)) => {
                self.overrides.off.remove(&id);
            }
            // Also when it is on already, because the name has to be that of a server.
            (_, None) => {
                let id = self.engine.snapshot(server)?.report.name.to_owned();
                if enabled {
                    return Ok(false);
                }
                let known = self.engine.configured_as(&id);
                let (name, scope) = known.unwrap_or((&*id, &Scope::User));
                self.overrides.off.insert(id.clone(), (name.to_owned(), scope.clone()));
            }
            (false, Some(_)) => return Ok(false),
        }
        self.reconfigure();
        Ok(true)
    }

    /// Lets a server go and connects anew: idle connections are closed, the others when what
    /// is in flight on them has ended, and the next try does not wait for a pause to end. A
    /// process that serves a socket stays.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown server.
    pub fn reconnect(&mut self, server: &str) -> Result<()> {
        self.tell(|engine, now| engine.reconnect(now, server))
    }

    /// Puts the configuration in force that was read last, with the changes of the program.
    /// While files are being read, the end of that does it.
    pub(super) fn reconfigure(&mut self) {
        if self.loader.is_some() || !self.engine.has_config() {
            return;
        }
        let now = clock::now();
        let config = self.overrides.apply(self.loaded.clone());
        self.tool_lists.want(config.servers.iter().map(|server| server.identity()));
        self.engine.configure(now, config);
        self.carry_out(now);
    }
}
