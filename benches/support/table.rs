//! Samples, their medians over rounds, and tables in Markdown.

use std::time::{Duration, Instant};

/// The latencies of one round.
#[derive(Clone, Debug)]
pub struct Samples {
    started: Instant,
    all: Vec<Duration>,
    took: Duration,
}

/// What one round comes to; times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    pub mean: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub per_second: f64,
    pub seconds: f64,
}

impl Samples {
    pub fn start(calls: usize) -> Samples {
        Samples { all: Vec::with_capacity(calls), took: Duration::ZERO, started: Instant::now() }
    }

    pub fn push(&mut self, sample: Duration) {
        self.all.push(sample);
    }

    pub fn stop(mut self) -> Samples {
        self.took = self.started.elapsed();
        self.all.sort_unstable();
        self
    }

    pub fn round(&self) -> Round {
        let at = |q: f64| {
            let rank = (q * self.all.len() as f64).ceil() as usize;
            self.all[rank.clamp(1, self.all.len()) - 1].as_nanos() as f64 / 1000.0
        };
        let sum: Duration = self.all.iter().sum();
        Round {
            mean: sum.as_nanos() as f64 / 1000.0 / self.all.len() as f64,
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            per_second: self.all.len() as f64 / self.took.as_secs_f64(),
            seconds: self.took.as_secs_f64(),
        }
    }
}

/// The middle of some numbers.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median over rounds, field by field.
pub fn medians(rounds: &[Round]) -> Round {
    let of = |field: fn(&Round) -> f64| median(rounds.iter().map(field));
    Round {
        mean: of(|r| r.mean),
        p50: of(|r| r.p50),
        p95: of(|r| r.p95),
        p99: of(|r| r.p99),
        per_second: of(|r| r.per_second),
        seconds: of(|r| r.seconds),
    }
}

/// The median of the ratios within each round: noise hits both sides alike.
pub fn ratio(rounds: &[Round], base: &[Round]) -> f64 {
    median(rounds.iter().zip(base).map(|(round, base)| round.p50 / base.p50))
}

/// The head of a table.
pub fn head(columns: &[&str]) {
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
}

/// One row.
pub fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// `12,345`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
