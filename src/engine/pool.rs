//! Which connections a server has, and who gets one. Policy only: no bytes, no
//! timers, no requests.
//!
//! Acquire, in this order: an idle connection, most recently used first; room
//! on a live one; else the caller waits, and the pool says whether a connection
//! is to be opened for it. Last used, first reused lets the others age, so that
//! a pool shrinks after a burst.
//!
//! Invariants:
//! * `idle` holds exactly the ready members without load, each once;
//! * none is opened beyond [`CEILING`] members, those that retire included, unless
//!   `size` itself is larger; what is beyond `size` is overflow, and the first
//!   one that falls idle is closed;
//! * a member that retires takes no more load.

use crate::engine::ConnectionId;

/// Connections that a server may have in all, overflow included.
pub const CEILING: usize = 32;

/// Whether a connection beyond the pool's size is closed when its last request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surplus {
    /// It is closed.
    Closes,
    /// It stays: requests wait for it, or it has subscriptions.
    Stays,
}

/// One connection as the pool sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PooledConnection {
    /// The connection.
    pub id: ConnectionId,
    /// Requests on it, abandoned ones included.
    pub load: u32,
    /// Those among them that never end by themselves: they take no room from others.
    pub held: u32,
    /// It can take requests.
    pub ready: bool,
    /// It is closed after use, whatever the pool's size.
    pub retiring: bool,
}

/// How a request got its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// It was idle.
    Idle,
    /// It was busy and had room.
    Shared,
}

/// What to open for a request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A connection of the pool.
    Base,
    /// One beyond the pool's size.
    Overflow,
}

/// The numbers that the policy depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Connections to keep.
    pub size: usize,
    /// Requests on one connection.
    pub in_flight: u32,
    /// A full pool opens more instead of queueing.
    pub overflow: bool,
    /// Connections that do not retire, overflow included.
    pub most: usize,
    /// The server is failing: one try at a time.
    pub cautious: bool,
}

impl PooledConnection {
    /// Whether it can take one more request.
    pub fn has_room(&self, shape: Shape) -> bool {
        self.load - self.held < shape.in_flight
    }
}

/// The connections of one server.
#[derive(Debug, Default)]
pub struct Pool {
    members: Vec<PooledConnection>,
    idle: Vec<ConnectionId>,
}

impl Pool {
    /// A connection is being opened.
    pub fn open(&mut self, id: ConnectionId) {
        self.members.push(PooledConnection { id, load: 0, held: 0, ready: false, retiring: false });
    }

    /// It can take requests.
    pub fn ready(&mut self, id: ConnectionId) {
        if let Some(member) = self.member_mut(id) {
            if !member.ready && !member.retiring {
                member.ready = true;
                self.idle.push(id);
            }
        }
    }

    /// Takes a connection for one request.
    pub fn acquire(&mut self, shape: Shape) -> Option<(ConnectionId, Hit)> {
        if let Some(id) = self.idle.pop() {
            // Every idle connection is a member.
            self.member_mut(id)?.load = 1;
            return Some((id, Hit::Idle));
        }
        let member = self
            .members
            .iter_mut()
            .filter(|m| m.ready && !m.retiring && m.load > 0 && m.has_room(shape))
            .min_by_key(|member| member.load)?;
        member.load += 1;
        Some((member.id, Hit::Shared))
    }

    /// One more request on a connection, beside fewer than `limit` others. False: it takes
    /// none.
    pub fn share(&mut self, id: ConnectionId, limit: u32) -> bool {
        let Some(member) = self.member_mut(id) else { return false };
        let has_room = member.load > 0 && member.load - member.held < limit;
        if !member.ready || member.retiring || !has_room {
            return false;
        }
        member.load += 1;
        true
    }

    /// The same on the connection with the fewest requests.
    pub fn share_least(&mut self, limit: u32) -> Option<ConnectionId> {
        let usable = self.members.iter().filter(|member| member.ready && !member.retiring);
        let id = usable.min_by_key(|member| member.load - member.held)?.id;
        self.share(id, limit).then_some(id)
    }

