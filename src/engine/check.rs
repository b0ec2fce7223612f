//! The engine's invariants, checked by the simulator after every step.

use std::collections::HashMap;

use crate::engine::connection::{Phase, Purpose};
use crate::engine::deadlines::Timer;
use crate::engine::pool::PooledConnection;
use crate::engine::request::{RequestKind, RequestState};
use crate::engine::{Engine, RequestId, ServerId};

impl Engine {
    /// Checks everything the module doc promises about one moment. Costs time in
    /// proportion to everything there is: for tests.
    ///
    /// # Errors
    /// A sentence that names what does not hold.
    pub fn check(&self) -> Result<(), String> {
        let mut places: HashMap<RequestId, usize> = HashMap::new();
        for (index, server) in self.servers.iter().enumerate() {
            let name = &server.name;
            server.pool.check().map_err(|why| format!("pool of {name}: {why}"))?;
            let waiting = server.tools.waiting().iter().chain(server.subscriptions.unconfirmed());
            let waiting = waiting.chain(server.held());
            self.check_breaker(ServerId(index as u32))?;
            for id in server.queue.iter().chain(waiting.copied()) {
                *places.entry(id).or_default() += 1;
            }
            if server.removed && !(server.queue.is_empty() && server.tools.waiting().is_empty()) {
                return Err(format!("{name} was removed and is waited for"));
            }
            // Those that wait are served once all of a configuration is in force.
            if !server.queue.is_empty() && !self.servers.is_changing() {
                let shape = server.shape();
                let usable = server
                    .pool
                    .members()
                    .iter()
                    .any(|member| member.ready && !member.retiring && member.has_room(shape));
                let coming = server.pool.connecting() > 0
                    || self.deadlines.armed(Timer::Retry(ServerId(index as u32))).is_some()
                    || server.reach.is_held()
                    || server.pool.is_full(server.shape());
                if usable || !(coming || server.pool.is_up()) {
                    return Err(format!(
                        "{} wait for {name} and nothing comes",
                        server.queue.len()
                    ));
                }
            }
            let members = server.pool.members();
            let staying = members.iter().filter(|m| m.ready && !m.retiring);
            if server.queue.is_empty()
                && staying.clone().any(|member| member.load == 0)
                && staying.count() > server.shape().size
            {
                return Err(format!("{name} keeps an idle connection beyond its pool's size"));
            }
            self.check_tuning(ServerId(index as u32))?;
            let connections = || self.connections.values().filter(|c| c.server.0 as usize == index);
            let alive = connections().filter(|c| c.was_usable()).count() as u64;
            let metrics = &server.metrics;
            let made = metrics.connection_time().count();
            let gone: u64 = metrics.pool.evictions.iter().sum();
            if made != alive + gone {
                return Err(format!("{name}: of {made} connections {alive} live, {gone} went"));
            }
            for member in server.pool.members() {
                let Some(connection) = self.connections.get(&member.id) else {
                    return Err(format!("{name}: {member:?} is no connection"));
                };
                let load = connection
                    .exchanges
                    .iter()
                    .filter(|exchange| !matches!(exchange.purpose, Purpose::Handshake(_)))
                    .count();
                if member.load as usize != load {
                    return Err(format!("{name}: {member:?} carries {load}"));
                }
                if matches!(connection.phase, Phase::Closing { .. }) {
                    return Err(format!("{name}: {member:?} is being closed"));
                }
            }
        }
        for (id, connection) in &self.connections {
            for exchange in &connection.exchanges {
                if let Purpose::Request(request) = exchange.purpose {
                    *places.entry(request).or_default() += 1;
                }
            }
            if let Some(due) =
                self.due(connection).filter(|due| self.deadlines.misses_connection(*due))
            {
                return Err(format!("{id:?} is due {due:?}, not {:?}", self.deadlines));
            }
        }
        for (id, request) in self.requests.iter() {
            let here = places.remove(&id).unwrap_or_default();
            let nowhere = matches!(
                request.state,
                RequestState::AwaitingConfig | RequestState::Asking | RequestState::Joining(_)
            );
            if matches!(request.state, RequestState::Joining(_)) != self.joining.contains(&id) {
                return Err(format!("{id:?} ({:?}) has lost its turn", request.state));
            }
            let wanted = usize::from(!nowhere);
            if here != wanted {
                return Err(format!("{id:?} ({:?}) is in {here} places", request.state));
            }
            let due = request.next_deadline();
            if self.deadlines.misses_request(due) {
                return Err(format!("{id:?} is due {due:?}, not {:?}", self.deadlines));
            }
        }
        match places.into_iter().next() {
            Some((id, here)) => Err(format!("{id:?} has ended and is still in {here} places")),
            None => Ok(()),
        }
    }

