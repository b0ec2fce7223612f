//! The listening socket: where it may be, and who removes it.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mio::net::UnixListener;

use crate::channel::Unix;
use crate::error::{Error, Kind, Result};
use crate::sys::{peer, socket};

/// A listening socket in a directory of ours.
#[derive(Debug)]
pub(super) struct AgentSocket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the socket that we made. Another's is not removed.
    identity: (u64, u64),
}

impl AgentSocket {
    /// Listens at `path`. The directory is made where it is missing, with mode 0700.
    pub(super) fn open(path: &Path) -> Result<AgentSocket> {
        let shown = path.display();
        let invalid = |what: String| Error::new(Kind::Invalid, what);
        let length = path.as_os_str().len();
        if !path.is_absolute() {
            return Err(invalid(format!("'{shown}' is no absolute path")));
        }
        if length > socket::MAX_PATH {
            let most = socket::MAX_PATH;
            return Err(invalid(format!(
                "'{shown}' is {length} bytes long and the system allows {most}"
            )));
        }
        let directory = path.parent().unwrap_or(Path::new("/"));
        own_directory(directory)?;
        let failed = |error: io::Error| {
            let text = crate::sys::sentence(&error);
            Error::new(Kind::Io, format!("cannot listen on '{shown}': {text}"))
        };
        Unix::remove_stale(path).map_err(failed)?;
        let listener = UnixListener::bind(path).map_err(failed)?;
        // Nobody else gets through the directory meanwhile.
        let identity = fs::set_permissions(path, Permissions::from_mode(0o600))
            .and_then(|()| identity(path))
            .map_err(failed)?;
        Ok(AgentSocket { listener, path: path.to_owned(), identity })
    }

    /// Whether it is at `path`, and its file still is.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.path == path && identity(path).ok() == Some(self.identity)
    }
}

impl Drop for AgentSocket {
    fn drop(&mut self) {
        if identity(&self.path).ok() == Some(self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let meta = fs::symlink_metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

/// Makes the directory where it is missing. Fails unless it is ours alone.
fn own_directory(directory: &Path) -> Result<()> {
    let shown = directory.display();
    let failed = |what: String| Error::new(Kind::Io, what);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|e| {
        failed(format!("cannot make the directory '{shown}': {}", crate::sys::sentence(&e)))
    })?;
    let meta = fs::metadata(directory)
        .map_err(|e| failed(format!("'{shown}': {}", crate::sys::sentence(&e))))?;
    let (uid, ours) = (meta.uid(), peer::our_uid());
    if uid != ours {
        return Err(failed(format!("the directory '{shown}' belongs to user {uid}, not to you")));
    }
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let what = format!(
            "others get into the directory '{shown}' (mode {mode:04o}); use one of mode 0700"
        );
        return Err(failed(what));
    }
    Ok(())
}
