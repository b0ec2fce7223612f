//! The engine with a server that fails: who is let through, and what counts.

use serde_json::{Value, json};

use crate::config::Defaults;
use crate::engine::testing::Bench;
use crate::engine::{Arguments, CallTool, Event, Pair, RequestId};
use crate::error::{Error, Kind};

const SECOND: u64 = 1_000_000;

fn bench(era: &str) -> Bench {
    Bench::new(&json!({"command": "x", "era": era, "retry_attempts": 0, "timeout": 2000}))
}

impl Bench {
    fn ask(&mut self, is_unattended: bool) -> RequestId {
        let arguments = Arguments::Json("{}".into());
        let (server, tool) = ("s".into(), "t".into());
        let call = CallTool { server, tool, arguments, is_unattended };
        let id = self.engine.call(self.now, call, None, 7).unwrap();
        // What follows from a change is due at once.
        self.wait(0);
        id
    }

    fn hook(&mut self) -> RequestId {
        self.ask(true)
    }

    fn person(&mut self) -> RequestId {
        self.ask(false)
    }

    fn state(&self) -> &'static str {
        self.engine.snapshot("s").unwrap().report.breaker(self.now)
    }

    fn retry(&self) -> u64 {
        self.engine.snapshot("s").unwrap().report.retry_after(self.now)
    }

    /// The requests of a method that were sent since the last look, by their ids.
    fn asked(&mut self, method: &str) -> Vec<Value> {
        let sent = self.sent().into_iter().filter(|message| message["method"] == method);
        sent.map(|message| message["id"].clone()).collect()
    }

    fn answers(&mut self, id: &Value) {
        let result = json!({"content": [], "resultType": "complete"});
        self.says(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        self.wait(0);
    }

    /// How the requests ended since the last look.
    fn ends(&mut self) -> Vec<(RequestId, Option<Error>)> {
        let ends = self.events().into_iter().filter_map(|event| match event {
            Event::Done(done) => Some((done.id, done.outcome.err())),
            _ => None,
        });
        ends.collect()
    }

    /// Calls that time out, until the breaker is open.
    fn open(&mut self) {
        for n in 0..5 {
            assert_eq!(self.state(), "closed", "{n}");
            self.person();
            self.wait(2 * SECOND);
        }
        assert_eq!(self.state(), "open");
        self.sent();
        self.ends();
    }

    fn open_half(&mut self) {
        self.open();
        self.wait(SECOND);
        assert_eq!((self.state(), self.retry()), ("half-open", 0));
    }
}

#[test]
fn calls_of_hooks_fail_at_once_and_say_when_to_try_again() {
    let mut bench = bench("legacy");
    bench.open();
    assert_eq!(bench.retry(), 1);
    let id = bench.hook();
    let ends = bench.ends();
    let (ended, Some(error)) = &ends[0] else { panic!("{ends:?}") };
    assert_eq!((*ended, error.kind()), (id, Kind::Busy));
    let wanted = "server 's' is left alone for now: 5 calls in a row failed; try again in 1 s";
    assert_eq!(error.message(), wanted);
    assert!(bench.asked("tools/call").is_empty(), "nothing is sent");
}

#[test]
fn people_are_let_through_one_at_a_time_and_an_answer_closes_it() {
    let mut bench = bench("modern");
    bench.open();
    let first = bench.person();
    let second = bench.person();
    let sent = bench.asked("tools/call");
    assert_eq!(sent.len(), 1, "the second waits");
    bench.answers(&sent[0]);
    assert_eq!(bench.state(), "closed");
    let sent = bench.asked("tools/call");
    assert_eq!(sent.len(), 1, "the second goes");
    bench.answers(&sent[0]);
    let ends: Vec<RequestId> = bench.ends().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ends, [first, second]);
}

#[test]
fn the_list_of_tools_for_a_call_that_is_let_through_does_not_wait_for_it() {
    let mut bench = bench("legacy");
    bench.open();
    let pairs = vec![Pair { key: "a".into(), value: "b".into(), is_json: false }];
    let (server, tool, is_unattended) = ("s".into(), "t".into(), false);
    let call = CallTool { server, tool, arguments: Arguments::Pairs(pairs), is_unattended };
    bench.engine.call(bench.now, call, None, 7).unwrap();
    bench.wait(0);
    let lists = bench.asked("tools/list");
    assert_eq!(lists.len(), 1);
    let tools = json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}}]});
    bench.says(&json!({"jsonrpc": "2.0", "id": lists[0], "result": tools}));
    assert_eq!(bench.state(), "open", "the call itself has to be answered");
    let calls = bench.asked("tools/call");
    bench.answers(&calls[0]);
    assert_eq!(bench.state(), "closed");
}

