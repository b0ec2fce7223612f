//! Fits the pool of one server to how the server takes requests: many on one connection,
//! one each on several, or one at a time with the others queued here. No I/O, no clock.
//!
//! [`ConcurrencyRecord`] makes a verdict of sends and answers. [`Tuning`] acts on it, if the
//! entry asks for that.
//!
//! Invariants:
//! * the configured numbers are never exceeded, whatever the verdict;
//! * a call is put behind another one on purpose (a probe) only if that one is expected to be
//!   answered within [`PROBE_WAIT`], one at a time, and less and less often;
//! * a call waits here at most [`PATIENCE`] for a server that is taken for a serial one,
//!   because the call that runs may need it.

mod concurrency_record;
mod input;
mod order_evidence;
mod pool_target;
mod usual_times;
mod verdict;

use std::time::Duration;

pub use concurrency_record::ConcurrencyRecord;
pub use input::{TuningInput, tool_hash};
pub use order_evidence::{OrderEvidence, OrderedPair, Standing};
pub use pool_target::{PERIOD, PoolTarget};
pub use verdict::ConcurrencyVerdict;

use crate::config::PoolTuning;
use crate::engine::ConnectionId;
use crate::engine::pool::{Hit, Pool, Shape};
use crate::time::Time;

/// The longest time that a probe is expected to wait for the call before it.
pub const PROBE_WAIT: Duration = Duration::from_millis(250);
/// How long a call waits here for a serial server.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// Calls beside another one between two probes of a server that is taken for a serial one:
/// at first, and at most.
const FIRST_SPACING: u32 = 16;
const LAST_SPACING: u32 = 1024;
/// Calls for which a serial server gets a second connection, to see whether it is one.
const TRIAL: u32 = 4;

/// What the configuration allows.
#[derive(Clone, Copy, Debug)]
pub struct TuningBounds {
    /// The numbers without tuning.
    pub untuned: Shape,
    /// Requests on one connection at most.
    pub in_flight: u32,
    /// A connection costs so little that surplus ones are closed before they are idle for
    /// `pool_idle_timeout`.
    pub is_cheap: bool,
}

/// The tuning of one server.
#[derive(Clone, Debug, Default)]
pub struct Tuning {
    record: ConcurrencyRecord,
    /// The verdict that is acted on, which stays while the tuning is frozen.
    mode: ConcurrencyVerdict,
    /// The pool's size before the bounds.
    size: usize,
    /// Calls beside another one until the next probe, and between the next two.
    countdown: u32,
    spacing: u32,
    /// Calls that the trial of a second connection has left.
    trial: u32,
    /// The next probe of a serial server is a trial.
    is_trial_next: bool,
    /// Calls may be put behind others on purpose.
    is_probing: bool,
}

impl Tuning {
    /// Takes in what happened. Returns the new verdict if it has changed.
    pub fn apply(&mut self, input: TuningInput) -> Option<ConcurrencyVerdict> {
        self.record.apply(input)
    }

    /// Acts on the verdict and the peaks so far, unless the tuning is frozen.
    pub fn follow(&mut self, now: Time, tuning: PoolTuning) {
        self.record.advance(now);
        self.is_probing = tuning == PoolTuning::On;
        if tuning != PoolTuning::On {
            return;
        }
        self.size = self.record.target().size(usize::MAX);
        let verdict = self.record.verdict();
        if self.mode != verdict {
            self.mode = verdict;
            self.trial = 0;
            let is_serial = self.is_serial();
            self.spacing = if is_serial { FIRST_SPACING } else { 0 };
            self.countdown = self.spacing;
        }
    }

    /// What was seen.
    pub fn record(&self) -> &ConcurrencyRecord {
        &self.record
    }

    /// The verdict that is acted on.
    pub fn mode(&self) -> ConcurrencyVerdict {
        self.mode
    }

    /// The numbers for the pool.
    pub fn shape(&self, bounds: &TuningBounds) -> Shape {
        let untuned = bounds.untuned;
        let size = match bounds.is_cheap {
            // One that was never followed is 0.
            true if self.size > 0 => self.size.min(untuned.size.max(1)),
            _ => untuned.size,
        };
        match self.mode {
            ConcurrencyVerdict::Unknown => Shape { size, ..untuned },
            ConcurrencyVerdict::Concurrent => {
                Shape { size: 1, in_flight: bounds.in_flight, ..untuned }
            }
            ConcurrencyVerdict::Serial if bounds.in_flight > 1 => {
                let trial = usize::from(self.trial > 0);
                let size = untuned.size.min(1 + trial);
                Shape { size, in_flight: 1, overflow: false, ..untuned }
            }
            ConcurrencyVerdict::Serial | ConcurrencyVerdict::SerialPerConnection => {
                Shape { size, in_flight: 1, ..untuned }
            }
        }
    }

    /// Takes a connection for a request that has waited since `since`.
    pub fn acquire(
        &mut self,
        now: Time,
        pool: &mut Pool,
        bounds: &TuningBounds,
        since: Time,
    ) -> Option<(ConnectionId, Hit)> {
        if self.mode != ConcurrencyVerdict::Serial && self.is_probe_due(bounds) {
            let candidates = self.record.soon_free(now, PROBE_WAIT).map(ConnectionId);
            let id = { candidates }.find(|id| pool.share(*id, 2));
            if let Some(id) = id {
                self.space_out();
                return Some((id, Hit::Shared));
            }
        }
        self.trial = self.trial.saturating_sub(1);
        let found = pool.acquire(self.shape(bounds));
        if found.is_some() {
            return found;
        }
        let is_due = self.mode == ConcurrencyVerdict::Serial && self.is_probe_due(bounds);
        if is_due {
            self.space_out();
            self.is_trial_next = !self.is_trial_next && bounds.untuned.size > 1;
            if self.is_trial_next {
                self.trial = TRIAL;
                return None;
            }
        }
        let is_over = now >= since + PATIENCE && pool.connecting() == 0;
        if self.is_serial() && (is_due || is_over) {
            return pool.share_least(bounds.in_flight).map(|id| (id, Hit::Shared));
        }
        None
    }

    /// When the pool is to be served again although nothing happens. `waits_since` is the
    /// time from which the first request in the queue waits.
    pub fn deadline(
        &self,
        now: Time,
        waits_since: Option<Time>,
        bounds: &TuningBounds,
    ) -> Option<Time> {
        let patience = waits_since.filter(|_| self.is_serial() && bounds.in_flight > 1);
        let patience = patience.map(|since| since + PATIENCE).filter(|until| *until > now);
        let halving = self.record.target().next_halving().filter(|_| bounds.is_cheap);
        [patience, halving].into_iter().flatten().min()
    }

    /// Whether calls wait here for calls that run.
    pub fn is_serial(&self) -> bool {
        matches!(self.mode, ConcurrencyVerdict::Serial | ConcurrencyVerdict::SerialPerConnection)
    }

    /// Whether a call beside another one is to be a probe.
    fn is_probe_due(&mut self, bounds: &TuningBounds) -> bool {
        let has_room =
            self.is_probing && bounds.in_flight > 1 && self.mode != ConcurrencyVerdict::Concurrent;
        if !has_room || !self.record.is_busy() || self.record.is_sharing() {
            return false;
        }
        self.countdown = self.countdown.saturating_sub(1);
        self.countdown == 0
    }

    /// The next probe comes later.
    fn space_out(&mut self) {
        self.spacing = (self.spacing * 2).min(LAST_SPACING);
        self.countdown = self.spacing;
    }
}

#[cfg(test)]
mod tests;
