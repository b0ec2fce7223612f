//! The client of this project at the other end, in both eras.

mod common;
#[path = "../../../../tests/common/mod.rs"]
mod driver;

use common::Bridge;
use driver::{Driver, Home};
use serde_json::json;

#[test]
fn clients_of_the_library_share_the_process_and_their_calls_run_once() {
    for era in ["legacy", "dual", "dual-ts", "modern"] {
        let bridge = Bridge::new(&["--era", era, "--journal", "DIR/journal"]);
        let entry = json!({"s": {"transport": "socket", "socket_path": bridge.socket,
            "max_in_flight": 4, "retry_attempts": 1}});
        let mut clients: Vec<Driver> = (0..2)
            .map(|_| {
                let home = Home::new("bridged");
                driver::write_config(&home, &entry.to_string());
                Driver::at(home)
            })
            .collect();
        let calls: Vec<_> = (0..10)
            .map(|n| clients[n % 2].start("s", "echo", &json!({"text": n.to_string()}).to_string()))
            .collect();
        for (n, call) in calls.into_iter().enumerate() {
            let done = clients[n % 2].done(call);
            assert_eq!(driver::text_of(&done), n.to_string(), "{era}");
        }
        let pids: Vec<_> = clients.iter_mut().map(|client| client.text("s", "pid", "{}")).collect();
        assert_eq!(pids[0], pids[1], "{era}");
        assert_eq!(bridge.journal().matches("\"echo\"").count(), 10, "{era}");
        // The process ends in a call, which is not made again; the next one has another.
        let error = clients[0].error("s", "exit", "{}");
        assert!(error.message().contains("outcome unknown"), "{era}: {error}");
        assert_ne!(clients[1].text("s", "pid", "{}"), pids[0], "{era}");
        assert_eq!(bridge.journal().matches("\"exit\"").count(), 1, "{era}");
    }
}
