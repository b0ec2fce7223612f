//! The numbers that say how a call went.

use std::ffi::{CStr, c_char};

use tmcp::error::Kind;

/// How a call or a request went. Negative is an error; numbers are for ever.
/// When a function returns -100 or less the client is finished: only
/// tmcp_client_free is left, and requests under way will not complete any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_result {
    /// All is well.
    Ok = 0,
    /// A required pointer was NULL.
    Null = -1,
    /// A bad argument, an unknown server or tool, a bad configuration entry.
    /// Correct it; repeating it is useless.
    Invalid = -2,
    /// The server's queue is full. Try again later.
    Busy = -3,
    /// The deadline passed. The server may have run the call all the same.
    Timeout = -4,
    /// The request was cancelled, by the host or by its shutdown.
    Cancelled = -5,
    /// The server answered with a JSON-RPC error.
    Server = -6,
    /// The answer cannot be used: it is no valid message, or too long. The server has
    /// run the request.
    Protocol = -7,
    /// The server could not be reached or started, or went away before the
    /// request can have run. Safe to repeat.
    Io = -8,
    /// The connection was lost after the request had left: it may have run.
    /// The library never repeats it; look before you do.
    OutcomeUnknown = -9,
    /// The client is shutting down.
    Closed = -10,
    /// The tool ran and reported an error of its own; text and JSON are there.
    Tool = -11,
    /// No such request, server index or format key.
    NotFound = -12,
    /// An earlier call met a bug in this library; the client refuses work.
    Poisoned = -100,
    /// This call met a bug in this library; the log has the details.
    Internal = -101,
}

use tmcp_result as R;

/// The number for a kind of error. A new kind does not compile without one.
pub fn from_kind(kind: Kind) -> tmcp_result {
    match kind {
        Kind::Invalid => R::Invalid,
        Kind::Busy => R::Busy,
        Kind::Timeout => R::Timeout,
        Kind::Cancelled => R::Cancelled,
        Kind::Server => R::Server,
        Kind::Protocol => R::Protocol,
        Kind::Io => R::Io,
        Kind::OutcomeUnknown => R::OutcomeUnknown,
        Kind::Closed => R::Closed,
        Kind::Internal => R::Internal,
    }
}

const TEXTS: &[(tmcp_result, &CStr)] = &[
    (R::Ok, c"ok"),
    (R::Null, c"a required pointer is NULL"),
    (R::Invalid, c"invalid argument"),
    (R::Busy, c"the server's queue is full"),
    (R::Timeout, c"timed out"),
    (R::Cancelled, c"cancelled"),
    (R::Server, c"the server answered with an error"),
    (R::Protocol, c"the server broke the protocol"),
    (R::Io, c"the server could not be reached"),
    (R::OutcomeUnknown, c"outcome unknown: connection lost after the request was sent"),
    (R::Closed, c"the client is shutting down"),
    (R::Tool, c"the tool reported an error"),
    (R::NotFound, c"not found"),
    (R::Poisoned, c"an internal error stopped this client"),
    (R::Internal, c"internal error"),
];

/// A few words for a result, for want of the sentence of tmcp_client_error or
/// tmcp_event_text.
///
/// Ownership: the library's; do not free it.
/// NULL: never returned.
/// Errors: a number that is none of ours reads "unknown result".
/// Lifetime: static.
#[unsafe(no_mangle)]
pub extern "C" fn tmcp_result_text(result: i32) -> *const c_char {
    guard! {
        TEXTS
            .iter()
            .find(|(code, _)| *code as i32 == result)
            .map_or(c"unknown result", |(_, text)| text)
            .as_ptr()
    }
}
