//! Agents that reach the servers of the client by a socket of the host.

use std::ffi::c_char;

use crate::event::{self, tmcp_event};
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// Listens for agents on a Unix socket at path, or no longer. Its directory is made
/// with mode 0700, or must be ours with that mode; the socket has mode 0600. An agent
/// (tmcp-bridge connect NAME) names a server and speaks MCP from then on. Its calls
/// share the queue, the connections and the figures of the server with those of the
/// host; each ends in an AGENT_CALL event. Agents of another path are let go, and
/// their calls cancelled.
///
/// Ownership: none.
/// NULL: client must not be NULL; path NULL or "" ends listening.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client, a path that is
/// relative or too long), TMCP_RESULT_IO (the system or the directory does not let us
/// listen there; nobody listens then), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: path is copied. The socket is removed by tmcp_client_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_listen(client: *mut tmcp_client, path: *const c_char) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let path = unsafe { strings::path(path) };
            client.listen(path.as_deref().filter(|path| !path.as_os_str().is_empty()))?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Who made the call of an AGENT_CALL event, for a person: the process at the other
/// end of the socket, and the name and version that the agent gave; "" for every
/// other event.
///
/// Ownership: the event's; do not free it.
/// NULL: ""; never returns NULL.
/// Errors: "" for what is no event.
/// Lifetime: until tmcp_event_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_who(event: *const tmcp_event) -> *const c_char {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { event::ask(event, |event| event.who().as_ptr()) }.unwrap_or(c"".as_ptr())
    }
}

/// The bytes of the result of an AGENT_CALL event, which only the agent gets; 0 for
/// every other event.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no event.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_size(event: *const tmcp_event) -> usize {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { event::ask(event, |event| event.agent_call().map_or(0, |call| call.size)) }
            .unwrap_or(0)
    }
}
