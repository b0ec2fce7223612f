//! The figures of servers in any form and of any window.

use std::ffi::c_char;

use tmcp::metrics::{Bars, Look, Percentiles, Period, Presentation};

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::sized::{self, Sized1};
use crate::strings;

/// In which form figures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_form {
    /// As tmcp_client_stats.
    Report = 1,
    /// As tmcp_client_stats_full.
    Full = 2,
    /// As tmcp_client_stats_json; the member "shown" has the window.
    Json = 3,
    /// As tmcp_client_percentiles.
    Percentiles = 4,
    /// How the latencies are spread, a bar for each 1, 2 and 5 times a power of ten.
    Bars = 5,
}

/// No character but those of ASCII in tmcp_look.flags.
pub const TMCP_LOOK_ASCII: u32 = 1;

/// What figures are shown of, and how. Set it to zeros, then size, then what you want.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tmcp_look {
    /// sizeof(struct tmcp_look).
    pub size: usize,
    /// "1m", "5m", "15m" or "all", which is since the start and what NULL means.
    pub window: *const c_char,
    /// As "50,90,99.9", for the forms that have any; NULL: "50,95,99,99.9".
    pub percentiles: *const c_char,
    /// The width of a line of bars; 0: 80.
    pub columns: u32,
    /// TMCP_LOOK_ASCII or 0.
    pub flags: u32,
}

// SAFETY: repr(C), size first; pointers and two u32 in one word: zeros are a
// value of each.
unsafe impl Sized1 for tmcp_look {}

/// The figures of one server or of all in a form (enum tmcp_form). Calls, latencies and
/// bytes are those of a window; what belongs to connections and the pool is since the start,
/// and so is all that tmcp_client_stats_full adds.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL; server NULL is all of them, look NULL is
/// everything since the start.
/// Errors: TMCP_RESULT_INVALID (unknown server, no such form, window, percentiles or
/// flags, no living client), TMCP_RESULT_NULL, TMCP_RESULT_POISONED,
/// TMCP_RESULT_INTERNAL.
/// Lifetime: look is copied; *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_show(
    client: *mut tmcp_client,
    server: *const c_char,
    form: u32,
    look: *const tmcp_look,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            if out.is_null() {
                return Err(Failure::null("out"));
            }
            let form = match form {
                1 => Presentation::Report,
                2 => Presentation::Full,
                3 => Presentation::Json,
                4 => Presentation::Percentiles,
                5 => Presentation::Bars,
                other => return Err(Failure::invalid(format!("no form {other}"))),
            };
            // SAFETY: what this function asks of its caller.
            let server = unsafe { strings::optional(server, "server") }?;
            // SAFETY: as above.
            let look = match unsafe { sized::read(look, "tmcp_look") }? {
                // SAFETY: as above.
                Some(raw) => unsafe { parse(&raw) }?,
                None => Look::default(),
            };
            let text = strings::terminated(client.show(server.as_deref(), form, &look)?);
            // SAFETY: not NULL, hence writable.
            unsafe { strings::store(out, text.into_raw()) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// # Safety
/// The strings of `raw` are NULL or NUL-terminated.
unsafe fn parse(raw: &tmcp_look) -> Result<Look, Failure> {
    if raw.flags & !TMCP_LOOK_ASCII != 0 {
        return Err(Failure::invalid(format!("no flags {:#x} of tmcp_look", raw.flags)));
    }
    // SAFETY: the caller's promise.
    let window = unsafe { strings::optional(raw.window, "window") }?;
    // SAFETY: as above.
    let list = unsafe { strings::optional(raw.percentiles, "percentiles") }?;
    let columns = if raw.columns == 0 { 80 } else { raw.columns };
    Ok(Look {
        period: window.as_deref().map(Period::parse).transpose()?.unwrap_or_default(),
        percentiles: list.as_deref().map(Percentiles::parse).transpose()?.unwrap_or_default(),
        // A line is never longer than any terminal is wide.
        bars: Bars { columns: columns.min(1000) as usize, ascii: raw.flags & TMCP_LOOK_ASCII != 0 },
    })
}
