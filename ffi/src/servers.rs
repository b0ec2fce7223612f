//! Servers switched off and on, and connected anew, by the program.

use std::ffi::c_char;

use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// Switches a server off or on in this client; no file is changed. While it is
/// off, calls to it fail with TMCP_RESULT_INVALID, tmcp_client_servers lists it
/// as "disabled", and its connections are closed as soon as what is in flight on
/// them has ended or was cancelled. A reload keeps that. A CONFIG_LOADED event
/// follows when something changed. Returns 1 if it did, 0 if the server was as
/// wanted already.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_INVALID (no such server, or its entry is not used for
/// another reason, which tmcp_client_error says), TMCP_RESULT_BUSY (the
/// configuration is being read; see tmcp_client_ready), TMCP_RESULT_NULL,
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: server is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_enabled(
    client: *mut tmcp_client,
    server: *const c_char,
    enabled: bool,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            Ok(i32::from(client.set_enabled(&server, enabled)?))
        })
    }
}

/// Connects to a server anew, also when it is healthy: idle connections are
/// closed at once, the others when what is in flight on them has ended, and a new
/// one is opened without waiting for a pause between tries to end. Its tools have
/// to be listed again.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_INVALID (no such server), TMCP_RESULT_NULL,
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: server is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_reconnect(
    client: *mut tmcp_client,
    server: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            client.reconnect(&server)?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}
