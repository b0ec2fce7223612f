//! The breakers of servers: asks them, and carries out what they say.
//!
//! What follows from a change is done at the next timeout, which is due at once, and not
//! where a request ends: the parts that end requests are in the middle of something.

use std::time::Duration;

use crate::engine::breaker::{Admission, BreakerLimits, BreakerState, CallResult, Caller, Pass};
use crate::engine::deadlines::Timer;
use crate::engine::event::Event;
use crate::engine::request::{Request, RequestKind, RequestState};
use crate::engine::server::Server;
use crate::engine::{Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error};
use crate::metrics::Outcome;
use crate::time::Time;

/// How long the engine's own probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

impl Server {
    fn breaker_limits(&self) -> BreakerLimits {
        BreakerLimits {
            failures: self.limits.breaker_failures,
            pause: Duration::from_secs(self.limits.breaker_pause.into()),
        }
    }

    /// What the breaker is now.
    pub(super) fn breaker_state(&self, now: Time) -> BreakerState {
        self.breaker.as_ref().map_or(BreakerState::Closed, |breaker| breaker.state(now))
    }

    /// The requests that wait for the breaker's probe.
    pub(super) fn held(&self) -> &[RequestId] {
        self.breaker.as_ref().map_or(&[], |breaker| breaker.held())
    }

    /// The same, taken out.
    pub(super) fn take_held(&mut self) -> Vec<RequestId> {
        self.breaker.as_mut().map(|breaker| breaker.take_held()).unwrap_or_default()
    }
}

impl Engine {
    // ----- who may call -----------------------------------------------------

    /// Asks the breaker of a server whether a request may go on. False: it waits for the
    /// probe, or has ended.
    pub(super) fn passes_breaker(&mut self, now: Time, id: RequestId, server: ServerId) -> bool {
        let state = &mut self.servers[server.0 as usize];
        let limits = state.breaker_limits();
        let Some(breaker) = &mut state.breaker else { return true };
        let Some(request) = self.requests.get_mut(&id) else { return false };
        if request.internal {
            // It is for a request that was let through, or waits for no caller.
            return true;
        }
        breaker.expire(now, limits, &mut self.random);
        let caller = match request.is_unattended() {
            true => Caller::Unattended,
            false => Caller::Person,
        };
        let probe = match breaker.admit(now, caller) {
            Admission::Granted(pass) => {
                request.pass = pass;
                self.arm_breaker(server);
                return true;
            }
            Admission::Refused(after) => {
                let error = refusal(state, after);
                self.finish(now, id, Err(error));
                return false;
            }
            Admission::Held => None,
            Admission::HeldForProbe(pass) => Some(pass),
        };
        request.state = RequestState::AwaitingBreaker;
        breaker.hold(id);
        self.note_request(id);
        if let Some(pass) = probe {
            self.send_probe(now, server, pass);
        }
        self.arm_breaker(server);
        false
    }

    /// Asks the breaker again about an unattended request that has waited for something else
    /// since it was let through. False: it waits for the probe, or has ended.
    pub(super) fn may_still_go(&mut self, now: Time, id: RequestId, server: ServerId) -> bool {
        let breaker = &self.servers[server.0 as usize].breaker;
        if breaker.as_ref().is_none_or(|breaker| breaker.is_closed()) {
            return true;
        }
        let is_unattended = self.requests.get(&id).is_some_and(Request::is_unattended);
        !is_unattended || self.passes_breaker(now, id, server)
    }

    /// Asks the server something that changes nothing.
    fn send_probe(&mut self, now: Time, server: ServerId, pass: Pass) {
        let state = self.server_mut(server);
        let name = state.name.clone();
        let lists_tools = state.breaker.as_ref().is_some_and(|breaker| breaker.probe_was_silent);
        let mut probe = Request::internal(now, name, RequestKind::Probe { lists_tools });
        probe.pass = pass;
        probe.deadline = now + PROBE_LIMIT;
        probe.state = RequestState::Queued;
        let id = self.insert(None, probe);
        self.requests.assign(id, server);
        self.note_request(id);
        self.server_mut(server).queue.push_retry(id);
        self.pump(now, server);
    }

    // ----- what came of it --------------------------------------------------

    /// Tells the breaker and the budget of retries what came of a request that has ended.
    pub(super) fn count_result(&mut self, now: Time, request: &Request, outcome: Outcome) {
        let Some(server) = request.server() else { return };
        let is_holding = self.authorizations.is_holding(&self.server(server).config);
        let state = &mut self.servers[server.0 as usize];
        if state.removed {
            return;
        }
        let is_reachable = state.pool.is_up() || state.reach.channel(&state.config).is_process();
        let result = result_of(request, outcome, is_holding, is_reachable);
        if matches!(result, CallResult::Answered | CallResult::ProbeAnswered) {
            state.retry_budget.answered();
        }
        let limits = state.breaker_limits();
        if limits.failures == 0 || state.breaker.is_none() && result == CallResult::Unknown {
            return;
        }
        let before = state.breaker_state(now);
        let breaker = state.breaker.get_or_insert_default();
        if let RequestKind::Probe { lists_tools } = request.kind {
            let is_silent =
                outcome == Outcome::Timeout && matches!(request.state, RequestState::InFlight(_));
            breaker.probe_was_silent = is_silent && !lists_tools;
        }
        if breaker.request_ended(now, request.pass, result, limits, &mut self.random) {
            self.breaker_changed(now, server, before);
        }
    }

    /// A server has failed to start, or ended soon after it.
    pub(super) fn count_failed_start(&mut self, now: Time, server: ServerId) {
        let state = &mut self.servers[server.0 as usize];
        let limits = state.breaker_limits();
        if limits.failures == 0 || state.removed {
            return;
        }
        let before = state.breaker_state(now);
        let breaker = state.breaker.get_or_insert_default();
        if breaker.start_failed(now, limits, &mut self.random) {
            self.breaker_changed(now, server, before);
        }
    }

