//! Looks servers and tools up by name.
//!
//! A server's id is its name; for an entry of a project, the project's directory follows
//! behind an `@` ([`Scope::id`](crate::config::Scope::id)). A plain name means the entry of
//! the nearest scope that covers the directory of the request.
//!
//! Invariants: an entry that is not used keeps its name. So a name in the configuration is
//! never taken for an abbreviation of another.

use crate::config::{Directory, Problem, Scope};
use crate::engine::ServerId;
use crate::engine::servers::Servers;
use crate::error::{Error, Kind, Result};
use crate::nearest::suggestion;

/// How many names a message lists.
const NAMES: usize = 20;

/// An entry of the configuration as a listing shows it.
#[derive(Clone, Copy, Debug)]
pub enum Listed<'a> {
    /// A server, by its id, with its name and scope.
    Server(&'a str, &'a str, &'a Scope),
    /// An entry that is not used, with the reason.
    Unused(&'a Problem),
}

impl<'a> Listed<'a> {
    /// The name as it stands in the configuration.
    pub fn name(self) -> &'a str {
        match self {
            Listed::Server(_, name, _) => name,
            Listed::Unused(problem) => problem.unused().unwrap_or_default(),
        }
    }

    /// The scope in which the entry is in force.
    pub fn scope(self) -> &'a Scope {
        match self {
            Listed::Server(.., scope) => scope,
            Listed::Unused(problem) => &problem.scope,
        }
    }
}

