//! The calls that are made, and the servers that answer them.

/// How a server takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// All at once.
    Async,
    /// One a connection.
    PerConnection,
    /// So many at once, whatever the connection.
    Workers(usize),
}

/// One call: times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub at: u64,
    pub tool: u32,
    pub takes: u64,
}

pub struct Workload {
    pub name: &'static str,
    pub what: &'static str,
    pub service: Service,
    /// When it becomes `PerConnection`, in microseconds.
    pub turns_at: Option<u64>,
    /// Bursts at fixed times instead of agents: every so many seconds, spread over so many,
    /// so many calls.
    pub bursts: Option<(u64, u64, u64)>,
    pause: f64,
    agents: u64,
    tools: &'static [Tool],
    longest_burst: u64,
}

/// Weight, median in ms, sigma of the logarithm.
type Tool = (u64, f64, f64);

const MIXED: &[Tool] = &[(40, 8.0, 0.4), (35, 100.0, 0.4), (20, 1000.0, 0.4), (5, 15_000.0, 0.3)];
const SHORT: &[Tool] = &[(50, 8.0, 0.4), (40, 100.0, 0.4), (10, 500.0, 0.4)];
const EQUAL: &[Tool] = &[(1, 1000.0, 0.001)];
const HOUR: u64 = 3_600_000_000;

pub fn all() -> Vec<Workload> {
    let base = Workload {
        name: "",
        what: "",
        service: Service::Async,
        turns_at: None,
        bursts: None,
        pause: 4.0,
        agents: 1,
        tools: SHORT,
        longest_burst: 32,
    };
    vec![
        Workload {
            name: "Bursts, concurrent",
            what: "One agent: 60 % single calls, else bursts of up to 32; 8 to 500 ms a call; the \
                   server is concurrent.",
            ..base
        },
        Workload {
            name: "Bursts, serial per connection",
            what: "The same calls; the server takes one request a connection.",
            service: Service::PerConnection,
            ..base
        },
        Workload {
            name: "Bursts, serial",
            what: "The same calls; the server takes one request at a time, on whatever connection.",
            service: Service::Workers(1),
            pause: 8.0,
            ..base
        },
        Workload {
            name: "Single calls",
            what: "One call after the other, never two at a time.",
            service: Service::PerConnection,
            longest_burst: 1,
            tools: &[(1, 100.0, 0.4)],
            ..base
        },
        Workload {
            name: "Equal calls",
            what: "Bursts of calls of 1 s, equal to 0.1 %; the server is concurrent.",
            tools: EQUAL,
            ..base
        },
        Workload {
            name: "Mixed, concurrent",
            what: "Four agents, 8 ms to 15 s a call; the server is concurrent.",
            agents: 4,
            pause: 20.0,
            tools: MIXED,
            ..base
        },
        Workload {
            name: "Mixed, serial per connection",
            what: "The same calls; the server takes one request a connection.",
            service: Service::PerConnection,
            agents: 4,
            pause: 20.0,
            tools: MIXED,
            ..base
        },
        Workload {
            name: "Four workers",
            what: "Four agents with bursts; the server takes four requests at a time, on whatever \
                   connection.",
            service: Service::Workers(4),
            agents: 4,
            pause: 12.0,
            ..base
        },
        Workload {
            name: "Turns serial",
            what: "Bursts; the server is concurrent for half an hour, then takes one request a \
                   connection.",
            turns_at: Some(HOUR / 2),
            ..base
        },
    ]
}

/// The three examples of "Performance Tuning" in the first design of this project, each with
/// the size and the idle timeout in seconds before and after. The server takes one request a
/// connection.
pub fn examples() -> Vec<(Workload, [(usize, u64); 2])> {
    let base = Workload {
        name: "",
        what: "",
        service: Service::PerConnection,
        turns_at: None,
        bursts: None,
        pause: 4.0,
        agents: 1,
        tools: &[(1, 25.0, 0.4)],
        longest_burst: 2,
    };
    vec![
        (
            Workload {
                name: "Low hit rate",
                what: "15 calls at once every 6 s.",
                bursts: Some((6, 0, 15)),
                ..base
            },
            [(5, 300), (15, 600)],
        ),
        (
            Workload {
                name: "Many evictions",
                what: "20 calls at once every 400 s.",
                bursts: Some((400, 0, 20)),
                ..base
            },
            [(20, 300), (10, 900)],
        ),
        (
            Workload {
                name: "Burst traffic",
                what: "50 calls in 5 s, then idle for 5 minutes.",
                bursts: Some((305, 5, 50)),
                ..base
            },
            [(5, 300), (10, 600)],
        ),
    ]
}

impl Workload {
    /// The calls of one hour, in order.
    pub fn calls(&self, seed: u64) -> Vec<Call> {
        let mut calls = Vec::new();
        if let Some((every, within, count)) = self.bursts {
            let mut random = Random(seed);
            for start in (0..HOUR / 1_000_000).step_by(every as usize) {
                for _ in 0..count {
                    let (tool, takes) = self.tool(&mut random);
                    let at = start * 1_000_000 + random.below(within * 1_000_000 + 1000);
                    calls.push(Call { at, tool, takes });
                }
            }
        }
        let agents = if self.bursts.is_some() { 0 } else { self.agents };
        for agent in 0..agents {
            let mut random = Random(seed * 1000 + agent);
            let mut now = 0.0;
            while now < HOUR as f64 {
                now += random.exponential(self.pause) * 1e6;
                let is_single = self.longest_burst == 1 || random.unit() < 0.6;
                let size = if is_single { 1 } else { 2 + random.below(self.longest_burst - 1) };
                let mut longest: f64 = 0.0;
                for n in 0..size {
                    let (tool, takes) = self.tool(&mut random);
                    // The calls of a burst are written one after the other.
                    calls.push(Call { at: now as u64 + 200 * n, tool, takes });
                    longest = longest.max(takes as f64);
                }
                // An agent goes on when it has all answers.
                now += longest;
            }
        }
        calls.sort_by_key(|call| call.at);
        calls
    }

    fn tool(&self, random: &mut Random) -> (u32, u64) {
        let total: u64 = self.tools.iter().map(|(weight, ..)| weight).sum();
        let mut left = random.below(total);
        for (index, (weight, median, sigma)) in self.tools.iter().enumerate() {
            if left < *weight {
                let takes = median * 1000.0 * (sigma * random.normal()).exp();
                return (index as u32, takes as u64 + 1);
            }
            left -= weight;
        }
        (0, 1)
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// Above 0, at most 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}
