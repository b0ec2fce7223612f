//! The engine, unchanged, under a seeded simulator.
//!
//! One number decides everything: what the host asks, how streams cut and delay
//! bytes, what servers and processes do and when they break. After every step
//! the engine's invariants and those of an observer outside are checked; see
//! `docs/testing.md` for how to read a trace and how to replay one.
//!
//! `TMCP_SIM_SEEDS=N` runs N seeds, `TMCP_SIM_FIRST=S` starts at S, and
//! `TMCP_SIM_SEED=S` replays one with its trace printed, `TMCP_SIM_FRAMES_SEED=S` one of
//! those whose sockets speak frames.

// A trace is for the person who replays a seed.
#![allow(clippy::print_stdout)]

#[path = "simulation/driver.rs"]
mod driver;
#[path = "simulation/host.rs"]
mod host;
#[path = "simulation/link.rs"]
mod link;
#[path = "simulation/peer.rs"]
mod peer;
#[path = "simulation/people.rs"]
mod people;
#[path = "simulation/pipes.rs"]
mod pipes;
#[path = "simulation/prefixed.rs"]
mod prefixed;
#[path = "simulation/profile.rs"]
mod profile;
#[path = "simulation/random.rs"]
mod random;
#[path = "simulation/rules.rs"]
mod rules;
#[path = "simulation/trace.rs"]
mod trace;
#[path = "simulation/wants.rs"]
mod wants;
#[path = "simulation/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use trace::Trace;
use world::{Summary, World};

/// Seeds of an ordinary run.
const SEEDS: u64 = 1000;
/// From so many seeds on everything that is counted has to happen.
const ENOUGH: u64 = 500;
/// Lines shown of a seed that failed.
const TAIL: usize = 100;

/// Seeds that found something once.
const PINNED: &[u64] = &[40_794, 52_889, 72_315, 93_743];

const PINNED_OF_FRAMES: &[u64] = &[];

/// What cannot happen while every session has one stream.
const ONLY_WITH_FRAMES: &[&str] =
    &["extra_streams", "streams_broken", "streams_cancelled", "sessions_gone"];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What sockets speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speech {
    Lines,
    Frames,
}

impl Speech {
    /// The variable that replays one seed, and the test that does.
    fn replay(self) -> (&'static str, &'static str) {
        match self {
            Speech::Lines => ("TMCP_SIM_SEED", "one_seed"),
            Speech::Frames => ("TMCP_SIM_FRAMES_SEED", "one_seed_of_frames"),
        }
    }
}

/// Runs one seed; `Err` says what did not hold.
fn run(speech: Speech, seed: u64, trace: &Trace) -> Result<Summary, String> {
    let world = match speech {
        Speech::Lines => World::new,
        Speech::Frames => World::with_frames,
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| world(seed, trace.clone()).run()));
    outcome.unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no words");
        Err(format!(
            "panic: {words} at {}",
            last_panic().lock().map_or_else(|_| String::new(), |p| p.clone())
        ))
    })
}

/// Where the last panic was: the default hook would print every one of them.
fn last_panic() -> &'static Mutex<String> {
    static PLACE: OnceLock<Mutex<String>> = OnceLock::new();
    PLACE.get_or_init(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            if place.contains("tests/simulation.rs") {
                println!("{info}");
            } else if let Ok(mut last) = last_panic().lock() {
                *last = place;
            }
        }));
        Mutex::new(String::new())
    })
}

/// What to say about a seed that failed: it is run again, with its trace kept.
fn report(speech: Speech, seed: u64, why: &str) -> String {
    let trace = Trace::kept();
    let again =
        run(speech, seed, &trace).err().unwrap_or_else(|| "nothing, the second time".into());
    let (variable, test) = speech.replay();
    format!(
        "seed {seed} failed: {why}\n{}\nseed {seed} failed: {again}\n\
         replay: {variable}={seed} cargo test --test simulation {test} -- --nocapture",
        trace.tail(TAIL)
    )
}

