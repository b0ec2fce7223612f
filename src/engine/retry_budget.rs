//! How often calls may be sent again to a server that may have run them.
//!
//! Tokens are taken by retries and given by answers, so that a server that fails all the
//! time gets few requests more than callers make. What never left the client is sent
//! again without a token.

/// Tenths of a token that a server has at first, and at most.
const FULL: u8 = 100;
/// A retry is made only above this.
const FLOOR: u8 = 50;
/// What a retry costs.
const COST: u8 = 10;

/// The tokens of one server, in tenths.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryBudget(u8);

impl Default for RetryBudget {
    fn default() -> RetryBudget {
        RetryBudget(FULL)
    }
}

impl RetryBudget {
    /// Takes a token for a retry. False: there is none, and the call fails.
    pub(super) fn take(&mut self) -> bool {
        let may = self.0 > FLOOR;
        if may {
            self.0 -= COST;
        }
        may
    }

    /// The server has answered.
    pub(super) fn answered(&mut self) {
        self.0 = (self.0 + 1).min(FULL);
    }

    /// Tokens left, in tenths.
    #[cfg(test)]
    fn tenths(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_retries_at_once_and_then_one_for_ten_answers() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..20).filter(|_| budget.take()).count(), 5);
        for _ in 0..9 {
            budget.answered();
        }
        assert!(budget.take(), "above the floor");
        assert!(!budget.take());
        for _ in 0..2000 {
            budget.answered();
        }
        assert_eq!(budget.tenths(), FULL);
    }
}
