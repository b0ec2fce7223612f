//! Requests: making them and taking them back.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::time::Duration;

use tmcp::client::TraceParent;
use tmcp::engine::{Arguments, CallTool, Listing, Pair, RequestId};

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::sized::{self, Sized1};
use crate::strings;

/// More arguments than any tool has.
const PAIRS_MAX: usize = 4096;

/// One argument of a call. This struct never grows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tmcp_pair {
    /// Property name.
    pub key: *const c_char,
    /// Its value.
    pub value: *const c_char,
    /// The value is JSON; else it is a word, encoded by the tool's inputSchema.
    pub is_json: bool,
}

/// What is special about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_call_flag {
    /// No person waits for it, as in a hook: while the server is left alone
    /// because it fails, the call fails at once, with when to try again.
    Unattended = 1,
}

/// A call of a tool. Set it to zeros, then size, then what you want.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tmcp_call {
    /// sizeof(struct tmcp_call).
    pub size: usize,
    /// Server name from the configuration.
    pub server: *const c_char,
    /// Tool name.
    pub tool: *const c_char,
    /// Arguments as a JSON object; NULL: pairs are used.
    pub json: *const c_char,
    /// Bytes of json; 0: it is NUL-terminated.
    pub json_len: usize,
    /// Arguments by name, used when json is NULL.
    pub pairs: *const tmcp_pair,
    /// How many. Without json and without pairs the call has no arguments.
    pub npairs: usize,
    /// The whole call, whatever happens; 0: as configured.
    pub timeout_ms: u32,
    /// Of enum tmcp_call_flag; 0: none.
    pub flags: u32,
    /// Comes back in the DONE event.
    pub user_data: *mut c_void,
    /// Where the call is made: server means that of the nearest project at or above
    /// it. NULL: server is a name of tmcp_client_find_server, or the user's.
    pub directory: *const c_char,
    /// The "traceparent" of W3C Trace Context that the server is told; NULL: none.
    pub traceparent: *const c_char,
}

// SAFETY: repr(C), size first; pointers, sizes and two u32 in one word: zeros
// are a value of each.
unsafe impl Sized1 for tmcp_call {}