/// Runs `count` seeds from `first` on several threads; the smallest that fails is
/// reported.
fn run_many(speech: Speech, first: u64, count: u64) -> Summary {
    last_panic();
    let next = AtomicU64::new(first);
    let stop = AtomicBool::new(false);
    let failed: Mutex<Option<(u64, String)>> = Mutex::new(None);
    let sum = Mutex::new(Summary::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    match run(speech, seed, &Trace::dropped()) {
                        Ok(summary) => sum.lock().expect("no thread panics").add(&summary),
                        Err(why) => {
                            stop.store(true, Ordering::Relaxed);
                            let mut failed = failed.lock().expect("no thread panics");
                            if failed.as_ref().is_none_or(|(other, _)| seed < *other) {
                                *failed = Some((seed, why));
                            }
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no thread panics");
    if let Some((seed, why)) = failed {
        panic!("{}", report(speech, seed, &why));
    }
    sum.into_inner().expect("no thread panics")
}

/// Runs seeds as the environment says, and demands that what `has_to` names happens.
fn run_seeds(speech: Speech, seeds: u64, has_to: impl Fn(&str) -> bool) {
    let sum = run_many(speech, number("TMCP_SIM_FIRST").unwrap_or(1), seeds);
    println!("{seeds} seeds: {sum:?}");
    // A simulator that has stopped reaching something proves nothing about it.
    let mut never = sum.never();
    never.retain(|name| has_to(name));
    if seeds < ENOUGH {
        println!(
            "whether all happens is asked from {ENOUGH} seeds on; never: {}",
            never.join(", ")
        );
    }
    assert!(seeds < ENOUGH || never.is_empty(), "{seeds} seeds, and never: {}", never.join(", "));
}

#[test]
fn a_thousand_seeds() {
    if number("TMCP_SIM_SEED").is_none() {
        let seeds = number("TMCP_SIM_SEEDS").unwrap_or(SEEDS);
        run_seeds(Speech::Lines, seeds, |name| !ONLY_WITH_FRAMES.contains(&name));
    }
}

/// Several streams to a session, opened on demand, broken one by one, closed to cancel.
#[test]
fn seeds_of_frames() {
    if number("TMCP_SIM_FRAMES_SEED").is_none() {
        // The rest is reached in the other world.
        let seeds = number("TMCP_SIM_SEEDS").unwrap_or(ENOUGH);
        run_seeds(Speech::Frames, seeds, |name| ONLY_WITH_FRAMES.contains(&name));
    }
}

fn replay(speech: Speech) {
    let Some(seed) = number(speech.replay().0) else { return };
    last_panic();
    let trace = Trace::kept();
    let outcome = run(speech, seed, &trace);
    println!("{}", trace.tail(usize::MAX));
    match outcome {
        Ok(summary) => println!("seed {seed} holds: {summary:?}"),
        Err(why) => panic!("seed {seed} failed: {why}"),
    }
}

#[test]
fn one_seed() {
    replay(Speech::Lines);
}

#[test]
fn one_seed_of_frames() {
    replay(Speech::Frames);
}

#[test]
fn pinned_seeds() {
    for seed in PINNED {
        run_many(Speech::Lines, *seed, 1);
    }
    for seed in PINNED_OF_FRAMES {
        run_many(Speech::Frames, *seed, 1);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    last_panic();
    let mut lines = 0;
    for seed in 1..=25 {
        for speech in [Speech::Lines, Speech::Frames] {
            let (first, second) = (Trace::kept(), Trace::kept());
            // Whether it holds is for the others to say.
            let _ = (run(speech, seed, &first), run(speech, seed, &second));
            lines += first.len();
            if let Some((a, b)) = first.difference(&second) {
                panic!("seed {seed} of {speech:?} differs from itself:\n{a}\n{b}");
            }
        }
    }
    assert!(lines > 5_000, "25 seeds do next to nothing: {lines} lines");
}
