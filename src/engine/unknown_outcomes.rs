//! Calls that may have run, and of which nobody knows. They are never repeated by
//! themselves: a person has to look.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::RequestId;
use crate::time::Time;

/// The calls that are remembered. Of more the oldest are forgotten.
const MOST: usize = 100;

/// A call whose outcome is unknown.
#[derive(Clone, Debug)]
pub struct UnknownOutcome {
    /// The request.
    pub id: RequestId,
    /// The server's name.
    pub server: Arc<str>,
    /// The tool's name.
    pub tool: Arc<str>,
    /// When the connection was lost.
    pub when: Time,
    /// From the call of the host to that.
    pub elapsed: Duration,
    /// The sentence that the caller was told.
    pub reason: String,
}

/// The last calls whose outcome is unknown, the oldest first.
#[derive(Debug, Default)]
pub(super) struct UnknownOutcomes {
    calls: VecDeque<UnknownOutcome>,
}

impl UnknownOutcomes {
    /// Remembers a call.
    pub(super) fn add(&mut self, call: UnknownOutcome) {
        if self.calls.len() == MOST {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// Those that are remembered.
    pub(super) fn iter(&self) -> impl Iterator<Item = &UnknownOutcome> {
        self.calls.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut all = UnknownOutcomes::default();
        for n in 1..=150 {
            all.add(UnknownOutcome {
                id: RequestId(n),
                server: "s".into(),
                tool: "t".into(),
                when: Time::ZERO,
                elapsed: Duration::ZERO,
                reason: String::new(),
            });
        }
        let ids: Vec<u64> = all.iter().map(|call| call.id.0).collect();
        assert_eq!(ids, (51..=150).collect::<Vec<u64>>());
    }
}
