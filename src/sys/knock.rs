//! Telling other clients of a socket that somebody waits for it.
//!
//! A server that serves one connection at a time is not there for others while a
//! client keeps an idle connection. So a client that gets no answer touches the
//! socket's file, and clients that watch the file give their idle connections back.

use std::collections::HashMap;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{check, fd};

/// Touches the file at `path`.
///
/// # Errors
/// What `utimensat` reports, as when the file is somebody else's.
pub fn knock(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `path` is NUL-terminated; no times means now.
    check(unsafe { libc::utimensat(libc::AT_FDCWD, path.as_ptr(), std::ptr::null(), 0) })?;
    Ok(())
}

/// The files that are watched for being touched.
#[derive(Debug)]
pub struct Knocks {
    inotify: OwnedFd,
    paths: HashMap<i32, PathBuf>,
}

impl Knocks {
    /// # Errors
    /// What `inotify_init1` reports: there are few of them for each user.
    pub fn new() -> io::Result<Knocks> {
        // SAFETY: the call takes plain numbers.
        let raw = check(unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) })?;
        // SAFETY: the call succeeded, so `raw` is open and ours alone.
        let inotify = fd::lift(unsafe { OwnedFd::from_raw_fd(raw) })?;
        Ok(Knocks { inotify, paths: HashMap::new() })
    }

    /// The descriptor to watch for reading.
    pub fn as_raw_fd(&self) -> RawFd {
        self.inotify.as_raw_fd()
    }

    /// Watches the file that is at `path` now.
    ///
    /// # Errors
    /// What `inotify_add_watch` reports.
    pub fn watch(&mut self, path: &Path) -> io::Result<()> {
        let name = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: the descriptor is open and `name` is NUL-terminated.
        let watch = check(unsafe {
            libc::inotify_add_watch(self.inotify.as_raw_fd(), name.as_ptr(), libc::IN_ATTRIB)
        })?;
        self.paths.insert(watch, path.to_path_buf());
        Ok(())
    }

    /// The files that were touched, each once.
    pub fn read(&mut self) -> Vec<PathBuf> {
        let mut touched = Vec::new();
        let mut buffer = [0u8; 4096];
        loop {
            // SAFETY: the pointer and the length describe `buffer`.
            let n = unsafe {
                libc::read(self.inotify.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len())
            };
            let Some(mut bytes) = usize::try_from(n).ok().and_then(|n| buffer.get(..n)) else {
                return touched;
            };
            const HEAD: usize = size_of::<libc::inotify_event>();
            if bytes.len() < HEAD {
                return touched;
            }
            while let Some(head) = bytes.first_chunk::<HEAD>() {
                let number = |at: usize| {
                    i32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
                };
                let (watch, mask, length) = (number(0), number(4) as u32, number(12) as usize);
                if mask & libc::IN_IGNORED != 0 {
                    self.paths.remove(&watch);
                } else if let Some(path) = self.paths.get(&watch) {
                    if !touched.contains(path) {
                        touched.push(path.clone());
                    }
                }
                bytes = bytes.get(HEAD + length..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_touched_socket_is_told_once_and_nothing_else_is() {
        let dir = std::env::temp_dir().join(format!("tmcp-knock-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (one, other) = (dir.join("one"), dir.join("other"));
        let _listeners = [UnixListener::bind(&one).unwrap(), UnixListener::bind(&other).unwrap()];
        let mut knocks = Knocks::new().unwrap();
        knocks.watch(&one).unwrap();
        knocks.watch(&one).unwrap();
        assert!(knocks.read().is_empty());
        knock(&other).unwrap();
        drop(std::os::unix::net::UnixStream::connect(&one).unwrap());
        assert!(knocks.read().is_empty(), "to connect is not to touch");
        knock(&one).unwrap();
        knock(&one).unwrap();
        assert_eq!(knocks.read(), std::slice::from_ref(&one));
        std::fs::remove_file(&one).unwrap();
        assert!(knock(&one).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
