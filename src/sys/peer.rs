//! Who is at the other end of a Unix socket.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;

/// The process that listens, as the kernel noted it when it began to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Effective user.
    pub uid: u32,
    /// Process; may be gone by now, so it is for display alone.
    pub pid: i32,
}

impl Peer {
    /// Whether it is our user or root.
    pub fn is_trusted(&self) -> bool {
        self.uid == our_uid() || self.uid == 0
    }
}

/// The peer of a connected Unix socket.
///
/// # Errors
///
/// What `getsockopt` reports, as when `socket` is no socket.
pub fn peer(socket: BorrowedFd<'_>) -> io::Result<Peer> {
    let mut cred = libc::ucred { pid: 0, uid: libc::uid_t::MAX, gid: libc::gid_t::MAX };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: `cred` is `len` bytes long and any bytes are a valid ucred.
    check(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut cred).cast(),
            &mut len,
        )
    })?;
    Ok(Peer { uid: cred.uid, pid: cred.pid })
}

/// The process group of a process; `None` when it is gone, or beyond our sight.
pub fn group(pid: i32) -> Option<i32> {
    if pid <= 0 {
        return None;
    }
    // SAFETY: the call takes a plain number.
    check(unsafe { libc::getpgid(pid) }).ok()
}

/// The user whose servers we trust.
pub fn our_uid() -> u32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}
