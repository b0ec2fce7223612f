//! How much of a server's unrequested output is read.
//!
//! Responses are read as fast as they come. All other output (notifications, requests,
//! lines that are no message, blanks, stderr) is charged to an allowance. When the
//! allowance is used up the stream is not read for a while: its pipe fills, and the
//! server waits instead of the user.

use crate::engine::allowance::Allowance;
use crate::engine::{ConnectionId, Engine, StreamId};
use crate::time::Time;

/// For all connections together: bytes a second, and bytes in one burst.
pub(super) const OF_ALL: Allowance = Allowance::new(4 << 20, 16 << 20);
/// Bytes that are charged for a message beside its own, because its handling costs work.
const MESSAGE: usize = 256;
/// The same for a line of stderr.
pub(super) const LINE: usize = 64;

/// What may still be read of one connection that nobody asked for, in bytes.
#[derive(Debug)]
pub(super) struct Unasked {
    output: Allowance,
    /// The part of [`OF_ALL`] that it has for itself.
    share: Allowance,
    /// For the stderr of its process, which is read line by line.
    pub(super) stderr: Allowance,
}

impl Default for Unasked {
    fn default() -> Unasked {
        Unasked {
            output: Allowance::new(2 << 20, 8 << 20),
            share: Allowance::new(128 << 10, 1 << 20),
            stderr: Allowance::new(512 << 10, 8 << 20),
        }
    }
}

impl Engine {
    /// The time until which a stream is not read. `None`: the stream is read.
    pub fn unread_until(&self, stream: StreamId) -> Option<Time> {
        let connection = self.connections.get(&self.connection_of(stream))?;
        let unasked = connection.unasked.as_ref()?;
        let loud = unasked.share.is_used_up(&self.unasked);
        let all = self.unasked.back_at().filter(|_| loud);
        unasked.output.back_at().max(all)
    }

    /// The same for the stderr of its process.
    pub fn stderr_unread_until(&self, stream: StreamId) -> Option<Time> {
        let connection = self.connections.get(&self.connection_of(stream))?;
        connection.unasked.as_ref()?.stderr.back_at()
    }

    /// Charges a line that is no response.
    pub(super) fn charge_line(&mut self, now: Time, id: ConnectionId, bytes: usize) {
        self.charge(now, id, bytes.saturating_add(MESSAGE));
    }

