//! The figures of a client and its servers as texts and datagrams for monitoring systems.
//!
//! Rendering only: files and sockets are the driver's (`client/export/`). Every export walks
//! through the same families (`families.rs`) in steps, because many servers with many tools
//! make megabytes, and a turn of the host's loop has 2 ms.
//!
//! Invariants:
//! - a sample has the label `client`, so that the texts of several clients can stand side by
//!   side in one directory;
//! - no family is interleaved with another, no sample has a timestamp, and one histogram is
//!   rendered in one step, so that its buckets fit together;
//! - a number that is not known yet has no sample.

mod exposition;
mod families;
mod histogram_log;
mod sink;
mod statsd;
mod walk;

pub use exposition::{Exposition, MetricsFormat};
pub use families::ClientFigures;
pub use histogram_log::render_histogram_log;
pub use statsd::{StatsdDialect, StatsdState};

#[cfg(test)]
mod tests;
