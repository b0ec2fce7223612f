//! What a server has, as far as that is known without asking it.

use std::ffi::c_char;

use crate::handle::{self, tmcp_client};
use crate::strings;

/// The server has declared what it has, in its last handshake: the bits for tools,
/// resources, prompts and completions count.
pub const TMCP_OFFERS_DECLARED: i32 = 1;
/// It has tools.
pub const TMCP_OFFERS_TOOLS: i32 = 2;
/// It has resources.
pub const TMCP_OFFERS_RESOURCES: i32 = 4;
/// It has prompts.
pub const TMCP_OFFERS_PROMPTS: i32 = 8;
/// It completes arguments.
pub const TMCP_OFFERS_COMPLETIONS: i32 = 16;
/// Its tools are known by a list of this run or an earlier one.
pub const TMCP_OFFERS_TOOLS_LISTED: i32 = 32;

/// What a server has, TMCP_OFFERS_DECLARED and the others, added up; 0 if nothing is
/// known of it. No server is asked, and nothing is computed that is not in these bits.
///
/// Ownership: none.
/// NULL: client and server must not be NULL.
/// Errors: TMCP_RESULT_INVALID (no such server, or no living client),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: until the next dispatch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_server_offers(
    client: *mut tmcp_client,
    server: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            let (offers, is_listed) = client.server_offers(&server)?;
            let declared = offers.map_or(0, |offers| {
                [
                    (true, TMCP_OFFERS_DECLARED),
                    (offers.tools, TMCP_OFFERS_TOOLS),
                    (offers.resources, TMCP_OFFERS_RESOURCES),
                    (offers.prompts, TMCP_OFFERS_PROMPTS),
                    (offers.completions, TMCP_OFFERS_COMPLETIONS),
                ]
                .iter()
                .filter_map(|(given, bit)| given.then_some(bit))
                .sum()
            });
            Ok(declared + if is_listed { TMCP_OFFERS_TOOLS_LISTED } else { 0 })
        })
    }
}
