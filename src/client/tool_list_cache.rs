//! Tool lists that servers allowed us to keep, across restarts.
//!
//! One small file of our own for each server, readable by nobody else, so that
//! lists of private scope may lie there too. It only saves a request: losing it,
//! or finding it broken, costs that request and nothing else, so no error here
//! is ever the user's.
//!
//! Invariants: a list is never used past the time its server gave it; no file is
//! larger than a limit; reading and writing are spread over turns, one file each.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::own;
use crate::engine::Json;
use crate::json::raw::LONGEST;

/// Largest file that is kept or believed: it is read and written in one go.
const MAX_BYTES: u64 = (LONGEST + 64) as u64;
/// No list lives longer, so an older file is nobody's any more.
const OLDEST: Duration = Duration::from_secs(24 * 3600);

/// The directory of lists, and whose are to be read yet.
#[derive(Debug)]
pub(super) struct ToolListCache {
    directory: Option<PathBuf>,
    wanted: VecDeque<u64>,
    /// Lists that are to be written, or forgotten.
    unsaved: VecDeque<(u64, LastingList)>,
}

/// A raw list and how long it is good from now on; `None`: it is not.
type LastingList = Option<(Duration, Json)>;

#[derive(Deserialize)]
struct CachedList<'a> {
    /// Milliseconds since 1970.
    until: u64,
    #[serde(borrow)]
    tools: &'a RawValue,
}

impl ToolListCache {
    pub(super) fn new(directory: Option<PathBuf>) -> ToolListCache {
        ToolListCache { directory, wanted: VecDeque::new(), unsaved: VecDeque::new() }
    }

    /// Asks for the lists of these servers, in place of all that was asked for.
    pub(super) fn want(&mut self, identities: impl Iterator<Item = u64>) {
        self.wanted = match self.directory {
            Some(_) => identities.collect(),
            None => VecDeque::new(),
        };
    }

    /// Whether there are files to be read yet.
    pub(super) fn has_more(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Reads the next file and hands on what it holds, with the time it has left.
    pub(super) fn next(&mut self, recall: impl FnOnce(u64, &[u8], Duration)) {
        let Some(identity) = self.wanted.pop_front() else { return };
        let Some(path) = self.path(identity) else { return };
        let Ok(text) = own::read(&path, MAX_BYTES) else { return };
        let Ok(kept) = serde_json::from_slice::<CachedList<'_>>(&text) else { return };
        let left = Duration::from_millis(kept.until.saturating_sub(unix_ms()));
        // More than a server can give: somebody has set the clock back.
        if !left.is_zero() && left <= OLDEST {
            recall(identity, kept.tools.get().as_bytes(), left);
        }
    }

    /// Keeps a list, or forgets the one that is there, by the next `save`.
    pub(super) fn keep(&mut self, identity: u64, list: LastingList) {
        if self.directory.is_some() {
            // Only the newest counts.
            self.unsaved.retain(|(other, _)| *other != identity);
            self.unsaved.push_back((identity, list));
        }
    }

    /// Whether there are files to be written yet.
    pub(super) fn is_unsaved(&self) -> bool {
        !self.unsaved.is_empty()
    }

    /// Writes the next file.
    ///
    /// # Errors
    /// What the system said, for the log.
    pub(super) fn save(&mut self) -> io::Result<()> {
        let Some((identity, list)) = self.unsaved.pop_front() else { return Ok(()) };
        let (Some(path), Some(directory)) = (self.path(identity), &self.directory) else {
            return Ok(());
        };
        let list = list.filter(|(_, tools)| tools.len() as u64 + 64 <= MAX_BYTES);
        let Some((ttl, tools)) = list else {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        self.sweep();
        let ttl = u64::try_from(ttl.min(OLDEST).as_millis()).unwrap_or(0);
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = own::create(&temporary)?;
        let mut text = format!("{{\"until\":{},\"tools\":", unix_ms() + ttl).into_bytes();
        text.extend_from_slice(&tools);
        text.push(b'}');
        file.write_all(&text)?;
        drop(file);
        fs::rename(&temporary, path)
    }

    /// Removes what no list can need any more: of servers that are gone, mostly.
    fn sweep(&self) {
        let Some(Ok(entries)) = self.directory.as_ref().map(fs::read_dir) else { return };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).map(|time| time.elapsed());
            if matches!(age, Ok(Ok(age)) if age > OLDEST) {
                // Another instance may have been faster.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn path(&self, identity: u64) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(format!("{identity:016x}.json")))
    }
}

/// The clock on the wall: a list's time goes on while nobody runs.
fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tool_lists: &mut ToolListCache, identity: u64) -> Option<(String, Duration)> {
        let mut found = None;
        tool_lists.want([identity].into_iter());
        tool_lists.next(|of, tools, left| {
            assert_eq!(of, identity);
            found = Some((String::from_utf8_lossy(tools).into_owned(), left));
        });
        assert!(!tool_lists.has_more());
        found
    }

    #[test]
    fn a_list_comes_back_until_its_time_is_over_and_no_longer() {
        let directory =
            std::env::temp_dir().join(format!("tmcp-tool_lists-{}", std::process::id()));
        let mut tool_lists = ToolListCache::new(Some(directory.join("deep")));
        assert_eq!(read(&mut tool_lists, 7), None);
        let keep = |tool_lists: &mut ToolListCache, list: Option<(Duration, &[u8])>| {
            tool_lists.keep(7, list.map(|(ttl, tools)| (ttl, tools.into())));
            assert!(tool_lists.is_unsaved());
            tool_lists.save().unwrap();
            assert!(!tool_lists.is_unsaved());
        };
        let list = br#"[{"name":"t"}]"#;
        keep(&mut tool_lists, Some((Duration::from_secs(60), list)));
        let (tools, left) = read(&mut tool_lists, 7).unwrap();
        assert_eq!(tools.as_bytes(), list);
        assert!(left <= Duration::from_secs(60) && left > Duration::from_secs(30), "{left:?}");
        assert_eq!(read(&mut tool_lists, 8), None);

        keep(&mut tool_lists, Some((Duration::ZERO, list)));
        assert_eq!(read(&mut tool_lists, 7), None, "its time is over");
        let path = tool_lists.path(7).unwrap();
        let far = unix_ms() + 48 * 3600 * 1000;
        fs::write(&path, format!("{{\"until\":{far},\"tools\":[]}}")).unwrap();
        assert_eq!(read(&mut tool_lists, 7), None, "the clock was set back");
        fs::write(&path, b"{\"until\"").unwrap();
        assert_eq!(read(&mut tool_lists, 7), None, "broken");
        keep(&mut tool_lists, Some((OLDEST, &vec![b' '; MAX_BYTES as usize])));
        assert!(!path.exists(), "too large to be kept, and the old one is stale");
        keep(&mut tool_lists, None);
        fs::remove_dir_all(directory).unwrap();
        assert_eq!(read(&mut ToolListCache::new(None), 7), None);
    }
}
