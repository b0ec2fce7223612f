//! The system calls that the standard library has no safe form of.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// The last processor this process may use: the first often serves interrupts.
pub fn last_processor() -> Option<usize> {
    // SAFETY: an all-zero cpu_set_t is an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is a whole cpu_set_t that the call only writes to.
    let ret = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    // SAFETY: the index is below the set's size.
    let allowed = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &set) };
    (ret == 0).then(|| (0..libc::CPU_SETSIZE as usize).rev().find(allowed))?
}

/// Keeps this process, and what it starts, on one processor.
pub fn pin(cpu: usize) -> bool {
    // SAFETY: an all-zero cpu_set_t is an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the index came from a set of the same size.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: `set` is a whole cpu_set_t that is only read.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) == 0 }
}

/// Asks for more processor time than others get; false without the right to.
pub fn raise_priority(nice: i32) -> bool {
    // SAFETY: the call takes plain numbers.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) == 0 }
}

/// Processor time that this thread has used.
pub fn thread_time() -> Duration {
    let mut spec = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `spec` is a valid timespec that the call only writes to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut spec) };
    Duration::new(spec.tv_sec as u64, spec.tv_nsec as u32)
}

/// An epoll, level-triggered, as libevent has it.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

impl Epoll {
    pub fn new() -> Epoll {
        // SAFETY: the call takes plain numbers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        assert!(fd >= 0, "epoll_create1: {}", io::Error::last_os_error());
        // SAFETY: the call succeeded, so `fd` is open and ours alone.
        Epoll(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Watches `fd` for reading.
    pub fn add(&self, fd: RawFd) {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: fd as u64 };
        // SAFETY: `event` is a valid epoll_event that is only read.
        let ret =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) };
        assert!(ret == 0, "epoll_ctl: {}", io::Error::last_os_error());
    }

    /// The epoll itself, to be watched by another.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Waits, and gives the descriptors that are readable to `each`.
    pub fn wait(&self, ms: i32, mut each: impl FnMut(RawFd)) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: the pointer and the count describe `events`, which is only written to.
        let n = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), 64, ms) };
        for event in &events[..n.max(0) as usize] {
            each(event.u64 as RawFd);
        }
    }
}

/// Makes `fd` non-blocking.
pub fn set_nonblocking(fd: RawFd) {
    // SAFETY: the call takes plain numbers.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    // SAFETY: the call takes plain numbers.
    unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) };
}