    /// One more request on a connection, of a kind that never ends by itself.
    pub fn occupy(&mut self, id: ConnectionId) {
        self.idle.retain(|other| *other != id);
        if let Some(member) = self.member_mut(id) {
            member.load += 1;
            member.held += 1;
        }
    }

    /// A request that never ends by itself has ended; `release` comes next.
    pub fn vacate(&mut self, id: ConnectionId) {
        if let Some(member) = self.member_mut(id) {
            member.held = member.held.saturating_sub(1);
        }
    }

    /// One request less on a connection. True: it has none left and is to be closed.
    pub fn release(&mut self, id: ConnectionId, surplus: Surplus, shape: Shape) -> bool {
        let beyond = self.usable() > shape.size && surplus == Surplus::Closes;
        let Some(member) = self.member_mut(id) else { return false };
        member.load = member.load.saturating_sub(1);
        if member.load > 0 {
            return false;
        }
        if member.retiring || beyond {
            return true;
        }
        self.idle.push(id);
        false
    }

    /// An idle connection beyond the pool's size, the one used longest ago: an
    /// overflow connection that came too late, or one of a pool that was made smaller.
    /// One without subscriptions goes first.
    pub fn surplus(
        &self,
        shape: Shape,
        has_subscriptions: impl Fn(ConnectionId) -> bool,
    ) -> Option<ConnectionId> {
        if self.usable() <= shape.size {
            return None;
        }
        self.idle.iter().find(|id| !has_subscriptions(**id)).or(self.idle.first()).copied()
    }

    /// Connections that take requests.
    fn usable(&self) -> usize {
        self.members.iter().filter(|member| member.ready && !member.retiring).count()
    }

    /// It takes no more requests. True: it has none and is to be closed now.
    pub fn retire(&mut self, id: ConnectionId) -> bool {
        self.idle.retain(|other| *other != id);
        self.member_mut(id).is_some_and(|member| {
            member.retiring = true;
            member.load == 0
        })
    }

    /// Requests on a connection, without those that never end by themselves.
    pub fn load(&self, id: ConnectionId) -> u32 {
        let found = self.members.iter().find(|member| member.id == id);
        found.map_or(0, |member| member.load - member.held)
    }

    /// Whether it takes no more requests and goes when those on it have ended.
    pub fn is_retiring(&self, id: ConnectionId) -> bool {
        self.members.iter().any(|member| member.id == id && member.retiring)
    }

    /// A connection's stream has ended, and its process has not. The connection takes no
    /// requests. It keeps its place until the process has ended, so that no other
    /// connection is opened before it is known how.
    pub fn half_closed(&mut self, id: ConnectionId) {
        self.retire(id);
        if let Some(member) = self.member_mut(id) {
            member.ready = false;
        }
    }

    /// It is gone.
    pub fn remove(&mut self, id: ConnectionId) {
        self.members.retain(|member| member.id != id);
        self.idle.retain(|other| *other != id);
    }

    /// Whether a connection is to be opened now that `waiting` requests wait.
    pub fn wants(&self, waiting: usize, shape: Shape) -> Option<Opening> {
        let connecting = self.connecting();
        if waiting <= connecting.saturating_mul(shape.in_flight as usize) {
            return None;
        }
        if self.is_full(shape) || shape.cautious && connecting > 0 {
            return None;
        }
        let staying = self.members.iter().filter(|m| !(m.ready && m.retiring)).count();
        if staying < shape.size {
            Some(Opening::Base)
        } else if shape.overflow && staying < shape.most {
            Some(Opening::Overflow)
        } else {
            None
        }
    }

    /// Whether there are as many as there may ever be. Connections that retire
    /// count: a server that never answers must not collect them by reloads.
    pub fn is_full(&self, shape: Shape) -> bool {
        self.members.len() >= CEILING.max(shape.size)
    }

    /// Connections that are not ready yet.
    pub fn connecting(&self) -> usize {
        self.members.iter().filter(|member| !member.ready).count()
    }

    /// Connections with requests on them.
    pub fn active(&self) -> usize {
        self.members.iter().filter(|member| member.load > 0).count()
    }

