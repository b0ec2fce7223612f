//! Reads the raw `mcpServers` into servers and problems.
//!
//! The file is written by other programs and by hand: unknown keys are ignored, `null` counts
//! as absent, the last of two equal keys wins, and an entry that cannot be read does not
//! affect the others. Each of our keys may also stand in a `"tmux"` object inside the entry,
//! where it wins.
//!
//! Messages name the server, the key, the expected type and the type that was found. They
//! show no values but numbers, transports and eras, because people paste tokens anywhere.

mod address;
pub(super) mod entry;
mod http;
pub(super) mod keys;
mod oauth;
pub(super) mod spelling;

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

/// [`parse_servers`] in steps of one entry, because a thousand entries take too long for one
/// dispatch.
pub struct Parser {
    origin: String,
    scope: Scope,
    entries: btree_map::IntoIter<String, Box<[u8]>>,
    config: Config,
}

impl Parser {
    /// Splits the value of `mcpServers` in the file `origin` into entries, which are in force
    /// in `scope`.
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

    /// Reads one entry. False: there was none left.
    pub fn step(&mut self, env: &dyn Fn(&str) -> Option<String>) -> bool {
        let Some((name, raw)) = self.entries.next() else { return false };
        let mut warnings = Vec::new();
        let folder = self.scope.directory().map(|directory| &*directory.literal);
        let entry = match name.contains('\0') {
            // A host in C would see a shorter name, which may be that of another server.
            true => Err(": a name cannot hold a NUL character".to_owned().into()),
            false => EntryReader::read(&raw, env, folder, &mut warnings),
        };
        let told = match entry.and_then(|mut entry| entry.server(&name)) {
            Ok(mut server) => {
                server.scope = self.scope.clone();
                if !server.tools.is_open() {
                    server.tools.file.clone_from(&self.origin);
                }
                self.config.servers.push(Arc::new(server));
                warnings.into_iter().map(|what| (ProblemKind::Warning, what)).collect()
            }
            // Of an entry that is not used only the reason is told.
            Err(unusable) => vec![unusable.told()],
        };
        for (kind, what) in told {
            let message = located(&self.origin, &format!("server {}{what}", quoted(&name)));
            let (server, scope) = (Some(name.clone()), self.scope.clone());
            self.config.problems.push(Problem { server, scope, kind, message });
        }
        true
    }

    /// Reads the remaining entries, and returns all servers and problems.
    pub fn finish(mut self, env: &dyn Fn(&str) -> Option<String>) -> Config {
        while self.step(env) {}
        self.config
    }
}

impl fmt::Debug for Parser {
    /// Without the entries, because they hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("origin", &self.origin)
            .field("left", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// The raw entries, sorted by name. Of two with equal names only the last is kept.
#[derive(Default)]
pub(super) struct RawEntries {
    pub(super) map: BTreeMap<String, Box<[u8]>>,
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

/// The problem of a `mcpServers` that is no object. `null` counts as absent.
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

pub(super) fn entries(raw: &[u8]) -> Result<RawEntries, String> {
    if let Some(what) = not_an_object(raw) {
        return Err(what);
    }
    if raw.trim_ascii().first() == Some(&b'n') {
        return Ok(RawEntries::default());
    }
    let read = |mut budget| async move { RawEntries::read(raw, &mut budget).await };
    Task::new(read).finish().map_err(|NotJson| {
        // Only the position, because the rest of the sentence may quote a secret.
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
