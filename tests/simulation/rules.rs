//! What has to hold, seen from outside, beside what the engine checks itself.

use tmcp::error::Kind;
use tmcp::metrics::EvictionCause;

use crate::host::{Asked, Fate, token_of};
use crate::link::Stage;
use crate::world::World;

/// The most that an entry or a default sets for `retry_attempts`.
const MOST_RETRIES: u64 = 5;

/// Microseconds that an open may take: the default of `startup_timeout`, and a second for
/// a host that is late.
const LONGEST_OPEN: u64 = 61_000_000;

impl World {
    /// After every step.
    pub fn check(&mut self) {
        if self.failure.is_some() {
            return;
        }
        if let Err(why) = self.engine.check() {
            return self.fail(format!("inside: {why}"));
        }
        if self.host.deaf {
            return;
        }
        self.check_people();
        self.check_opens();
        let woken = std::mem::take(&mut self.host.woken);
        let soonest = self.host.pending.iter().map(|id| (self.host.records[id].due, *id)).min();
        let Some((due, id)) = soonest else { return };
        if self.engine.deadline().is_none_or(|when| when.as_micros() > due) {
            let when = self.engine.deadline();
            return self
                .fail(format!("request {id} is due at {due}, the engine sleeps until {when:?}"));
        }
        if woken && due <= self.now {
            self.fail(format!("request {id} was due at {due} and has not ended"));
        }
    }

    /// An open ends by itself or is given up by the engine.
    fn check_opens(&mut self) {
        let opening = self.links.iter().filter(|(_, link)| link.stage == Stage::Opening);
        let overdue = opening
            .map(|(id, link)| (*id, self.now - link.asked))
            .find(|(_, took)| *took > LONGEST_OPEN);
        if let Some((id, took)) = overdue {
            self.fail(format!("c{id} has been opening for {} s", took / 1_000_000));
        }
    }

    /// When everything is over: nothing is left, and every call ran as often as
    /// its caller was told.
    pub fn at_rest(&mut self) {
        if let Some(id) = self.host.pending.first() {
            let record = &self.host.records[id];
            return self.fail(format!("request {id} never ends: {record:?}"));
        }
        if let Err(why) = self.engine.check_at_rest() {
            return self.fail(format!("at rest: {why}"));
        }
        for (id, link) in &self.links {
            if link.stage != Stage::Forgotten {
                return self.fail(format!("c{id} is left {:?}", link.stage));
            }
            if link.child.as_ref().is_some_and(|child| child.alive || !child.reaped) {
                return self.fail(format!("the process of c{id} is left behind"));
            }
        }
        for (id, pipe) in &self.pipes {
            if pipe.stage != Stage::Forgotten {
                return self.fail(format!("stream {id} is left {:?}", pipe.stage));
            }
        }
        if self.counts.opened != self.counts.forgotten {
            return self.fail("connections opened and closed differ".into());
        }
        self.check_repeats();
        for (id, record) in &self.host.records {
            let Some(token) = token_of(&record.asked) else { continue };
            let ran = self.journal.get(&token).copied().unwrap_or(0);
            let wanted = match record.fate {
                _ if record.is_repeatable() => {
                    self.counts.repeats += u64::from(ran > 1);
                    0..=u32::MAX
                }
                Fate::Ok if record.asked_for("nosuch") => 0..=0,
                Fate::Ok => 1..=1,
                // Safe to repeat is what these promise.
                Fate::Failed(Kind::Io | Kind::Busy | Kind::Invalid) => 0..=0,
                Fate::Failed(_) | Fate::Cancelled => 0..=1,
                Fate::Pending => 0..=0,
            };
            if !wanted.contains(&ran) {
                let why = format!("request {id} ran {ran} times: {record:?}");
                return self.fail(why);
            }
        }
    }

    /// No storm of retries: no call runs more often than it may be tried, and all calls
    /// of a server together are not repeated more often than its budget allows.
    fn check_repeats(&mut self) {
        for index in 0..self.servers.len() {
            let name = format!("s{index}");
            let of_server = || self.host.records.values().filter(|record| record.server == name);
            // Rounds of questions run a part of a call each.
            let tokens = of_server().filter_map(|record| token_of(&record.asked));
            let whole = tokens.filter(|token| self.rounds.get(token).is_none_or(|r| r.total == 0));
            let runs = whole.map(|token| u64::from(self.journal.get(&token).copied().unwrap_or(0)));
            let most = runs.clone().max().unwrap_or(0);
            if most > 1 + MOST_RETRIES {
                return self.fail(format!("a call of {name} ran {most} times"));
            }
            let repeats: u64 = runs.map(|ran| ran.saturating_sub(1)).sum();

            let answers =
                of_server().filter(|record| record.fate != Fate::Cancelled).count() as u64;
            // A server that was removed begins with a full budget.
            let budgets = 1 + self.servers[index].removals;
            if repeats > budgets * 5 + answers / 10 + 1 {
                return self.fail(format!("{name}: {repeats} repeats, {answers} answers at most"));
            }
        }
    }

    /// Adds the engine's own numbers to the summary, and holds them against what
    /// was seen from outside.
    pub fn count_metrics(&mut self) {
        for index in 0..self.servers.len() {
            let name = format!("s{index}");
            let Ok(snapshot) = self.engine.snapshot(&name) else { continue };
            let report = &snapshot.report;
            let (pool, wire) = (report.metrics.pool, report.metrics.wire);
            let counts = &mut self.counts;
            counts.hits += pool.hits();
            counts.misses += pool.misses;
            counts.overflow += pool.overflow;
            counts.evicted_idle += pool.evictions_by(EvictionCause::Idle);
            counts.evicted_overflow += pool.evictions_by(EvictionCause::Overflow);
            counts.evicted_reload += pool.evictions_by(EvictionCause::Reload);
            counts.evicted_peer += pool.evictions_by(EvictionCause::PeerClosed);
            counts.evicted_error += pool.evictions_by(EvictionCause::Error);
            counts.evicted_abandoned += pool.evictions_by(EvictionCause::Abandoned);
            counts.late_replies += wire.late_replies;
            counts.junk_lines += wire.junk_lines;
            counts.foreign_replies += wire.foreign_replies;
            counts.duplicate_replies += wire.duplicate_replies;
            let seen = self
                .host
                .records
                .values()
                .filter(|record| record.server == name)
                // A server that was removed may have been forgotten, and its figures.
                .filter(|record| record.removals == self.servers[index].removals)
                .filter_map(|record| token_of(&record.asked))
                .filter(|token| self.begun.contains(token))
                .count() as u64;
            if pool.hits() + pool.misses < seen {
                let found = pool.hits() + pool.misses;
                return self
                    .fail(format!("{name} served {seen} calls and counts {found} acquires"));
            }
        }
    }
}

impl crate::host::Record {
    fn asked_for(&self, name: &str) -> bool {
        matches!(self.asked, Asked::Call { tool, .. } if tool == name)
    }
}