#[test]
fn a_person_is_told_the_real_error_and_makes_room_for_the_next() {
    let mut bench = bench("legacy");
    bench.open();
    let first = bench.person();
    bench.person();
    assert_eq!(bench.asked("tools/call").len(), 1);
    bench.wait(2 * SECOND);
    let ends = bench.ends();
    let error = ends.iter().find(|(id, _)| *id == first).and_then(|(_, error)| error.as_ref());
    assert_eq!(error.map(Error::kind), Some(Kind::Timeout), "{ends:?}");
    let third = bench.person();
    bench.wait(0);
    let sent = bench.asked("tools/call");
    assert_eq!(sent.len(), 1, "one of those that are left");
    bench.answers(&sent[0]);
    assert!(bench.ends().iter().any(|(id, error)| *id == third && error.is_none()));
}

#[test]
fn a_person_behind_a_slow_call_waits_for_five_seconds_at_most() {
    let mut bench = Bench::new(&json!({"command": "x", "era": "legacy"}));
    for _ in 0..5 {
        bench.person();
        bench.wait(60 * SECOND);
    }
    assert_eq!(bench.state(), "open");
    bench.sent();
    bench.person();
    bench.person();
    bench.wait(4_999_999);
    assert_eq!(bench.asked("tools/call").len(), 1);
    bench.wait(1);
    assert_eq!(bench.asked("tools/call").len(), 1, "its turn has come");
}

#[test]
fn half_open_sends_one_probe_that_changes_nothing() {
    for (era, method) in [("legacy", "ping"), ("modern", "server/discover")] {
        let mut bench = bench(era);
        bench.open_half();
        for _ in 0..3 {
            bench.hook();
            bench.person();
        }
        let sent = bench.sent();
        let all: Vec<&str> = sent.iter().filter_map(|message| message["method"].as_str()).collect();
        // In the modern era the bench has answered it already.
        assert_eq!(all[0], method, "{era}");
        assert_eq!(all.iter().filter(|other| **other == method).count(), 1, "{era}");
        let mut calls = all.len() - 1;
        if era == "legacy" {
            assert_eq!(calls, 0, "they wait");
            // An error is an answer, too.
            let error = json!({"code": -32601, "message": "Method not found"});
            bench.says(&json!({"jsonrpc": "2.0", "id": sent[0]["id"], "error": error}));
            bench.wait(0);
            calls = bench.asked("tools/call").len();
        }
        assert_eq!((bench.state(), calls), ("closed", 6), "{era}: all go");
    }
}

#[test]
fn a_probe_without_an_answer_ends_after_five_seconds_and_the_next_asks_something_else() {
    let mut bench = bench("legacy");
    bench.open_half();
    let id = bench.hook();
    assert_eq!(bench.asked("ping").len(), 1);
    // The call itself has two seconds.
    bench.wait(2 * SECOND);
    assert_eq!(bench.ends()[0].0, id);
    bench.wait(2_999_999);
    assert_eq!(bench.state(), "half-open");
    bench.wait(1);
    assert_eq!(bench.state(), "open");
    assert_eq!(bench.retry(), 2);
    bench.wait(2 * SECOND);
    bench.hook();
    let sent = bench.asked("tools/list");
    assert_eq!(sent.len(), 1);
    bench.says(&json!({"jsonrpc": "2.0", "id": sent[0], "result": {"tools": []}}));
    bench.wait(0);
    assert_eq!(bench.state(), "closed");
    assert_eq!(bench.asked("tools/call").len(), 1);
}

#[test]
fn what_the_server_answers_never_counts() {
    let mut bench = bench("modern");
    for n in 0..60 {
        bench.hook();
        let sent = bench.asked("tools/call");
        let id = &sent[0];
        let answer = match n / 20 {
            0 => json!({"jsonrpc": "2.0", "id": id, "result": {"content": [], "isError": true,
                "resultType": "complete"}}),
            1 => json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": "no"}}),
            _ => {
                let id = bench.person();
                bench.engine.cancel(bench.now, id);
                bench.sent();
                json!({"jsonrpc": "2.0", "id": sent[0], "error": {"code": -32603, "message": "no"}})
            }
        };
        bench.says(&answer);
        bench.wait(100_000);
        assert_eq!(bench.state(), "closed", "{n}");
    }
    // Half of the calls of half a minute are too many, if they fail.
    for _ in 0..5 {
        assert_eq!(bench.state(), "closed");
        bench.person();
        bench.wait(2 * SECOND);
    }
    assert_eq!(bench.state(), "open");
}

