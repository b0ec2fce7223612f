//! Which link the host's next wake-up is about, without asking the poll.
//!
//! When a request has left on one link and on no other, the descriptor becomes
//! readable because of its answer, nearly always. Reading there first saves the
//! question to the poll, which costs as much as the read.
//!
//! A wrong speculative_read costs one read that finds nothing. It loses nothing: the poll
//! keeps the events that it was not asked for, and as long as it has one the
//! descriptor is readable.
//!
//! Invariants: a speculative_read is followed once; after [`RUN`] of them the poll is asked,
//! so that a busy link keeps nobody else waiting for long.

use crate::engine::StreamId;

/// Turns in a row in which the poll need not be asked.
const RUN: u32 = 8;

/// What was written since the poll was asked or a speculative_read was followed.
#[derive(Debug, Default)]
pub(super) struct SpeculativeRead {
    written: Written,
    run: u32,
}

#[derive(Debug, Default)]
enum Written {
    #[default]
    Nowhere,
    To(StreamId),
    ToSeveral,
}

impl SpeculativeRead {
    /// Bytes have left on a link.
    pub(super) fn wrote(&mut self, id: StreamId) {
        self.written = match self.written {
            Written::Nowhere => Written::To(id),
            Written::To(only) if only == id => Written::To(id),
            Written::To(_) | Written::ToSeveral => Written::ToSeveral,
        };
    }

    /// The link to be read before the poll is asked; `None`: ask the poll.
    pub(super) fn follow(&mut self) -> Option<StreamId> {
        match std::mem::take(&mut self.written) {
            Written::To(id) if self.run < RUN => {
                self.run += 1;
                Some(id)
            }
            _ => {
                self.run = 0;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: StreamId = StreamId(1);
    const B: StreamId = StreamId(2);

    #[test]
    fn it_is_about_the_only_link_that_was_written_to_and_followed_once() {
        let mut speculative_read = SpeculativeRead::default();
        assert_eq!(speculative_read.follow(), None);
        speculative_read.wrote(A);
        speculative_read.wrote(A);
        assert_eq!(speculative_read.follow(), Some(A));
        assert_eq!(speculative_read.follow(), None);
        speculative_read.wrote(A);
        speculative_read.wrote(B);
        speculative_read.wrote(B);
        assert_eq!(speculative_read.follow(), None);
        speculative_read.wrote(B);
        assert_eq!(speculative_read.follow(), Some(B));
    }

    #[test]
    fn the_poll_is_asked_now_and_then_however_busy_one_link_is() {
        let mut speculative_read = SpeculativeRead::default();
        let followed = (0..90).filter(|_| {
            speculative_read.wrote(A);
            speculative_read.follow().is_some()
        });
        assert_eq!(followed.count(), 80);
    }
}
