//! Random bytes of the kernel.

use std::io;

/// Fills a buffer with bytes that nobody can foresee.
///
/// # Errors
///
/// The kernel has none yet, shortly after the start of the machine.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    // SAFETY: the pointer and the length describe `bytes`, which the call fills.
    let n = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    match n == bytes.len() as isize {
        true => Ok(()),
        false => Err(io::Error::last_os_error()),
    }
}

/// Eight random bytes, or the clock's where the kernel gives none: two servers
/// that restart together must not be called back in step, nothing more rests
/// on them.
pub fn seed() -> u64 {
    let mut bytes = [0u8; 8];
    match fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => super::clock::now().as_micros() ^ u64::from(std::process::id()) << 32,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_filled() {
        let (mut one, mut other) = ([0; 64], [0; 64]);
        super::fill(&mut one).unwrap();
        super::fill(&mut other).unwrap();
        assert!(one != other && one[32..] != [0; 32]);
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(super::seed(), super::seed());
    }
}
