//! Which streams a connection has.

use crate::time::Time;
use crate::wire::StreamId;

/// The streams of one connection beside the first, and whether the first is open.
#[derive(Debug, Default)]
pub(super) struct StreamSet {
    first_has_ended: bool,
    extra: Vec<ExtraStream>,
    /// The stream on which something came last.
    pub(super) heard: Option<StreamId>,
}

#[derive(Debug)]
struct ExtraStream {
    id: StreamId,
    state: ExtraState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExtraState {
    /// It is opened then.
    Waits(Time),
    /// It has to be open then.
    Opening(Time),
    Open,
}

impl StreamSet {
    /// Every stream that is open or being opened.
    pub(super) fn all(&self, first: StreamId) -> impl Iterator<Item = StreamId> + '_ {
        let first = (!self.first_has_ended).then_some(first);
        first.into_iter().chain(self.extra.iter().map(|stream| stream.id))
    }

    /// Whether a stream is open or being opened.
    pub(super) fn has(&self, first: StreamId, id: StreamId) -> bool {
        self.all(first).any(|stream| stream == id)
    }

    /// A stream is gone.
    pub(super) fn remove(&mut self, first: StreamId, id: StreamId) {
        self.first_has_ended |= id == first;
        self.extra.retain(|stream| stream.id != id);
    }

    /// A stream is to be opened at a time.
    pub(super) fn waits(&mut self, id: StreamId, at: Time) {
        self.extra.push(ExtraStream { id, state: ExtraState::Waits(at) });
    }

    /// A stream is being opened, which may take until then.
    pub(super) fn opening(&mut self, id: StreamId, until: Time) {
        self.extra.retain(|stream| stream.id != id);
        self.extra.push(ExtraStream { id, state: ExtraState::Opening(until) });
    }

    /// A stream is open.
    pub(super) fn opened(&mut self, id: StreamId) {
        if let Some(stream) = self.extra.iter_mut().find(|stream| stream.id == id) {
            stream.state = ExtraState::Open;
        }
    }

    /// When a stream has to be opened or open next.
    pub(super) fn deadline(&self) -> Option<Time> {
        let due = |stream: &ExtraStream| match stream.state {
            ExtraState::Waits(at) | ExtraState::Opening(at) => Some(at),
            ExtraState::Open => None,
        };
        self.extra.iter().filter_map(due).min()
    }

    /// A stream that is to be opened now.
    pub(super) fn due(&self, now: Time) -> Option<StreamId> {
        let is_due =
            |stream: &&ExtraStream| matches!(stream.state, ExtraState::Waits(at) if at <= now);
        self.extra.iter().find(is_due).map(|stream| stream.id)
    }

    /// A stream that should have been opened by now.
    pub(super) fn overdue(&self, now: Time) -> Option<StreamId> {
        let is_overdue =
            |stream: &&ExtraStream| matches!(stream.state, ExtraState::Opening(at) if at <= now);
        self.extra.iter().find(is_overdue).map(|stream| stream.id)
    }
}
