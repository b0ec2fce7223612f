//! What getters of an event give, made beforehand in pieces.

use std::ffi::c_char;
use std::time::Instant;

use crate::event::{self, tmcp_event};
use crate::made;
use crate::result::tmcp_result;
use crate::strings;
use crate::want::tmcp_want;

/// Makes what a getter of the event will give, for about budget_us microseconds,
/// 0 for the default of 500. An answer may have 16 MiB, and a getter that is asked
/// without makes all of it at once. want is an enum tmcp_want. pointer is the
/// JSON Pointer that TMCP_WANT_POINTER is about, or the name of the tool for
/// TMCP_WANT_TOOL_TEXT and TMCP_WANT_TOOL_JSON, and NULL for the others.
///
/// Returns 1 when there is more to do: call again soon. Returns 0 when the getter
/// has what it gives, also when that is nothing or an error.
///
/// Text and blobs stay with the event. A table, pretty data or a part is kept
/// until its getter gives it away; asked a second time the getter makes it anew.
/// One part, and one tool, is kept at a time: another pointer takes its place.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL; pointer must not be NULL for TMCP_WANT_POINTER,
/// TMCP_WANT_TOOL_TEXT and TMCP_WANT_TOOL_JSON.
/// Errors: TMCP_RESULT_INVALID (what is no event, an unknown want, a pointer that
/// is not UTF-8), TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_prepare(
    event: *mut tmcp_event,
    want: u32,
    pointer: *const c_char,
    budget_us: u32,
) -> i32 {
    guard! {
        if event.is_null() {
            return tmcp_result::Null as i32;
        }
        // SAFETY: what this function asks of its caller.
        let Ok(pointer) = (unsafe { strings::optional(pointer, "pointer") }) else {
            return tmcp_result::Invalid as i32;
        };
        let Some(want) = tmcp_want::from_number(want) else {
            return tmcp_result::Invalid as i32;
        };
        let pointer = match (want, pointer) {
            (tmcp_want::Pointer | tmcp_want::ToolText | tmcp_want::ToolJson, None) => return tmcp_result::Null as i32,
            (_, pointer) => pointer.unwrap_or_default(),
        };
        let end = Instant::now() + made::budget(budget_us);
        // SAFETY: what this function asks of its caller.
        match unsafe { event::ask(event, |event| event.prepare(want, pointer, end)) } {
            Some(more) => i32::from(more),
            None => tmcp_result::Invalid as i32,
        }
    }
}

impl tmcp_want {
    fn from_number(number: u32) -> Option<tmcp_want> {
        use tmcp_want::{Blobs, Pointer, Pretty, Table, Text, ToolJson, ToolText};
        let all = [Text, Table, Pretty, Pointer, Blobs, ToolText, ToolJson];
        all.into_iter().find(|want| *want as u32 == number)
    }
}
