//! Requests beside the calls of tools: lists, resources, prompts, completion.

use std::ffi::{c_char, c_void};

use tmcp::client::{Arguments, Client, Listing, Pair, Reference, RequestId, Unfinished};
use tmcp::error::Error;

use crate::call::{self, tmcp_pair};
use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_list {
    /// Tools.
    Tools = 1,
    /// Resources.
    Resources = 2,
    /// Templates of resources.
    ResourceTemplates = 3,
    /// Prompts.
    Prompts = 4,
}

/// What an argument to be completed belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_reference {
    /// A prompt, by its name.
    Prompt = 1,
    /// A resource template, by its URI template.
    Template = 2,
}

/// Asks a server for what it has (enum tmcp_list). The DONE event's text is a
/// readable listing, its JSON the array of definitions; tmcp_event_table has one
/// row each.
///
/// Ownership: user_data stays the caller's.
/// NULL: client and server must not be NULL; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server, no such list),
/// TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: server is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_list(
    client: *mut tmcp_client,
    server: *const c_char,
    what: u32,
    timeout_ms: u32,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        let make = |client: &mut Client, server: &str| {
            let what = match what {
                1 => Listing::Tools,
                2 => Listing::Resources,
                3 => Listing::ResourceTemplates,
                4 => Listing::Prompts,
                _ => return Err(Failure::invalid(format!("no list {what}"))),
            };
            sent(client.list(server, what, call::timeout(timeout_ms), call::to_u64(user_data)))
        };
        // SAFETY: what this function asks of its caller.
        unsafe { request(client, server, id, make) }
    }
}

/// Reads a resource. The DONE event's text is the text of its contents, blobs as
/// "[resource URI image/png 1234 bytes]"; tmcp_event_blob has their bytes.
///
/// Ownership: user_data stays the caller's.
/// NULL: client, server and uri must not be NULL; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
/// TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_read_resource(
    client: *mut tmcp_client,
    server: *const c_char,
    uri: *const c_char,
    timeout_ms: u32,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        let make = |client: &mut Client, server: &str| {
            // SAFETY: what this function asks of its caller.
            let uri = unsafe { strings::required(uri, "uri") }?;
            let timeout = call::timeout(timeout_ms);
            sent(client.read_resource(server, &uri, timeout, call::to_u64(user_data)))
        };
        // SAFETY: what this function asks of its caller.
        unsafe { request(client, server, id, make) }
    }
}

/// Expands a prompt; values are sent as text, whatever is_json says. The DONE
/// event's text is the text of the messages; when several roles speak, each
/// message of another than the user is preceded by its role: "assistant: ".
///
/// Ownership: user_data stays the caller's.
/// NULL: client, server and name must not be NULL, nor the key and value of a
/// pair, nor pairs unless npairs is 0; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
/// TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_get_prompt(
    client: *mut tmcp_client,
    server: *const c_char,
    name: *const c_char,
    pairs: *const tmcp_pair,
    npairs: usize,
    timeout_ms: u32,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        let make = |client: &mut Client, server: &str| {
            // SAFETY: what this function asks of its caller.
            let name = unsafe { strings::required(name, "name") }?;
            // SAFETY: as above.
            let arguments = Arguments::Pairs(unsafe { call::pairs(pairs, npairs) }?);
            let timeout = call::timeout(timeout_ms);
            sent(client.get_prompt(server, &name, arguments, timeout, call::to_u64(user_data)))
        };
        // SAFETY: what this function asks of its caller.
        unsafe { request(client, server, id, make) }
    }
}

/// Asks a server how an argument of a prompt or a resource template (enum
/// tmcp_reference) may go on after value; the pairs are arguments that have
/// their values already, sent as text, whatever is_json says. The DONE event's
/// text has one completion a line.
///
/// Ownership: user_data stays the caller's.
/// NULL: client, server, name, argument and value must not be NULL, nor the key
/// and value of a pair, nor pairs unless npairs is 0; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server, no such
/// reference), TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_complete(
    client: *mut tmcp_client,
    server: *const c_char,
    reference: u32,
    name: *const c_char,
    argument: *const c_char,
    value: *const c_char,
    pairs: *const tmcp_pair,
    npairs: usize,
    timeout_ms: u32,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        let make = |client: &mut Client, server: &str| {
            // SAFETY: what this function asks of its caller.
            let name = unsafe { strings::required(name, "name") }?;
            // SAFETY: what this function asks of its caller.
            let argument = unsafe { strings::required(argument, "argument") }?;
            // SAFETY: what this function asks of its caller.
            let value = unsafe { strings::required(value, "value") }?;
            let reference = match reference {
                1 => Reference::Prompt(&name),
                2 => Reference::Template(&name),
                _ => return Err(Failure::invalid(format!("no reference {reference}"))),
            };
            // SAFETY: as above.
            let given = unsafe { call::pairs(pairs, npairs) }?;
            let wanted =
                Unfinished { reference, argument: &argument, value: &value, given: &given };
            let (timeout, user_data) = (call::timeout(timeout_ms), call::to_u64(user_data));
            sent(client.complete(server, wanted, timeout, user_data))
        };
        // SAFETY: what this function asks of its caller.
        unsafe { request(client, server, id, make) }
    }
}