    /// Charges bytes that nobody asked for.
    pub(super) fn charge(&mut self, now: Time, id: ConnectionId, bytes: usize) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = connection.server;
        let unasked = connection.unasked.get_or_insert_default();
        let before = unasked.output.back_at().is_some();
        unasked.output.charge(now, bytes);
        unasked.share.charge(now, bytes);
        let paused = !before && unasked.output.back_at().is_some();
        self.unasked.charge(now, bytes);
        self.server_mut(server).metrics.wire.paused += u64::from(paused);
    }

    /// Charges bytes that a process wrote to stderr.
    pub fn received_stderr(&mut self, now: Time, stream: StreamId, bytes: usize) {
        let id = self.connection_of(stream);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = connection.server;
        let stderr = &mut connection.unasked.get_or_insert_default().stderr;
        let before = stderr.back_at().is_some();
        stderr.charge(now, bytes);
        let paused = !before && stderr.back_at().is_some();
        self.server_mut(server).metrics.wire.paused += u64::from(paused);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::engine::testing::Bench;

    fn micros(bench: &Bench) -> u64 {
        let until = bench.engine.unread_until(bench.stream);
        until.map_or(0, |until| until.since(bench.now).as_micros() as u64)
    }

    #[test]
    fn a_server_that_talks_without_end_is_read_at_its_pace_and_no_faster() {
        let notice = json!({"jsonrpc": "2.0", "method": "notifications/message",
            "params": {"level": "debug", "data": "x"}})
        .to_string();
        let lines = [
            notice.clone(),
            "this is no message".into(),
            json!({"jsonrpc": "2.0", "id": 999_999, "result": {}}).to_string(),
            json!({"jsonrpc": "2.0", "id": "p", "method": "ping"}).to_string(),
            json!({"jsonrpc": "2.0", "id": "p", "method": "no/such"}).to_string(),
            format!("[{notice},{notice}]"),
            notice.replace("\"x\"", &format!("\"{}\"", "y".repeat(60_000))),
        ];
        for line in lines {
            let mut bench = Bench::legacy();
            bench.call("t");
            let block = vec![&*line; 1 + (64 << 10) / line.len()].join("\n");
            let mut read = 0;
            while bench.now.as_micros() < 11_000_000 {
                while micros(&bench) == 0 {
                    bench.line(&block);
                    read += block.len();
                }
                bench.wait(50_000);
            }
            // Ten seconds at 2 MiB, and 8 MiB at once.
            assert!(read < 29 << 20, "{read} bytes of {:.40}", line);
            assert!(bench.engine.servers[0].metrics.wire.paused > 0);
        }
    }

    #[test]
    fn blanks_without_end_are_read_at_that_pace_too() {
        for blank in [[b'\n'; 1 << 16], [b' '; 1 << 16]] {
            let mut bench = Bench::legacy();
            bench.call("t");
            let mut read = 0;
            while micros(&bench) == 0 {
                bench.engine.received(bench.now, bench.stream, &blank);
                read += blank.len();
            }
            assert!(read < 9 << 20, "{read}");
        }
    }

    #[test]
    fn answers_are_read_as_fast_as_they_come() {
        let mut bench = Bench::legacy();
        let text = "x".repeat(1 << 20);
        for _ in 0..40 {
            bench.call("t");
            let sent = bench.sent();
            let id = &sent.last().unwrap()["id"];
            let result = json!({"content": [{"type": "text", "text": text}]});
            bench.says(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        }
        assert_eq!(micros(&bench), 0);
        assert_eq!(bench.engine.servers[0].metrics.wire.paused, 0);
    }

    #[test]
    fn of_many_that_talk_without_end_all_are_slow_and_who_says_little_is_not() {
        let mut bench = Bench::legacy();
        let entry = json!({"command": "x", "era": "legacy"});
        let names: Vec<String> = (0..9).map(|n| format!("s{n}")).collect();
        let servers: serde_json::Map<_, _> =
            names.iter().map(|name| (name.clone(), entry.clone())).collect();
        bench.configure(&serde_json::Value::Object(servers));
        let mut loud = Vec::new();
        for name in &names {
            bench.call_of(name, "t");
            loud.push(bench.stream);
        }
        let quiet = loud.pop().unwrap();
        let mut read = 0;
        while bench.now.as_micros() < 11_000_000 {
            for id in &loud {
                bench.stream = *id;
                while micros(&bench) == 0 {
                    bench.line(&"x".repeat(60_000));
                    read += 60_000;
                }
            }
            bench.stream = quiet;
            bench.line("a word");
            assert_eq!(micros(&bench), 0);
            bench.wait(50_000);
        }
        // 16 MiB and 4 MiB a second together, or what nobody is denied.
        assert!(read < (16 + 41 + 8 * 2) << 20, "{read}");
    }

    #[test]
    fn stderr_is_read_at_its_own_pace() {
        let mut bench = Bench::legacy();
        bench.call("t");
        let until = |bench: &Bench| bench.engine.stderr_unread_until(bench.stream);
        bench.engine.received_stderr(bench.now, bench.stream, 8 << 20);
        assert_eq!(until(&bench), None);
        bench.engine.received_stderr(bench.now, bench.stream, 1 << 20);
        let pause = until(&bench).unwrap().since(bench.now);
        assert_eq!(pause.as_millis(), 2000);
        assert_eq!(micros(&bench), 0, "answers are read meanwhile");
        for _ in 0..8 << 10 {
            bench.engine.log_stderr(bench.now, bench.stream, "x");
        }
        let pause = until(&bench).unwrap().since(bench.now);
        assert_eq!(pause.as_millis(), 3000, "lines cost more than their bytes");
    }
}
