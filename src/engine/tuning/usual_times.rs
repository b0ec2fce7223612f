//! How long the tools of one server take when nothing else runs.

use std::time::Duration;

/// Samples of a tool: their median is its usual time.
const SAMPLES: usize = 5;
/// Tools that are remembered. The one that was called longest ago makes room.
const TOOLS: usize = 16;

/// The last samples of one tool, in microseconds.
#[derive(Clone, Copy, Debug)]
struct ToolTimes {
    tool: u32,
    count: u32,
    last: [u32; SAMPLES],
}

/// The usual times of the tools that were called last.
#[derive(Clone, Debug, Default)]
pub(super) struct UsualTimes {
    /// The tool that was called last is the last one.
    tools: Vec<ToolTimes>,
}

impl UsualTimes {
    /// A call of `tool` took this long while nothing else ran. `tool` is a hash.
    pub(super) fn sample(&mut self, tool: u32, took: Duration) {
        let found = self.tools.iter().position(|times| times.tool == tool);
        let mut times = match found {
            Some(at) => self.tools.remove(at),
            None => ToolTimes { tool, count: 0, last: [0; SAMPLES] },
        };
        if self.tools.len() == TOOLS {
            self.tools.remove(0);
        }
        let slot = times.count as usize % SAMPLES;
        times.last[slot] = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        times.count = times.count.wrapping_add(1).max(1);
        if self.tools.capacity() == 0 {
            // Many servers have one tool that is called.
            self.tools.reserve_exact(1);
        }
        self.tools.push(times);
    }

    /// The median of the last samples.
    pub(super) fn usual(&self, tool: u32) -> Option<Duration> {
        let times = self.tools.iter().find(|times| times.tool == tool)?;
        let count = (times.count as usize).min(SAMPLES);
        let mut sorted = times.last;
        let samples = &mut sorted[..count];
        samples.sort_unstable();
        Some(Duration::from_micros(u64::from(samples[count / 2])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_time_is_the_median_of_the_last_five() {
        let mut times = UsualTimes::default();
        assert_eq!(times.usual(1), None);
        for (took, usual) in [(10, 10), (1000, 1000), (12, 12), (11, 12), (9, 11), (2000, 12)] {
            times.sample(1, Duration::from_micros(took));
            assert_eq!(times.usual(1), Some(Duration::from_micros(usual)), "after {took}");
        }
    }

    #[test]
    fn only_sixteen_tools_are_remembered() {
        let mut times = UsualTimes::default();
        for tool in 0..16 {
            times.sample(tool, Duration::from_secs(1));
        }
        times.sample(0, Duration::from_secs(1));
        times.sample(99, Duration::from_secs(10_000));
        assert_eq!((times.usual(1), times.tools.len()), (None, TOOLS));
        assert!(times.usual(0).is_some());
        assert_eq!(times.usual(99), Some(Duration::from_micros(u64::from(u32::MAX))));
    }
}