/// Watches a resource until tmcp_client_unsubscribe. DONE says that the server
/// agreed; from then on RESOURCE_UPDATED comes with every change.
///
/// Ownership: user_data stays the caller's.
/// NULL: client, server and uri must not be NULL; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
/// TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_subscribe(
    client: *mut tmcp_client,
    server: *const c_char,
    uri: *const c_char,
    timeout_ms: u32,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        let make = |client: &mut Client, server: &str| {
            // SAFETY: what this function asks of its caller.
            let uri = unsafe { strings::required(uri, "uri") }?;
            let timeout = call::timeout(timeout_ms);
            sent(client.subscribe(server, &uri, timeout, call::to_u64(user_data)))
        };
        // SAFETY: what this function asks of its caller.
        unsafe { request(client, server, id, make) }
    }
}

/// No longer watches a resource.
///
/// Ownership: none.
/// NULL: client, server and uri must not be NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (it was not watched), TMCP_RESULT_NULL,
/// TMCP_RESULT_INVALID (unknown server), TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_unsubscribe(
    client: *mut tmcp_client,
    server: *const c_char,
    uri: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            // SAFETY: as above.
            let uri = unsafe { strings::required(uri, "uri") }?;
            if !client.unsubscribe(&server, &uri)? {
                let message = format!("'{uri}' of '{server}' is not watched");
                return Err(Failure::new(tmcp_result::NotFound, message));
            }
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Starts or reaches a server that has no connection, so that the first call
/// finds it warm. It has no event of its own; SERVER_UP comes when it is.
///
/// Ownership: none.
/// NULL: client and server must not be NULL.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: server is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_connect(
    client: *mut tmcp_client,
    server: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            client.connect(&server)?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Looks whether a tool would take a value for one of its arguments, without
/// asking the server.
///
/// Ownership: none.
/// NULL: client, server, tool, key and value must not be NULL.
/// Errors: TMCP_RESULT_INVALID (it would not; tmcp_client_error says what is
/// wanted), TMCP_RESULT_NOT_FOUND (the server's tools were not listed yet, or
/// have none of that name), TMCP_RESULT_NULL, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_check_argument(
    client: *mut tmcp_client,
    server: *const c_char,
    tool: *const c_char,
    key: *const c_char,
    value: *const c_char,
    is_json: bool,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            // SAFETY: as above.
            let tool = unsafe { strings::required(tool, "tool") }?;
            // SAFETY: as above.
            let key = unsafe { strings::required(key, "key") }?;
            // SAFETY: as above.
            let value = unsafe { strings::required(value, "value") }?;
            if client.tool_definition(&server, &tool).is_none() {
                return Err(Failure::unknown_tool(&server, &tool));
            }
            client.check_argument(&server, &tool, &Pair { key, value, is_json })?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// One request to a server, whose id goes out.
///
/// # Safety
/// `server` is NULL or NUL-terminated, `id` is NULL or writable.
unsafe fn request(
    client: *mut tmcp_client,
    server: *const c_char,
    id: *mut u64,
    make: impl FnOnce(&mut Client, &str) -> Result<RequestId, Failure>,
) -> i32 {
    handle::run(client, |client| {
        // SAFETY: the caller's promise.
        let server = unsafe { strings::required(server, "server") }?;
        let request = make(client, &server)?;
        // SAFETY: NULL or writable.
        unsafe { strings::store(id, request.0) };
        Ok(tmcp_result::Ok as i32)
    })
}

fn sent(result: Result<RequestId, Error>) -> Result<RequestId, Failure> {
    result.map_err(Failure::from)
}
