//! Parts of an answer: its table, bytes of images and the like, fields of its data.

use std::ffi::{CString, c_char, c_void};
use std::ptr;

use tmcp::engine::Listing;
use tmcp::mcp::render::rows;

use crate::event::{self, tmcp_event};
use crate::result::tmcp_result;
use crate::strings;
use crate::table::{self, tmcp_table};

/// What an event lists, one row each. DONE of a list of tools: name title
/// description read_only destructive idempotent arguments required tasks; of
/// resources: uri name title description mime size; of resource templates:
/// uri_template name title description mime; of prompts: name title description
/// arguments. A flag is "1" or "", several names are separated by blanks; tasks is
/// execution.taskSupport as the server says it: this library runs no tool as a
/// task, so a tool with "required" cannot be called. DONE of
/// a resource that was read: uri mime size text; text is "" where size counts the
/// bytes of a blob. DONE of a completion: value.
/// QUESTION of a form: its fields, as tmcp_client_tool_arguments has them.
///
/// Ownership: the caller's, to be given to tmcp_table_free.
/// NULL: NULL; also for events that list nothing.
/// Errors: NULL for what is no event.
/// Lifetime: until tmcp_table_free; it may outlive the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_table(event: *const tmcp_event) -> *mut tmcp_table {
    guard! {
        // SAFETY: what this function asks of its caller.
        table::give(unsafe { event::ask(event, tmcp_event::table) }.flatten())
    }
}

/// The arguments of a prompt, from the DONE event of a list of prompts: name
/// required description title.
///
/// Ownership: the caller's, to be given to tmcp_table_free.
/// NULL: list_event and prompt must not be NULL; NULL is returned when there is
/// no such prompt.
/// Errors: NULL for what is no event, or none of a list of prompts.
/// Lifetime: until tmcp_table_free; it may outlive the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_prompt_arguments(
    list_event: *const tmcp_event,
    prompt: *const c_char,
) -> *mut tmcp_table {
    guard! {
        // SAFETY: what this function asks of its caller.
        let prompt = unsafe { strings::optional(prompt, "prompt") }.ok().flatten();
        let Some(prompt) = prompt else { return ptr::null_mut() };
        // SAFETY: as above.
        let table = unsafe { event::ask(list_event, |event| match event.listing()? {
            Listing::Prompts => rows::prompt_arguments(event.json(), &prompt),
            _ => None,
        }) };
        table::adopt(table.flatten())
    }
}

/// How many images, sounds and blobs the answer of a DONE event has.
///
/// Ownership: none.
/// NULL: 0.
/// Errors: 0 for what is no event, and for events without an answer.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_blob_count(event: *const tmcp_event) -> usize {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { event::ask(event, tmcp_event::blob_count) }.unwrap_or(0)
    }
}

/// The bytes of the index-th image, sound or blob of a DONE event's answer;
/// *mime is the type the server gave, or "". Decoded when it is first asked for.
///
/// Ownership: the event's; do not free it.
/// NULL: NULL; mime and size may be NULL.
/// Errors: NULL past the end and for what is no event; then *mime and *size are
/// left alone.
/// Lifetime: until tmcp_event_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_blob(
    event: *const tmcp_event,
    index: usize,
    mime: *mut *const c_char,
    size: *mut usize,
) -> *const u8 {
    guard! {
        // SAFETY: what this function asks of its caller.
        let found = unsafe { event::ask(event, |event| {
            let (mime, bytes) = event.blob(index)?;
            Some((mime, bytes.as_ptr(), bytes.len()))
        }) };
        let Some((kind, bytes, len)) = found.flatten() else { return ptr::null_mut() };
        // SAFETY: NULL or writable.
        unsafe { strings::store(mime, kind) };
        // SAFETY: as above.
        unsafe { strings::store(size, len) };
        bytes.cast_mut().cast::<c_void>()
    }
    .cast_const()
    .cast()
}

