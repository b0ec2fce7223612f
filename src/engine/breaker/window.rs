//! The calls of the last half minute, and how many of them failed.

use crate::time::Time;

/// Seconds of a slot.
const SLOT: u64 = 5;
/// Slots of the window: half a minute, of which the last slot is going on.
const SLOTS: usize = 6;
/// Fewer calls than these say nothing.
const LEAST: u32 = 10;

/// Counts by slots, so that a call costs no memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// The slot of the last call, since the start of the clock.
    last: u32,
    slots: [WindowSlot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct WindowSlot {
    calls: u16,
    failed: u16,
}

impl Window {
    /// Counts a call.
    pub(super) fn count(&mut self, now: Time, failed: bool) {
        self.turn(now);
        let slot = &mut self.slots[self.last as usize % SLOTS];
        slot.calls = slot.calls.saturating_add(1);
        slot.failed = slot.failed.saturating_add(u16::from(failed));
    }

    /// How many calls failed, of how many, if that is half of them or more.
    pub(super) fn is_bad(&mut self, now: Time) -> Option<(u32, u32)> {
        self.turn(now);
        let calls = self.slots.iter().fold(0_u32, |sum, slot| sum + u32::from(slot.calls));
        let failed = self.slots.iter().fold(0_u32, |sum, slot| sum + u32::from(slot.failed));
        (calls >= LEAST && failed >= calls - failed).then_some((failed, calls))
    }

    /// Empties the slots between the last call and now.
    fn turn(&mut self, now: Time) {
        let slot = u32::try_from(now.as_micros() / (SLOT * 1_000_000)).unwrap_or(u32::MAX);
        let passed = slot.saturating_sub(self.last).min(SLOTS as u32);
        for n in 0..passed {
            self.slots[(slot - n) as usize % SLOTS] = WindowSlot::default();
        }
        self.last = self.last.max(slot);
    }
}