    /// The breaker has changed, or its probe has ended: tells so, and has what follows done.
    fn breaker_changed(&mut self, now: Time, server: ServerId, before: BreakerState) {
        self.deadlines.arm(Timer::Breaker(server), Some(now));
        let state = self.server(server);
        let Some(breaker) = &state.breaker else { return };
        let (after, name) = (breaker.state(now), state.name.clone());
        match (breaker.retry_after(now), breaker.reason()) {
            (Some(pause), Some(reason)) if before != BreakerState::Open => {
                let pause = pause.as_secs_f64();
                self.note(
                    LogLevel::Warning,
                    format_args!("{name} is left alone for {pause:.1} s: {reason}"),
                );
            }
            _ if after == BreakerState::Closed && before != after => {
                self.note(LogLevel::Info, format_args!("{name} is called again"));
            }
            _ => {}
        }
        if before != after {
            let state = after.name();
            self.events.push_back(Event::BreakerChanged { server: name, state });
        }
    }

    /// Does what follows from a change of a breaker, and ends a probe that is overdue.
    pub(super) fn breaker_due(&mut self, now: Time, server: ServerId) {
        let state = &mut self.servers[server.0 as usize];
        let (limits, before) = (state.breaker_limits(), state.breaker_state(now));
        let Some(breaker) = &mut state.breaker else { return };
        if breaker.expire(now, limits, &mut self.random) {
            self.breaker_changed(now, server, before);
        }
        self.ask_again(now, server);
        for id in self.server_mut(server).take_held() {
            if self.requests.get(&id).is_some() && self.passes_breaker(now, id, server) {
                self.go_on(now, id, server);
            }
        }
        self.arm_breaker(server);
    }

    /// Asks the breaker again about the unattended requests that were let through before it
    /// opened and have not left. Those of people go on: they are told what is wrong.
    fn ask_again(&mut self, now: Time, server: ServerId) {
        let state = self.server(server);
        if state.breaker.as_ref().is_none_or(|breaker| breaker.is_closed()) {
            return;
        }
        let unattended =
            |id: &RequestId| self.requests.get(id).is_some_and(|request| request.is_unattended());
        let waiting: Vec<RequestId> = state.queue.iter().filter(unattended).collect();
        for id in waiting {
            self.server_mut(server).queue.remove(id);
            if self.passes_breaker(now, id, server) {
                self.go_on(now, id, server);
            }
        }
    }

    /// A request was put into the queue again while its server may be left alone.
    pub(super) fn requeued(&mut self, now: Time, server: ServerId) {
        if self.server(server).breaker.as_ref().is_some_and(|breaker| !breaker.is_closed()) {
            self.deadlines.arm(Timer::Breaker(server), Some(now));
        }
    }

    /// Wakes the engine when the probe is overdue, unless it wakes earlier because of a
    /// change.
    fn arm_breaker(&mut self, server: ServerId) {
        let timer = Timer::Breaker(server);
        let probe = self.server(server).breaker.as_ref().and_then(|b| b.probe_deadline());
        let earliest = [probe, self.deadlines.armed(timer)].into_iter().flatten().min();
        self.deadlines.arm(timer, earliest);
    }

    /// The entry is another one, or a person wants another try: the server may be called.
    pub(super) fn reset_breaker(&mut self, now: Time, server: ServerId) {
        let before = self.server(server).breaker_state(now);
        let Some(breaker) = &mut self.server_mut(server).breaker else { return };
        breaker.reset();
        self.breaker_changed(now, server, before);
    }
}

/// What a request that has ended says about its server.
/// `is_holding`: its requests wait for a token. `is_reachable`: it is up, or a process that
/// may take long to start.
fn result_of(
    request: &Request,
    outcome: Outcome,
    is_holding: bool,
    is_reachable: bool,
) -> CallResult {
    let is_probe = matches!(request.kind, RequestKind::Probe { .. });
    if request.internal && !is_probe {
        return CallResult::Unknown;
    }
    match outcome {
        Outcome::Ok | Outcome::ToolError | Outcome::ServerError if is_probe => {
            CallResult::ProbeAnswered
        }
        Outcome::Ok | Outcome::ToolError | Outcome::ServerError => CallResult::Answered,
        // A login is missing, and the server has said so.
        Outcome::Timeout | Outcome::Lost if request.is_reauthorized || is_holding => {
            CallResult::Unknown
        }
        // It was a person that took too long.
        Outcome::Timeout if request.open_questions > 0 => CallResult::Unknown,
        Outcome::Timeout => match request.state {
            RequestState::InFlight(_) | RequestState::AwaitingAck => CallResult::Failed,
            RequestState::Queued | RequestState::AwaitingTools if !is_reachable => {
                CallResult::Failed
            }
            RequestState::Queued if is_probe => CallResult::Failed,
            // The server starts slowly, or has no connection left for the request.
            _ => CallResult::Unknown,
        },
        Outcome::Lost => CallResult::Failed,
        Outcome::Cancelled | Outcome::Refused | Outcome::Invalid => CallResult::Unknown,
    }
}

/// Why an unattended request is not made, and when it may be.
fn refusal(server: &Server, after: Duration) -> Error {
    let seconds = after.as_micros().div_ceil(1_000_000);
    let reason = server.breaker.as_ref().and_then(|breaker| breaker.reason());
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let message =
        format!("server '{}' is left alone for now{reason}; try again in {seconds} s", server.name);
    Error::new(error::Kind::Busy, message)
}

#[cfg(test)]
mod tests;
