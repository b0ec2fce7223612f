//! How much of a message has left us, which decides what may be sent again.

/// How much of a request has left us.
///
/// A codec says by a [`Ticket`](super::Ticket) which bytes decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing: it can go anywhere.
    Unsent,
    /// A part, without its end: safe on another connection, never on this one.
    Torn,
    /// All of it: it may have run.
    Sent,
}

impl Delivery {
    /// Whether the request may be sent again after its connection was lost.
    /// `repeatable` is true for read-only methods and for tools that the user
    /// declared idempotent.
    pub fn may_retry(self, repeatable: bool) -> bool {
        self != Delivery::Sent || repeatable
    }
}
