//! The servers of the configuration, by id and by name, and the entries that are not used.
//!
//! Invariants:
//! * a [`ServerId`] is the place of a server in the table, and places are never taken out;
//! * a place is given to another server only after the one before was removed and has
//!   nothing in flight.

mod lookup;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem;
use std::ops::{Index, IndexMut};
use std::sync::Arc;
use std::vec;

use crate::config::{Config, Defaults, Directory, Era, Problem, ServerConfig};
use crate::engine::ServerId;
use crate::engine::server::Server;
pub use lookup::Listed;

/// All servers, those that were removed and still have something in flight among them.
#[derive(Debug, Default)]
pub(super) struct Servers {
    all: Vec<Server>,
    /// Servers in force, by their ids in the configuration.
    by_name: BTreeMap<Arc<str>, ServerId>,
    problems: Vec<Problem>,
    /// Files that the configuration came from, for messages.
    origins: String,
    /// Where names are looked up and servers shown.
    directory: Option<Arc<Directory>>,
    /// A configuration that is not in force as a whole yet.
    pending: Option<Box<PendingConfig>>,
}

/// A configuration of which some entries are applied.
#[derive(Debug)]
struct PendingConfig {
    entries: vec::IntoIter<Arc<ServerConfig>>,
    /// Servers of the configuration before, and removed ones that have something in
    /// flight.
    known: HashMap<Arc<str>, ServerId>,
    /// Places that may be given to others, in order.
    free: Vec<ServerId>,
    problems: Vec<Problem>,
}

impl Servers {
    /// Ids of servers that a configuration names no longer.
    pub(super) fn gone(&self, config: &Config) -> Vec<ServerId> {
        let named: HashSet<String> = config.servers.iter().map(|entry| entry.id()).collect();
        let gone = self.by_name.iter().filter(|(name, _)| !named.contains(&***name));
        gone.map(|(_, id)| *id).collect()
    }

    /// A configuration is to come into force. `free` are places that may be given to
    /// others, in order.
    pub(super) fn begin(&mut self, config: Config, free: Vec<ServerId>) {
        let known = self.ids().filter(|id| free.binary_search(id).is_err());
        let known = known.map(|id| (self[id].name.clone(), id)).collect();
        let Config { servers, problems } = config;
        let entries = servers.into_iter();
        self.pending = Some(Box::new(PendingConfig { entries, known, free, problems }));
    }

    /// Whether a configuration is coming into force.
    pub(super) fn is_changing(&self) -> bool {
        self.pending.is_some()
    }

    /// The next entry to be applied.
    pub(super) fn next_entry(&mut self) -> Option<Arc<ServerConfig>> {
        self.pending.as_mut()?.entries.next()
    }

    /// Applies an entry. Returns the server when it was known: it keeps its old entry.
    pub(super) fn apply(
        &mut self,
        entry: &Arc<ServerConfig>,
        defaults: &Defaults,
        era: Option<Era>,
    ) -> Option<ServerId> {
        let pending = self.pending.as_mut()?;
        if let Some(id) = pending.known.get(&*entry.id()).copied() {
            let server = &mut self.all[id.0 as usize];
            server.removed = false;
            server.unused_because = None;
            self.by_name.insert(server.name.clone(), id);
            return Some(id);
        }
        let server = Server::new(entry.clone(), defaults, era);
        let id = pending.free.pop().unwrap_or(ServerId(self.all.len() as u32));
        self.by_name.insert(server.name.clone(), id);
        match self.all.get_mut(id.0 as usize) {
            Some(place) => *place = server,
            None => self.all.push(server),
        }
        None
    }

    /// Puts the configuration in force once all of its entries are applied. Returns the
    /// problems of the configuration before; `None`: entries are left.
    pub(super) fn complete(&mut self) -> Option<Vec<Problem>> {
        let pending = self.pending.take_if(|pending| pending.entries.len() == 0)?;
        Some(mem::replace(&mut self.problems, pending.problems))
    }

    /// The configuration could not be read, which is told instead of the last such
    /// problem. Returns the problems before.
    pub(super) fn add_problem(&mut self, problem: Problem) -> Vec<Problem> {
        let before = self.problems.clone();
        self.problems.retain(|old| old.server.is_some());
        self.problems.push(problem);
        before
    }

    /// Takes a server out of force.
    pub(super) fn remove(&mut self, id: ServerId) {
        let server = &mut self.all[id.0 as usize];
        server.removed = true;
        self.by_name.remove(&server.name);
    }

    /// Forgets what is known of servers that were removed and are not `busy`. Returns
    /// their places, in order, which others may take.
    pub(super) fn forget_removed(
        &mut self,
        defaults: &Defaults,
        busy: impl Fn(ServerId) -> bool,
    ) -> Vec<ServerId> {
        let mut free = Vec::new();
        for id in self.ids() {
            let server = &mut self.all[id.0 as usize];
            if server.removed && !busy(id) {
                *server = Server::new(server.config.clone(), defaults, None);
                server.removed = true;
                free.push(id);
            }
        }
        free
    }

    /// What is wrong with the configuration in force.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Sets the files that the configuration came from, for messages.
    pub(super) fn set_origins(&mut self, origins: String) {
        self.origins = origins;
    }

    /// Sets where names are looked up and servers shown.
    pub(super) fn set_directory(&mut self, directory: Option<Arc<Directory>>) {
        self.directory = directory;
    }

    /// Where names are looked up and servers shown.
    pub(super) fn directory(&self) -> Option<&Directory> {
        self.directory.as_deref()
    }

    /// The servers in force and their ids in the configuration, sorted.
    pub(super) fn by_name(&self) -> &BTreeMap<Arc<str>, ServerId> {
        &self.by_name
    }

    /// Every place of the table.
    pub(super) fn ids(&self) -> impl Iterator<Item = ServerId> + use<> {
        (0..self.all.len() as u32).map(ServerId)
    }

    /// Every server, by place.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Server> {
        self.all.iter()
    }

    /// Every server, by place.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Server> {
        self.all.iter_mut()
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

impl Index<ServerId> for Servers {
    type Output = Server;

    fn index(&self, id: ServerId) -> &Server {
        &self.all[id.0 as usize]
    }
}

impl IndexMut<ServerId> for Servers {
    fn index_mut(&mut self, id: ServerId) -> &mut Server {
        &mut self.all[id.0 as usize]
    }
}

impl Index<usize> for Servers {
    type Output = Server;

    fn index(&self, place: usize) -> &Server {
        &self.all[place]
    }
}

impl IndexMut<usize> for Servers {
    fn index_mut(&mut self, place: usize) -> &mut Server {
        &mut self.all[place]
    }
}
