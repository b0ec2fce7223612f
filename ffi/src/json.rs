//! JSON that is not an answer, for people.

use std::ffi::c_char;

use tmcp::json::pretty;

use crate::result::tmcp_result;
use crate::strings;

/// JSON with line breaks and two blanks of indentation for each level down to
/// the 16th; deeper values share a line. Strings and numbers keep their bytes.
/// What is not JSON is copied from where it stops being JSON, so that a text that
/// was cut is laid out as well. A MiB takes some ms: of more give a part.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: TMCP_RESULT_NULL; nothing may be NULL. len 0: json is NUL-terminated.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (json is not UTF-8),
/// TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_json_pretty(
    json: *const c_char,
    len: usize,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        if json.is_null() || out.is_null() {
            return tmcp_result::Null as i32;
        }
        // SAFETY: what this function asks of its caller.
        let Ok(Some(json)) = (unsafe { strings::counted(json, len, "json") }) else {
            return tmcp_result::Invalid as i32;
        };
        // SAFETY: not NULL, hence writable.
        unsafe { strings::store(out, strings::terminated(pretty::laid_out(&json)).into_raw()) };
        tmcp_result::Ok as i32
    }
}
