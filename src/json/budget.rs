//! How much work may be done before the host gets its thread back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Bytes given back to the system between two stops.
const RELEASED: usize = 512 << 10;
/// Units that giving them back takes.
const RELEASE: usize = 32 << 10;

/// Work that may still be done, in units of about a nanosecond on the reference
/// machine of docs/benchmarks.md.
#[derive(Debug)]
pub struct Budget {
    left: usize,
    /// Units of each step of a task.
    step: Option<Arc<AtomicUsize>>,
}

impl Budget {
    /// A budget of `units`, about a nanosecond each.
    pub fn new(units: usize) -> Budget {
        Budget { left: units, step: None }
    }

    /// A budget that no input exhausts.
    pub fn unlimited() -> Budget {
        Budget::new(usize::MAX)
    }

    /// The budget of a task, which is filled again at every pause.
    pub(super) fn of_steps(step: Arc<AtomicUsize>) -> Budget {
        Budget { left: step.load(Ordering::Relaxed), step: Some(step) }
    }

    /// Takes `units` off. The work behind one charge is bounded, so a budget may
    /// be overdrawn by that much and no more.
    #[inline]
    pub fn charge(&mut self, units: usize) {
        self.left = self.left.saturating_sub(units);
    }

    /// Whether nothing is left.
    #[inline]
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Units of the whole step.
    pub(super) fn step(&self) -> usize {
        self.step.as_ref().map_or(usize::MAX, |step| step.load(Ordering::Relaxed))
    }

    /// Ends the step of the task when the budget is spent. To be awaited.
    #[inline]
    pub fn pause(&mut self) -> Yield {
        let is_over = self.is_spent();
        if is_over {
            self.left = self.step();
        }
        Yield(is_over)
    }

    /// Charges `units`, and pauses. To be awaited.
    #[inline]
    pub fn spend(&mut self, units: usize) -> Yield {
        self.charge(units);
        self.pause()
    }

    /// Gives memory back bit by bit: the system takes a tenth of a millisecond for
    /// each MiB.
    pub async fn release(&mut self, memory: impl Into<Vec<u8>>) {
        let mut memory = memory.into();
        while memory.len() > RELEASED {
            memory.truncate(memory.len() - RELEASED);
            memory.shrink_to_fit();
            self.spend(RELEASE).await;
        }
    }
}

/// The end of a step, or not yet.
#[derive(Debug)]
#[must_use = "to be awaited"]
pub struct Yield(pub(super) bool);

impl Future for Yield {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::take(&mut self.0) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}
