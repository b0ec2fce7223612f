//! The breaker alone: facts in, decisions out.

use super::*;

const LIMITS: BreakerLimits = BreakerLimits { failures: 5, pause: Duration::from_secs(60) };

struct BreakerBench {
    breaker: Breaker,
    random: Random,
    now: Time,
}

fn bench() -> BreakerBench {
    let now = Time::from_micros(1_000_000_000);
    BreakerBench { breaker: Breaker::default(), random: Random::new(3), now }
}

impl BreakerBench {
    fn wait(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
    }

    fn admit(&mut self, caller: Caller) -> Admission {
        self.breaker.expire(self.now, LIMITS, &mut self.random);
        self.breaker.admit(self.now, caller)
    }

    fn pass(&mut self, caller: Caller) -> Pass {
        match self.admit(caller) {
            Admission::Granted(pass) | Admission::HeldForProbe(pass) => pass,
            other => panic!("{other:?}"),
        }
    }

    fn end(&mut self, pass: Pass, result: CallResult) -> bool {
        self.breaker.request_ended(self.now, pass, result, LIMITS, &mut self.random)
    }

    fn call(&mut self, result: CallResult) {
        let pass = self.pass(Caller::Person);
        self.end(pass, result);
        self.wait(10);
    }

    /// Five calls fail.
    fn open(&mut self) {
        for _ in 0..5 {
            self.call(CallResult::Failed);
        }
        assert_eq!(self.state(), BreakerState::Open);
    }

    fn state(&self) -> BreakerState {
        self.breaker.state(self.now)
    }

    /// Waits until the pause is over, and returns its length in milliseconds.
    fn sit_out(&mut self) -> u64 {
        let left = self.breaker.retry_after(self.now).expect("it is open");
        self.now = self.now + left;
        left.as_millis() as u64
    }
}

#[test]
fn it_opens_after_failures_in_a_row_only() {
    let mut bench = bench();
    for _ in 0..20 {
        for _ in 0..6 {
            bench.call(CallResult::Answered);
        }
        for _ in 0..4 {
            bench.call(CallResult::Failed);
            bench.call(CallResult::Unknown);
        }
        bench.wait(3000);
    }
    assert_eq!(bench.state(), BreakerState::Closed);
    bench.call(CallResult::Answered);
    bench.open();
    assert_eq!(bench.breaker.reason(), Some(Reason::InARow(5)));
    assert_eq!(bench.breaker.opened(), 1);
}

#[test]
fn failures_of_one_moment_count_once_in_a_row() {
    let mut bench = bench();
    let passes: Vec<Pass> = (0..9).map(|_| bench.pass(Caller::Person)).collect();
    for pass in passes {
        bench.end(pass, CallResult::Failed);
    }
    assert_eq!(bench.state(), BreakerState::Closed);
}

#[test]
fn it_opens_when_half_of_ten_calls_of_half_a_minute_failed() {
    let mut bench = bench();
    for n in 0..9 {
        bench.call(if n % 2 == 0 { CallResult::Failed } else { CallResult::Answered });
    }
    assert_eq!(bench.state(), BreakerState::Closed);
    // Those calls are too old.
    bench.wait(31_000);
    bench.call(CallResult::Failed);
    assert_eq!(bench.state(), BreakerState::Closed);
    for n in 0..9 {
        bench.call(if n % 2 == 0 { CallResult::Failed } else { CallResult::Answered });
        assert_eq!(bench.state() == BreakerState::Open, n == 8, "{n}");
    }
}

#[test]
fn pauses_double_up_to_the_longest_and_are_half_of_it_at_least() {
    let mut bench = bench();
    bench.open();
    for n in 0..10 {
        let longest = (1000 << n).min(60_000);
        let pause = bench.sit_out();
        // The last failure was ten milliseconds ago at first.
        assert!((longest / 2 - 10..=longest).contains(&pause), "{n}: {pause}");
        assert_eq!(bench.state(), BreakerState::HalfOpen);
        let pass = bench.pass(Caller::Unattended);
        assert!(bench.end(pass, CallResult::Failed));
    }
    assert_eq!(bench.breaker.opened(), 1, "it was never closed meanwhile");
}

#[test]
fn unattended_calls_are_refused_and_a_person_is_let_through_alone() {
    let mut bench = bench();
    bench.open();
    let left = bench.breaker.retry_after(bench.now).unwrap();
    assert_eq!(bench.admit(Caller::Unattended), Admission::Refused(left));
    let pass = bench.pass(Caller::Person);
    assert!(bench.breaker.is_probe(pass));
    assert_eq!(bench.admit(Caller::Person), Admission::Held);
    // A person who fails does not make the pause longer.
    assert!(bench.end(pass, CallResult::Failed));
    assert_eq!(bench.breaker.retry_after(bench.now), Some(left));
    let pass = bench.pass(Caller::Person);
    assert!(bench.end(pass, CallResult::Answered));
    assert_eq!(bench.state(), BreakerState::Closed);
    assert!(matches!(bench.admit(Caller::Unattended), Admission::Granted(_)));
}

