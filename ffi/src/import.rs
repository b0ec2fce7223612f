//! Taking over servers of another client's file.

use std::ffi::{c_char, c_void};

use tmcp::client::ImportFile;

use crate::call::to_u64;
use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::sized::{self, Sized1};
use crate::strings;

/// How servers are imported. Bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_import_flag {
    /// Nothing is written; the answer says what would become of each entry.
    Dry = 1,
    /// An entry takes the place of another one of its name.
    Replace = 2,
}

/// A file to import servers from. Set it to zeros, then size, then what you want.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tmcp_import {
    /// sizeof(struct tmcp_import).
    pub size: usize,
    /// The file of the other client, absolute.
    pub path: *const c_char,
    /// The entries that are wanted.
    pub names: *const *const c_char,
    /// How many. 0: all.
    pub nnames: usize,
    /// Bits of enum tmcp_import_flag.
    pub flags: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Comes back in the DONE event.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first; pointers, sizes and two u32 in one word: zeros
// are a value of each.
unsafe impl Sized1 for tmcp_import {}

/// Writes the servers of another client's file into our own file, the overlay of
/// the client: Claude Code and Desktop, VS Code, Cursor, Copilot CLI, Codex (TOML),
/// Gemini CLI, Zed, Cline, opencode. The file is read in pieces in the dispatches
/// that follow, and ours is written in pieces, to another name first. All else in
/// it stays as it is, and when it cannot be read nothing is written.
///
/// The DONE event's table has a row for each entry: name; outcome ("added",
/// "replaced", "same", "left out"); reason (why it was left out, or what of it has
/// no meaning here). Its text has a line for each. The configuration is read again.
///
/// Ownership: user_data stays the caller's.
/// NULL: client, import and path must not be NULL, nor a name, nor names unless
/// nnames is 0; id may be.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (a size that is none, unknown
/// flags, the client has no file of our own), TMCP_RESULT_IO,
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. After an error no event comes. In
/// the event: TMCP_RESULT_INVALID and TMCP_RESULT_IO, for a file that cannot be
/// read or written, with a sentence that names it and shows no value of it.
/// Lifetime: everything is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_import(
    client: *mut tmcp_client,
    import: *const tmcp_import,
    id: *mut u64,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let raw = unsafe { sized::read(import, "tmcp_import") }?;
            let raw = raw.ok_or_else(|| Failure::null("import"))?;
            // SAFETY: as above.
            let file = unsafe { parse(&raw) }?;
            let request = client.import(file, to_u64(raw.user_data))?;
            // SAFETY: NULL or writable.
            unsafe { strings::store(id, request.0) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// # Safety
/// The pointers of `raw` are as documented.
unsafe fn parse(raw: &tmcp_import) -> Result<ImportFile, Failure> {
    let (dry, replace) = (tmcp_import_flag::Dry as u32, tmcp_import_flag::Replace as u32);
    if raw.flags & !(dry | replace) != 0 || raw.reserved != 0 {
        return Err(Failure::invalid("flags that are not known"));
    }
    // SAFETY: NULL or NUL-terminated.
    let path = unsafe { strings::path(raw.path) }.ok_or_else(|| Failure::null("path"))?;
    // SAFETY: NULL, or `nnames` pointers that are NULL or NUL-terminated.
    let names = unsafe { strings::array(raw.names, raw.nnames, "names") }?;
    Ok(ImportFile {
        path,
        names,
        is_dry: raw.flags & dry != 0,
        may_replace: raw.flags & replace != 0,
    })
}
