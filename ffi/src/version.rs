//! Which library this is.

use std::ffi::c_char;

/// The version of the library that is running, as `TMCP_VERSION_NUMBER` has it
/// for the header: a host compares the two once at its start.
///
/// Ownership: none.
/// NULL: takes no pointer.
/// Errors: none.
/// Lifetime: for ever.
#[unsafe(no_mangle)]
pub extern "C" fn tmcp_version_number() -> u32 {
    guard! { NUMBER }
}

/// The version of the library that is running, as text ("0.1.0").
///
/// Ownership: the library's; do not free it.
/// NULL: never returned.
/// Errors: none.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn tmcp_version() -> *const c_char {
    guard! { concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast::<c_char>() }
}

const NUMBER: u32 = match u32::from_str_radix(env!("TMCP_VERSION_NUMBER"), 10) {
    Ok(number) => number,
    Err(_) => panic!("the build script gave no number"),
};
