use super::*;

/// A record and a clock in milliseconds.
#[derive(Default)]
struct Told {
    record: ConcurrencyRecord,
    next: u64,
}

impl Told {
    fn sent_as(&mut self, ms: u64, connection: u64, tool: Option<u32>) -> u64 {
        self.next += 1;
        let (now, wire) = (Time::from_micros(ms * 1000), self.next);
        self.record.apply(TuningInput::Sent { now, wire, connection, tool });
        wire
    }

    fn sent(&mut self, ms: u64, connection: u64) -> u64 {
        self.sent_as(ms, connection, Some(1))
    }

    fn answered(&mut self, ms: u64, wire: u64) {
        let now = Time::from_micros(ms * 1000);
        self.record.apply(TuningInput::Answered { now, wire, has_run: true });
    }

    fn failed(&mut self, ms: u64, wire: u64) {
        let now = Time::from_micros(ms * 1000);
        self.record.apply(TuningInput::Answered { now, wire, has_run: false });
    }

    /// A call of the usual 100 ms, alone.
    fn alone(&mut self, ms: u64) {
        let wire = self.sent(ms, 1);
        self.answered(ms + 100, wire);
    }

    fn verdict(&self) -> ConcurrencyVerdict {
        self.record.verdict()
    }
}

#[test]
fn an_overtaking_answer_on_one_connection_makes_it_concurrent() {
    let mut told = Told::default();
    let (slow, quick) = (told.sent(0, 1), told.sent_as(1, 1, Some(2)));
    told.answered(9, quick);
    assert_eq!(told.verdict(), ConcurrencyVerdict::Concurrent);
    told.answered(100, slow);
    assert_eq!(
        told.record.evidence(),
        "on one connection 1 answers overtook an earlier call, 0 waited for it, 0 came in order \
         and prove nothing"
    );
}

#[test]
fn a_serial_server_that_takes_the_last_first_is_not_taken_for_a_concurrent_one() {
    let mut told = Told::default();
    let running = told.sent(0, 1);
    let queued = told.sent(1, 1);
    let last = told.sent(2, 1);
    told.answered(100, running);
    told.answered(200, last);
    told.answered(300, queued);
    assert_eq!(told.verdict(), ConcurrencyVerdict::Unknown);
}

#[test]
fn lists_errors_and_calls_that_were_given_up_prove_nothing() {
    let mut told = Told::default();
    told.sent(0, 1);
    let list = told.sent_as(1, 1, None);
    told.answered(2, list);
    let refused = told.sent(3, 1);
    told.failed(4, refused);
    assert_eq!(told.verdict(), ConcurrencyVerdict::Unknown);
    let mut told = Told::default();
    let cancelled = told.sent(0, 1);
    let other = told.sent(1, 1);
    told.record.apply(TuningInput::Abandoned { wire: cancelled });
    told.answered(50, other);
    assert_eq!(told.verdict(), ConcurrencyVerdict::Unknown, "the server may have dropped it");
    let mut told = Told::default();
    told.sent_as(0, 1, None);
    let call = told.sent(1, 1);
    told.answered(50, call);
    assert_eq!(told.verdict(), ConcurrencyVerdict::Unknown, "a long list is no call");
}

#[test]
fn waits_on_one_connection_make_it_serial_per_connection() {
    let mut told = Told::default();
    told.alone(0);
    for turn in 1..=3 {
        let start = turn * 1000;
        let (first, second) = (told.sent(start, 1), told.sent(start + 10, 1));
        told.answered(start + 100, first);
        told.answered(start + 200, second);
    }
    assert_eq!(told.verdict(), ConcurrencyVerdict::SerialPerConnection);
    // One call on another connection at the same time.
    let (first, second) = (told.sent(9000, 1), told.sent(9001, 2));
    told.answered(9050, second);
    told.answered(9100, first);
    assert_eq!(told.verdict(), ConcurrencyVerdict::SerialPerConnection);
    assert_eq!(told.record.on_two.standing(), crate::engine::tuning::Standing::SideBySide);
}