#[test]
fn an_answer_to_a_call_of_before_changes_nothing() {
    let mut bench = Bench::new(&json!({"command": "x", "era": "modern"}));
    let old = bench.person();
    let sent = bench.asked("tools/call");
    let timeout = Some(std::time::Duration::from_secs(1));
    for _ in 0..5 {
        let arguments = Arguments::Json("{}".into());
        let (server, tool, is_unattended) = ("s".into(), "t".into(), true);
        let call = CallTool { server, tool, arguments, is_unattended };
        bench.engine.call(bench.now, call, timeout, 7).unwrap();
        bench.wait(SECOND);
    }
    assert_eq!(bench.state(), "open");
    bench.answers(&sent[0]);
    assert!(bench.ends().iter().any(|(id, error)| *id == old && error.is_none()));
    assert_eq!(bench.state(), "open");
}

#[test]
fn a_server_that_ends_after_its_start_three_times_is_left_alone() {
    let mut bench = Bench::new(&json!({"command": "x", "era": "legacy", "retry_attempts": 0}));
    for n in 0..3 {
        assert_eq!(bench.state(), "closed", "{n}");
        bench.person();
        bench.wait(SECOND);
        bench.hang_up();
        bench.wait(SECOND);
    }
    assert_eq!(bench.state(), "half-open", "it was opened a second ago");
    let why = bench.engine.snapshot("s").unwrap().report.left_alone.unwrap().reason;
    assert_eq!(why, "it failed soon after its start 3 times");
}

#[test]
fn waiting_hooks_are_refused_when_it_opens_and_people_are_not() {
    let entry = json!({"command": "x", "era": "legacy", "timeout": 1000, "max_in_flight": 1,
        "retry_attempts": 0, "pool_max_size": 1});
    let mut bench = Bench::new(&entry);
    for _ in 0..4 {
        bench.person();
        bench.wait(SECOND);
        // The server lets go of the call.
        bench.wait(6 * SECOND);
    }
    bench.ends();
    bench.person();
    bench.wait(SECOND / 2);
    let (hook, person) = (bench.hook(), bench.person());
    bench.wait(SECOND / 2);
    let ends = bench.ends();
    let busy = ends.iter().find(|(id, _)| *id == hook).and_then(|(_, error)| error.as_ref());
    assert_eq!(busy.map(Error::kind), Some(Kind::Busy), "{ends:?}");
    assert!(ends.iter().all(|(id, _)| *id != person), "{ends:?}");
}

#[test]
fn a_breaker_that_is_switched_off_never_opens() {
    let mut bench = Bench::new(&json!({"command": "x", "era": "legacy", "timeout": 1000,
        "retry_attempts": 0, "breaker": false}));
    for _ in 0..30 {
        bench.hook();
        bench.wait(SECOND);
    }
    assert_eq!(bench.state(), "closed");
    let ends = bench.ends();
    let kinds = ends.iter().map(|(_, error)| error.as_ref().map(Error::kind));
    assert!(kinds.clone().all(|kind| kind == Some(Kind::Timeout)), "{ends:?}");
}

#[test]
fn one_that_is_open_is_closed_when_breakers_are_switched_off() {
    let mut bench = bench("legacy");
    bench.open();
    let mut defaults = Defaults::default();
    defaults.set("breaker-failures", Some("0")).unwrap();
    bench.engine.set_defaults(bench.now, defaults);
    bench.wait(0);
    assert_eq!(bench.state(), "closed");
    bench.hook();
    assert_eq!(bench.asked("tools/call").len(), 1);
    bench.wait(30 * SECOND);
    assert_eq!(bench.state(), "closed");
}

#[test]
fn that_a_hook_is_refused_hides_no_reason() {
    let mut bench = bench("legacy");
    bench.open();
    bench.hook();
    let report = bench.engine.snapshot("s").unwrap().report;
    let (error, _) = report.last_error.expect("the calls have timed out");
    assert!(error.contains("timed out"), "{error}");
}

#[test]
fn another_entry_begins_anew_and_what_waits_goes() {
    let mut bench = bench("modern");
    bench.open();
    bench.person();
    bench.person();
    assert_eq!(bench.asked("tools/call").len(), 1);
    bench.configure(&json!({"s": {"command": "y", "era": "modern"}}));
    bench.wait(0);
    assert_eq!(bench.state(), "closed");
    assert_eq!(bench.asked("tools/call").len(), 1);
}

#[test]
fn a_call_of_unknown_outcome_is_counted_and_remembered() {
    let mut bench = Bench::new(&json!({"command": "x", "era": "legacy"}));
    let id = bench.hook();
    bench.hang_up();
    bench.wait(SECOND);
    let known: Vec<_> = bench.engine.unknown_outcomes().collect();
    assert_eq!((known.len(), known[0].id, &*known[0].tool), (1, id, "t"));
    assert!(known[0].reason.contains("outcome unknown"), "{}", known[0].reason);
    let report = bench.engine.snapshot("s").unwrap().report;
    assert_eq!(report.metrics.outcomes_unknown(), 1);
    bench.wait(60 * SECOND);
    assert_eq!(bench.asked("tools/call").len(), 1, "it is never sent again");
}
