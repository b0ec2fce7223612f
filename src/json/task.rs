//! Work on a long answer that can be put down and taken up again.
//!
//! A host that shares its thread with others must not read 16 MiB in one go. A task is
//! an `async` block that pauses when its budget is spent; the compiler makes the state
//! machine of it. There is no executor and no waker: the owner of the task takes the
//! next step.
//!
//! Invariant: between two stops lies a bounded amount of work, whatever the
//! input looks like.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use crate::json::budget::{Budget, Yield};

/// Units of one step unless said otherwise; see [`Task::in_steps_of`].
const STEP: usize = 32 << 10;

/// Something that is made in steps of well under 100 microseconds.
///
/// ```
/// use tmcp::mcp::render::content;
///
/// let mut task = content::text_task(br#"{"content":[{"type":"text","text":"hello"}]}"#);
/// let text = loop {
///     match task.step() {
///         Ok(text) => break text,
///         Err(more) => task = more, // Others may have their turn here.
///     }
/// };
/// assert_eq!(text, "hello");
/// ```
pub struct Task<'a, T> {
    work: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    step: Arc<AtomicUsize>,
}

impl<'a, T> Task<'a, T> {
    /// Work that calls [`Budget::spend`] or [`Budget::pause`] often enough.
    pub fn new<W>(work: impl FnOnce(Budget) -> W + Send + 'a) -> Task<'a, T>
    where
        W: Future<Output = T> + Send + 'a,
    {
        let step = Arc::new(AtomicUsize::new(STEP));
        let steps = Arc::clone(&step);
        // Not before the first step, because the size of the steps may change until then.
        let work = Box::pin(async move { work(Budget::of_steps(steps)).await });
        Task { work, step }
    }

    /// The same task in larger or smaller steps: `units` of about a nanosecond, 1
    /// for the smallest there are.
    pub fn in_steps_of(self, units: usize) -> Task<'a, T> {
        self.step.store(units, Ordering::Relaxed);
        self
    }

    /// Works for one step.
    ///
    /// # Errors
    /// The task itself while there is more to do.
    pub fn step(mut self) -> Result<T, Task<'a, T>> {
        match self.work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(product) => Ok(product),
            Poll::Pending => Err(self),
        }
    }

    /// Works to the end.
    pub fn finish(self) -> T {
        let mut task = self.in_steps_of(usize::MAX);
        loop {
            match task.step() {
                Ok(product) => return product,
                Err(more) => task = more,
            }
        }
    }

    /// Works to the end as a part of another task, in the steps of its budget.
    pub async fn within(self, budget: &mut Budget) -> T {
        let mut task = self.in_steps_of(budget.step());
        loop {
            match task.step() {
                Ok(product) => return product,
                Err(more) => task = more,
            }
            Yield(true).await;
        }
    }
}

impl<T> fmt::Debug for Task<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(mut task: Task<'_, usize>) -> (usize, usize) {
        let mut steps = 1;
        loop {
            match task.step() {
                Ok(product) => return (product, steps),
                Err(more) => task = more,
            }
            steps += 1;
        }
    }

    fn counted(units: usize) -> Task<'static, usize> {
        Task::new(move |mut budget| async move {
            for _ in 0..100 {
                budget.spend(units).await;
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
        let outer = Task::new(|mut budget| async move { counted(STEP).within(&mut budget).await });
        assert_eq!(steps(outer), (STEP, 101));
    }
}
