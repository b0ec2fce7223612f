//! Locks on files that other processes respect.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::check;

/// Locks a file for this process alone, without waiting. False: another process has the lock.
/// It ends when the file is closed.
///
/// # Errors
///
/// What the system reports.
pub fn try_lock(file: &File) -> io::Result<bool> {
    loop {
        // SAFETY: the descriptor is open for the length of the call, which takes plain numbers.
        match check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }) {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    #[test]
    fn one_at_a_time_has_the_lock() {
        let path = std::env::temp_dir().join(format!("tmcp-lock-{}", std::process::id()));
        let (first, second) = (File::create(&path).unwrap(), File::create(&path).unwrap());
        assert!(super::try_lock(&first).unwrap());
        assert!(!super::try_lock(&second).unwrap());
        drop(first);
        assert!(super::try_lock(&second).unwrap());
        std::fs::remove_file(path).unwrap();
    }
}
