//! What there is and how it does: servers, the report, single numbers.

use std::ffi::{CString, c_char};

use tmcp::client::Client;
use tmcp::metrics::{Detail, Percentiles};
use tmcp::release;

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// Whether a configuration has been read, and none is being read now.
///
/// Ownership: none.
/// NULL: false.
/// Errors: false for a client that cannot be used.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_ready(client: *const tmcp_client) -> bool {
    guard! { handle::ask(client, |client| client.is_ready()).unwrap_or(false) }
}

/// How many servers are configured.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for a client that cannot be used.
/// Lifetime: until the configuration is read again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_server_count(client: *const tmcp_client) -> usize {
    guard! { handle::ask(client, |client| client.server_count()).unwrap_or(0) }
}

/// The name of the index-th server, sorted by name. Copies as much as fits with
/// a NUL; *needed gets the full length, without the NUL.
///
/// Ownership: buf is the caller's.
/// NULL: client must not be NULL; buf NULL only measures; needed may be NULL.
/// Errors: TMCP_RESULT_NOT_FOUND past the end, TMCP_RESULT_NULL,
/// TMCP_RESULT_INVALID (no living client), TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL.
/// Lifetime: copied; the index holds until the configuration is read again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_server_name(
    client: *const tmcp_client,
    index: usize,
    buf: *mut c_char,
    len: usize,
    needed: *mut usize,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            let name = client.server_name(index).ok_or_else(|| {
                Failure::new(tmcp_result::NotFound, format!("no server with index {index}"))
            })?;
            // SAFETY: what this function asks of its caller.
            unsafe { strings::copy_and_measure(name, buf, len, needed) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// The report on one server or on all, in lines: the fixed ones that people
/// search and watch, and no others.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL; server NULL is all of them.
/// Errors: TMCP_RESULT_INVALID (unknown server, no living client),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_stats(
    client: *mut tmcp_client,
    server: *const c_char,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { report(client, server, Detail::Fixed, out) }
    }
}

/// The same with everything that is known, further lines at the end of the
/// section they belong to.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL; server NULL is all of them.
/// Errors: TMCP_RESULT_INVALID (unknown server, no living client),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_stats_full(
    client: *mut tmcp_client,
    server: *const c_char,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { report(client, server, Detail::Full, out) }
    }
}

/// The figures of one server as a JSON object, or of all as an array of them: numbers
/// as numbers, units in the names, null for what is not known yet. docs/tmux.md has
/// the members; later versions may add some. percentiles are those of the latency, as
/// "50,90,99.9".
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL; server NULL is all of them, percentiles
/// NULL is "50,95,99,99.9".
/// Errors: TMCP_RESULT_INVALID (unknown server, no percentiles, no living client),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_stats_json(
    client: *mut tmcp_client,
    server: *const c_char,
    percentiles: *const c_char,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { lines(client, server, percentiles, out, Client::stats_json) }
    }
}

/// A line for one server or for each: its name, "calls" with how many are counted, and
/// the latency at each of percentiles, separated by tabs.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL; server NULL is all of them, percentiles
/// NULL is "50,95,99,99.9".
/// Errors: TMCP_RESULT_INVALID (unknown server, no percentiles, no living client),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_percentiles(
    client: *mut tmcp_client,
    server: *const c_char,
    percentiles: *const c_char,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { lines(client, server, percentiles, out, Client::percentiles) }
    }
}

/// # Safety
/// As [`tmcp_client_stats_json`].
unsafe fn lines(
    client: *mut tmcp_client,
    server: *const c_char,
    percentiles: *const c_char,
    out: *mut *mut c_char,
    make: fn(&Client, Option<&str>, &Percentiles) -> tmcp::error::Result<String>,
) -> i32 {
    handle::run(client, |client| {
        if out.is_null() {
            return Err(Failure::null("out"));
        }
        // SAFETY: what this function asks of its caller.
        let server = unsafe { strings::optional(server, "server") }?;
        // SAFETY: what this function asks of its caller.
        let list = unsafe { strings::optional(percentiles, "percentiles") }?;
        let list = list.as_deref().map(Percentiles::parse).transpose()?.unwrap_or_default();
        let text = strings::terminated(make(client, server.as_deref(), &list)?);
        // SAFETY: not NULL, hence writable.
        unsafe { strings::store(out, text.into_raw()) };
        Ok(tmcp_result::Ok as i32)
    })
}

/// # Safety
/// As [`tmcp_client_stats`].
unsafe fn report(
    client: *mut tmcp_client,
    server: *const c_char,
    detail: Detail,
    out: *mut *mut c_char,
) -> i32 {
    handle::run(client, |client| {
        if out.is_null() {
            return Err(Failure::null("out"));
        }
        // SAFETY: what this function asks of its caller.
        let server = unsafe { strings::optional(server, "server") }?;
        let report = strings::terminated(client.stats(server.as_deref(), detail)?);
        // SAFETY: not NULL, hence writable.
        unsafe { strings::store(out, report.into_raw()) };
        Ok(tmcp_result::Ok as i32)
    })
}

/// Frees a string that the library gave away.
///
/// Ownership: string is consumed.
/// NULL: does nothing.
/// Errors: none.
/// Lifetime: at most once per string, and only strings of tmcp_client_stats,
/// tmcp_client_stats_full, tmcp_client_stats_json, tmcp_client_percentiles,
/// tmcp_client_show, tmcp_client_check, tmcp_client_metrics, tmcp_event_pointer and
/// tmcp_event_pretty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_string_free(string: *mut c_char) {
    guard! {
        if !string.is_null() {
            // SAFETY: made by CString::into_raw and freed once, as documented.
            release::later(unsafe { CString::from_raw(string) }.into_bytes_with_nul());
        }
    }
}

/// One number or short text for a status line: "mcp_servers", "mcp_p95" of all
/// servers, "mcp_p95_NAME" of one, where NAME may have "_" for all but letters and
/// digits, "mcp_p95:NAME" of one by its exact name, and "mcp_figures" the keys
/// without a name, separated by spaces; docs/tmux.md has all
/// figures. Cheap, no input or output. Copies as much as fits with a NUL;
/// *needed gets the full length, without the NUL.
///
/// Ownership: buf is the caller's.
/// NULL: client and key must not be NULL; buf NULL only measures; needed may be
/// NULL.
/// Errors: TMCP_RESULT_NOT_FOUND for an unknown key, TMCP_RESULT_NULL,
/// TMCP_RESULT_INVALID (key is not UTF-8, no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_format(
    client: *const tmcp_client,
    key: *const c_char,
    buf: *mut c_char,
    len: usize,
    needed: *mut usize,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let key = unsafe { strings::required(key, "key") }?;
            let value = client.format(&key).ok_or_else(|| {
                Failure::new(tmcp_result::NotFound, format!("no format {key}"))
            })?;
            // SAFETY: as above.
            unsafe { strings::copy_and_measure(&value, buf, len, needed) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}
