//! What is made of an answer: all at once when it is asked for, or before, in
//! pieces.
//!
//! Invariants:
//! - both ways drive the same task;
//! - nothing is locked while a getter hands out what was made before.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tmcp::json::task::Task;

/// The time of one step when the caller names none.
const BUDGET: Duration = Duration::from_micros(500);

/// What the caller gives, in microseconds; 0 for the default.
pub fn budget(budget_us: u32) -> Duration {
    if budget_us == 0 { BUDGET } else { Duration::from_micros(budget_us.into()) }
}

/// Something that stays with the event, and does not move any more once it is made.
#[derive(Debug)]
pub struct Kept<T> {
    making: Mutex<Option<Task<'static, T>>>,
    made: OnceLock<T>,
}

/// Something that is given away, and made anew when it is asked for again.
#[derive(Debug)]
pub struct Given<K, T> {
    slot: Mutex<Option<(K, MakingState<T>)>>,
}

#[derive(Debug)]
enum MakingState<T> {
    Making(Task<'static, T>),
    Made(T),
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept { making: Mutex::new(None), made: OnceLock::new() }
    }
}

impl<T> Kept<T> {
    /// Something that `task` makes.
    pub fn begun(task: Task<'static, T>) -> Kept<T> {
        Kept { making: Mutex::new(Some(task)), made: OnceLock::new() }
    }

    /// Goes on until `end`. Whether there is more to do.
    pub fn prepare(&self, task: impl FnOnce() -> Task<'static, T>, end: Instant) -> bool {
        // Whoever makes it now makes all of it.
        let Some(mut making) = self.making.try_lock() else { return self.made.get().is_none() };
        if self.made.get().is_some() {
            return false;
        }
        match until(making.take().unwrap_or_else(task), end) {
            MakingState::Making(more) => {
                *making = Some(more);
                true
            }
            MakingState::Made(made) => self.made.set(made).is_err(),
        }
    }

    /// It, made to its end if it has to be.
    pub fn get(&self, task: impl FnOnce() -> Task<'static, T>) -> &T {
        if let Some(made) = self.made.get() {
            return made;
        }
        let mut making = self.making.lock();
        self.made.get_or_init(|| making.take().unwrap_or_else(task).finish())
    }

    /// Goes on until `end` with what was begun. Whether there is more to do.
    pub fn advance(&self, end: Instant) -> bool {
        let Some(mut making) = self.making.try_lock() else { return self.made.get().is_none() };
        match making.take().map(|task| until(task, end)) {
            Some(MakingState::Making(more)) => {
                *making = Some(more);
                true
            }
            Some(MakingState::Made(made)) => self.made.set(made).is_err(),
            None => false,
        }
    }

    /// What was begun, made to its end if it has to be; `None` when nothing was.
    pub fn whole(&self) -> Option<&T> {
        if self.made.get().is_none() {
            let task = self.making.lock().take();
            if let Some(task) = task {
                return Some(self.made.get_or_init(|| task.finish()));
            }
        }
        self.made.get()
    }

    /// It, if it was made.
    pub fn into_made(self) -> Option<T> {
        self.made.into_inner()
    }

    /// It, if it is made already.
    pub fn made(&self) -> Option<&T> {
        self.made.get()
    }
}

impl<K, T> Default for Given<K, T> {
    fn default() -> Given<K, T> {
        Given { slot: Mutex::new(None) }
    }
}

impl<K: PartialEq, T> Given<K, T> {
    /// Goes on with what `key` names until `end`, and forgets what was named before.
    /// Whether there is more to do.
    pub fn prepare(&self, key: K, task: impl FnOnce() -> Task<'static, T>, end: Instant) -> bool {
        let mut slot = self.slot.lock();
        let state = match slot.take().filter(|(known, _)| *known == key) {
            Some((_, MakingState::Making(task))) => until(task, end),
            Some((_, made)) => made,
            None => until(task(), end),
        };
        let more = matches!(state, MakingState::Making(_));
        *slot = Some((key, state));
        more
    }

    /// Takes what `key` names away, made to its end if it has to be.
    pub fn take(&self, key: &K, task: impl FnOnce() -> Task<'static, T>) -> T {
        // The lock must be gone before anything is made.
        let state = self.slot.lock().take_if(|(known, _)| known == key);
        match state {
            Some((_, MakingState::Made(made))) => made,
            Some((_, MakingState::Making(task))) => task.finish(),
            None => task().finish(),
        }
    }
}

/// Takes steps until `end`, but at least one.
fn until<T>(mut task: Task<'static, T>, end: Instant) -> MakingState<T> {
    loop {
        task = match task.step() {
            Ok(made) => return MakingState::Made(made),
            Err(more) => more,
        };
        if Instant::now() >= end {
            return MakingState::Making(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(product: u32) -> Task<'static, u32> {
        Task::new(move |mut budget| async move {
            budget.spend(usize::MAX).await;
            budget.spend(usize::MAX).await;
            product
        })
    }

    #[test]
    fn what_is_kept_is_made_once() {
        let kept = Kept::default();
        let now = Instant::now();
        assert!(kept.prepare(|| task(1), now) && kept.prepare(|| task(2), now));
        assert_eq!(kept.made(), None);
        assert!(!kept.prepare(|| task(3), now));
        assert_eq!((kept.made(), kept.get(|| task(4))), (Some(&1), &1));
        assert!(!kept.prepare(|| task(5), now));

        let kept = Kept::default();
        assert!(kept.prepare(|| task(1), now));
        assert_eq!(kept.get(|| task(2)), &1);
    }

    #[test]
    fn what_was_begun_is_made_in_steps_or_at_once() {
        let now = Instant::now();
        let kept = Kept::begun(task(1));
        assert!(kept.advance(now) && kept.advance(now));
        assert!(!kept.advance(now) && !kept.advance(now));
        assert_eq!(kept.whole(), Some(&1));

        let kept = Kept::begun(task(1));
        assert!(kept.advance(now));
        assert_eq!((kept.whole(), kept.whole()), (Some(&1), Some(&1)));
        assert!(!kept.advance(now));
        assert_eq!(Kept::<u32>::default().whole(), None);
    }

    #[test]
    fn what_is_given_away_is_made_for_one_key_at_a_time() {
        let given = Given::default();
        let now = Instant::now();
        while given.prepare("a", || task(1), now) {}
        assert!(!given.prepare("a", || task(2), now));
        assert_eq!(given.take(&"b", || task(3)), 3);
        assert_eq!(given.take(&"a", || task(4)), 1);
        assert_eq!(given.take(&"a", || task(5)), 5);

        assert!(given.prepare("a", || task(1), now));
        assert_eq!(given.take(&"a", || task(2)), 1);
        assert!(given.prepare("a", || task(1), now));
        assert!(given.prepare("b", || task(2), now));
        assert_eq!(given.take(&"a", || task(3)), 3);
        assert_eq!(given.take(&"b", || task(4)), 2);
    }
}
