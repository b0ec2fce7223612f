//! Servers that the program adds, switches off and on, and connects to anew.

use std::ffi::c_char;

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// Adds a server that stands in no file, or puts another entry in the place of
/// one that was added before; json is an entry as in mcpServers of a file. It is
/// in force everywhere and a reload keeps it. An entry of this name in the user's
/// files is hidden while it is there; that of a project is nearer in its
/// directory. "${VAR}" is expanded now. A CONFIG_LOADED event follows.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_INVALID (an empty name, or an entry that cannot be used;
/// tmcp_client_error says why, and what was added before stays),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_add_server(
    client: *mut tmcp_client,
    name: *const c_char,
    json: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let name = unsafe { strings::required(name, "name") }?;
            // SAFETY: as above.
            let json = unsafe { strings::required(json, "json") }?;
            client.add_server(&name, &json)?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Removes a server that tmcp_client_add_server added. What is in flight is
/// finished or cancelled first, and an entry of its name in the files is in force
/// again.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (none of this name was added),
/// TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client, or text that is not
/// UTF-8), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: name is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_remove_server(
    client: *mut tmcp_client,
    name: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let name = unsafe { strings::required(name, "name") }?;
            match client.remove_server(&name) {
                true => Ok(tmcp_result::Ok as i32),
                false => {
                    let message = format!("no server '{name}' was added");
                    Err(Failure::new(tmcp_result::NotFound, message))
                }
            }
        })
    }
}

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
