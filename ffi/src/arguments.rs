//! The arguments of a call as JSON, before the call is made.

use std::ffi::c_char;

use tmcp::client::{Arguments, Client, Pair};
use tmcp::error::Result;

use crate::call::{self, tmcp_call};
use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::sized;
use crate::strings;

/// The arguments that tmcp_client_call would send for the pairs of this call: a
/// JSON object on one line. Of the struct only server, tool and pairs are used;
/// server is a name of tmcp_client_find_server. The server is not asked.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client, call, out, and in call server and tool, must not be NULL, nor
/// the key and value of a pair, nor pairs unless npairs is 0.
/// Errors: TMCP_RESULT_INVALID (the arguments do not fit, tmcp_client_error says
/// why; a size that is none, flags, json or directory that are set),
/// TMCP_RESULT_NOT_FOUND (the server's tools were not listed yet, or have none of
/// that name), TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_encode_arguments(
    client: *mut tmcp_client,
    call: *const tmcp_call,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { encode(client, call, out, Client::encode_arguments) }
    }
}

/// Arguments for an editor: a JSON object on one line that has the pairs of this
/// call, as tmcp_client_encode_arguments encodes them, and then the arguments
/// that have a default or are required. A value that does not fit is there as a
/// string, a required value that is not known is empty ("", 0, false, [], {}).
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: as tmcp_client_encode_arguments.
/// Errors: as tmcp_client_encode_arguments, but for arguments that do not fit.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_draft_arguments(
    client: *mut tmcp_client,
    call: *const tmcp_call,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { encode(client, call, out, Client::draft_arguments) }
    }
}

/// # Safety
/// `call` is NULL or as `tmcp_call` documents, `out` is NULL or writable.
unsafe fn encode(
    client: *mut tmcp_client,
    call: *const tmcp_call,
    out: *mut *mut c_char,
    make: fn(&Client, &str, &str, &[Pair]) -> Result<String>,
) -> i32 {
    handle::run(client, |client| {
        // SAFETY: the caller's promise.
        let raw = unsafe { sized::read(call, "tmcp_call") }?;
        let raw = raw.ok_or_else(|| Failure::null("call"))?;
        if out.is_null() {
            return Err(Failure::null("out"));
        }
        if !raw.json.is_null() || !raw.directory.is_null() {
            return Err(Failure::invalid("json and directory of the call must be NULL"));
        }
        // SAFETY: as above.
        let call = unsafe { call::parse(&raw) }?;
        let pairs = match call.arguments {
            Arguments::Pairs(pairs) => pairs,
            Arguments::Json(_) => Vec::new(),
        };
        if client.tool_definition(&call.server, &call.tool).is_none() {
            return Err(Failure::unknown_tool(&call.server, &call.tool));
        }
        let json = make(client, &call.server, &call.tool, &pairs)?;
        // SAFETY: not NULL, hence writable.
        unsafe { strings::store(out, strings::terminated(json).into_raw()) };
        Ok(tmcp_result::Ok as i32)
    })
}
