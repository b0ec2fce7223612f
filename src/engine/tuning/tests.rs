use super::*;

const SOCKET: Shape = Shape { size: 5, in_flight: 1, overflow: true, most: 32, cautious: false };
const BOUNDS: TuningBounds = TuningBounds { untuned: SOCKET, in_flight: 64, is_cheap: true };

fn ms(ms: u64) -> Time {
    Time::from_micros(ms * 1000)
}

/// A pool with connections 1 to `count` that are ready.
fn pool(count: u64) -> Pool {
    let mut pool = Pool::default();
    for n in 1..=count {
        pool.open(ConnectionId(n));
        pool.ready(ConnectionId(n));
    }
    pool
}

/// A tuning that takes the server for this.
fn taken_for(mode: ConcurrencyVerdict) -> Tuning {
    let spacing = FIRST_SPACING;
    Tuning { mode, size: 4, spacing, countdown: spacing, is_probing: true, ..Tuning::default() }
}

#[test]
fn the_mode_follows_the_verdict_within_the_bounds() {
    for (mode, shape) in [
        (ConcurrencyVerdict::Unknown, Shape { size: 4, ..SOCKET }),
        (ConcurrencyVerdict::Concurrent, Shape { size: 1, in_flight: 64, ..SOCKET }),
        (ConcurrencyVerdict::SerialPerConnection, Shape { size: 4, ..SOCKET }),
        (ConcurrencyVerdict::Serial, Shape { size: 1, overflow: false, ..SOCKET }),
    ] {
        assert_eq!(taken_for(mode).shape(&BOUNDS), shape);
        let own = Shape { size: 2, in_flight: 1, overflow: true, most: 2, cautious: false };
        let hard = TuningBounds { untuned: own, in_flight: 1, is_cheap: true };
        let shape = taken_for(mode).shape(&hard);
        assert!(shape.size <= 2 && shape.in_flight == 1 && shape.most == 2, "{mode:?}");
    }
}

#[test]
fn a_process_is_never_joined_by_another_that_nobody_configured() {
    let untuned = Shape { size: 1, in_flight: 64, overflow: false, most: 1, cautious: false };
    let bounds = TuningBounds { untuned, in_flight: 64, is_cheap: false };
    let one = pool(1);
    for mode in [
        ConcurrencyVerdict::Unknown,
        ConcurrencyVerdict::Concurrent,
        ConcurrencyVerdict::SerialPerConnection,
        ConcurrencyVerdict::Serial,
    ] {
        let tuning = Tuning { size: 40, trial: TRIAL, ..taken_for(mode) };
        assert_eq!(one.wants(100, tuning.shape(&bounds)), None, "{mode:?}");
    }
}

#[test]
fn a_frozen_tuning_counts_on_and_keeps_its_mode_and_size() {
    let mut tuning = Tuning::default();
    let sent = |wire, tool| TuningInput::Sent { now: ms(0), wire, connection: 1, tool: Some(tool) };
    tuning.apply(sent(1, 1));
    tuning.apply(sent(2, 2));
    let verdict = tuning.apply(TuningInput::Answered { now: ms(1), wire: 2, has_run: true });
    assert_eq!(verdict, Some(ConcurrencyVerdict::Concurrent));
    for (how, mode, size) in [
        (PoolTuning::Off, ConcurrencyVerdict::Unknown, 0),
        (PoolTuning::Frozen, ConcurrencyVerdict::Unknown, 0),
        (PoolTuning::On, ConcurrencyVerdict::Concurrent, 2),
    ] {
        tuning.follow(ms(1), how);
        assert_eq!((tuning.mode(), tuning.size), (mode, size), "{how:?}");
    }
}

#[test]
fn a_probe_goes_behind_a_short_call_one_at_a_time_and_never_behind_a_long_one() {
    for (usual, shared) in [(100, true), (1000, false)] {
        let mut tuning = Tuning::default();
        let sent =
            |wire, at, on| TuningInput::Sent { now: ms(at), wire, connection: on, tool: Some(1) };
        tuning.apply(sent(1, 0, 1));
        tuning.apply(TuningInput::Answered { now: ms(usual), wire: 1, has_run: true });
        tuning.follow(ms(usual), PoolTuning::On);
        let mut pool = pool(3);
        assert_eq!(pool.acquire(SOCKET), Some((ConnectionId(3), Hit::Idle)));
        tuning.apply(sent(2, 2000, 3));
        let (id, hit) = tuning.acquire(ms(2001), &mut pool, &BOUNDS, ms(2001)).unwrap();
        assert_eq!((id.0, hit == Hit::Shared), if shared { (3, true) } else { (2, false) });
        tuning.apply(sent(3, 2001, id.0));
        let (_, hit) = tuning.acquire(ms(2002), &mut pool, &BOUNDS, ms(2002)).unwrap();
        assert_eq!(hit, Hit::Idle, "one probe is under way, or none is due");
    }
}

#[test]
fn a_call_that_waits_too_long_for_a_serial_server_is_sent_all_the_same() {
    for mode in [ConcurrencyVerdict::Serial, ConcurrencyVerdict::SerialPerConnection] {
        let mut tuning = taken_for(mode);
        let mut pool = pool(1);
        let acquire = |tuning: &mut Tuning, pool: &mut Pool, now| {
            tuning.acquire(ms(now), pool, &BOUNDS, ms(0))
        };
        assert_eq!(acquire(&mut tuning, &mut pool, 0), Some((ConnectionId(1), Hit::Idle)));
        assert_eq!(acquire(&mut tuning, &mut pool, 999), None);
        assert_eq!(tuning.deadline(ms(999), Some(ms(0)), &BOUNDS), Some(ms(1000)));
        assert_eq!(acquire(&mut tuning, &mut pool, 1000), Some((ConnectionId(1), Hit::Shared)));
        let own = TuningBounds { in_flight: 1, ..BOUNDS };
        assert_eq!(tuning.acquire(ms(5000), &mut pool, &own, ms(0)), None, "one is the limit");
    }
}

#[test]
fn a_serial_server_is_tried_again_less_and_less_often() {
    let mut tuning = taken_for(ConcurrencyVerdict::Serial);
    let sent = TuningInput::Sent { now: ms(0), wire: 1, connection: 1, tool: Some(1) };
    tuning.apply(sent);
    let mut tries = Vec::new();
    for n in 1..200 {
        // A pool in which the connection is always busy.
        let mut pool = pool(1);
        pool.acquire(SOCKET);
        let found = tuning.acquire(ms(1), &mut pool, &BOUNDS, ms(1));
        if found.is_some() || tuning.trial == TRIAL {
            tries.push((n, found.is_some()));
        }
    }
    assert_eq!(tries, [(16, false), (48, true), (112, false)]);
}
