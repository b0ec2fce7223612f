//! The driver's clock.

use crate::time::Time;

/// The present, on a clock that never jumps and counts time spent suspended.
///
/// Falls back to a clock that stops during suspend where the kernel has no
/// other; idle connections then look younger after a night's sleep.
pub fn now() -> Time {
    let spec = read(libc::CLOCK_BOOTTIME).or_else(|| read(libc::CLOCK_MONOTONIC));
    let Some(spec) = spec else { return Time::ZERO };
    // Both fields are never negative on these clocks, and 64 bits of
    // microseconds outlast the machine.
    Time::from_micros(spec.tv_sec as u64 * 1_000_000 + spec.tv_nsec as u64 / 1_000)
}

fn read(clock: libc::clockid_t) -> Option<libc::timespec> {
    let mut spec = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `spec` is a valid timespec that the call only writes to.
    let ret = unsafe { libc::clock_gettime(clock, &mut spec) };
    (ret == 0).then_some(spec)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_clock_runs_forward_from_the_boot_of_the_machine() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let first = super::now();
        assert!(first.as_micros() as f64 / 1e6 >= uptime - 0.1);
        assert!((first.as_micros() as f64 / 1e6) < uptime + 60.0);
        assert!(super::now() >= first);
    }
}
