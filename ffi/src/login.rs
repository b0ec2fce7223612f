//! Logins at servers that want to know who calls.

use std::ffi::{c_char, c_void};

use tmcp::client::{Client, RequestId};

use crate::call::to_u64;
use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// Logs in at a server that is reached by HTTP (MCP "Authorization"). A LOGIN event
/// brings the page that a person has to open (tmcp_event_url); when the person is
/// done, the browser is led back to a port of this host. The DONE event tells the
/// end: TMCP_RESULT_OK, and the token is kept in tokens.json beside the state file,
/// or TMCP_RESULT_IO with why there is none. A person has ten minutes. A login of
/// the server that goes on ends with TMCP_RESULT_CANCELLED. tmcp_client_cancel gives
/// it up.
///
/// Ownership: user_data stays the caller's.
/// NULL: client and server must not be NULL; id may be.
/// Errors: TMCP_RESULT_INVALID (no such server, it has no login, tokens.json cannot
/// be used, or logins are not built in), TMCP_RESULT_IO (the system has no random
/// bytes), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. After an
/// error no event comes.
/// Lifetime: server is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_login(
    client: *mut tmcp_client,
    server: *const c_char,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { begin(client, server, user_data, id, login) }
    }
}

/// Gives a login the address to which the browser was led back, whole or from its
/// "?" on: for a browser on another machine, where that address shows nothing.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_INVALID (no such server, no page is open for a login of it,
/// or the address belongs to another login, which goes on waiting),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_login_answer(
    client: *mut tmcp_client,
    server: *const c_char,
    address: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            // SAFETY: as above.
            let address = unsafe { strings::required(address, "address") }?;
            login_answer(client, &server, &address)?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Forgets the tokens of a server, in this client and in tokens.json. The DONE event
/// tells the end; TMCP_RESULT_INVALID in it: there were none.
///
/// Ownership: user_data stays the caller's.
/// NULL: client and server must not be NULL; id may be.
/// Errors: as tmcp_client_login.
/// Lifetime: server is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_logout(
    client: *mut tmcp_client,
    server: *const c_char,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { begin(client, server, user_data, id, logout) }
    }
}

/// Begins a login or a logout, and says which request it is.
///
/// # Safety
/// As [`tmcp_client_login`].
unsafe fn begin(
    client: *mut tmcp_client,
    server: *const c_char,
    user_data: *mut c_void,
    id: *mut u64,
    start: fn(&mut Client, &str, u64) -> Result<RequestId, Failure>,
) -> i32 {
    handle::run(client, |client| {
        // SAFETY: what this function asks of its caller.
        let server = unsafe { strings::required(server, "server") }?;
        let request = start(client, &server, to_u64(user_data))?;
        // SAFETY: NULL or writable.
        unsafe { strings::store(id, request.0) };
        Ok(tmcp_result::Ok as i32)
    })
}

#[cfg(feature = "oauth")]
fn login(client: &mut Client, server: &str, user_data: u64) -> Result<RequestId, Failure> {
    Ok(client.login(server, user_data)?)
}

#[cfg(feature = "oauth")]
fn login_answer(client: &mut Client, server: &str, address: &str) -> Result<(), Failure> {
    Ok(client.login_answer(server, address)?)
}

#[cfg(feature = "oauth")]
fn logout(client: &mut Client, server: &str, user_data: u64) -> Result<RequestId, Failure> {
    Ok(client.logout(server, user_data)?)
}

#[cfg(not(feature = "oauth"))]
fn login(_: &mut Client, _: &str, _: u64) -> Result<RequestId, Failure> {
    Err(not_built())
}

#[cfg(not(feature = "oauth"))]
fn login_answer(_: &mut Client, _: &str, _: &str) -> Result<(), Failure> {
    Err(not_built())
}

#[cfg(not(feature = "oauth"))]
fn logout(_: &mut Client, _: &str, _: u64) -> Result<RequestId, Failure> {
    Err(not_built())
}

#[cfg(not(feature = "oauth"))]
fn not_built() -> Failure {
    Failure::invalid("logins are not built in (cargo feature 'oauth')")
}