#[test]
fn half_open_sends_one_probe_and_holds_everybody_else() {
    let mut bench = bench();
    bench.open();
    bench.sit_out();
    let Admission::HeldForProbe(pass) = bench.admit(Caller::Unattended) else { panic!() };
    for _ in 0..3 {
        assert_eq!(bench.admit(Caller::Unattended), Admission::Held);
        assert_eq!(bench.admit(Caller::Person), Admission::Held);
    }
    assert!(bench.end(pass, CallResult::ProbeAnswered));
    assert_eq!(bench.state(), BreakerState::Closed);
    // A server that answers a probe and no calls is left alone again at once.
    bench.call(CallResult::Failed);
    assert_eq!(bench.state(), BreakerState::Open);
    assert!(bench.sit_out() >= 900, "the pauses go on doubling");
    let pass = bench.pass(Caller::Unattended);
    bench.end(pass, CallResult::ProbeAnswered);
    bench.call(CallResult::Answered);
    for _ in 0..4 {
        bench.call(CallResult::Failed);
    }
    assert_eq!(bench.state(), BreakerState::Closed);
    bench.call(CallResult::Failed);
    assert!(bench.sit_out() <= 1000, "the pauses begin anew");
}

#[test]
fn a_probe_without_an_end_opens_it_again_and_its_late_end_does_not_count() {
    let mut bench = bench();
    bench.open();
    for caller in [Caller::Unattended, Caller::Person] {
        bench.sit_out();
        let pass = bench.pass(caller);
        bench.wait(4_999);
        assert_eq!(bench.admit(Caller::Person), Admission::Held);
        bench.wait(1);
        assert!(bench.breaker.expire(bench.now, LIMITS, &mut bench.random));
        assert_eq!(bench.state(), BreakerState::Open);
        assert!(!bench.end(pass, CallResult::Answered), "it is too late");
        assert_eq!(bench.state(), BreakerState::Open);
    }
}

#[test]
fn a_probe_that_says_nothing_makes_room_for_another() {
    let mut bench = bench();
    bench.open();
    bench.sit_out();
    let first = bench.pass(Caller::Person);
    assert!(bench.end(first, CallResult::Unknown));
    assert_eq!(bench.state(), BreakerState::HalfOpen);
    let second = bench.pass(Caller::Unattended);
    assert!(!bench.breaker.is_probe(first) && bench.breaker.is_probe(second));
}

#[test]
fn results_of_an_earlier_generation_do_not_count() {
    let mut bench = bench();
    let old = bench.pass(Caller::Unattended);
    bench.open();
    assert!(!bench.end(old, CallResult::Answered));
    assert_eq!(bench.state(), BreakerState::Open);
    bench.sit_out();
    let probe = bench.pass(Caller::Person);
    assert!(!bench.end(old, CallResult::Answered));
    assert_eq!(bench.state(), BreakerState::HalfOpen);
    bench.end(probe, CallResult::Answered);
    // Nor do old failures open it again.
    for _ in 0..20 {
        bench.end(old, CallResult::Failed);
        bench.wait(10);
    }
    assert_eq!(bench.state(), BreakerState::Closed);
}

#[test]
fn three_failed_starts_open_it() {
    let mut bench = bench();
    let start = |bench: &mut BreakerBench| {
        bench.wait(2000);
        bench.breaker.start_failed(bench.now, LIMITS, &mut bench.random)
    };
    assert!(!start(&mut bench) && !start(&mut bench));
    bench.breaker.start_was_good();
    assert!(!start(&mut bench) && !start(&mut bench));
    bench.call(CallResult::Answered);
    assert!(!start(&mut bench) && !start(&mut bench) && start(&mut bench));
    assert_eq!(bench.breaker.reason(), Some(Reason::Starts(3)));
    // It starts, is closed by its probe, and ends again.
    bench.sit_out();
    let pass = bench.pass(Caller::Unattended);
    bench.end(pass, CallResult::ProbeAnswered);
    assert!(start(&mut bench));
}

#[test]
fn what_is_switched_off_never_opens() {
    let mut bench = bench();
    let off = BreakerLimits { failures: 0, ..LIMITS };
    for _ in 0..50 {
        let pass = bench.pass(Caller::Unattended);
        let BreakerBench { breaker, random, now } = &mut bench;
        breaker.request_ended(*now, pass, CallResult::Failed, off, random);
        breaker.start_failed(*now, off, random);
        bench.wait(10);
    }
    assert_eq!(bench.state(), BreakerState::Closed);
}
