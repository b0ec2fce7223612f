//! Requests that wait for a server that is starting: how long, and what they are told
//! when their time is over.

use crate::engine::connection::{Connection, Phase};
use crate::engine::request::RequestState;
use crate::engine::{ConnectionId, Engine, RequestId, ServerId};
use crate::time::Time;

/// Commands that download a server before they start it, and print nothing meanwhile
/// unless their output is a terminal.
const FETCHERS: [&str; 12] =
    ["npx", "npm", "pnpx", "pnpm", "yarn", "bunx", "bun", "deno", "uvx", "uv", "pipx", "docker"];

impl Engine {
    /// A request has waited for `startup_timeout`. True: it goes on waiting, because the
    /// server has started, or because other requests wait for this one.
    pub(super) fn goes_on_waiting(&mut self, now: Time, id: RequestId, server: ServerId) -> bool {
        let state = &self.servers[server.0 as usize];
        let has_listeners = state.tools.is_awaited(id);
        let is_up = state.pool.is_up();
        let Some(request) = self.requests.get_mut(&id) else { return false };
        if is_up {
            // The request waits for a connection, which has another limit.
            request.startup = None;
        } else if has_listeners {
            // The requests that wait for this one have deadlines of their own.
            request.heard = now;
        }
        let waits = request.next_deadline() > now;
        self.note_request(id);
        waits
    }

    /// The message of a request that has timed out: what it waited for, the evidence, and
    /// advice.
    pub(super) fn timeout_message(&self, now: Time, id: RequestId) -> String {
        let Some(request) = self.requests.get(&id) else { return String::new() };
        let Some(server) = request.server() else { return request.timeout_message(now) };
        if let RequestState::InFlight(connection) = request.state {
            let since = request.assigned.unwrap_or(request.enqueued);
            let evidence = self.connections.get(&connection).map(|c| c.evidence_since(since));
            return request.timeout_message(now) + &evidence.unwrap_or_default();
        }
        let waits = matches!(request.state, RequestState::Queued | RequestState::AwaitingTools);
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
        if let Some(why) = state.reach.failure_since(request.enqueued) {
            message += &format!("; last try: {why}");
        }
        message
    }

    /// Advice for a command that downloads its server and has printed nothing yet: empty,
    /// or behind a semicolon.
    pub(super) fn fetcher_advice(&self, connection: &Connection) -> String {
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
    /// Which request of the handshake is unanswered, and what the server has printed.
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
