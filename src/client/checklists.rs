//! Checklists of servers: what lies on the disk beside what was counted.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::client::Client;
use crate::client::opening::program_of;
use crate::config::{Endpoint, ServerConfig};
use crate::engine::Listed;
use crate::error::Result;
use crate::metrics::{CheckPage, Checklist, EntryFacts, ServerReport};
use crate::sys::mounts::Mounts;
use crate::sys::spawn::check_program;
use crate::sys::{self, clock, socket};

/// Servers whose files are looked at in one go: a look at a long PATH takes a fraction
/// of a millisecond.
const LOOKED_AT: usize = 64;

impl Client {
    /// Goes through lists for one server, or for all that are shown. Looks at files of
    /// 64 servers at most, and connects to no server but a Unix socket that no
    /// connection is open to, which it closes at once.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn check(&self, server: Option<&str>, lists: &[Checklist]) -> Result<CheckPage> {
        let now = clock::now();
        let mut mounts = Mounts::default();
        let mut page = CheckPage::default();
        let names: Vec<&str> = match server {
            Some(name) => vec![name],
            None => {
                self.check_files(&mut page, lists);
                self.engine.shown().collect()
            }
        };
        for (at, name) in names.into_iter().enumerate() {
            let report = self.report(name)?;
            let (entry, limits) = self.engine.entry_of(name)?;
            let mut facts = EntryFacts {
                is_local: is_local(entry),
                pool_max_size: limits.pool_max_size,
                ..EntryFacts::default()
            };
            if at < LOOKED_AT && lists.contains(&Checklist::Setup) {
                let mut may_hang = |path: &Path| mounts.may_hang(now, path);
                facts.socket = socket_of(entry, &report, &mut may_hang);
                facts.command = command_of(entry, &self.options.env, may_hang);
            }
            for list in lists {
                page.add(*list, report.name, list.check(&report, &facts, now));
            }
        }
        Ok(page)
    }

    /// What is wrong with the files, and with the entries that are not used.
    fn check_files(&self, page: &mut CheckPage, lists: &[Checklist]) {
        if !lists.contains(&Checklist::Setup) {
            return;
        }
        let (text, is_fault) = self.configuration();
        // What is wrong, if something is, and else what was read first.
        let wrong = text.lines().find(|line| is_fault && !line.starts_with("read "));
        let first = wrong.or(text.lines().next()).unwrap_or_default().to_owned();
        page.add_configuration(first, is_fault, self.engine.server_count());
        for entry in self.engine.visible() {
            if let Listed::Unused(problem) = entry
                && problem.is_fault()
            {
                page.add_unused(entry.name(), problem.message.clone());
            }
        }
    }
}

fn is_local(entry: &ServerConfig) -> bool {
    entry.transport.is_process() || entry.endpoint().is_none_or(|endpoint| endpoint.is_local())
}

/// Whether somebody listens on the Unix socket of an entry.
fn socket_of(
    entry: &ServerConfig,
    report: &ServerReport<'_>,
    may_hang: impl FnOnce(&Path) -> bool,
) -> Option<std::result::Result<(), String>> {
    let Some(Endpoint::Unix(path)) = entry.endpoint() else { return None };
    // The first call starts a bridge.
    if entry.transport.is_process() || entry.bridge && !report.connection_active {
        return None;
    }
    // One that serves a connection at a time is not disturbed by another.
    if report.connection_active && report.socket_error.is_none() || may_hang(path) {
        return Some(Ok(()));
    }
    Some(match socket::connect(path.as_os_str().as_bytes()) {
        Ok(_) => Ok(()),
        // It listens, and has more to do than it takes.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(format!("{}: {}", path.display(), sys::sentence(&error))),
    })
}

/// Whether the command of an entry can be started.
fn command_of(
    entry: &ServerConfig,
    env: &[(OsString, OsString)],
    mut may_hang: impl FnMut(&Path) -> bool,
) -> Option<std::result::Result<(), String>> {
    let program = program_of(entry, env)?;
    let remote = program.cwd.as_deref().is_some_and(&mut may_hang);
    if remote || may_hang(Path::new(&program.command)) {
        return Some(Ok(()));
    }
    Some(check_program(&program).map_err(|error| error.message().to_owned()))
}
