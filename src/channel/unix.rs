//! The channel to a server that listens on a Unix socket.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::{Channel, ConnectError, ConnectErrorKind, EventSource, Flow, flow, read_from};
use crate::sys::{self, peer, socket};

/// A connected Unix socket whose peer was checked.
#[derive(Debug)]
pub struct Unix {
    socket: File,
    group: Option<i32>,
}

/// A younger socket may belong to a server that is about to listen.
const NEW: Duration = Duration::from_secs(1);
/// The most bytes that are read of the kernel's list of sockets.
const MOST_SOCKETS: u64 = 1 << 20;

impl Unix {
    /// Connects to the socket at `path`. The server must run as our user, as root or as one
    /// of the user ids `allow`, because it sees the arguments of every call, and other users
    /// may be able to write to the directory of the socket.
    ///
    /// The connect is complete when this returns. A full backlog is the error
    /// [`ConnectErrorKind::Busy`], because no event reports that there is room again. The
    /// engine decides when to try again.
    ///
    /// # Errors
    ///
    /// See [`ConnectErrorKind`]. Nothing is sent to a peer that is not trusted.
    pub fn connect(path: &Path, allow: &[u32]) -> Result<Unix, ConnectError> {
        let bytes = path.as_os_str().as_bytes();
        let bad = |message| Err(ConnectError::new(ConnectErrorKind::Path, message));
        if bytes.is_empty() {
            return bad("the socket path is empty".to_owned());
        }
        if bytes.contains(&0) {
            return bad(format!("socket path '{}' contains a NUL byte", path.display()));
        }
        if bytes.len() > socket::MAX_PATH {
            return bad(format!(
                "socket path is {} bytes long and the system allows {}: {}",
                bytes.len(),
                socket::MAX_PATH,
                path.display()
            ));
        }
        let fd = socket::connect(bytes).map_err(|e| refusal(path, &e))?;
        let peer = peer::peer(fd.as_fd()).map_err(|e| refusal(path, &e))?;
        let ours = peer::our_uid();
        if !is_trusted(peer.uid, ours, allow) {
            let message = format!(
                "socket '{}' is served by uid {}, which is neither ours ({ours}) nor root nor in \
                 socket_allow_uid",
                path.display(),
                peer.uid
            );
            return Err(ConnectError::new(ConnectErrorKind::Peer, message));
        }
        Ok(Unix { socket: File::from(fd), group: peer::group(peer.pid) })
    }

    /// Removes the socket at `path` if it belongs to our user and no process listens on it.
    /// True: it was removed. Other kinds of files, links, files of other users and sockets
    /// made within the last second are never removed.
    ///
    /// # Errors
    ///
    /// The error of the system, if the file cannot be removed.
    pub fn remove_stale(path: &Path) -> io::Result<bool> {
        let look = || match std::fs::symlink_metadata(path) {
            Ok(meta) if meta.file_type().is_socket() && meta.uid() == peer::our_uid() => Some(meta),
            _ => None,
        };
        let Some(before) = look() else { return Ok(false) };
        let age = before.modified().ok().and_then(|made| made.elapsed().ok());
        if age.is_none_or(|age| age < NEW) && is_bound(path) {
            return Ok(false);
        }
        match socket::connect(path.as_os_str().as_bytes()) {
            Err(e) if e.raw_os_error() == Some(libc::ECONNREFUSED) => {}
            _ => return Ok(false),
        }
        if look().is_none_or(|now| (now.dev(), now.ino()) != (before.dev(), before.ino())) {
            return Ok(false);
        }
        match std::fs::remove_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => removed.map(|()| true),
        }
    }
}

impl Channel for Unix {
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()> {
        let fd = self.socket.as_raw_fd();
        registry.register(&mut SourceFd(&fd), EventSource::Write.token(base), Interest::READABLE)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut SourceFd(&self.socket.as_raw_fd()))
    }

    fn watch_room(&mut self, registry: &Registry, base: Token, watch: bool) -> io::Result<()> {
        let interest =
            if watch { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let fd = self.socket.as_raw_fd();
        registry.reregister(&mut SourceFd(&fd), EventSource::Write.token(base), interest)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow> {
        read_from(&mut self.socket, buf)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        flow(|| socket::send(self.socket.as_fd(), bytes))
    }

    fn shutdown_write(&mut self) {
        // Fails only when the server is gone, which the next read reports.
        let _ = socket::shutdown_write(self.socket.as_fd());
    }

    fn fd(&self) -> Option<RawFd> {
        Some(self.socket.as_raw_fd())
    }

    fn peer_group(&self) -> Option<i32> {
        self.group
    }
}

/// The error of a connect to `path` that the system refused.
fn refusal(path: &Path, error: &io::Error) -> ConnectError {
    let text = sys::sentence(error);
    let (kind, message) = match error.raw_os_error() {
        // The system reports the same for directories and plain files.
        Some(libc::ECONNREFUSED) => match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => (
                ConnectErrorKind::NotASocket,
                format!("'{}' is a directory, not a socket", path.display()),
            ),
            Ok(meta) if !meta.file_type().is_socket() => {
                (ConnectErrorKind::NotASocket, format!("'{}' is not a socket", path.display()))
            }
            _ => (ConnectErrorKind::Refused, text),
        },
        Some(libc::EPROTOTYPE) => (
            ConnectErrorKind::NotASocket,
            format!("'{}' is a socket of another type than stream", path.display()),
        ),
        Some(libc::EAGAIN) => {
            (ConnectErrorKind::Busy, format!("{text} (the server's backlog is full)"))
        }
        Some(libc::ENOENT) => (ConnectErrorKind::NotFound, text),
        _ => (ConnectErrorKind::Io, text),
    };
    ConnectError::new(kind, message)
}

/// Whether a process holds a socket that was bound to a file of this name, listening or
/// not. Only the name is compared, because a path can be spelled in many ways.
fn is_bound(path: &Path) -> bool {
    let Some(name) = path.file_name() else { return true };
    let mut list = Vec::new();
    let read = File::open("/proc/net/unix")
        .and_then(|file| file.take(MOST_SOCKETS).read_to_end(&mut list));
    let mut lines = list.split(|byte| *byte == b'\n');
    read.is_err() || lines.any(|line| line.ends_with(name.as_bytes()))
}

fn is_trusted(peer: u32, ours: u32, allow: &[u32]) -> bool {
    peer == ours || peer == 0 || allow.contains(&peer)
}

#[cfg(test)]
mod tests {
    use super::is_trusted;

    #[test]
    fn only_our_user_root_and_the_allowed_are_trusted() {
        assert!(is_trusted(1000, 1000, &[]));
        assert!(is_trusted(0, 1000, &[]));
        assert!(!is_trusted(1001, 1000, &[]));
        assert!(is_trusted(1001, 1000, &[1001]));
        assert!(!is_trusted(1000, 0, &[]));
    }
}
