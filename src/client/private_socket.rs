//! A Unix socket that this client makes, for our user and root alone.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mio::net::{UnixListener, UnixStream};

use crate::channel::Unix;
use crate::sys::file_id::FileId;
use crate::sys::peer::{self, Peer};

/// A listening socket. Its file is removed with it, unless another lies there by then.
#[derive(Debug)]
pub(super) struct PrivateSocket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    file: FileId,
}

impl PrivateSocket {
    /// Listens at `path`, with mode 0600. A socket that nobody listens on is replaced.
    ///
    /// # Errors
    /// What the system reports, as when something else lies there.
    pub(super) fn bind(path: &Path) -> io::Result<PrivateSocket> {
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if !Unix::remove_stale(path)? {
                    return Err(error);
                }
                UnixListener::bind(path)?
            }
            bound => bound?,
        };
        let file = FileId::at(path)?;
        let socket = PrivateSocket { listener, path: path.to_owned(), file };
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(socket)
    }

    /// Where it listens.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its file is still there.
    pub(super) fn is_in_place(&self) -> bool {
        FileId::at(&self.path).ok() == Some(self.file)
    }

    /// Accepts a connection. The other user, if it is one whom we do not serve: he may have
    /// connected before the mode of the file was set.
    ///
    /// # Errors
    /// What the system reports, `WouldBlock` among it.
    pub(super) fn accept(&self) -> io::Result<Result<(UnixStream, Peer), Peer>> {
        let (stream, _) = self.listener.accept()?;
        let peer = peer::peer(stream.as_fd())?;
        Ok(if peer.is_trusted() { Ok((stream, peer)) } else { Err(peer) })
    }
}

impl Drop for PrivateSocket {
    fn drop(&mut self) {
        if self.is_in_place() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