    /// Checks what the breaker of a server promises.
    fn check_breaker(&self, id: ServerId) -> Result<(), String> {
        let server = self.server(id);
        let Some(breaker) = &server.breaker else { return Ok(()) };
        let name = &server.name;
        let of_server = || self.requests.iter().filter(move |(_, r)| r.server() == Some(id));
        let probes = of_server().filter(|(_, request)| {
            let may_run = !matches!(request.state, RequestState::AwaitingBreaker);
            may_run && breaker.is_probe(request.pass)
        });
        if probes.count() > 1 {
            return Err(format!("the breaker of {name} lets two through at once"));
        }
        let due = self.deadlines.armed(Timer::Breaker(id));
        let own = of_server()
            .any(|(_, r)| matches!(r.kind, RequestKind::Probe { .. }) && breaker.is_probe(r.pass));
        match breaker.probe_deadline() {
            Some(deadline) if due.is_none_or(|due| due > deadline) => {
                return Err(format!("the probe of {name} has no end"));
            }
            None if own => return Err(format!("{name} is probed for nothing")),
            None if due.is_none() && !breaker.held().is_empty() => {
                return Err(format!("{} wait for a probe of {name}", breaker.held().len()));
            }
            _ => {}
        }
        // A change is followed up at once, by a timer that is due.
        let let_through = server.queue.iter().filter_map(|id| self.requests.get(&id));
        let let_through = let_through.filter(|request| request.is_unattended()).count();
        if let_through > 0 && !breaker.is_closed() && due.is_none() {
            return Err(format!("{name} is left alone, and {let_through} wait for it"));
        }
        Ok(())
    }

    /// Checks that a tuned pool keeps to the numbers of the entry, and that no request waits
    /// for a serial server for ever. The numbers are read from the entry itself.
    fn check_tuning(&self, id: ServerId) -> Result<(), String> {
        let server = self.server(id);
        let Some(bounds) = server.tuning_bounds() else { return Ok(()) };
        let (name, settings) = (&server.name, &server.config.settings);
        let members = server.pool.members();
        let staying = members.iter().filter(|m| !m.retiring);
        // A process that stood in for a socket has numbers of its own.
        let is_own = |m: &&PooledConnection| {
            self.connections.get(&m.id).is_some_and(|c| c.channel == server.config.transport)
        };
        let count = staying.clone().filter(is_own).count();
        if settings.pool_max_size.is_some_and(|most| count > most as usize) {
            return Err(format!("{name} is tuned to {count} connections"));
        }
        let Some(tuning) = &server.tuning else { return Ok(()) };
        let on_wire: usize = members
            .iter()
            .filter_map(|member| self.connections.get(&member.id))
            .flat_map(|connection| &connection.exchanges)
            .filter(|exchange| matches!(exchange.purpose, Purpose::Request(_)))
            .count();
        let known = members.iter().flat_map(|member| tuning.record().on(member.id.0)).count();
        if known < on_wire {
            return Err(format!("{name}: {known} of {on_wire} requests are known to the tuning"));
        }
        let has_room =
            |m: &&PooledConnection| m.ready && !m.retiring && m.load - m.held < bounds.in_flight;
        let waits = !server.queue.is_empty() && !self.servers.is_changing();
        if waits
            && tuning.is_serial()
            && server.pool.connecting() == 0
            && members.iter().any(|member| has_room(&member))
            && self.deadlines.armed(Timer::Tuning(id)).is_none()
        {
            return Err(format!("{name} is taken for a serial server, and a call waits for ever"));
        }
        Ok(())
    }

    /// Checks that nothing is left: no request, connection, timer, action or
    /// event. For tests, after the last server was removed.
    ///
    /// # Errors
    /// A sentence that names what is left.
    pub fn check_at_rest(&self) -> Result<(), String> {
        if let Some((id, request)) = self.requests.iter().next() {
            return Err(format!("{id:?} is left, {:?}", request.state));
        }
        if let Some((id, connection)) = self.connections.iter().next() {
            return Err(format!("{id:?} is left, {:?}", connection.phase));
        }
        if let Some(when) = self.deadline() {
            return Err(format!("a timer is left, due {when:?}"));
        }
        if !self.actions.is_empty() || !self.events.is_empty() {
            return Err(format!("left: {:?}, {:?}", self.actions, self.events));
        }
        for server in self.servers.iter() {
            let name = &server.name;
            if !server.queue.is_empty() {
                return Err(format!("{name} has requests waiting"));
            }
            if !server.pool.members().is_empty() {
                return Err(format!("{name} has connections"));
            }
            if !server.reach.is_at_rest() {
                return Err(format!("{name} has a daemon, or probes its socket"));
            }
            if !server.tools.is_at_rest() {
                return Err(format!("{name} still lists its tools"));
            }
        }
        Ok(())
    }
}
