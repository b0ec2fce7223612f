//! What only the misuse tests need. Never part of an installed archive.

use crate::handle::{self, tmcp_client};

/// Panics inside of a call, as a bug would.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_test_panic(client: *mut tmcp_client) -> i32 {
    guard! {
        handle::run(client, |_| panic!("asked to by a test"))
    }
}
