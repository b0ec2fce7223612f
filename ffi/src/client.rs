//! Making, driving and ending a client.

use std::ffi::{c_char, c_int};
use std::time::Duration;

use tmcp::client::Client;

use crate::event::{self, tmcp_event};
use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::log::HostLog;
use crate::options::{self, tmcp_options};
use crate::result::tmcp_result;
use crate::strings;

/// What `budget_us` 0 stands for.
const DEFAULT_BUDGET: Duration = Duration::from_millis(2);

/// Makes a client. The configuration is read by the first calls of
/// tmcp_client_dispatch; tool calls made before that wait for it.
///
/// Ownership: *out is the caller's, to be given to tmcp_client_free.
/// NULL: options may be NULL (defaults); out must not be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (a size that is none, an
/// unknown log level, text that is not UTF-8), TMCP_RESULT_IO (no descriptors
/// left), TMCP_RESULT_INTERNAL. tmcp_client_error(NULL, ...) says why.
/// Lifetime: options is copied; log and log_arg are used until
/// tmcp_client_free has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_new(
    options: *const tmcp_options,
    out: *mut *mut tmcp_client,
) -> i32 {
    guard! {
        handle::code(std::ptr::null(), (|| {
            if out.is_null() {
                return Err(Failure::null("out"));
            }
            // SAFETY: what this function asks of its caller.
            let parsed = unsafe { options::parse(options) }?;
            let log = HostLog::new(parsed.log, parsed.log_arg);
            crate::guard::tell(&log);
            let client = Client::new(parsed.options, parsed.level, log.core())?;
            // SAFETY: not NULL, hence writable.
            unsafe { strings::store(out, handle::adopt(client, log)) };
            Ok(tmcp_result::Ok as i32)
        })())
    }
}

/// Ends a client without waiting for anybody: closes connections, closes the
/// pipes of its servers and sends them SIGTERM. Requests under way get no
/// event. Allowed after every error; a client that another thread is using
/// ends when that call returns. In a child made by fork it releases nothing,
/// because what it would release is the parent's.
///
/// Ownership: client is consumed; events pulled before stay valid.
/// NULL: does nothing. So does a client that was freed already.
/// Errors: none.
/// Lifetime: the log sink is not called any more once this has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_free(client: *mut tmcp_client) {
    guard! { handle::release(client) }
}

/// The descriptor to wait for. When it is readable, call tmcp_client_dispatch.
/// It stays the same as long as the client lives.
///
/// Ownership: the client's; never read, write or close it.
/// NULL: -1.
/// Errors: -1 for what is no living client.
/// Lifetime: until tmcp_client_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_fd(client: *const tmcp_client) -> c_int {
    guard! { handle::fd(client).unwrap_or(-1) }
}

/// How long to wait at most before the next tmcp_client_dispatch: -1 no limit,
/// 0 not at all. Ask again after every call on the client: each may change it.
///
/// Ownership: none.
/// NULL: -1.
/// Errors: -1, because a finished client has nothing to wait for.
/// Lifetime: until the next call on the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_timeout_ms(client: *const tmcp_client) -> i32 {
    guard! { handle::ask(client, |client| millis(client.timeout())).unwrap_or(-1) }
}

/// Does what is ready, for about budget_us microseconds (0: 2000), never
/// waiting. Returns 0 when nothing more is ready and 1 when more is: then call
/// again soon, because the descriptor will not say so. Pull the events after
/// each call.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client, or called
/// from the log sink), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. On any of
/// them stop watching the descriptor.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_dispatch(client: *mut tmcp_client, budget_us: u32) -> i32 {
    guard! {
        handle::run(client, |client| {
            let budget = match budget_us {
                0 => DEFAULT_BUDGET,
                micros => Duration::from_micros(micros.into()),
            };
            Ok(i32::from(client.dispatch(budget)))
        })
    }
}

/// The next event, oldest first.
///
/// Ownership: the caller's, to be given to tmcp_event_free.
/// NULL: returned when there is no event, and for a NULL client.
/// Errors: NULL for a client that cannot be used.
/// Lifetime: until tmcp_event_free; it may outlive the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_next_event(client: *mut tmcp_client) -> *mut tmcp_event {
    guard! {
        let next = handle::ask(client, Client::next_event).flatten();
        // Only a client freed meanwhile has no log.
        next.and_then(|next| Some(event::adopt(next, handle::log_of(client)?)))
            .unwrap_or(std::ptr::null_mut())
    }
}

/// The tools that a server listed last, without asking it: an event as
/// tmcp_client_list ends in for TMCP_LIST_TOOLS, with the id 0 and no user_data.
/// The list may be one of an earlier run that the server allowed to be kept.
///
/// Ownership: the caller's, to be given to tmcp_event_free.
/// NULL: client and server must not be NULL; NULL is returned when the server is
/// unknown, its tools were not listed yet, or the list is longer than 4 MiB.
/// Errors: NULL for a client that cannot be used.
/// Lifetime: until tmcp_event_free; it may outlive the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_known_tools(
    client: *mut tmcp_client,
    server: *const c_char,
) -> *mut tmcp_event {
    guard! {
        let known = handle::attempt(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            Ok(client.known_tools(&server))
        });
        known
            .flatten()
            .and_then(|known| Some(event::adopt(known, handle::log_of(client)?)))
            .unwrap_or(std::ptr::null_mut())
    }
}

/// The sentence for this thread's last failed call, if that was on client:
/// lower case, no full stop. It stays until the next call that fails. Copies
/// as much as fits with a NUL and returns the full length, without the NUL.
///
/// Ownership: buf is the caller's.
/// NULL: client NULL asks about tmcp_client_new; buf NULL only measures.
/// Errors: none; 0 and "" when nothing failed.
/// Lifetime: copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_error(
    client: *const tmcp_client,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard! {
        handle::last_error(client, |message| {
            // SAFETY: what this function asks of its caller.
            unsafe { strings::copy_out(message, buf, len) }
        })
    }
}

/// Whole milliseconds, rounded up: a host that wakes too early spins.
fn millis(timeout: Option<Duration>) -> i32 {
    let Some(timeout) = timeout else { return -1 };
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_rounded_up_and_never_wraps() {
        assert_eq!(millis(None), -1);
        assert_eq!(millis(Some(Duration::ZERO)), 0);
        assert_eq!(millis(Some(Duration::from_nanos(1))), 1);
        assert_eq!(millis(Some(Duration::from_micros(1001))), 2);
        assert_eq!(millis(Some(Duration::MAX)), i32::MAX);
    }
}
