//! The log of the HdrHistogram libraries, version 1.3 with payloads of version 2: the latency
//! of each server's calls, tagged with its name.
//!
//! Written here and not by the `serialization` feature of the `hdrhistogram` crate, because
//! that brings a compressor and a parser into tmux: an encoder is this file, and a zlib stream
//! may consist of stored blocks.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::metrics::{Latency, ServerReport};
use crate::time::Time;

const COOKIE: u32 = 0x1c84_9313;
const COMPRESSED_COOKIE: u32 = 0x1c84_9314;
/// The longest stored block of zlib, in bytes.
const BLOCK: usize = 0xffff;

/// A log with one interval for each server that was called: all its calls.
pub fn render_histogram_log(reports: &[ServerReport<'_>], now: Time) -> String {
    let mut text = String::from(
        "#[Histogram log format version 1.3]\n#[Values are in microseconds]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
    );
    for report in reports {
        let latency = report.metrics.latency();
        let Some(payload) = payload(latency) else { continue };
        let tag: String = report.name.chars().map(|c| if is_tag(c) { c } else { '_' }).collect();
        let (_, watched) = report.metrics.uptime_share(now);
        let (length, max) = (watched.as_secs_f64(), latency.max().unwrap_or_default());
        let payload = STANDARD.encode(compressed(&payload));
        // Writing to a String cannot fail. The maximum is in milliseconds by convention.
        let _ =
            writeln!(text, "Tag={tag},0.000,{length:.3},{:.3},{payload}", max.as_secs_f64() * 1e3);
    }
    text
}

/// A histogram, encoded; `None` without a sample.
fn payload(latency: &Latency) -> Option<Vec<u8>> {
    let histogram = latency.histogram()?;
    let mut counts = Vec::new();
    let mut zeros = 0;
    for count in histogram.iter_all().map(|bucket| bucket.count_at_value()) {
        if count == 0 {
            zeros += 1;
            continue;
        }
        // A run of zeros is one negative number; those at the end are left out.
        match std::mem::take(&mut zeros) {
            0 => {}
            1 => zigzag(&mut counts, 0),
            run => zigzag(&mut counts, -run),
        }
        zigzag(&mut counts, i64::from(count));
    }
    let mut payload = Vec::with_capacity(counts.len() + 40);
    payload.extend_from_slice(&COOKIE.to_be_bytes());
    payload.extend_from_slice(&length(&counts));
    // The offset of normalised indices.
    payload.extend_from_slice(&0_u32.to_be_bytes());
    payload.extend_from_slice(&u32::from(histogram.sigfig()).to_be_bytes());
    payload.extend_from_slice(&histogram.low().to_be_bytes());
    payload.extend_from_slice(&histogram.high().to_be_bytes());
    // The ratio to values that are no integers.
    payload.extend_from_slice(&1_f64.to_be_bytes());
    payload.extend_from_slice(&counts);
    Some(payload)
}

/// A payload as a zlib stream of stored blocks, with the header of a compressed histogram.
fn compressed(payload: &[u8]) -> Vec<u8> {
    let mut zlib = vec![0x78, 0x01];
    let mut blocks = payload.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        zlib.push(u8::from(blocks.peek().is_none()));
        // At most BLOCK, which is what fits.
        let length = block.len() as u16;
        zlib.extend_from_slice(&length.to_le_bytes());
        zlib.extend_from_slice(&(!length).to_le_bytes());
        zlib.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in payload {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    zlib.extend_from_slice(&(b << 16 | a).to_be_bytes());
    let mut out = COMPRESSED_COOKIE.to_be_bytes().to_vec();
    out.extend_from_slice(&length(&zlib));
    out.extend(zlib);
    out
}

/// Some KiB, as bytes of an `i32`.
fn length(bytes: &[u8]) -> [u8; 4] {
    (bytes.len() as u32).to_be_bytes()
}

/// Appends a number as LEB128 of its zigzag code, of which the ninth byte has eight bits.
fn zigzag(out: &mut Vec<u8>, number: i64) {
    let mut code = (number << 1 ^ number >> 63) as u64;
    for _ in 0..8 {
        if code < 0x80 {
            break;
        }
        out.push(code as u8 | 0x80);
        code >>= 7;
    }
    out.push(code as u8);
}

/// Whether a character may be in a tag.
fn is_tag(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && c != ','
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_examples() {
        for (number, bytes) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (63, &[126]),
            (64, &[0x80, 1]),
            (-3327, &[0xfd, 0x33]),
            (i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ] {
            let mut out = Vec::new();
            zigzag(&mut out, number);
            assert_eq!(out, bytes, "{number}");
        }
    }
}
