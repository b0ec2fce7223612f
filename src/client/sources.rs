//! The configuration files: which there are, what was read of each last, and
//! whether one has changed since.
//!
//! A file is looked at (`stat`) when the host asks for something, never by a
//! timer. One on a file system that can hang is read at the start and by
//! `reload` alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Captured, Directory};
use crate::sys::mounts::Mounts;
use crate::time::Time;

/// Directories whose projects are remembered.
const DIRECTORIES: usize = 128;
/// Directories above one that are looked at.
const DEPTH: usize = 64;

/// What tells one state of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Stamp {
        Stamp {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    fn at(path: &Path) -> Option<Stamp> {
        std::fs::metadata(path).ok().map(|meta| Stamp::of(&meta))
    }
}

/// What is known of one file.
#[derive(Debug, Default)]
pub(super) struct FileState {
    /// What it was like when it was read, or found missing (`None`).
    pub(super) stamp: Option<Stamp>,
    /// What was read of it last.
    pub(super) captured: Option<Arc<Captured>>,
    /// Why it could not be read since.
    pub(super) problem: Option<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) main: Option<PathBuf>,
    /// The host wants no main file, and that is no problem.
    pub(super) is_without_main: bool,
    pub(super) overlay: Option<PathBuf>,
    /// The user's settings of Claude Code.
    pub(super) settings: Vec<PathBuf>,
    /// Directories that were asked about, newest first.
    directories: VecDeque<Arc<Directory>>,
    /// Boxed, because a node of the map has room for eleven.
    pub(super) files: BTreeMap<PathBuf, Box<FileState>>,
    mounts: Mounts,
}

impl Sources {
    /// The directory with its canonical path, remembered from now on.
    pub(super) fn directory(&mut self, now: Time, literal: &Path) -> Arc<Directory> {
        let known = self.directories.iter().position(|known| known.literal == literal);
        if let Some(at) = known {
            // Links change; what a name means is found out each time.
            let known = self.directories.remove(at).unwrap_or_default();
            let fresh = self.resolve(now, literal);
            let directory = if *known == fresh { known } else { Arc::new(fresh) };
            self.directories.push_front(directory.clone());
            return directory;
        }
        let directory = Arc::new(self.resolve(now, literal));
        self.directories.push_front(directory.clone());
        self.directories.truncate(DIRECTORIES);
        directory
    }

    /// A directory with its canonical path.
    pub(super) fn resolve(&mut self, now: Time, literal: &Path) -> Directory {
        let mut directory = Directory::new(literal);
        if literal.is_absolute() && !self.mounts.may_hang(now, literal) {
            directory.canonical =
                std::fs::canonicalize(literal).ok().filter(|canonical| canonical != literal);
        }
        directory
    }

    /// The directories that may be projects: those asked about and all above.
    pub(super) fn places(&mut self, now: Time) -> BTreeSet<PathBuf> {
        let directories: Vec<_> = self.directories.iter().cloned().collect();
        directories.iter().flat_map(|directory| self.above(now, directory)).collect()
    }

    fn above(&mut self, now: Time, directory: &Directory) -> Vec<PathBuf> {
        let paths = std::iter::once(&directory.literal).chain(&directory.canonical);
        let all: BTreeSet<PathBuf> = paths
            .filter(|path| path.is_absolute())
            .flat_map(|path| path.ancestors().take(DEPTH))
            .map(Path::to_owned)
            .collect();
        all.into_iter().filter(|path| !self.mounts.may_hang(now, path)).collect()
    }

    /// Files that have changed since they were read, of those in force at `directory`.
    pub(super) fn changed(&mut self, now: Time, directory: Option<&Directory>) -> Vec<PathBuf> {
        let mut paths = self.everywhere();
        paths.retain(|path| !self.mounts.may_hang(now, path));
        for place in directory.map(|d| self.above(now, d)).unwrap_or_default() {
            paths.extend(project_files(&place));
        }
        paths.retain(|path| {
            let stamp = Stamp::at(path);
            self.files.get(path).map_or(stamp.is_some(), |kept| kept.stamp != stamp)
        });
        paths
    }

    /// Every file that may be there.
    pub(super) fn all(&mut self, now: Time) -> Vec<PathBuf> {
        let mut paths = self.everywhere();
        for place in self.places(now) {
            let there = |path: &PathBuf| self.files.contains_key(path) || path.exists();
            paths.extend(project_files(&place).into_iter().filter(there));
        }
        paths
    }

    fn everywhere(&self) -> Vec<PathBuf> {
        let fixed = self.overlay.iter().chain(&self.main);
        fixed.chain(&self.settings).cloned().collect()
    }

    /// What was read of a file last.
    pub(super) fn captured(&self, path: &Path) -> Option<Arc<Captured>> {
        self.files.get(path)?.captured.clone()
    }
}

/// The files of a project that are read.
pub(super) fn project_files(place: &Path) -> [PathBuf; 2] {
    [place.join(".mcp.json"), place.join(".claude/settings.local.json")]
}
