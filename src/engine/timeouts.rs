//! What happens when a deadline has passed.

use crate::engine::connection::Connection;
use crate::engine::deadlines::{Due, Timer};
use crate::engine::{ConnectionId, Engine, RequestId};
use crate::time::Time;

/// Requests that are ended in one dispatch because their time is over.
const MAX_OVERDUE: usize = 64;

impl Engine {
    /// When `handle_timeout` is due.
    pub fn deadline(&self) -> Option<Time> {
        self.deadlines.next()
    }

    /// Time has passed. When very much is due at once, some of it stays due: ask for
    /// the deadline again.
    pub fn handle_timeout(&mut self, now: Time) {
        let mut looked_at = 0;
        while looked_at < MAX_OVERDUE {
            match self.deadlines.take_due(now) {
                Some(Due::Requests(until)) => looked_at += self.requests_due(now, until),
                Some(Due::Connections(until)) => self.connections_due(now, until),
                Some(Due::Timer(Timer::Retry(id) | Timer::Tuning(id))) => self.pump(now, id),
                Some(Due::Timer(Timer::Probe(id))) => self.probe_due(now, id),
                Some(Due::Timer(Timer::Renewal(id))) => self.renew(now, id),
                Some(Due::Timer(Timer::Changes(id))) => self.tell_changes(now, id),
                Some(Due::Timer(Timer::Breaker(id))) => self.breaker_due(now, id),
                None => return,
            }
        }
    }

    /// Notes a request's deadline after anything that may bring it forward.
    pub(super) fn note_request(&mut self, id: RequestId) {
        if let Some(request) = self.requests.get(&id) {
            self.deadlines.note_request(request.next_deadline());
        }
    }

    /// Notes a connection's deadline after anything that may bring it forward.
    pub(super) fn note_connection(&mut self, id: ConnectionId) {
        let connection = self.connections.get(&id);
        if let Some(due) = connection.and_then(|connection| self.due(connection)) {
            self.deadlines.note_connection(due);
        }
    }

    /// Finds the earliest deadline of all connections anew.
    pub(super) fn find_connections_due(&mut self) {
        let all = self.connections.values().filter_map(|connection| self.due(connection));
        let earliest = all.min();
        self.deadlines.set_connections(earliest.into_iter());
    }

    /// When something is to be done for a connection.
    pub(super) fn due(&self, connection: &Connection) -> Option<Time> {
        let state = self.server(connection.server);
        let open_limit = state.open_limit(connection.channel);
        let idle = state.limits.pool_idle_timeout;
        connection.deadline(open_limit, state.reach.idle_timeout(connection.channel, idle))
    }

    /// Ends requests that are overdue at `until`, which is not after `now`. Those
    /// that are left stay due. Returns how many were looked at.
    fn requests_due(&mut self, now: Time, until: Time) -> usize {
        let mut overdue: Vec<(Time, RequestId)> = self
            .requests
            .iter()
            .map(|(id, request)| (request.next_deadline(), id))
            .filter(|(due, _)| *due <= until)
            .collect();
        overdue.sort_unstable();
        for (_, id) in overdue.iter().take(MAX_OVERDUE) {
            self.request_timeout(now, *id);
        }
        if overdue.len() <= MAX_OVERDUE {
            self.find_requests_due();
        }
        overdue.len().min(MAX_OVERDUE)
    }

    /// Finds the earliest deadline of all requests anew.
    fn find_requests_due(&mut self) {
        let all = self.requests.iter().map(|(_, request)| request.next_deadline());
        self.deadlines.set_requests(all);
    }

    /// Does what is overdue at `until` for connections.
    fn connections_due(&mut self, now: Time, until: Time) {
        let mut overdue: Vec<(Time, ConnectionId)> = self
            .connections
            .iter()
            .filter_map(|(id, connection)| Some((self.due(connection)?, *id)))
            .filter(|(due, _)| *due <= until)
            .collect();
        overdue.sort_unstable();
        for (_, id) in overdue {
            self.connection_timeout(now, id);
        }
        self.find_connections_due();
    }
}
