//! The ways to size a pool that are compared.

use std::collections::VecDeque;

use tmcp::engine::Shape;

/// Connections that any of them may have.
pub const MOST: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Fixed1,
    Fixed5,
    Fixed20,
    Untuned,
    Multiplexed,
    Little,
    Aimd,
    Vegas,
    Gradient2,
    Tuned,
}

impl Policy {
    pub const ALL: [Policy; 10] = [
        Policy::Fixed1,
        Policy::Fixed5,
        Policy::Fixed20,
        Policy::Untuned,
        Policy::Multiplexed,
        Policy::Little,
        Policy::Aimd,
        Policy::Vegas,
        Policy::Gradient2,
        Policy::Tuned,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Policy::Fixed1 => "fixed, 1",
            Policy::Fixed5 => "fixed, 5",
            Policy::Fixed20 => "fixed, 20",
            Policy::Untuned => "5 and overflow (the default)",
            Policy::Multiplexed => "all on one",
            Policy::Little => "Little's law",
            Policy::Aimd => "AIMD",
            Policy::Vegas => "Vegas",
            Policy::Gradient2 => "Gradient2",
            Policy::Tuned => "tuned",
        }
    }
}

/// The size that an algorithm has arrived at.
pub struct Sizing {
    policy: Policy,
    size: usize,
    limit: f64,
    least: f64,
    long: f64,
    samples: u32,
    /// Calls of the last minute: when they came and how long they took.
    minute: VecDeque<(u64, u64)>,
}

impl Sizing {
    pub fn new(policy: Policy, size: usize) -> Sizing {
        let limit = if policy == Policy::Gradient2 { 4.0 } else { 1.0 };
        Sizing {
            policy,
            size,
            limit,
            least: f64::MAX,
            long: 0.0,
            samples: 0,
            minute: VecDeque::new(),
        }
    }

    pub fn shape(&self) -> Shape {
        let plain = Shape { size: 1, in_flight: 1, overflow: false, most: MOST, cautious: false };
        match self.policy {
            Policy::Fixed1 => plain,
            Policy::Fixed5 => Shape { size: 5, ..plain },
            Policy::Fixed20 => Shape { size: 20, ..plain },
            Policy::Untuned | Policy::Tuned => Shape { size: self.size, overflow: true, ..plain },
            Policy::Multiplexed => Shape { in_flight: 1024, ..plain },
            _ => Shape { size: (self.limit as usize).clamp(1, MOST), ..plain },
        }
    }

    /// A call was answered `rtt` after it was sent, with `in_flight` on the wire before;
    /// microseconds.
    pub fn answered(&mut self, now: u64, rtt: u64, in_flight: usize) {
        let (sample, used) = (rtt as f64, in_flight as f64);
        match self.policy {
            // Calls a second times seconds a call, over a minute, and half as much again.
            Policy::Little => {
                self.minute.push_back((now, rtt));
                while self.minute.front().is_some_and(|(at, _)| now - at > 60_000_000) {
                    self.minute.pop_front();
                }
                let work: u64 = self.minute.iter().map(|(_, rtt)| rtt).sum();
                self.limit = (1.5 * work as f64 / 60e6).ceil();
            }
            // Netflix concurrency-limits, AIMDLimit: timeout 5 s, back-off 0.9.
            Policy::Aimd => {
                if rtt > 5_000_000 {
                    self.limit *= 0.9;
                } else if used * 2.0 >= self.limit {
                    self.limit += 1.0;
                }
            }
            // VegasLimit.
            Policy::Vegas => {
                self.least = self.least.min(sample);
                if used * 2.0 < self.limit {
                    return;
                }
                let log = self.limit.log10().floor().max(1.0);
                let queue = (self.limit * (1.0 - self.least / sample)).ceil();
                let (alpha, beta) = (3.0 * log, 6.0 * log);
                self.limit = match queue {
                    queue if queue <= log => self.limit + beta,
                    queue if queue < alpha => self.limit + log,
                    queue if queue > beta => self.limit - log,
                    _ => self.limit,
                };
            }
            // Gradient2Limit: window 600, tolerance 1.5, queue 4, smoothing 0.2.
            Policy::Gradient2 => {
                self.samples += 1;
                let window = f64::from(self.samples.min(600));
                self.long += (sample - self.long) / window;
                if self.long / sample > 2.0 {
                    self.long *= 0.95;
                }
                if used < self.limit / 2.0 {
                    return;
                }
                let gradient = (1.5 * self.long / sample).clamp(0.5, 1.0);
                self.limit = self.limit * 0.8 + (self.limit * gradient + 4.0) * 0.2;
            }
            _ => {}
        }
        self.limit = self.limit.clamp(1.0, MOST as f64);
    }
}
