//! Which era each server spoke, kept across restarts.
//!
//! A small file of our own. It only saves waiting: losing it, or finding it
//! broken, costs a probe and nothing else, so no error here is ever the user's.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
#[cfg(feature = "oauth")]
use std::path::Path;
use std::path::PathBuf;

use super::own;
use crate::config::Era;

/// Entries kept; a configuration has a handful of servers.
const CAPACITY: usize = 512;
/// Largest file that is believed to be ours.
const MAX_BYTES: u64 = 64 << 10;

/// The file and what it should contain.
#[derive(Debug)]
pub(super) struct EraCache {
    path: Option<PathBuf>,
    known: BTreeMap<u64, Era>,
    changed: bool,
}

impl EraCache {
    /// Reads the file at `path`, if there is one.
    pub(super) fn load(path: Option<PathBuf>) -> EraCache {
        let known = path.as_ref().and_then(|path| {
            let text = own::read(path, MAX_BYTES).ok()?;
            let words: BTreeMap<String, String> = serde_json::from_slice(&text).ok()?;
            Some(words.iter().filter_map(|(key, word)| entry(key, word)).collect())
        });
        EraCache { path, known: known.unwrap_or_default(), changed: false }
    }

    /// The file.
    #[cfg(feature = "oauth")]
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What was known at the start.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Era)> {
        self.known.iter().map(|(identity, era)| (*identity, *era))
    }

    pub(super) fn set(&mut self, identity: u64, era: Option<Era>) {
        let old = match era {
            Some(era) => self.known.insert(identity, era),
            None => self.known.remove(&identity),
        };
        self.changed |= old != era;
        if self.known.len() > CAPACITY {
            self.known.pop_first();
        }
    }

    /// Whether the file is to be written.
    pub(super) fn is_unsaved(&self) -> bool {
        self.changed && self.path.is_some()
    }

    /// Writes the file if anything changed: to another name, then in place.
    ///
    /// # Errors
    /// What the system said, for the log.
    pub(super) fn save(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.changed) {
            return Ok(());
        }
        let Some(path) = &self.path else { return Ok(()) };
        if let Some(directory) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        let words: BTreeMap<String, &str> =
            self.known.iter().map(|(key, era)| (format!("{key:016x}"), word(*era))).collect();
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = own::create(&temporary)?;
        file.write_all(&serde_json::to_vec(&words)?)?;
        drop(file);
        fs::rename(&temporary, path)
    }
}

fn entry(key: &str, value: &str) -> Option<(u64, Era)> {
    let era = [Era::Legacy, Era::Modern].into_iter().find(|era| word(*era) == value)?;
    Some((u64::from_str_radix(key, 16).ok()?, era))
}

fn word(era: Era) -> &'static str {
    match era {
        Era::Legacy => "legacy",
        Era::Modern => "modern",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_come_back_and_a_broken_file_is_nobody_s_problem() {
        let directory = std::env::temp_dir().join(format!("tmcp-eras-{}", std::process::id()));
        let path = directory.join("deep/eras.json");
        let mut eras = EraCache::load(Some(path.clone()));
        eras.set(7, Some(Era::Modern));
        eras.set(u64::MAX, Some(Era::Legacy));
        eras.save().unwrap();
        let mut again = EraCache::load(Some(path.clone()));
        assert_eq!(again.iter().collect::<Vec<_>>(), [(7, Era::Modern), (u64::MAX, Era::Legacy)]);
        again.set(7, None);
        again.save().unwrap();
        assert_eq!(EraCache::load(Some(path.clone())).iter().count(), 1);
        fs::write(&path, b"{\"7\": 3").unwrap();
        assert_eq!(EraCache::load(Some(path)).iter().count(), 0);
        fs::remove_dir_all(directory).unwrap();
    }
}
