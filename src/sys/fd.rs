//! Descriptor flags and pipes.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::check;

/// A pipe, both ends close-on-exec and blocking: (read, write).
///
/// # Errors
///
/// What `pipe2` or `fcntl` reports, mostly that descriptors have run out.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds: [RawFd; 2] = [-1; 2];
    // SAFETY: `fds` has room for the two descriptors that the call writes.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: the call succeeded, so this descriptor is open and ours alone.
    let read = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    // SAFETY: as above, for the other end.
    let write = unsafe { OwnedFd::from_raw_fd(fds[1]) };
    Ok((lift(read)?, lift(write)?))
}

/// The same file on a descriptor of 3 or more.
///
/// A host may run with its standard descriptors closed. A pipe end that landed
/// there would be overwritten while a child's own 0 to 2 are put in place, and
/// would receive whatever the host prints.
///
/// # Errors
///
/// What `fcntl` reports when descriptors have run out.
pub fn lift(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(fd);
    }
    // SAFETY: `fd` is open; the call makes a new descriptor and touches no memory.
    let raw = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 3) })?;
    // SAFETY: the call succeeded, so `raw` is open and ours alone.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Makes reads and writes on `fd` return instead of wait.
///
/// # Errors
///
/// What `fcntl` reports.
pub fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: `fd` is open and the call touches no memory.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) })?;
    Ok(())
}

/// Descriptors that a host keeps for itself, at most a quarter of what it may have.
const RESERVE: usize = 16;
/// The highest limit at which open descriptors are counted one by one.
const COUNTED: usize = 4096;

/// The highest limit with which a host may run short of descriptors by what else it
/// opens: that of most systems is 1024 and more.
const TIGHT: usize = 256;

/// Whether so few descriptors may be open that a host may run short of them.
pub fn is_tight() -> bool {
    limit().is_some_and(|limit| limit <= TIGHT)
}

/// How many descriptors may be open.
pub fn limit() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the answer.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }).ok()?;
    Some(usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// Whether `needed` more descriptors would leave the host too few; then the limit of
/// open ones. `any` is some open descriptor.
pub fn shortage(any: RawFd, needed: usize) -> Option<usize> {
    let limit = limit()?;
    if let Some(open) = (limit <= COUNTED).then(count).flatten() {
        return is_short(open, needed, limit).then_some(limit);
    }
    // The lowest number that is free: those below it are in use, which are most of them
    // where there are very many.
    // SAFETY: the call makes a new descriptor and touches no memory.
    let raw = match check(unsafe { libc::fcntl(any, libc::F_DUPFD_CLOEXEC, 0) }) {
        Ok(raw) => raw,
        Err(error) => {
            return (error.raw_os_error() == Some(libc::EMFILE)).then_some(limit);
        }
    };
    // SAFETY: the call succeeded, so `raw` is open and ours alone.
    drop(unsafe { OwnedFd::from_raw_fd(raw) });
    is_short(raw as usize, needed, limit).then_some(limit)
}

fn is_short(open: usize, needed: usize, limit: usize) -> bool {
    open + needed + RESERVE.min(limit / 4) > limit
}

/// How many descriptors are open: numbers that became free lie between them, so the
/// highest and the lowest say little.
fn count() -> Option<usize> {
    // The directory itself is open meanwhile.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_for_the_host_is_a_quarter_of_few_and_sixteen_of_many() {
        assert!(!is_short(22, 8, 40));
        assert!(is_short(23, 8, 40));
        assert!(!is_short(1000, 8, 1024));
        assert!(is_short(1001, 8, 1024));
    }

    #[test]
    fn descriptors_are_counted_although_lower_numbers_are_free() {
        let pipes: Vec<_> = (0..50).map(|_| pipe().unwrap()).collect();
        // Other tests open and close some at the same time.
        assert!(count().is_none_or(|open| open >= 100));
        // Every read end is closed, so the lowest number is free and half are open.
        let ends: Vec<OwnedFd> = pipes.into_iter().map(|(_, write)| write).collect();
        assert!(count().is_none_or(|open| open >= ends.len()));
    }
}
