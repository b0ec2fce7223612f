//! What a tool says that it changes, and whether it is still the tool that it was.

use std::ffi::c_char;

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::strings;

/// The tool says that it changes nothing (readOnlyHint is true).
pub const TMCP_HINT_READ_ONLY: i32 = 1;
/// The tool says that it changes something (readOnlyHint is false).
pub const TMCP_HINT_NOT_READ_ONLY: i32 = 2;
/// The tool says that it may destroy something (destructiveHint is true).
pub const TMCP_HINT_DESTRUCTIVE: i32 = 4;
/// The tool says that it destroys nothing (destructiveHint is false).
pub const TMCP_HINT_NOT_DESTRUCTIVE: i32 = 8;
/// A person should be asked before it runs: it says that it is destructive, or that it
/// is not read only and not whether it is destructive, which is true by MCP's default.
/// A tool that says neither is not counted, because most servers say nothing.
pub const TMCP_HINT_CONFIRM: i32 = 16;

/// The hints of a tool, TMCP_HINT_READ_ONLY and the others, added up; 0 if it gives
/// none. *fingerprint gets a hash of its input schema, description and hints, by which
/// a host notices that a tool is not what it was when a person used it last; it is
/// of use in this client alone, and 0 if the definition is too long to be compared.
/// The definition is read anew each time, some microseconds for each KiB of it.
///
/// Ownership: none.
/// NULL: client, server and tool must not be NULL; fingerprint may be NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (the tools of the server were not listed yet, or
/// there is none of that name), TMCP_RESULT_INVALID (the entry of the server does
/// not allow the tool: tmcp_client_error names the rule and the file; or no living
/// client), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: until the server lists its tools again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_tool_hints(
    client: *mut tmcp_client,
    server: *const c_char,
    tool: *const c_char,
    fingerprint: *mut u64,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            // SAFETY: as above.
            let tool = unsafe { strings::required(tool, "tool") }?;
            let Some(hints) = client.tool_hints(&server, &tool)? else {
                return Err(Failure::unknown_tool(&server, &tool));
            };
            // SAFETY: NULL or writable.
            unsafe { strings::store(fingerprint, hints.fingerprint) };
            let given = |hint: Option<bool>, yes, no| match hint {
                Some(true) => yes,
                Some(false) => no,
                None => 0,
            };
            let confirm = if hints.is_destructive() { TMCP_HINT_CONFIRM } else { 0 };
            Ok(given(hints.read_only, TMCP_HINT_READ_ONLY, TMCP_HINT_NOT_READ_ONLY)
                | given(hints.destructive, TMCP_HINT_DESTRUCTIVE, TMCP_HINT_NOT_DESTRUCTIVE)
                | confirm)
        })
    }
}
