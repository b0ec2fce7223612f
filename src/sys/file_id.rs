//! Which file lies at a path: another may have taken its place.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file, by its device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file at `path`; a link is one itself.
    ///
    /// # Errors
    /// What the system reports, as when there is none.
    pub fn at(path: &Path) -> io::Result<FileId> {
        fs::symlink_metadata(path).map(|meta| FileId::of(&meta))
    }

    /// The file that was looked at.
    pub fn of(meta: &Metadata) -> FileId {
        FileId { device: meta.dev(), inode: meta.ino() }
    }
}
