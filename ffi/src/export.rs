//! Figures for monitoring systems: as a text, and as exports that the client drives.

use std::ffi::c_char;

use tmcp::metrics::MetricsFormat;

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::result::tmcp_result;
use crate::strings;

/// A format of figures for monitoring systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_metrics_format {
    /// Text format 0.0.4 of Prometheus.
    Prometheus = 0,
    /// OpenMetrics 1.0.
    OpenMetrics = 1,
    /// The log of the HdrHistogram libraries (V2), one interval a server; in microseconds.
    HistogramLog = 2,
}

/// The figures of the client and of all servers in a format of monitoring systems.
/// Durations are counted into the histograms of TMCP_METRICS_FORMAT_PROMETHEUS and
/// TMCP_METRICS_FORMAT_OPEN_METRICS from the first such text on, or from
/// tmcp_client_set_export. The text is made in one go: with many servers use an export.
///
/// Ownership: *out is the caller's, to be given to tmcp_string_free.
/// NULL: client and out must not be NULL.
/// Errors: TMCP_RESULT_INVALID (no such format, no living client), TMCP_RESULT_NULL,
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: *out until tmcp_string_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_metrics(
    client: *mut tmcp_client,
    format: u32,
    out: *mut *mut c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            if out.is_null() {
                return Err(Failure::null("out"));
            }
            let text = match format {
                0 => client.metrics(MetricsFormat::Prometheus),
                1 => client.metrics(MetricsFormat::OpenMetrics),
                2 => client.histogram_log(),
                other => return Err(Failure::invalid(format!("no metrics format {other}"))),
            };
            // SAFETY: not NULL, hence writable.
            unsafe { strings::store(out, strings::terminated(text).into_raw()) };
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Sets an export, which the dispatches that follow drive; value NULL or "" ends it.
/// The names, with docs/operations.md for the figures:
/// "label": the value of the label "client" of every sample, 256 bytes at most; by
/// default the client's name and the process id;
/// "metrics-file": the absolute path of a file for a textfile collector, ending in
/// ".prom"; it is removed when the client is freed;
/// "metrics-interval": how often it is written, 1 to 3600 seconds; by default 15;
/// "metrics-listen": where GET /metrics is answered: "unix:/path", or "127.0.0.1:PORT"
/// or another loopback address, that of IPv6 in brackets;
/// "statsd": "udp://ADDRESS:PORT" or "unix:///path", with "?dogstatsd" for tags and
/// "?interval=SECONDS" (1 to 600; by default 10), joined by "&".
///
/// Ownership: none.
/// NULL: client and name must not be NULL; value NULL ends the export.
/// Errors: TMCP_RESULT_INVALID (no such export, a bad value, no living client),
/// TMCP_RESULT_IO (the address cannot be used), TMCP_RESULT_NULL,
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL. The export is off after an error.
/// Lifetime: name and value are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_export(
    client: *mut tmcp_client,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let name = unsafe { strings::required(name, "name") }?;
            // SAFETY: as above.
            let value = unsafe { strings::optional(value, "value") }?;
            client.set_export(&name, value.as_deref())?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}
