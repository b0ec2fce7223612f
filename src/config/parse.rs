//! From the raw `mcpServers` to servers and problems.
//!
//! The file belongs to another program and to the user's hand: unknown keys are
//! ignored, `null` counts as absent, the last of two equal keys wins, and
//! whatever cannot be read costs its own entry only. Every key of ours may
//! stand in a `"tmux"` object inside the entry, where it wins.
//!
//! Messages name server, key, what was expected and what kind of thing was
//! found. Of values they show numbers where a number belongs and the names of
//! transports and eras, nothing else: tokens are pasted into the oddest places.

mod entry;
mod spelling;

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::sync::Arc;

use serde::de::IgnoredAny;

use self::entry::EntryReader;
use super::{Config, Problem, ProblemKind, Scope, quoted};
use crate::json::cursor::Cursor;
use crate::json::task::Task;
use crate::json::{Budget, NotJson, unescape};

/// Reads `raw`, the value of `mcpServers` in the file `origin`, and expands
/// variables by `env`.
pub fn parse_servers(raw: &[u8], env: &dyn Fn(&str) -> Option<String>, origin: &str) -> Config {
    Parser::new(raw, origin, Scope::User).finish(env)
}

/// [`parse_servers`] in steps of one entry, for a host that must not stop for
/// as long as a thousand entries take.
pub struct Parser {
    origin: String,
    scope: Scope,
    entries: btree_map::IntoIter<String, Box<[u8]>>,
    config: Config,
}

impl Parser {
    /// Takes the value of `mcpServers` in the file `origin` apart into entries,
    /// which are in force in `scope`.
    pub fn new(raw: &[u8], origin: &str, scope: Scope) -> Parser {
        let mut config = Config::default();
        let entries = entries(raw).unwrap_or_else(|what| {
            config.problems.push(Problem::file(located(origin, &what)));
            RawEntries::default()
        });
        for name in entries.twice {
            let what = format!("server {} is there twice; the last entry counts", quoted(&name));
            config.problems.push(Problem {
                server: Some(name),
                scope: scope.clone(),
                kind: ProblemKind::Warning,
                message: located(origin, &what),
            });
        }
        let entries = entries.map.into_iter();
        Parser { origin: origin.to_owned(), scope, entries, config }
    }

    /// Reads one entry; false when there was none left.
    pub fn step(&mut self, env: &dyn Fn(&str) -> Option<String>) -> bool {
        let Some((name, raw)) = self.entries.next() else { return false };
        let mut warnings = Vec::new();
        let folder = self.scope.directory().map(|directory| &*directory.literal);
        let entry = match name.contains('\0') {
            // Hosts that are written in C could not tell it from another.
            true => Err(": a name cannot hold a NUL character".to_owned().into()),
            false => EntryReader::read(&raw, env, folder, &mut warnings),
        };
        let told = match entry.and_then(|entry| entry.server(&name)) {
            Ok(mut server) => {
                server.scope = self.scope.clone();
                self.config.servers.push(Arc::new(server));
                warnings.into_iter().map(|what| (ProblemKind::Warning, what)).collect()
            }
            // An entry that is not used tells why, and that alone.
            Err(unusable) => vec![unusable.told()],
        };
        for (kind, what) in told {
            let message = located(&self.origin, &format!("server {}{what}", quoted(&name)));
            let (server, scope) = (Some(name.clone()), self.scope.clone());
            self.config.problems.push(Problem { server, scope, kind, message });
        }
        true
    }

    /// Reads what is left, and hands out everything.
    pub fn finish(mut self, env: &dyn Fn(&str) -> Option<String>) -> Config {
        while self.step(env) {}
        self.config
    }
}

impl fmt::Debug for Parser {
    /// Leaves the entries out: they hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("origin", &self.origin)
            .field("left", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// The entries by name, unread: sorted, the last of two equal names alone.
#[derive(Default)]
struct RawEntries {
    map: BTreeMap<String, Box<[u8]>>,
    twice: Vec<String>,
}

impl RawEntries {
    async fn read(raw: &[u8], budget: &mut Budget) -> Result<RawEntries, NotJson> {
        let mut entries = RawEntries::default();
        let mut members = Cursor::object(raw, budget).await?;
        while let Some((name, value)) = members.member(budget).await? {
            let name = unescape(name).into_owned();
            if entries.map.insert(name.clone(), value.into()).is_some() {
                entries.twice.push(name);
            }
        }
        members.end(budget).await?;
        entries.twice.sort();
        entries.twice.dedup();
        Ok(entries)
    }
}

/// What is wrong with a `mcpServers` that is no object; `null` is as good as none.
pub fn not_an_object(raw: &[u8]) -> Option<String> {
    let found = match raw.iter().find(|byte| !byte.is_ascii_whitespace())? {
        b'{' | b'n' => return None,
        b'[' => "an array",
        b'"' => "a string",
        b't' | b'f' => "true or false",
        _ => "a number",
    };
    Some(format!("'mcpServers' must be an object, not {found}"))
}

fn entries(raw: &[u8]) -> Result<RawEntries, String> {
    if let Some(what) = not_an_object(raw) {
        return Err(what);
    }
    if raw.trim_ascii().first() == Some(&b'n') {
        return Ok(RawEntries::default());
    }
    let read = |mut budget| async move { RawEntries::read(raw, &mut budget).await };
    Task::new(read).finish().map_err(|NotJson| {
        // Only the place: the rest of the sentence may quote the text.
        let place = serde_json::from_slice::<IgnoredAny>(raw).err();
        let (line, column) = place.map_or((1, 1), |error| (error.line(), error.column()));
        format!("'mcpServers' is not valid JSON at its line {line} column {column}")
    })
}

fn located(origin: &str, what: &str) -> String {
    if origin.is_empty() { what.to_owned() } else { format!("{origin}: {what}") }
}

#[cfg(test)]
mod tests;
