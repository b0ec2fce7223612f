//! How far the events of a body have come, so that the rest can be asked for on another stream
//! (2025-11-25, "Resumability and Redelivery").

use std::time::Duration;

/// The pause before the next try when the server has not asked for one.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that is made because of tries that brought nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause that a server can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(600);
/// The longest id that is kept, in bytes.
const LONGEST_ID: usize = 1024;
/// Tries in a row that bring no event before a request counts as lost.
const TRIES: u32 = 10;

/// A place in the events of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EventPlace {
    /// The id of the last event that has one; empty: there is none.
    id: Vec<u8>,
    /// `retry`: the pause that the server asks for.
    pause: Option<Duration>,
    /// Streams in a row that brought nothing.
    tries: u32,
    /// Something came since.
    has_brought: bool,
}

impl EventPlace {
    /// `Last-Event-ID`.
    pub(super) fn id(&self) -> Option<&[u8]> {
        Some(&*self.id).filter(|id| !id.is_empty())
    }

    /// Whether the answer to a request can still be asked for.
    pub(super) fn leads_on(&self) -> bool {
        !self.id.is_empty() && self.tries < TRIES
    }

    /// The pause before the rest is asked for.
    pub(super) fn pause(&self) -> Duration {
        let grown = PAUSE.saturating_mul(1 << self.tries.min(8)).min(LONGEST_PAUSE);
        match self.pause {
            Some(asked) if self.tries == 0 => asked,
            Some(asked) => asked.max(grown),
            None => grown,
        }
    }

    /// The pause that the server has asked for.
    #[cfg(test)]
    pub(super) fn asked_pause(&self) -> Option<Duration> {
        self.pause
    }

    /// The server asks for a pause of so many milliseconds.
    pub(super) fn set_pause(&mut self, ms: u64) {
        self.pause = Some(Duration::from_millis(ms).min(LONGEST_ASKED));
    }

    /// A message came, perhaps without an id.
    pub(super) fn bring(&mut self) {
        self.has_brought = true;
    }

    /// An event with this id is whole.
    pub(super) fn pass(&mut self, id: Vec<u8>) {
        self.id = if id.len() > LONGEST_ID { Vec::new() } else { id };
    }

    /// The place after another stream that has ended, and how far that came.
    pub(super) fn after(
        mut self: Box<EventPlace>,
        further: Option<Box<EventPlace>>,
    ) -> Box<EventPlace> {
        let Some(mut further) = further else {
            self.tries += 1;
            return self;
        };
        further.pause = further.pause.or(self.pause);
        if further.id.is_empty() {
            further.id = std::mem::take(&mut self.id);
            further.tries = if further.has_brought { 0 } else { self.tries + 1 };
        }
        further
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: &str, ms: Option<u64>) -> Box<EventPlace> {
        let mut place = Box::<EventPlace>::default();
        place.pass(id.as_bytes().to_vec());
        ms.into_iter().for_each(|ms| place.set_pause(ms));
        place
    }

    #[test]
    fn the_pause_is_the_one_that_was_asked_for_until_tries_bring_nothing() {
        let seconds = |place: &EventPlace| place.pause().as_secs_f32();
        assert_eq!(seconds(&place("a", None)), 1.0);
        let mut tried = place("a", Some(500));
        assert_eq!(seconds(&tried), 0.5);
        tried = tried.after(None).after(Some(place("", None)));
        assert_eq!((seconds(&tried), tried.id()), (4.0, Some(&b"a"[..])));
        tried = tried.after(Some(place("b", None)));
        assert_eq!((seconds(&tried), tried.id()), (0.5, Some(&b"b"[..])));
        assert_eq!(seconds(&place("a", Some(u64::MAX))), 600.0);
        let mut brings = place("", None);
        brings.bring();
        assert_eq!(seconds(&tried.after(None).after(Some(brings))), 0.5);
        let mut barren = place("a", None);
        for _ in 0..TRIES {
            assert!(barren.leads_on());
            barren = barren.after(None);
        }
        assert_eq!((seconds(&barren), barren.leads_on()), (30.0, false));
    }

    #[test]
    fn an_id_that_is_too_long_leads_nowhere() {
        assert!(!place(&"x".repeat(LONGEST_ID + 1), None).leads_on());
        assert!(!place("", None).leads_on());
    }
}
