//! Which servers there are where: files, directories, names.

use std::ffi::c_char;

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// Looks whether configuration files have changed since they were read, those of
/// the projects at or above a directory among them, and reads those that have in
/// the dispatches that follow. Until then tmcp_client_ready is false, and
/// requests wait. Costs a stat of a few files. The directory stays the one for
/// which tmcp_client_servers and tmcp_client_stats show what is in force.
///
/// Ownership: none.
/// NULL: client must not be NULL; directory NULL is none: the user's servers.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: directory is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_refresh(
    client: *mut tmcp_client,
    directory: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let directory = unsafe { strings::path(directory) };
            client.refresh(directory.as_deref());
            client.set_directory(directory.as_deref());
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// The server that a person means by a name at a directory: the nearest one of
/// that name, or the only one it abbreviates. What is given back is the name by
/// which every other function finds that server; that of a project's server has
/// the directory behind an "@". Copies as much as fits with a NUL; *needed gets the
/// full length, without the NUL.
///
/// Ownership: buf is the caller's.
/// NULL: client and name must not be NULL; directory NULL is none; buf NULL only
/// measures; needed may be NULL.
/// Errors: TMCP_RESULT_INVALID (no such server; tmcp_client_error says why the
/// entry is not used, where there is one, or which there are), TMCP_RESULT_NULL,
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_find_server(
    client: *mut tmcp_client,
    directory: *const c_char,
    name: *const c_char,
    buf: *mut c_char,
    len: usize,
    needed: *mut usize,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let name = unsafe { strings::required(name, "name") }?;
            // SAFETY: as above.
            client.set_directory(unsafe { strings::path(directory) }.as_deref());
            let found = client.find(&name)?;
            // SAFETY: as above.
            unsafe { strings::copy_and_measure(&found, buf, len, needed) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// The tool that a person means by a name: the one of that name, or the only one
/// it abbreviates. server is a name of tmcp_client_find_server, whose tools were
/// listed. Copies as much as fits with a NUL; *needed gets the full length, without
/// the NUL.
///
/// Ownership: buf is the caller's.
/// NULL: client, server and name must not be NULL; buf NULL only measures; needed
/// may be NULL.
/// Errors: TMCP_RESULT_INVALID (no such server or tool, or its tools were not
/// listed yet; tmcp_client_error says which there are and which may be meant),
/// TMCP_RESULT_NULL, TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_find_tool(
    client: *mut tmcp_client,
    server: *const c_char,
    name: *const c_char,
    buf: *mut c_char,
    len: usize,
    needed: *mut usize,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::required(server, "server") }?;
            // SAFETY: as above.
            let name = unsafe { strings::required(name, "name") }?;
            let found = client.find_tool(&server, &name)?;
            // SAFETY: as above.
            unsafe { strings::copy_and_measure(&found, buf, len, needed) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Which configuration files were read, and all that is wrong with them, in
/// lines. Returns 1 if there is something to mend, 0 if not.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_configuration(
    client: *mut tmcp_client,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            if out.is_null() {
                return Err(Failure::null("out"));
            }
            let (text, fault) = client.configuration();
            // SAFETY: not NULL, hence writable.
            unsafe { strings::store(out, strings::terminated(text).into_raw()) };
            Ok(i32::from(fault))
        })
    }
}
