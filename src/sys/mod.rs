//! The system calls that safe crates do not offer: starting and ending child
//! processes, asking a socket who its peer is, and the clock.
//!
//! Separate because it is, with the C border, the only place where `unsafe` may
//! be written: each function wraps one or two calls and decides nothing. What
//! is Linux's alone (`pidfd`, `SO_PEERCRED`, `CLOCK_BOOTTIME`,
//! `addclosefrom_np`) sits in one function each, so a port replaces bodies and
//! no signatures.
//!
//! Invariants:
//! - Nothing here blocks, forks or sleeps.
//! - Every descriptor is close-on-exec from birth and never one of 0 to 2.
//! - A process or group is signalled by number only while the number is held
//!   by a process that nobody has reaped.

#![allow(unsafe_code)]

pub mod clock;
pub mod entropy;
pub mod exit_status;
pub mod fd;
pub mod file_id;
#[cfg(feature = "oauth")]
pub mod file_lock;
pub mod knock;
pub(crate) mod mounts;
pub mod peer;
pub mod pidfd;
pub mod process;
pub mod reaper;
pub mod sigpipe;
pub mod socket;
pub mod spawn;

#[cfg(test)]
pub mod testing;

use std::io;

/// The outcome of a C call that returns -1 and sets `errno`.
fn check(ret: libc::c_int) -> io::Result<libc::c_int> {
    if ret == -1 { Err(io::Error::last_os_error()) } else { Ok(ret) }
}

/// The C library's sentence for `error`, without what Rust puts behind it.
pub fn sentence(error: &io::Error) -> String {
    let mut text = error.to_string();
    if let (Some(_), Some(end)) = (error.raw_os_error(), text.rfind(" (os error ")) {
        text.truncate(end);
    }
    text
}