    /// Connections without.
    pub fn idle(&self) -> usize {
        self.idle.len()
    }

    /// Those that are idle, the one used longest ago first.
    pub fn idle_ones(&self) -> &[ConnectionId] {
        &self.idle
    }

    /// All of them.
    pub fn members(&self) -> &[PooledConnection] {
        &self.members
    }

    /// The connection that was used last, for display.
    pub fn latest(&self) -> Option<ConnectionId> {
        let busy = self.members.iter().find(|member| member.load > 0).map(|member| member.id);
        busy.or_else(|| self.idle.last().copied())
    }

    /// Whether there is a connection that can take requests.
    pub fn is_up(&self) -> bool {
        self.members.iter().any(|member| member.ready && !member.retiring)
    }

    /// A connection that can take requests.
    pub fn any_ready(&self) -> Option<ConnectionId> {
        let usable = self.members.iter().find(|member| member.ready && !member.retiring);
        usable.map(|member| member.id)
    }

    /// Checks what the module's doc promises.
    ///
    /// # Errors
    /// A sentence that names the invariant that does not hold.
    #[cfg(any(test, feature = "check"))]
    pub fn check(&self) -> Result<(), String> {
        for id in &self.idle {
            let count = self.idle.iter().filter(|other| *other == id).count();
            let member = self.members.iter().find(|member| member.id == *id);
            match member {
                Some(m) if m.ready && m.load == 0 && !m.retiring && count == 1 => {}
                other => return Err(format!("idle list holds {id:?} {count} times as {other:?}")),
            }
        }
        let free = self
            .members
            .iter()
            .filter(|member| member.ready && member.load == 0 && !member.retiring)
            .count();
        if free != self.idle.len() {
            return Err(format!("{free} members are free, {} are listed", self.idle.len()));
        }
        let early =
            |member: &&PooledConnection| member.load > 0 && !member.ready && !member.retiring;
        if let Some(member) = self.members.iter().find(early) {
            return Err(format!("{member:?} has load before it is ready"));
        }
        Ok(())
    }