/// Calls a tool. This may start a server or a connection, and waits for
/// neither; the rest happens in the dispatches that follow. The call ends in
/// exactly one DONE event with user_data, unless it is cancelled or the client
/// ends first.
///
/// Ownership: user_data stays the caller's.
/// NULL: client, call, and in it server and tool, must not be NULL, nor the key
/// and value of a pair, nor pairs unless npairs is 0; id may be.
/// Errors: TMCP_RESULT_NULL; TMCP_RESULT_INVALID (a size that is none, flags,
/// text that is not UTF-8, arguments that are no JSON object, a wrong traceparent,
/// an unknown server); TMCP_RESULT_BUSY; TMCP_RESULT_CLOSED; TMCP_RESULT_POISONED;
/// TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_call(
    client: *mut tmcp_client,
    call: *const tmcp_call,
    id: *mut u64,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let raw = unsafe { sized::read(call, "tmcp_call") }?;
            let raw = raw.ok_or_else(|| Failure::null("call"))?;
            // SAFETY: as above.
            let call = unsafe { parse(&raw) }?;
            // SAFETY: as above.
            let directory = unsafe { strings::path(raw.directory) };
            let (limit, user_data) = (timeout(raw.timeout_ms), to_u64(raw.user_data));
            // SAFETY: as above.
            let trace = unsafe { strings::optional(raw.traceparent, "traceparent") }?;
            let trace = trace.as_deref().map(parse_trace).transpose()?;
            let request = match (directory, trace) {
                (directory, Some(trace)) => {
                    let call = (call, trace);
                    client.call_in_trace(directory.as_deref(), call, limit, user_data)?
                }
                (Some(directory), None) => client.call_at(&directory, call, limit, user_data)?,
                (None, None) => client.call(call, limit, user_data)?,
            };
            // SAFETY: NULL or writable.
            unsafe { strings::store(id, request.0) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Asks a server for its tools. The DONE event's text is a readable listing,
/// its JSON the array of tool definitions.
///
/// Ownership: user_data stays the caller's.
/// NULL: client and server must not be NULL; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (unknown server),
/// TMCP_RESULT_BUSY, TMCP_RESULT_CLOSED, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: server is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_list_tools(
    client: *mut tmcp_client,
    server: *const c_char,
    timeout_ms: u32,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            let (limit, user_data) = (timeout(timeout_ms), to_u64(user_data));
            let request = client.list(&server, Listing::Tools, limit, user_data)?;
            // SAFETY: NULL or writable.
            unsafe { strings::store(id, request.0) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Ends in a DONE event, TMCP_RESULT_OK, as soon as the configuration has been
/// read for the first time; at once if it has.
///
/// Ownership: user_data stays the caller's.
/// NULL: client must not be NULL; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. After an error no event comes.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_wait_ready(
    client: *mut tmcp_client,
    user_data: *mut c_void,
    id: *mut u64,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            let request = client.wait_ready(to_u64(user_data));
            // SAFETY: NULL or writable.
            unsafe { strings::store(id, request.0) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Takes a request back. After TMCP_RESULT_OK no event of it comes any more,
/// its user_data may be released, and the server is told if it knew of it; it
/// may have run the call all the same.
///
/// Ownership: user_data is the caller's alone from here on.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (never existed, was cancelled, or its DONE
/// event was pulled), TMCP_RESULT_NULL, TMCP_RESULT_INVALID,
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: ids are never used twice.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_cancel(client: *mut tmcp_client, id: u64) -> i32 {
    guard! {
        handle::run(client, |client| {
            if client.cancel(RequestId(id)) {
                Ok(tmcp_result::Ok as i32)
            } else {
                Err(Failure::new(tmcp_result::NotFound, format!("no request {id}")))
            }
        })
    }
}

/// Whether text is a traceparent by the rules of W3C Trace Context.
///
/// Ownership: none.
/// NULL: false.
/// Errors: false for text that is not UTF-8.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_traceparent_valid(text: *const c_char) -> bool {
    guard! {
        // SAFETY: what this function asks of its caller.
        let text = unsafe { strings::required(text, "text") };
        text.is_ok_and(|text| TraceParent::parse(&text).is_ok())
    }
}

/// The caller's pointer as the core carries it.
pub fn to_u64(user_data: *mut c_void) -> u64 {
    user_data.expose_provenance() as u64
}

/// A timeout of C's; 0 is none of its own.
pub fn timeout(millis: u32) -> Option<Duration> {
    (millis != 0).then(|| Duration::from_millis(millis.into()))
}

fn parse_trace(text: &str) -> Result<TraceParent, Failure> {
    TraceParent::parse(text).map_err(|why| Failure::invalid(format!("traceparent '{text}': {why}")))
}

/// The call that C described.
///
/// # Safety
/// The pointers in `raw` are as `tmcp_call` documents them.
pub unsafe fn parse(raw: &tmcp_call) -> Result<CallTool, Failure> {
    let unattended = tmcp_call_flag::Unattended as u32;
    if raw.flags & !unattended != 0 {
        return Err(Failure::invalid(format!("flags {:#x} are not known", raw.flags)));
    }
    // SAFETY: NULL or NUL-terminated.
    let server = unsafe { strings::required(raw.server, "server") }?;
    // SAFETY: NULL or NUL-terminated.
    let tool = unsafe { strings::required(raw.tool, "tool") }?;
    // SAFETY: NULL, or `json_len` bytes, or NUL-terminated.
    let json = unsafe { strings::counted(raw.json, raw.json_len, "json") }?;
    let arguments = match json {
        Some(json) => Arguments::Json(json),
        None if raw.npairs == 0 => Arguments::Json("{}".to_owned()),
        // SAFETY: `npairs` pairs are readable.
        None => Arguments::Pairs(unsafe { pairs(raw.pairs, raw.npairs) }?),
    };
    Ok(CallTool { server, tool, arguments, is_unattended: raw.flags & unattended != 0 })
}

/// Arguments by name.
///
/// # Safety
/// `pairs` is NULL or `count` pairs are readable, each as documented.
pub unsafe fn pairs(pairs: *const tmcp_pair, count: usize) -> Result<Vec<Pair>, Failure> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if pairs.is_null() {
        return Err(Failure::null("pairs"));
    }
    if !pairs.is_aligned() {
        return Err(Failure::invalid("pairs is not a pointer to pairs"));
    }
    if count > PAIRS_MAX {
        return Err(Failure::invalid(format!("{count} arguments are too many")));
    }
    // SAFETY: `count` pairs are readable, and PlainPair is tmcp_pair with any
    // byte allowed for the bool.
    let pairs = unsafe { std::slice::from_raw_parts(pairs.cast::<PlainPair>(), count) };
    pairs
        .iter()
        .map(|pair| {
            Ok(Pair {
                // SAFETY: NULL or NUL-terminated.
                key: unsafe { strings::required(pair.key, "key of a pair") }?,
                // SAFETY: NULL or NUL-terminated.
                value: unsafe { strings::required(pair.value, "value of a pair") }?,
                is_json: pair.is_json != 0,
            })
        })
        .collect()
}

/// `tmcp_pair` as it may really be in memory: a bool that C left uninitialised
/// is any byte, which Rust's bool must never be.
#[repr(C)]
struct PlainPair {
    key: *const c_char,
    value: *const c_char,
    is_json: u8,
}

const _: () = assert!(
    size_of::<PlainPair>() == size_of::<tmcp_pair>()
        && offset_of!(PlainPair, is_json) == offset_of!(tmcp_pair, is_json)
);

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> tmcp_call {
        // SAFETY: zeros are a value, by Sized1.
        let mut call: tmcp_call = unsafe { std::mem::zeroed() };
        call.size = size_of::<tmcp_call>();
        call.server = c"s".as_ptr();
        call.tool = c"t".as_ptr();
        call
    }

    fn arguments(call: &tmcp_call) -> Result<Arguments, Failure> {
        // SAFETY: the tests pass literals.
        unsafe { parse(call) }.map(|call| call.arguments)
    }

    #[test]
    fn no_arguments_are_an_empty_object() {
        assert!(matches!(arguments(&call()), Ok(Arguments::Json(json)) if json == "{}"));
    }

    #[test]
    fn json_wins_over_pairs() {
        let mut call = call();
        call.json = c"{\"a\":1}".as_ptr();
        call.npairs = 9;
        assert!(matches!(arguments(&call), Ok(Arguments::Json(json)) if json == "{\"a\":1}"));
    }

    #[test]
    fn pairs_keep_their_order_and_kind() {
        let words = [
            tmcp_pair { key: c"b".as_ptr(), value: c"1".as_ptr(), is_json: true },
            tmcp_pair { key: c"a".as_ptr(), value: c"".as_ptr(), is_json: false },
        ];
        let mut call = call();
        call.pairs = words.as_ptr();
        call.npairs = words.len();
        let Ok(Arguments::Pairs(pairs)) = arguments(&call) else { panic!("not pairs") };
        assert_eq!((pairs[0].key.as_str(), pairs[0].is_json), ("b", true));
        assert_eq!((pairs[1].value.as_str(), pairs[1].is_json), ("", false));
    }

    #[test]
    fn a_flag_says_that_nobody_waits() {
        let mut call = call();
        let is_unattended = |call: &tmcp_call| {
            // SAFETY: the texts are literals.
            unsafe { parse(call) }.map(|call| call.is_unattended)
        };
        assert!(matches!(is_unattended(&call), Ok(false)));
        call.flags = tmcp_call_flag::Unattended as u32;
        assert!(matches!(is_unattended(&call), Ok(true)));
    }

    #[test]
    fn what_is_missing_or_unknown_is_refused() {
        let mut bad = call();
        bad.flags = 2;
        assert!(arguments(&bad).is_err());
        let mut bad = call();
        bad.tool = std::ptr::null();
        assert!(arguments(&bad).is_err());
        let mut bad = call();
        bad.npairs = 1;
        assert!(arguments(&bad).is_err());
        bad.pairs = &tmcp_pair { key: c"k".as_ptr(), value: std::ptr::null(), is_json: false };
        assert!(arguments(&bad).is_err());
        bad.npairs = usize::MAX;
        assert!(arguments(&bad).is_err());
    }
}
