//! Simulates workloads against pools of fixed size, pools sized by known algorithms, and
//! the tuning of the library, which is the very code of `src/engine/tuning` and
//! `src/engine/pool.rs`. Seeded and without a clock: the same numbers in every run.
//!
//! `cargo bench -q --profile dev --bench tuning` prints the tables of docs/tuning.md;
//! with `-- DIRECTORY` it writes the plots there.

#![allow(clippy::print_stdout, missing_docs, missing_debug_implementations)]

mod algorithms;
mod plot;
mod simulation;
mod workload;

use std::path::Path;

use algorithms::Policy;
use simulation::{IDLE, Outcome, run};
use workload::{Workload, all, examples};

const SEEDS: u64 = 4;

/// The runs of one policy in one workload.
pub struct Row {
    pub policy: &'static str,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub average: f64,
    pub most: usize,
    pub verdict: String,
}

fn main() {
    let directory = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let mut panels = Vec::new();
    let mut timeline = Vec::new();
    for workload in all() {
        println!("\n**{}.** {}\n", workload.name, workload.what);
        println!("| pool | p50 | p95 | p99 | connections on average | at most |");
        println!("|---|---|---|---|---|---|");
        let mut rows = Vec::new();
        for policy in Policy::ALL {
            let outcomes: Vec<Outcome> =
                (0..SEEDS).map(|seed| run(&workload, policy, seed, 5, IDLE)).collect();
            if policy == Policy::Tuned && workload.turns_at.is_some() {
                timeline.clone_from(&outcomes[0].timeline);
            }
            rows.push(row(policy, &outcomes));
        }
        for row in &rows {
            println!(
                "| {} | {} | {} | {} | {:.1} | {} |",
                row.policy,
                ms(row.p50),
                ms(row.p95),
                ms(row.p99),
                row.average,
                row.most
            );
        }
        let best = rows.iter().map(|row| row.p95).fold(f64::INFINITY, f64::min);
        let tuned = rows.iter().find(|row| row.policy == Policy::Tuned.name());
        if let Some(tuned) = tuned {
            // One connect is within the noise of any real server.
            let is_best = |row: &&Row| row.p95 <= best * 1.05 + 1.0;
            let fewest =
                rows.iter().filter(is_best).map(|row| row.average).fold(f64::INFINITY, f64::min);
            println!(
                "\n{} calls in {SEEDS} runs. Best p95 {} ms, tuned {} ms. Fewest connections \
                 among those within 5 % and 1 ms of the best: {fewest:.1}, tuned {:.1}. Verdicts \
                 at the end: {}.",
                calls(&workload),
                ms(best),
                ms(tuned.p95),
                tuned.average,
                tuned.verdict
            );
        }
        panels.push((workload.name, rows));
    }
    show_examples();
    if let Some(directory) = directory {
        for (name, text) in
            [("tuning.svg", plot::panels(&panels)), ("tuning-turn.svg", plot::timeline(&timeline))]
        {
            let path = Path::new(&directory).join(name);
            if let Err(error) = std::fs::write(&path, text) {
                println!("{}: {error}", path.display());
                std::process::exit(1);
            }
        }
    }
}

/// The examples of the first design, before, after and tuned.
fn show_examples() {
    for (workload, sizes) in examples() {
        println!(
            "\n**{}.** {} {} calls in 4 runs.\n",
            workload.name,
            workload.what,
            calls(&workload)
        );
        println!(
            "| pool | p95 | p99 | calls that opened none | connections on average | at most | \
             idle ones closed an hour | overflow closed an hour |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        let [before, after] = sizes;
        for (name, policy, (size, idle)) in [
            ("before", Policy::Untuned, before),
            ("after", Policy::Untuned, after),
            ("tuned", Policy::Tuned, (5, 300)),
            ("tuned, `pool_max_size` 20", Policy::Tuned, (20, 600)),
        ] {
            let idle = idle * 1_000_000;
            let outcomes: Vec<Outcome> =
                (0..SEEDS).map(|seed| run(&workload, policy, seed, size, idle)).collect();
            let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>() as f64;
            let hits = 100.0 * (1.0 - sum(|o| o.opened) / calls(&workload) as f64);
            let row = row(policy, &outcomes);
            println!(
                "| {name} | {} | {} | {hits:.0} % | {:.1} | {} | {:.0} | {:.0} |",
                ms(row.p95),
                ms(row.p99),
                row.average,
                row.most,
                sum(|o| o.idled) / SEEDS as f64,
                sum(|o| o.surplus) / SEEDS as f64
            );
        }
    }
}

fn calls(workload: &Workload) -> usize {
    (0..SEEDS).map(|seed| workload.calls(seed).len()).sum()
}

fn row(policy: Policy, outcomes: &[Outcome]) -> Row {
    let mut delays: Vec<u64> = outcomes.iter().flat_map(|o| o.delays.iter().copied()).collect();
    delays.sort_unstable();
    let at = |share: f64| {
        let index = ((delays.len() as f64 * share).ceil() as usize).clamp(1, delays.len());
        delays[index - 1] as f64 / 1000.0
    };
    let mut verdicts: Vec<&str> = outcomes.iter().map(|o| o.verdict).collect();
    verdicts.dedup();
    Row {
        policy: policy.name(),
        p50: at(0.50),
        p95: at(0.95),
        p99: at(0.99),
        average: outcomes.iter().map(|o| o.average).sum::<f64>() / outcomes.len() as f64,
        most: outcomes.iter().map(|o| o.most).max().unwrap_or_default(),
        verdict: verdicts.join(", "),
    }
}

/// Milliseconds: whole ones from 10 on.
fn ms(ms: f64) -> String {
    if ms >= 10.0 { format!("{ms:.0}") } else { format!("{ms:.1}") }
}