    fn member_mut(&mut self, id: ConnectionId) -> Option<&mut PooledConnection> {
        self.members.iter_mut().find(|member| member.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKETS: Shape =
        Shape { size: 2, in_flight: 1, overflow: true, most: CEILING, cautious: false };
    const STDIO: Shape =
        Shape { size: 1, in_flight: 3, overflow: false, most: CEILING, cautious: false };

    fn id(n: u64) -> ConnectionId {
        ConnectionId(n)
    }

    fn ready(pool: &mut Pool, n: u64) {
        pool.open(id(n));
        pool.ready(id(n));
    }

    #[test]
    fn the_most_recently_used_idle_connection_comes_first() {
        let mut pool = Pool::default();
        ready(&mut pool, 1);
        ready(&mut pool, 2);
        assert_eq!(pool.acquire(SOCKETS), Some((id(2), Hit::Idle)));
        assert_eq!(pool.acquire(SOCKETS), Some((id(1), Hit::Idle)));
        assert_eq!(pool.acquire(SOCKETS), None);
        assert!(!pool.release(id(2), Surplus::Closes, SOCKETS));
        assert!(!pool.release(id(1), Surplus::Closes, SOCKETS));
        assert_eq!(pool.acquire(SOCKETS), Some((id(1), Hit::Idle)));
        pool.check().unwrap();
    }

    #[test]
    fn a_full_pool_of_sockets_overflows_and_overflow_is_closed_after_use() {
        let mut pool = Pool::default();
        assert_eq!(pool.wants(1, SOCKETS), Some(Opening::Base));
        ready(&mut pool, 1);
        ready(&mut pool, 2);
        pool.acquire(SOCKETS);
        pool.acquire(SOCKETS);
        assert_eq!(pool.wants(1, SOCKETS), Some(Opening::Overflow));
        ready(&mut pool, 3);
        assert_eq!(pool.acquire(SOCKETS), Some((id(3), Hit::Idle)));
        assert!(
            !pool.release(id(3), Surplus::Stays, SOCKETS),
            "somebody waits: it serves once more"
        );
        assert_eq!(pool.acquire(SOCKETS), Some((id(3), Hit::Idle)));
        assert!(pool.release(id(3), Surplus::Closes, SOCKETS));
        pool.remove(id(3));
        for n in 3..=32 {
            assert!(pool.wants(40, SOCKETS).is_some());
            pool.open(id(n));
        }
        assert_eq!(pool.wants(40, SOCKETS), None);
    }

    #[test]
    fn one_process_is_shared_up_to_its_limit_and_then_queues() {
        let mut pool = Pool::default();
        assert_eq!(pool.wants(1, STDIO), Some(Opening::Base));
        pool.open(id(1));
        assert_eq!(pool.wants(3, STDIO), None, "one connection is coming and takes three");
        pool.ready(id(1));
        assert_eq!(pool.acquire(STDIO), Some((id(1), Hit::Idle)));
        assert_eq!(pool.acquire(STDIO), Some((id(1), Hit::Shared)));
        assert_eq!(pool.acquire(STDIO), Some((id(1), Hit::Shared)));
        assert_eq!(pool.acquire(STDIO), None);
        assert_eq!(pool.wants(1, STDIO), None);
        pool.release(id(1), Surplus::Stays, STDIO);
        assert_eq!(pool.acquire(STDIO), Some((id(1), Hit::Shared)));
        pool.check().unwrap();
    }

    #[test]
    fn a_retiring_connection_finishes_its_work_and_takes_no_more() {
        let mut pool = Pool::default();
        ready(&mut pool, 1);
        pool.acquire(STDIO);
        assert!(!pool.retire(id(1)));
        assert_eq!(pool.acquire(STDIO), None);
        assert!(pool.release(id(1), Surplus::Stays, STDIO));
        ready(&mut pool, 2);
        assert!(pool.retire(id(2)), "an idle one goes at once");
        assert_eq!(pool.acquire(STDIO), None);
    }

    #[test]
    fn a_connection_is_shared_up_to_a_limit_and_only_while_it_is_in_use() {
        let mut pool = Pool::default();
        pool.open(id(1));
        assert!(!pool.share(id(1), 2), "it is not ready");
        pool.ready(id(1));
        assert!(!pool.share(id(1), 2), "an idle one is acquired");
        pool.acquire(SOCKETS);
        assert!(pool.share(id(1), 2));
        assert!(!pool.share(id(1), 2));
        assert_eq!(pool.share_least(3), Some(id(1)));
        pool.retire(id(1));
        assert_eq!((pool.share_least(9), pool.share(id(1), 9)), (None, false));
        pool.check().unwrap();
    }

    #[test]
    fn overflow_ends_at_the_most() {
        let mut pool = Pool::default();
        let shape = Shape { most: 3, ..SOCKETS };
        for n in 1..=3 {
            assert!(pool.wants(9, shape).is_some(), "{n}");
            ready(&mut pool, n);
            pool.acquire(shape);
        }
        assert_eq!(pool.wants(9, shape), None);
        pool.retire(id(1));
        assert_eq!(pool.wants(9, shape), Some(Opening::Overflow), "one that retires is no more");
    }

    #[test]
    fn connections_that_retire_count_until_they_are_gone() {
        let mut pool = Pool::default();
        for n in 1..=CEILING as u64 {
            assert!(pool.wants(1, STDIO).is_some(), "{n}");
            ready(&mut pool, n);
            pool.acquire(STDIO);
            pool.retire(id(n));
        }
        assert_eq!(pool.wants(1, STDIO), None);
        pool.remove(id(1));
        assert_eq!(pool.wants(1, STDIO), Some(Opening::Base));
    }

    #[test]
    fn a_failing_server_is_tried_one_connection_at_a_time() {
        let mut pool = Pool::default();
        let cautious = Shape { cautious: true, ..SOCKETS };
        assert_eq!(pool.wants(2, cautious), Some(Opening::Base));
        pool.open(id(1));
        assert_eq!(pool.wants(2, cautious), None);
        assert_eq!(pool.wants(2, SOCKETS), Some(Opening::Base));
    }
}
