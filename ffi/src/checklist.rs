//! Checklists of servers.

use std::ffi::c_char;

use tmcp::metrics::Checklist;

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::strings;

/// Whether entries, sockets and commands are as they should be.
pub const TMCP_CHECK_SETUP: u32 = 1;
/// How servers do.
pub const TMCP_CHECK_MONITORING: u32 = 2;
/// Not text for people but a JSON array with an object for each line.
pub const TMCP_CHECK_JSON: u32 = 4;

/// Goes through checklists for one server or for all. A line passes, fails with advice,
/// or is not known, as when there were too few calls. lists is TMCP_CHECK_SETUP,
/// TMCP_CHECK_MONITORING or both, with TMCP_CHECK_JSON or without. Returns how many lines
/// failed, or an error. Looks at the files of 64 servers at most and waits for none.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL; server NULL is all of them, and the
/// configuration files.
/// Errors: TMCP_RESULT_INVALID (unknown server, no list or an unknown bit, no living
/// client), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_check(
    client: *mut tmcp_client,
    server: *const c_char,
    lists: u32,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            if out.is_null() {
                return Err(Failure::null("out"));
            }
            let bits = [(TMCP_CHECK_SETUP, Checklist::Setup), (TMCP_CHECK_MONITORING, Checklist::Monitoring)];
            let known = TMCP_CHECK_SETUP | TMCP_CHECK_MONITORING | TMCP_CHECK_JSON;
            let wanted: Vec<Checklist> = bits
                .into_iter()
                .filter(|(bit, _)| lists & bit != 0)
                .map(|(_, list)| list)
                .collect();
            if wanted.is_empty() || lists & !known != 0 {
                return Err(Failure::invalid(format!("lists {lists:#x} are not those there are")));
            }
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::optional(server, "server") }?;
            let page = client.check(server.as_deref(), &wanted)?;
            let text = if lists & TMCP_CHECK_JSON != 0 { page.json() } else { page.text() };
            // SAFETY: not NULL, hence writable.
            unsafe { strings::store(out, strings::terminated(text).into_raw()) };
            Ok(i32::try_from(page.failed()).unwrap_or(i32::MAX))
        })
    }
}
