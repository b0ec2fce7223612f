//! How much of unfinished messages is held at once.
//!
//! `max_answer` bounds one message. A server with many connections, and many servers
//! together, could still fill the memory with messages that never end, so what is held of
//! unfinished ones is bounded for a server and for all. Who would exceed a bound loses the
//! message that grows, as if it were too long, and nothing else.

use crate::engine::{ConnectionId, Engine, StreamId};

/// Messages of the greatest length that are held of one server.
const OF_A_SERVER: usize = 4;
/// Bytes that are held of all servers together, or one message of the greatest length.
const OF_ALL: usize = 256 << 20;
/// A message of this length is read whatever else is held, and costs no look at others.
const SMALL: usize = 1 << 20;

impl Engine {
    /// The longest message that is read now from a stream.
    pub(super) fn longest_message(&self, id: ConnectionId, stream: StreamId) -> usize {
        let Some(connection) = self.connections.get(&id) else { return SMALL };
        let longest = self.server(connection.server).limits.max_answer;
        let own = connection.wire.held(stream).bytes;
        if own < SMALL {
            return longest;
        }
        let (mut of_server, mut of_all) = (0_usize, 0_usize);
        for (other, peer) in &self.connections {
            let held = peer.held_bytes(*other);
            of_all = of_all.saturating_add(held);
            if peer.server == connection.server {
                of_server = of_server.saturating_add(held);
            }
        }
        bound(longest, of_server - own, of_all - own)
    }

    /// Why a message of so many bytes was not read.
    pub(super) fn why_too_long(&self, id: ConnectionId, bytes: u64) -> String {
        let longest = self
            .connections
            .get(&id)
            .map_or(0, |connection| self.server(connection.server).limits.max_answer);
        match bytes > longest as u64 {
            true => format!("more than the {} MiB of max_answer", longest >> 20),
            false => "and unfinished answers take all the memory that they may have".to_owned(),
        }
    }
}

/// The longest message that is read while so much is held of others, of the same server
/// and of all.
fn bound(longest: usize, of_server: usize, of_all: usize) -> usize {
    let left_of_server = longest.saturating_mul(OF_A_SERVER).saturating_sub(of_server);
    let left_of_all = OF_ALL.max(longest).saturating_sub(of_all);
    longest.min(left_of_server.min(left_of_all).max(SMALL))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::Event;
    use crate::engine::testing::Bench;

    #[test]
    fn a_message_has_what_others_leave_of_both_bounds() {
        const MIB: usize = 1 << 20;
        assert_eq!(bound(16 * MIB, 0, 0), 16 * MIB);
        assert_eq!(bound(16 * MIB, 48 * MIB, 48 * MIB), 16 * MIB);
        assert_eq!(bound(16 * MIB, 50 * MIB, 50 * MIB), 14 * MIB);
        assert_eq!(bound(16 * MIB, 0, 250 * MIB), 6 * MIB);
        assert_eq!(bound(16 * MIB, 64 * MIB, 256 * MIB), SMALL, "small ones always pass");
        assert_eq!(bound(MIB / 2, 64 * MIB, 256 * MIB), MIB / 2);
        // Who allows one of 256 MiB can read it.
        assert_eq!(bound(256 * MIB, 0, 0), 256 * MIB);
    }

    #[test]
    fn of_answers_that_never_end_the_one_too_many_is_lost_alone() {
        let pool = json!({"max_answer": 2, "pool_max_size": 6});
        let mut bench = Bench::new(&json!({"command": "x", "era": "legacy", "tmux": pool}));
        let unfinished = |bench: &mut Bench, bytes: usize| {
            bench.call("t");
            let id = bench.sent().pop().expect("a request")["id"].clone();
            let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"a\":\"");
            bench.engine.received(bench.now, bench.stream, head.as_bytes());
            for _ in 0..bytes / 50_000 {
                bench.engine.received(bench.now, bench.stream, "x".repeat(50_000).as_bytes());
            }
            bench.stream
        };
        let open: Vec<_> = (0..4).map(|_| unfinished(&mut bench, 1_950_000)).collect();
        let fifth = unfinished(&mut bench, 1_950_000);
        for stream in open.into_iter().chain([fifth]) {
            bench.engine.received(bench.now, stream, b"\"}}\n");
        }
        let outcomes: Vec<_> = bench
            .events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Done(done) => {
                    Some(done.outcome.map(drop).map_err(|e| e.message().to_owned()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 4, "{outcomes:?}");
        let error = outcomes.last().expect("five").as_ref().expect_err("the fifth is lost");
        assert!(error.contains("unfinished answers take all the memory"), "{error}");
        // There is room again.
        let stream = unfinished(&mut bench, 1_950_000);
        bench.engine.received(bench.now, stream, b"\"}}\n");
        let ended = |event: Event| matches!(event, Event::Done(done) if done.outcome.is_ok());
        assert!(bench.events().into_iter().any(ended));
    }
}
