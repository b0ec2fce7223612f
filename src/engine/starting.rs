//! What a server that is still starting means for those who wait for it.

use std::mem;

use crate::config::Era;
use crate::engine::action::{Action, OpenFailure};
use crate::engine::connection::{Connection, Phase};
use crate::engine::loss::Loss;
use crate::engine::request::State;
use crate::engine::{ConnectionId, Engine, RequestId, ServerId};
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::time::Time;

/// Commands that fetch a server before they start it, in silence when their output is
/// no terminal.
const FETCHERS: [&str; 12] =
    ["npx", "npm", "pnpx", "pnpm", "yarn", "bunx", "bun", "deno", "uvx", "uv", "pipx", "docker"];

impl Engine {
    /// A request has waited as long as its server may take to start. True: it waits
    /// on, because the server has started, or because others wait for it.
    pub(super) fn waits_on(&mut self, now: Time, id: RequestId, server: ServerId) -> bool {
        let state = &self.servers[server.0 as usize];
        let is_wanted = state.listing == Some(id) && !state.listeners.is_empty();
        let is_up = state.pool.is_up();
        let Some(request) = self.requests.get_mut(&id) else { return false };
        if is_up {
            // It waits for its turn, which has another limit.
            request.startup = None;
        } else if is_wanted {
            // Those who wait for it have deadlines of their own.
            request.heard = now;
        }
        let waits = request.next_deadline() > now;
        self.note_request(id);
        waits
    }

    /// A connection was lost before it could be used. It may have failed of the probe,
    /// or for want of it.
    pub(super) fn lost_at_the_start(
        &mut self,
        now: Time,
        connection: Connection,
        loss: Loss,
        probed: bool,
    ) {
        let server = connection.server;
        let hopeless = connection.evidence.as_ref().is_some_and(|evidence| evidence.hopeless);
        let overdue = connection.is_overdue(now);
        let advice = if overdue { self.fetcher_advice(&connection) } else { String::new() };
        let state = &mut self.servers[server.0 as usize];
        let forgotten = state.era.take().filter(|_| state.config.era.is_none());
        if forgotten.is_some() {
            // What was remembered may be why it failed.
            let identity = state.config.identity();
            self.known_eras.remove(&identity);
            self.actions.push_back(Action::Remember { identity, era: None });
        }
        let ended = loss.cause == EvictionCause::PeerClosed;
        let refused = loss.category == ErrorCategory::Handshake && !overdue;
        let otherwise = (probed || forgotten == Some(Era::Legacy)) && !hopeless && !overdue;
        if otherwise && !mem::replace(&mut state.reach.started_again, true) {
            // It may have failed of the probe, or for want of it; that is no failed try.
            state.probe_kills = probed;
            if connection.recovery_probe {
                state.recovery_probe = None;
                self.look_after_pause(now, server);
            }
            return self.pump(now, server);
        }
        // Asked otherwise it does no better: the next try asks again. What stayed silent
        // after the probe is not probed the next time.
        state.reach.started_again = false;
        state.probe_kills = probed && overdue;
        // A process that ends before it has said anything does so again, and so does one
        // that says no: whoever waits is told why rather than kept.
        let ended = ended && connection.channel.is_process();
        let permanent = hopeless || refused || ended;
        let failure = OpenFailure { message: loss.reason + &advice, permanent, crowded: false };
        let category = match loss.category {
            ErrorCategory::Lost if connection.channel.is_process() => ErrorCategory::Spawn,
            ErrorCategory::Lost => ErrorCategory::Handshake,
            other => other,
        };
        self.start_failed(now, connection, failure, category);
    }

    /// What timed out, what is known of the reason, and what may help.
    pub(super) fn timeout_message(&self, now: Time, id: RequestId) -> String {
        let Some(request) = self.requests.get(&id) else { return String::new() };
        let Some(server) = request.server() else { return request.timeout_message(now) };
        if let State::InFlight(connection) = request.state {
            let since = request.assigned.unwrap_or(request.enqueued);
            let evidence = self.connections.get(&connection).map(|c| c.evidence_since(since));
            return request.timeout_message(now) + &evidence.unwrap_or_default();
        }
        let waits = matches!(request.state, State::Queued | State::AwaitingTools);
        let state = self.server(server);
        if !waits || state.pool.is_up() {
            return request.timeout_message(now);
        }
        let starting = state
            .pool
            .members()
            .iter()
            .filter_map(|member| Some((member.id, self.connections.get(&member.id)?)))
            .filter(|(_, connection)| matches!(connection.phase, Phase::Negotiating(_)))
            .min_by_key(|(_, connection)| connection.opened);
        if let Some((id, connection)) = starting {
            let over = request.time_is_over(now).replace(" without progress", "");
            let (awaited, advice) = (connection.awaited(id), self.fetcher_advice(connection));
            return format!("{over}, still starting: {awaited}{advice}");
        }
        let mut message = request.timeout_message(now);
        if let Some((why, when)) = &state.failed_start {
            if *when >= request.enqueued {
                message += &format!("; last try: {why}");
            }
        }
        message
    }

    /// What may help when a command that downloads its server has said nothing yet:
    /// empty, or behind a semicolon.
    fn fetcher_advice(&self, connection: &Connection) -> String {
        let silent = connection.evidence.is_none() && connection.channel.is_process();
        let command = self.server(connection.server).config.command.as_ref().filter(|_| silent);
        let program = command.map(|command| command.program.rsplit('/').next().unwrap_or_default());
        match program.filter(|program| FETCHERS.contains(program)) {
            Some(program) => format!(
                "; {program} may still have been downloading it: call again, or set a longer \
                 \"startup_timeout\""
            ),
            None => String::new(),
        }
    }
}

impl Connection {
    /// What a server that is starting has not done yet, and what it printed instead.
    fn awaited(&self, id: ConnectionId) -> String {
        let Phase::Negotiating(negotiation) = &self.phase else { return String::new() };
        let mut text = format!("no answer to {}", negotiation.awaited());
        text += &self.last_words();
        if self.evidence.as_deref().is_none_or(|evidence| !evidence.has_output()) {
            let unfinished = self.wire.held(id.first_stream()).text;
            if !unfinished.is_empty() {
                let line = String::from_utf8_lossy(&unfinished[..unfinished.len().min(200)]);
                text += &format!("; stdout: {}", super::evidence::plain(&line));
            }
        }
        text + negotiation.advice()
    }
}
