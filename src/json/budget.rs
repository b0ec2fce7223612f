//! How much work may be done before the host gets its thread back.

/// Work that may still be done, in units of about a nanosecond on the reference
/// machine of docs/benchmarks.md.
#[derive(Debug)]
pub struct Budget {
    left: usize,
}

impl Budget {
    /// A budget of `units`, about a nanosecond each.
    pub fn new(units: usize) -> Budget {
        Budget { left: units }
    }

    /// A budget that no input exhausts.
    pub fn unlimited() -> Budget {
        Budget { left: usize::MAX }
    }

    /// Takes `units` off. The work behind one charge is bounded, so a budget may
    /// be overdrawn by that much and no more.
    #[inline]
    pub fn charge(&mut self, units: usize) {
        self.left = self.left.saturating_sub(units);
    }

    /// Whether nothing is left.
    #[inline]
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }
}
