//! Calls of the last minute, as a line of eight bars.
//!
//! Separate from the windows, whose slots last a minute. Nothing rotates: a slot
//! knows its turn and is emptied by the first record of a later one, so an idle
//! server needs no wake-up, and a record costs an addition.

use crate::time::Time;

/// Bars in a line, and slots in the ring.
const BARS: usize = 8;
/// A slot in microseconds: eight make a minute.
const SLOT_US: u64 = 60_000_000 / BARS as u64;
/// Nothing, then more and more.
const GLYPHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Counts of the last minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pulse {
    /// The turn plus one, 0 for a slot that was never used; and its count.
    slots: [(u64, u32); BARS],
}

impl Pulse {
    /// Counts one call.
    pub fn beat(&mut self, now: Time) {
        let turn = now.as_micros() / SLOT_US;
        // The remainder is below the length.
        let slot = &mut self.slots[(turn % BARS as u64) as usize];
        // A clock that went back keeps counting in the later slot.
        if slot.0 < turn + 1 {
            *slot = (turn + 1, 0);
        }
        slot.1 = slot.1.saturating_add(1);
    }

    /// The counts, oldest first; the last is still going on.
    pub fn counts(&self, now: Time) -> [u32; BARS] {
        let turn = now.as_micros() / SLOT_US;
        let mut counts = [0; BARS];
        for (age, count) in (0..BARS as u64).rev().zip(&mut counts) {
            let Some(turn) = turn.checked_sub(age) else { continue };
            let (when, beats) = self.slots[(turn % BARS as u64) as usize];
            if when == turn + 1 {
                *count = beats;
            }
        }
        counts
    }
}

/// The counts of several together as bars, the highest as high as bars are.
pub(super) fn line<'a>(pulses: impl Iterator<Item = &'a Pulse>, now: Time) -> String {
    let mut counts = [0; BARS];
    for pulse in pulses {
        for (sum, count) in counts.iter_mut().zip(pulse.counts(now)) {
            *sum += u64::from(count);
        }
    }
    let most = counts.into_iter().max().unwrap_or(0);
    let bar = |count: u64| match count {
        0 => GLYPHS[0],
        // At least the second bar: a lone call must be seen. At most the last.
        count => GLYPHS[1 + (count * 6 / most) as usize],
    };
    counts.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Time {
        Time::from_micros(1_000_000_007 + (seconds * 1e6) as u64)
    }

    fn line(pulse: &Pulse, now: Time) -> String {
        super::line(std::iter::once(pulse), now)
    }

    #[test]
    fn the_line_moves_with_the_time_and_forgets_after_a_minute() {
        let mut pulse = Pulse::default();
        assert_eq!(line(&pulse, at(0.0)), "▁▁▁▁▁▁▁▁");
        for _ in 0..12 {
            pulse.beat(at(0.0));
        }
        pulse.beat(at(15.0));
        assert_eq!(line(&pulse, at(15.0)), "▁▁▁▁▁█▁▂");
        assert_eq!(line(&pulse, at(37.5)), "▁▁█▁▂▁▁▁");
        assert_eq!(pulse.counts(at(59.0)).iter().sum::<u32>(), 1);
        assert_eq!(line(&pulse, at(80.0)), "▁▁▁▁▁▁▁▁");
        assert_eq!(line(&pulse, at(1e6)), "▁▁▁▁▁▁▁▁");
    }

    #[test]
    fn a_clock_that_went_back_and_the_first_instant_do_no_harm() {
        let mut pulse = Pulse::default();
        pulse.beat(at(60.0));
        pulse.beat(at(0.0));
        pulse.beat(Time::ZERO);
        assert_eq!(pulse.counts(Time::ZERO).len(), BARS);
        assert_eq!(pulse.counts(at(60.0))[BARS - 1], 2);
    }
}