#[test]
fn waits_on_two_connections_make_it_serial_and_one_overtaking_answer_frees_it() {
    let mut told = Told::default();
    told.alone(0);
    for turn in 1..=3 {
        let start = turn * 1000;
        let (first, second) = (told.sent(start, 1), told.sent(start + 10, 2));
        told.answered(start + 100, first);
        told.answered(start + 200, second);
    }
    assert_eq!(told.verdict(), ConcurrencyVerdict::Serial);
    told.sent(9000, 1);
    let second = told.sent_as(9001, 2, Some(7));
    told.answered(9002, second);
    assert_eq!(told.verdict(), ConcurrencyVerdict::Unknown);
}

#[test]
fn a_chain_of_waiting_calls_is_judged_call_by_call() {
    let mut told = Told::default();
    told.alone(0);
    let wires: Vec<u64> = (0..4).map(|n| told.sent(1000 + n, 1)).collect();
    for (n, wire) in wires.into_iter().enumerate() {
        told.answered(1100 + 100 * n as u64, wire);
    }
    assert_eq!(told.verdict(), ConcurrencyVerdict::SerialPerConnection);
}

#[test]
fn equal_calls_of_a_concurrent_server_leave_it_unknown() {
    let mut told = Told::default();
    told.alone(0);
    for turn in 1..100 {
        let start = turn * 1000;
        let wires: Vec<u64> = (0..4).map(|n| told.sent(start + n, 1)).collect();
        for (n, wire) in wires.into_iter().enumerate() {
            told.answered(start + 100 + n as u64, wire);
        }
    }
    assert_eq!(told.verdict(), ConcurrencyVerdict::Unknown);
}

#[test]
fn a_lost_connection_leaves_nothing_behind_and_disturbs_what_came_after() {
    let mut told = Told::default();
    told.alone(0);
    for turn in 1..100 {
        let start = Time::from_micros(turn * 1_000_000);
        let (first, second) = (told.sent(turn * 1000, 1), told.sent(turn * 1000 + 10, 1));
        let now = start + Duration::from_millis(100);
        told.record.apply(TuningInput::Gone { now, wire: first });
        told.answered(turn * 1000 + 200, second);
    }
    assert_eq!(told.verdict(), ConcurrencyVerdict::Unknown);
    assert!(!told.record.is_busy());
}

#[test]
fn a_server_that_turns_serial_is_found_out() {
    let mut told = Told::default();
    told.alone(0);
    let (slow, quick) = (told.sent(500, 1), told.sent_as(501, 1, Some(2)));
    told.answered(509, quick);
    told.answered(600, slow);
    assert_eq!(told.verdict(), ConcurrencyVerdict::Concurrent);
    let mut turn = 0;
    while told.verdict() == ConcurrencyVerdict::Concurrent {
        turn += 1;
        assert!(turn < 20, "{}", told.record.evidence());
        let start = turn * 1000;
        let (first, second) = (told.sent(start, 1), told.sent(start + 10, 1));
        told.answered(start + 100, first);
        told.answered(start + 200, second);
    }
    assert_eq!((told.verdict(), turn), (ConcurrencyVerdict::SerialPerConnection, 8));
}

#[test]
fn only_a_call_of_known_duration_is_expected_to_end_soon() {
    let mut told = Told::default();
    let limit = Duration::from_millis(50);
    let soon = |told: &Told, ms: u64| {
        told.record.soon_free(Time::from_micros(ms * 1000), limit).collect::<Vec<_>>()
    };
    let wire = told.sent(0, 1);
    assert_eq!(soon(&told, 99), [0; 0], "nothing is known of it");
    told.answered(100, wire);
    told.sent(1000, 1);
    assert_eq!(soon(&told, 1040), [0; 0]);
    assert_eq!(soon(&told, 1060), [1]);
    assert_eq!(soon(&told, 1101), [0; 0], "it takes longer than usual");
    told.sent(1060, 1);
    assert_eq!(soon(&told, 1061), [0; 0], "two are on it");
}