impl Servers {
    /// All entries: the servers, then the unused ones.
    fn entries(&self) -> impl Iterator<Item = Listed<'_>> {
        let servers = self.by_name.iter().map(|(id, server)| {
            let config = &self[*server].config;
            Listed::Server(id, &config.name, &config.scope)
        });
        let unused = self.problems.iter().filter(|problem| problem.unused().is_some());
        servers.chain(unused.map(Listed::Unused))
    }

    /// The entries in force at the directory set last, sorted by name. Of several entries
    /// of a name it is the one of the nearest scope.
    pub(in crate::engine) fn visible(&self) -> Vec<Listed<'_>> {
        let at = self.directory.as_deref();
        let mut all: Vec<(usize, Listed<'_>)> =
            self.entries().filter_map(|entry| Some((entry.scope().nearness(at)?, entry))).collect();
        // Of two entries of one scope the server comes first.
        all.sort_by(|(a, x), (b, y)| (x.name(), b).cmp(&(y.name(), a)));
        all.dedup_by(|(_, later), (_, first)| later.name() == first.name());
        all.into_iter().map(|(_, entry)| entry).collect()
    }

    /// The nearest entry of exactly this name.
    fn nearest(&self, name: &str, at: Option<&Directory>) -> Option<Listed<'_>> {
        let near = self.entries().filter(|entry| entry.name() == name);
        let near = near.filter_map(|entry| Some((entry.scope().nearness(at)?, entry)));
        // Of two entries of one scope the first is the server.
        near.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, entry)| entry)
    }

    /// The server of this id, else the nearest of this name.
    pub(in crate::engine) fn find(&self, name: &str) -> Result<ServerId> {
        match self.by_name.get(name) {
            Some(id) => Ok(*id),
            None => self.lookup(name, self.directory.as_deref()),
        }
    }

    /// The server that a request means which was made at a directory.
    pub(in crate::engine) fn find_at(
        &self,
        name: &str,
        at: Option<&Directory>,
    ) -> Result<ServerId> {
        match at {
            Some(at) => self.lookup(name, Some(at)),
            None => self.find(name),
        }
    }

    /// The nearest server of this name at a directory, else the one of this id.
    pub(in crate::engine) fn lookup(&self, name: &str, at: Option<&Directory>) -> Result<ServerId> {
        match self.nearest(name, at) {
            Some(Listed::Server(id, ..)) => Ok(self.by_name[id]),
            Some(Listed::Unused(problem)) => {
                Err(Error::new(Kind::Invalid, problem.message.clone()))
            }
            None => match self.by_name.get(name) {
                Some(id) => Ok(*id),
                None => Err(self.unknown(name, at)),
            },
        }
    }

    /// The id of the server with a name at the directory set last. The name may be
    /// abbreviated.
    ///
    /// # Errors
    /// [`Kind::Invalid`] says why the entry is not used, in which projects the name is
    /// configured, which servers the abbreviation fits, or which servers there are.
    pub(in crate::engine) fn resolve(&self, name: &str) -> Result<&str> {
        let error = match self.lookup(name, self.directory.as_deref()) {
            Ok(id) => return Ok(&self[id].name),
            Err(error) => error,
        };
        if name.is_empty() || self.entries().any(|entry| entry.name() == name) {
            return Err(error);
        }
        let visible = self.visible();
        let mut near = visible.iter().filter_map(|entry| match entry {
            Listed::Server(id, full, _) if full.starts_with(name) => Some((*id, *full)),
            _ => None,
        });
        match (near.next(), near.next()) {
            (Some((id, _)), None) => Ok(id),
            (Some((_, first)), Some((_, second))) => {
                let names = [first, second].into_iter().chain(near.map(|(_, full)| full));
                let list = list(names);
                Err(Error::new(Kind::Invalid, format!("ambiguous server: {name} ({list})")))
            }
            (None, _) => Err(error),
        }
    }

    /// The tool with a name, which may be abbreviated.
    ///
    /// # Errors
    /// [`Kind::Invalid`]: there is no such server or tool, the abbreviation fits several,
    /// or the server has not listed its tools yet.
    pub(in crate::engine) fn resolve_tool(&self, server: &str, name: &str) -> Result<String> {
        let server = &self[self.find(server)?];
        if let Some(message) = server.config.tools.refusal(&server.config.name, name) {
            // It may abbreviate a tool that is allowed.
            let meant = server.tools.list().and_then(|list| list.resolve(&server.name, name).ok());
            return meant.ok_or_else(|| Error::new(Kind::Invalid, message));
        }
        let known = server.tools.list().ok_or_else(|| {
            let message = format!("server '{}' has not listed its tools yet", server.name);
            Error::new(Kind::Invalid, message)
        })?;
        known.resolve(&server.name, name).map_err(|message| Error::new(Kind::Invalid, message))
    }

    /// The error for a name that no server has.
    fn unknown(&self, name: &str, at: Option<&Directory>) -> Error {
        let elsewhere: Vec<String> = self
            .entries()
            .filter(|entry| entry.name() == name && entry.scope().nearness(at).is_none())
            .filter_map(|entry| Some(entry.scope().directory()?.literal.display().to_string()))
            .collect();
        let mut message = format!("unknown server '{name}'");
        if !elsewhere.is_empty() {
            let s = if elsewhere.len() == 1 { "" } else { "s" };
            let places = list(elsewhere.iter().map(|place| &**place));
            message += &format!(": {name} is configured for project{s} {places} only");
            return Error::new(Kind::Invalid, message);
        }
        let visible = || {
            self.entries().filter_map(|entry| match entry {
                Listed::Server(_, name, scope) if scope.nearness(at).is_some() => Some(name),
                _ => None,
            })
        };
        let names = list(visible());
        let file = self.problems.iter().find(|problem| problem.server.is_none());
        match (&*names, file) {
            ("", Some(problem)) => message += &format!("; {}", problem.message),
            ("", None) => message += "; none is configured",
            (names, _) => message += &format!("; there are {names}"),
        }
        let unused = self.unused_count(at);
        if unused != 0 {
            message += &format!("; {}", unused_sentence(unused));
        }
        if !self.origins.is_empty() {
            message += &format!(" (configured in {}; see mcp-reload)", self.origins);
        }
        message += &suggestion(name, visible());
        Error::new(Kind::Invalid, message)
    }

    /// How many entries are not used at a directory.
    fn unused_count(&self, at: Option<&Directory>) -> usize {
        let unused = self.problems.iter().filter(|problem| problem.unused().is_some());
        unused.filter(|problem| problem.scope.nearness(at).is_some()).count()
    }
}

/// "1 entry is not used, see mcp-reload".
fn unused_sentence(count: usize) -> String {
    match count {
        1 => "1 entry is not used, see mcp-reload".to_owned(),
        count => format!("{count} entries are not used, see mcp-reload"),
    }
}

/// Names with commas between them; after [`NAMES`] of them "...".
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len() > NAMES;
    names.truncate(NAMES);
    let list = names.join(", ");
    if more { format!("{list}, ...") } else { list }
}
