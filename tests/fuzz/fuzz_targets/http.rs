//! The codec of HTTP: heads, bodies and events, cut anywhere. What is found in the bytes does
//! not depend on the cuts, nothing is read twice, and what is kept is bounded.
#![no_main]

#[path = "../../channels/http_pieces.rs"]
mod http_pieces;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, Vec<u8>, Vec<u8>)| {
    let (is_sse, cuts, bytes) = input;
    let whole = http_pieces::read(is_sse, &bytes, || usize::MAX);
    let mut cuts = cuts.iter().cycle();
    let cut = http_pieces::read(is_sse, &bytes, || cuts.next().map_or(1, |n| usize::from(*n)));
    assert_eq!(whole, cut);
});
