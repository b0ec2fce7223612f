//! The requests that wait for a connection to one server, in the order in which they
//! get one.

use std::collections::VecDeque;

use crate::config::{ConnectCost, Transport};
use crate::engine::RequestId;

/// Requests that may wait for a process.
const PROCESS_LIMIT: usize = 128;
/// Requests that may wait for connections that cost a descriptor: those are many, and are
/// opened on demand.
const DESCRIPTOR_LIMIT: usize = 1024;

/// The queue of one server.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<RequestId>,
}

impl Queue {
    /// How many requests may wait for a server of this transport.
    pub(super) fn limit(transport: Transport) -> usize {
        match transport.connect_cost() {
            ConnectCost::Descriptor | ConnectCost::Session => DESCRIPTOR_LIMIT,
            ConnectCost::Process => PROCESS_LIMIT,
        }
    }

    /// Puts a request behind the others.
    pub(super) fn push(&mut self, id: RequestId) {
        self.waiting.push_back(id);
    }

    /// Puts a request whose last try failed before the others.
    pub(super) fn push_retry(&mut self, id: RequestId) {
        self.waiting.push_front(id);
    }

    /// Takes the first request out.
    pub(super) fn pop(&mut self) -> Option<RequestId> {
        self.waiting.pop_front()
    }

    /// Takes a request out wherever it is.
    pub(super) fn remove(&mut self, id: RequestId) {
        self.waiting.retain(|other| *other != id);
    }

    /// Takes all requests out.
    pub(super) fn take_all(&mut self) -> Vec<RequestId> {
        self.waiting.drain(..).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The requests, the next to get a connection first.
    pub(super) fn iter(&self) -> impl Iterator<Item = RequestId> + Clone {
        self.waiting.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_come_first_and_the_others_in_their_order() {
        let mut queue = Queue::default();
        for n in 1..=3 {
            queue.push(RequestId(n));
        }
        queue.push_retry(RequestId(4));
        queue.remove(RequestId(2));
        assert_eq!(queue.len(), 3);
        assert_eq!(queue.pop(), Some(RequestId(4)));
        assert_eq!(queue.take_all(), [RequestId(1), RequestId(3)]);
        assert!(queue.is_empty() && queue.pop().is_none());
    }
}
