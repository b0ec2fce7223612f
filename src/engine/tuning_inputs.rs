//! Tells the tuning of a server what happens to its requests, and carries out what follows.
//!
//! Most servers never have two requests at a time. They have no tuning, and pay for none.

use crate::engine::connection::Purpose;
use crate::engine::deadlines::Timer;
use crate::engine::pool::Hit;
use crate::engine::request::RequestKind;
use crate::engine::tuning::{TuningInput, tool_hash};
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::time::Time;

impl Engine {
    /// A request was sent: the newest on its connection.
    pub(super) fn tuning_sent(
        &mut self,
        now: Time,
        server: ServerId,
        connection: ConnectionId,
        wire: u64,
        id: RequestId,
    ) {
        if self.server(server).tuning.is_none() && !self.begin_tuning(server, wire) {
            return;
        }
        let tool = self.tool_of(id);
        self.tune(now, server, TuningInput::Sent { now, wire, connection: connection.0, tool });
    }

    /// A request was answered. `has_run`: by a tool, which has run.
    pub(super) fn tuning_answered(
        &mut self,
        now: Time,
        server: ServerId,
        wire: u64,
        has_run: bool,
    ) {
        self.tune(now, server, TuningInput::Answered { now, wire, has_run });
    }

    /// Nobody waits for a request any more, which stays on its connection.
    pub(super) fn tuning_abandoned(&mut self, now: Time, server: ServerId, wire: u64) {
        self.tune(now, server, TuningInput::Abandoned { wire });
    }

    /// Finds the requests that are not on a connection any more.
    pub(super) fn tuning_released(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        let Some(tuning) = &self.server(server).tuning else { return };
        let exchanges = self.connections.get(&id).map(|connection| &connection.exchanges);
        let is_left = |wire: &u64| {
            exchanges.is_some_and(|all| all.iter().any(|exchange| exchange.wire == *wire))
        };
        let gone: Vec<u64> = tuning.record().on(id.0).filter(|wire| !is_left(wire)).collect();
        for wire in gone {
            self.tune(now, server, TuningInput::Gone { now, wire });
        }
    }

    /// Lets the numbers of the pool follow what was seen.
    pub(super) fn follow_tuning(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        let how = state.config.pool_tuning;
        if let Some(tuning) = &mut state.tuning {
            tuning.follow(now, how);
        }
    }

    /// Takes a connection for the first request in the queue of a server.
    pub(super) fn acquire(&mut self, now: Time, server: ServerId) -> Option<(ConnectionId, Hit)> {
        let since = self.waits_since(server);
        let state = self.server_mut(server);
        let bounds = state.tuning_bounds();
        match (&mut state.tuning, bounds) {
            (Some(tuning), Some(bounds)) => {
                let since = since.unwrap_or(now);
                let found = tuning.acquire(now, &mut state.pool, &bounds, since)?;
                debug_assert!(
                    !state.limits.is_max_in_flight_set
                        || state.pool.load(found.0) <= state.limits.max_in_flight,
                    "a tuned connection carries more than max_in_flight"
                );
                Some(found)
            }
            _ => state.pool.acquire(state.shape()),
        }
    }

    /// Sets the time at which the pool is looked at again although nothing happens.
    pub(super) fn set_tuning_timer(&mut self, now: Time, server: ServerId) {
        let state = self.server(server);
        let (Some(tuning), Some(bounds)) = (&state.tuning, state.tuning_bounds()) else {
            return self.deadlines.arm(Timer::Tuning(server), None);
        };
        let is_idle = state.pool.idle() > 1 && state.queue.is_empty();
        let halving = bounds.is_cheap && is_idle;
        let since = self.waits_since(server).filter(|_| state.pool.is_up());
        let bounds = crate::engine::tuning::TuningBounds { is_cheap: halving, ..bounds };
        let due = tuning.deadline(now, since, &bounds);
        self.deadlines.arm(Timer::Tuning(server), due);
    }

    /// Since when the first request in the queue of a server waits.
    fn waits_since(&self, server: ServerId) -> Option<Time> {
        let first = self.server(server).queue.iter().next()?;
        self.requests.get(&first).map(|request| request.enqueued)
    }

    /// Begins to watch a server if requests beside `newest` are in flight. They are told
    /// first.
    fn begin_tuning(&mut self, server: ServerId, newest: u64) -> bool {
        let mut before: Vec<TuningInput> = Vec::new();
        for member in self.server(server).pool.members() {
            let Some(connection) = self.connections.get(&member.id) else { continue };
            for exchange in &connection.exchanges {
                let (wire, connection) = (exchange.wire, member.id.0);
                let Purpose::Request(id) = exchange.purpose else { continue };
                let sent = self.requests.get(&id).and_then(|request| request.assigned);
                if let Some(now) = sent.filter(|_| wire != newest) {
                    let tool = self.tool_of(id);
                    before.push(TuningInput::Sent { now, wire, connection, tool });
                }
            }
        }
        if before.is_empty() {
            return false;
        }
        before.sort_by_key(|input| match input {
            TuningInput::Sent { now, wire, .. } => (*now, *wire),
            _ => (Time::ZERO, 0),
        });
        self.server_mut(server).tuning = Some(Box::default());
        for input in before {
            if let TuningInput::Sent { now, .. } = input {
                self.tune(now, server, input);
            }
        }
        true
    }

    /// Tells the tuning of a server an input, and the log as well.
    fn tune(&mut self, now: Time, server: ServerId, input: TuningInput) {
        let state = self.server_mut(server);
        let Some(tuning) = &mut state.tuning else { return };
        let verdict = tuning.apply(input);
        let evidence = verdict.map(|verdict| (verdict.name(), tuning.record().evidence()));
        let name = state.name.clone();
        if self.log.tells(LogLevel::Debug) {
            self.note(LogLevel::Debug, format_args!("{name} tuning: {input}"));
        }
        if let Some((verdict, why)) = evidence {
            let line = format_args!("{name} takes requests: {verdict} ({why})");
            self.note_about(now, server, LogLevel::Info, line);
        }
    }

    /// The hash of the tool that a request calls.
    fn tool_of(&self, id: RequestId) -> Option<u32> {
        match &self.requests.get(&id)?.kind {
            RequestKind::Call { tool, .. } => Some(tool_hash(tool)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::engine::testing::Bench;

    #[test]
    fn a_request_that_is_served_before_its_connection_is_up_counts_as_elided() {
        let mut bench = Bench::new(&json!({"socket_path": "/s", "era": "legacy"}));
        let elided = |bench: &Bench| bench.engine.snapshot("s").unwrap().report.metrics.pool.elided;
        bench.call("one");
        let sent = bench.sent();
        let wire = sent.last().unwrap()["id"].clone();
        bench.wait(1000);
        bench.is_unreachable = true;
        bench.call("two");
        assert_eq!((bench.sent(), elided(&bench)), (vec![], 0), "its connection is coming");
        bench.says(&json!({"jsonrpc": "2.0", "id": wire, "result": {"content": []}}));
        let sent = bench.sent();
        assert_eq!(sent.last().unwrap()["params"]["name"], "two");
        assert_eq!(elided(&bench), 1);
    }
}
