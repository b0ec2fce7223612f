//! What is known of the concurrency of one server, from its sends and answers alone: the
//! same inputs make the same verdict.

use std::time::Duration;

use crate::engine::tuning::input::TuningInput;
use crate::engine::tuning::order_evidence::{OrderEvidence, OrderedPair};
use crate::engine::tuning::pool_target::PoolTarget;
use crate::engine::tuning::usual_times::UsualTimes;
use crate::engine::tuning::verdict::{self, ConcurrencyVerdict};
use crate::time::Time;

/// A request that was sent and not answered.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    wire: u64,
    connection: u64,
    sent: Time,
    /// `None`: it is no evidence.
    tool: Option<u32>,
    /// Nothing else was in flight when it was sent.
    was_alone: bool,
    /// At some moment it was the only request of its connection: it is being worked on.
    runs_here: bool,
    /// At some moment it was the only request of the server.
    runs: bool,
    /// When the last of the requests that its connection had before it was answered.
    turn_here: Option<Time>,
    /// The same of the requests that the server had before it.
    turn: Option<Time>,
    /// It was the first of its connection, and others had requests.
    is_crossing: bool,
    /// A request before it has ended without running: the times tell nothing.
    is_disturbed: bool,
}

/// The evidence about one server.
#[derive(Clone, Debug, Default)]
pub struct ConcurrencyRecord {
    /// In the order in which they were sent.
    in_flight: Vec<InFlight>,
    on_one: OrderEvidence,
    on_two: OrderEvidence,
    usual: UsualTimes,
    target: PoolTarget,
}

impl ConcurrencyRecord {
    /// Takes in what happened. Returns the new verdict if it has changed.
    pub fn apply(&mut self, input: TuningInput) -> Option<ConcurrencyVerdict> {
        let before = self.verdict();
        match input {
            TuningInput::Sent { now, wire, connection, tool } => {
                self.sent(now, wire, connection, tool);
            }
            TuningInput::Answered { now, wire, has_run } => self.ended(now, wire, has_run),
            TuningInput::Abandoned { wire } => {
                if let Some(flight) = self.in_flight.iter_mut().find(|f| f.wire == wire) {
                    flight.tool = None;
                }
            }
            TuningInput::Gone { now, wire } => self.ended(now, wire, false),
        }
        Some(self.verdict()).filter(|verdict| *verdict != before)
    }

    /// The verdict.
    pub fn verdict(&self) -> ConcurrencyVerdict {
        ConcurrencyVerdict::of(&self.on_one, &self.on_two)
    }

    /// Its evidence in one sentence.
    pub fn evidence(&self) -> String {
        verdict::sentence(&self.on_one, &self.on_two)
    }

    /// The peak of concurrent use.
    pub fn target(&self) -> &PoolTarget {
        &self.target
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: Time) {
        self.target.advance(now);
    }

    /// The ids of the requests in flight on a connection.
    pub fn on(&self, connection: u64) -> impl Iterator<Item = u64> {
        let here = self.in_flight.iter().filter(move |f| f.connection == connection);
        here.map(|f| f.wire)
    }

    /// Whether two requests are in flight on one connection.
    pub fn is_sharing(&self) -> bool {
        self.in_flight.iter().any(|f| !f.runs_here)
    }

    /// Whether a request is in flight.
    pub fn is_busy(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Connections whose only request will usually be answered within `limit`. Requests of
    /// unknown duration and those that take longer than usual are left out.
    pub fn soon_free(&self, now: Time, limit: Duration) -> impl Iterator<Item = u64> {
        self.in_flight.iter().filter_map(move |flight| {
            let usual = self.usual.usual(flight.tool?)?;
            let elapsed = now.since(flight.sent);
            let is_sole = self.on(flight.connection).count() == 1;
            let is_soon = elapsed <= usual && usual.saturating_sub(elapsed) <= limit;
            (is_sole && is_soon).then_some(flight.connection)
        })
    }

    fn sent(&mut self, now: Time, wire: u64, connection: u64, tool: Option<u32>) {
        let shares = self.on(connection).next().is_some();
        let was_alone = self.in_flight.is_empty();
        self.in_flight.push(InFlight {
            wire,
            connection,
            sent: now,
            tool,
            was_alone,
            runs_here: !shares,
            runs: was_alone,
            turn_here: None,
            turn: None,
            is_crossing: !shares && !was_alone,
            is_disturbed: false,
        });
        self.count_use(now);
    }

    fn ended(&mut self, now: Time, wire: u64, has_run: bool) {
        let Some(at) = self.in_flight.iter().position(|f| f.wire == wire) else { return };
        let flight = self.in_flight[at];
        if let Some(tool) = flight.tool.filter(|_| has_run) {
            self.judge(now, at, tool);
            if flight.was_alone {
                self.usual.sample(tool, now.since(flight.sent));
            }
        }
        self.in_flight.remove(at);
        // Idle servers keep no room for requests.
        if self.in_flight.is_empty() {
            self.in_flight = Vec::new();
        }
        let was_work = has_run && flight.tool.is_some();
        self.turns(now, at, flight.connection, was_work);
        self.count_use(now);
    }

    /// Judges the order in which the request at `at` is answered.
    fn judge(&mut self, now: Time, at: usize, tool: u32) {
        let flight = self.in_flight[at];
        let before = &self.in_flight[..at];
        let (evidence, is_overtaking, turn) = if flight.is_crossing {
            let overtaken = before.iter().any(|f| f.runs && f.tool.is_some());
            (&mut self.on_two, overtaken, flight.turn)
        } else {
            let here = before.iter().filter(|f| f.connection == flight.connection);
            let overtaken = here.clone().any(|f| f.runs_here && f.tool.is_some());
            (&mut self.on_one, overtaken, flight.turn_here)
        };
        if is_overtaking {
            evidence.overtaken();
        } else if let Some(turn) = turn.filter(|_| !flight.is_disturbed) {
            evidence.in_order(OrderedPair {
                overlap: turn.since(flight.sent),
                rest: now.since(turn),
                usual: self.usual.usual(tool),
            });
        }
    }

    /// The request at `at`, on `connection`, has ended: others may have their turn now.
    fn turns(&mut self, now: Time, at: usize, connection: u64, was_work: bool) {
        let here = self.on(connection).count();
        let all = self.in_flight.len();
        let mut earlier_here = 0;
        for (index, flight) in self.in_flight.iter_mut().enumerate() {
            let is_here = flight.connection == connection;
            if index >= at && (is_here || flight.is_crossing) {
                flight.is_disturbed |= !was_work;
                if is_here && earlier_here == 0 && !flight.runs_here {
                    flight.turn_here.get_or_insert(now);
                }
                if index == 0 && !flight.was_alone {
                    flight.turn.get_or_insert(now);
                }
            }
            flight.runs_here |= is_here && here == 1;
            flight.runs |= all == 1;
            earlier_here += usize::from(is_here);
        }
    }

    fn count_use(&mut self, now: Time) {
        self.target.set_in_use(now, u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests;
