//! Child processes of servers: how they end and what they write to stderr.
//!
//! * [`child`] — the process, to be signalled and reaped.
//! * [`stderr`] — the last lines of its standard error.

pub mod child;
pub mod stderr;
