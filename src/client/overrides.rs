//! What the program says about servers beside the configuration files.
//!
//! It is laid over every configuration that is read, so a reload keeps it. It is kept in
//! memory alone: no file is written.

use std::collections::BTreeMap;

use crate::client::{Client, bridge, lookup};
use crate::config::{self, Config, Problem, ProblemKind, Scope};
use crate::error::{Error, Kind, Result};
use crate::sys::clock;

/// The longest entry that a program may add, in bytes; as long as all of a file.
const ENTRY: usize = 1 << 20;

/// What the program says about servers.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    /// Servers that are switched off, by their ids, with name and scope.
    off: BTreeMap<String, (String, Scope)>,
    /// Servers that were added, by name; each is a configuration with one entry.
    added: BTreeMap<String, Config>,
}

impl Overrides {
    /// A configuration with the changes of the program.
    pub(super) fn apply(&self, mut config: Config) -> Config {
        if !self.added.is_empty() {
            let mut all = Config::default();
            for added in self.added.values() {
                all.servers.extend(added.servers.iter().cloned());
                all.problems.extend(added.problems.iter().cloned());
            }
            config = config::merge(config, all);
        }
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

    /// Adds a server, or puts another entry in the place of one that was added before.
    /// `json` is an entry as in `mcpServers` of a file; `${VAR}` is expanded now. A reload
    /// keeps it.
    ///
    /// It is in force everywhere, like an entry of the overlay: an entry of this name in the
    /// user's files is hidden while it is there, and that of a project is nearer in its
    /// directory.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with what is wrong with the name or the entry. What was added
    /// before then stays.
    pub fn add_server(&mut self, name: &str, json: &str) -> Result<()> {
        let invalid = |message: String| Error::new(Kind::Invalid, message);
        if name.is_empty() {
            return Err(invalid("a server needs a name".to_owned()));
        }
        if json.len() > ENTRY {
            let message = format!("server '{name}': an entry has at most {ENTRY} bytes");
            return Err(invalid(message));
        }
        // The sentence of the reader could quote a secret.
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(json) {
            let (line, column) = (error.line(), error.column());
            let message = format!("server '{name}': not valid JSON at line {line} column {column}");
            return Err(invalid(message));
        }
        let key = serde_json::Value::from(name);
        let servers = format!("{{{key}:{json}}}");
        let env = |name: &str| lookup(&self.options.env, name);
        let entry = config::parse_servers(servers.as_bytes(), &env, "");
        if entry.servers.is_empty() {
            let problem = entry.problems.into_iter().next();
            let why = problem.map(|problem| problem.message);
            return Err(invalid(why.unwrap_or_else(|| format!("server '{name}' is not usable"))));
        }
        self.overrides.added.insert(name.to_owned(), entry);
        self.reconfigure();
        Ok(())
    }

    /// Removes a server that was added; what is in flight ends. An entry of its name in the
    /// files is in force again. False: none of that name was added.
    pub fn remove_server(&mut self, name: &str) -> bool {
        let is_known = self.overrides.added.remove(name).is_some();
        if is_known {
            self.reconfigure();
        }
        is_known
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
        let config = bridge::put_behind(config, &self.options.env);
        self.tool_lists.want(config.servers.iter().map(|server| server.identity()));
        self.engine.configure(now, config);
        self.carry_out(now);
    }
}
