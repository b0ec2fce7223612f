//! Sockets: the calls that the standard library makes differently, or not at all.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::{check, fd};

/// The longest path that fits a socket's address.
// The field ends in a NUL that Linux could do without and others cannot.
pub const MAX_PATH: usize =
    size_of::<libc::sockaddr_un>() - std::mem::offset_of!(libc::sockaddr_un, sun_path) - 1;

/// A non-blocking stream connected to the socket at `path`.
///
/// Never waits: a Unix socket connects at once or not at all, and a full
/// backlog is the error `EAGAIN`.
///
/// # Errors
///
/// `ENAMETOOLONG` when `path` is longer than [`MAX_PATH`], else what the
/// system reports.
pub fn connect(path: &[u8]) -> io::Result<OwnedFd> {
    if path.len() > MAX_PATH {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: the call takes plain numbers.
    let raw = check(unsafe { libc::socket(libc::AF_UNIX, kind, 0) })?;
    // SAFETY: the call succeeded, so `raw` is open and ours alone.
    let socket = fd::lift(unsafe { OwnedFd::from_raw_fd(raw) })?;

    // SAFETY: an all-zero sockaddr_un is a valid value of the C struct.
    let mut addr: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    addr.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in addr.sun_path.iter_mut().zip(path) {
        *to = *from as libc::c_char;
    }
    loop {
        // SAFETY: `addr` is a whole sockaddr_un, NUL-terminated because the
        // path is shorter than the field.
        let ret = check(unsafe {
            libc::connect(
                socket.as_raw_fd(),
                (&raw const addr).cast(),
                size_of::<libc::sockaddr_un>() as libc::socklen_t,
            )
        });
        match ret {
            Ok(_) => return Ok(socket),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Sends bytes on a socket; a closed peer is `EPIPE` and never a signal.
///
/// # Errors
///
/// What `send` reports, `WouldBlock` among it.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the pointer and the length describe `bytes`, which is only read.
    let n = unsafe {
        libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL)
    };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// Asks the peer of a TCP connection that is idle for a minute whether it is still there,
/// and again every 10 s. After six questions without an answer the connection has failed.
///
/// # Errors
///
/// What `setsockopt` reports.
pub fn keep_alive(socket: BorrowedFd<'_>) -> io::Result<()> {
    let options = [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 60),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, 10),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 6),
    ];
    for (level, name, value) in options {
        let value: libc::c_int = value;
        let size = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: the pointer and the size describe `value`, which is only read.
        check(unsafe {
            libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size)
        })?;
    }
    Ok(())
}

/// Tells the peer that nothing more will be sent.
///
/// # Errors
///
/// What `shutdown` reports, as when the peer is gone already.
pub fn shutdown_write(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the call takes plain numbers.
    check(unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) })?;
    Ok(())
}
