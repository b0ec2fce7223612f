//! Work on a long answer that can be put down and taken up again.
//!
//! A host that shares its thread with others must not read 16 MiB in one go. What
//! is made of an answer is therefore written as plain code that stops every now
//! and then: the compiler turns an `async` block into the state machine that
//! would otherwise be written by hand. There is no executor and nobody is ever
//! woken; who wants the product takes the next step.
//!
//! Invariant: between two stops lies a bounded amount of work, whatever the
//! input looks like.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

/// Work of one step unless said otherwise; see [`Job::in_steps_of`].
const STEP: usize = 32 << 10;
/// Bytes given back between two stops.
const RELEASED: usize = 512 << 10;

/// Something that is made in steps of well under 100 microseconds.
///
/// ```
/// use tmcp::mcp::render::content;
///
/// let mut job = content::text_job(br#"{"content":[{"type":"text","text":"hello"}]}"#);
/// let text = loop {
///     match job.step() {
///         Ok(text) => break text,
///         Err(more) => job = more, // Others may have their turn here.
///     }
/// };
/// assert_eq!(text, "hello");
/// ```
pub struct Job<'a, T> {
    work: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    step: Arc<AtomicUsize>,
}

/// What work counts its effort with, so that it knows when to stop.
#[derive(Debug)]
pub struct Pace {
    spent: usize,
    step: Arc<AtomicUsize>,
}

impl<'a, T> Job<'a, T> {
    /// Work that calls [`Pace::spend`] often enough.
    pub fn new<W>(work: impl FnOnce(Pace) -> W) -> Job<'a, T>
    where
        W: Future<Output = T> + Send + 'a,
    {
        let step = Arc::new(AtomicUsize::new(STEP));
        let pace = Pace { spent: 0, step: Arc::clone(&step) };
        Job { work: Box::pin(work(pace)), step }
    }

    /// The same job in larger or smaller steps: `units` of about a nanosecond, 1
    /// for the smallest there are.
    pub fn in_steps_of(self, units: usize) -> Job<'a, T> {
        self.step.store(units, Ordering::Relaxed);
        self
    }

    /// Works for one step.
    ///
    /// # Errors
    /// The job itself while there is more to do.
    pub fn step(mut self) -> Result<T, Job<'a, T>> {
        match self.work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(product) => Ok(product),
            Poll::Pending => Err(self),
        }
    }

    /// Works to the end.
    pub fn finish(self) -> T {
        let mut job = self.in_steps_of(usize::MAX);
        loop {
            match job.step() {
                Ok(product) => return product,
                Err(more) => job = more,
            }
        }
    }
}

impl Pace {
    /// Counts work of about `units` nanoseconds, done or to be done next, and
    /// stops when the step is over. To be awaited.
    pub fn spend(&mut self, units: usize) -> Rest {
        self.spent = self.spent.saturating_add(units);
        let is_over = self.spent >= self.step.load(Ordering::Relaxed);
        if is_over {
            self.spent = 0;
        }
        Rest(is_over)
    }

    /// Bytes that may be looked at without asking whether the step is over.
    pub fn stride(&self) -> usize {
        const LONGEST: usize = 4 << 10;
        self.step.load(Ordering::Relaxed).min(LONGEST)
    }

    /// Gives memory back bit by bit: the system takes a tenth of a millisecond for
    /// each MiB.
    pub async fn release(&mut self, memory: impl Into<Vec<u8>>) {
        let mut memory = memory.into();
        while memory.len() > RELEASED {
            memory.truncate(memory.len() - RELEASED);
            memory.shrink_to_fit();
            self.spend(STEP).await;
        }
    }

    /// What another job makes, in its steps.
    pub async fn all_of<T>(&mut self, job: Job<'_, T>) -> T {
        let mut job = job.in_steps_of(self.step.load(Ordering::Relaxed));
        loop {
            match job.step() {
                Ok(product) => return product,
                Err(more) => job = more,
            }
            Rest(true).await;
        }
    }
}

/// The end of a step, or not yet.
#[derive(Debug)]
#[must_use = "to be awaited"]
pub struct Rest(bool);

impl Future for Rest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::take(&mut self.0) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}

impl<T> fmt::Debug for Job<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(mut job: Job<'_, usize>) -> (usize, usize) {
        let mut steps = 1;
        loop {
            match job.step() {
                Ok(product) => return (product, steps),
                Err(more) => job = more,
            }
            steps += 1;
        }
    }

    fn counted(units: usize) -> Job<'static, usize> {
        Job::new(move |mut pace| async move {
            for _ in 0..100 {
                pace.spend(units).await;
            }
            units
        })
    }

    #[test]
    fn a_step_ends_when_its_work_is_done() {
        assert_eq!(steps(counted(STEP)), (STEP, 101));
        assert_eq!(steps(counted(STEP / 8)), (STEP / 8, 13));
        assert_eq!(steps(counted(STEP / 8).in_steps_of(1)).1, 101);
        assert_eq!(counted(STEP).finish(), STEP);
        let outer = Job::new(|mut pace| async move { pace.all_of(counted(STEP)).await });
        assert_eq!(steps(outer), (STEP, 101));
    }
}