/// Picks a part of a DONE event's answer by a JSON Pointer ("/content/0/text"; ""
/// is all of it): a string bare, anything else as compact JSON. The root is the
/// answer as tmcp_event_json has it. What is not there is looked for in its
/// structuredContent ("/rows/0/name"), and then in its text, should that be JSON.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: TMCP_RESULT_NULL; nothing may be NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (no such part, or no answer),
/// TMCP_RESULT_INVALID (what is no event, or a pointer that is not UTF-8),
/// TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_pointer(
    event: *const tmcp_event,
    pointer: *const c_char,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        if pointer.is_null() {
            return tmcp_result::Null as i32;
        }
        // SAFETY: what this function asks of its caller.
        let Ok(Some(at)) = (unsafe { strings::optional(pointer, "pointer") }) else {
            return tmcp_result::Invalid as i32;
        };
        // SAFETY: as above.
        unsafe { give(event, out, |event| event.part(at)) }
    }
}

/// A DONE event's data with line breaks and indentation: the result's
/// structuredContent; without one its text, should that be JSON; else the answer
/// as tmcp_event_json has it.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: TMCP_RESULT_NULL; nothing may be NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (no answer), TMCP_RESULT_INVALID (what is no
/// event), TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_pretty(event: *const tmcp_event, out: *mut *mut c_char) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { give(event, out, tmcp_event::pretty) }
    }
}

/// Everything about one tool of the DONE event of a list of tools, as text for
/// people: title, description, annotations, arguments with their members, result.
/// The name is written in full; tmcp_client_find_tool completes it.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: TMCP_RESULT_NULL; nothing may be NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (no such tool, or no list of tools),
/// TMCP_RESULT_INVALID (what is no event, or a name that is not UTF-8),
/// TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_tool_text(
    list_event: *const tmcp_event,
    tool: *const c_char,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { give_tool(list_event, tool, out, tmcp_event::tool_text) }
    }
}

/// The definition of one tool of the DONE event of a list of tools, byte by byte
/// as the server sent it. The name is written in full.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: TMCP_RESULT_NULL; nothing may be NULL.
/// Errors: TMCP_RESULT_NOT_FOUND (no such tool, or no list of tools),
/// TMCP_RESULT_INVALID (what is no event, or a name that is not UTF-8),
/// TMCP_RESULT_NULL, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_event_tool_json(
    list_event: *const tmcp_event,
    tool: *const c_char,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        // SAFETY: what this function asks of its caller.
        unsafe { give_tool(list_event, tool, out, tmcp_event::tool_json) }
    }
}

/// # Safety
/// `event` is as `event::ask` wants it, `tool` NULL or a string, `out` NULL or
/// writable.
unsafe fn give_tool(
    event: *const tmcp_event,
    tool: *const c_char,
    out: *mut *mut c_char,
    make: impl FnOnce(&tmcp_event, String) -> Option<CString>,
) -> i32 {
    if tool.is_null() {
        return tmcp_result::Null as i32;
    }
    // SAFETY: the caller's promise.
    let Ok(Some(name)) = (unsafe { strings::optional(tool, "tool") }) else {
        return tmcp_result::Invalid as i32;
    };
    // SAFETY: as above.
    unsafe { give(event, out, |event| make(event, name)) }
}

/// # Safety
/// `event` is as `event::ask` wants it, `out` is NULL or writable.
unsafe fn give(
    event: *const tmcp_event,
    out: *mut *mut c_char,
    make: impl FnOnce(&tmcp_event) -> Option<CString>,
) -> i32 {
    if event.is_null() || out.is_null() {
        return tmcp_result::Null as i32;
    }
    // SAFETY: the caller's promise.
    match unsafe { event::ask(event, make) } {
        None => tmcp_result::Invalid as i32,
        Some(None) => tmcp_result::NotFound as i32,
        Some(Some(text)) => {
            // SAFETY: not NULL, hence writable.
            unsafe { strings::store(out, text.into_raw()) };
            tmcp_result::Ok as i32
        }
    }
}
