//! The log sink: the only callback there is.
//!
//! Separate from the client because a panic is reported through it after the
//! client has become useless.
//!
//! Invariants:
//! - what the sink gets is one line of NUL-terminated text;
//! - one sink call at a time, none after `tmcp_client_free` has returned;
//! - a thread inside of the sink cannot enter a client again.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tmcp::client::LogSink;
use tmcp::engine::LogLevel;

use crate::failure::Failure;

/// How loud the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_log_level {
    /// Something failed.
    Error = 0,
    /// Something is off, work goes on.
    Warning = 1,
    /// What a user would like to know.
    Info = 2,
    /// Everything.
    Debug = 3,
}

/// Gets one line of the log. It must not call back into the library (such a
/// call is refused) and must return soon. The message has no newline and is
/// borrowed until the sink returns. Calls come from whichever thread is in a
/// tmcp function, one at a time.
pub type tmcp_log_fn =
    Option<unsafe extern "C" fn(arg: *mut c_void, level: u32, message: *const c_char)>;

/// The sink of one client.
pub struct HostLog {
    sink: Mutex<HostSink>,
}

struct HostSink {
    call: tmcp_log_fn,
    arg: *mut c_void,
    line: Vec<u8>,
}

// SAFETY: `arg` is never followed here, only given back to the host's function,
// which the header says is called from any thread that is in the library.
unsafe impl Send for HostSink {}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl HostLog {
    pub fn new(call: tmcp_log_fn, arg: *mut c_void) -> Arc<HostLog> {
        Arc::new(HostLog { sink: Mutex::new(HostSink { call, arg, line: Vec::new() }) })
    }

    /// The sink as the core knows it.
    pub fn core(self: &Arc<HostLog>) -> LogSink {
        let log = Arc::clone(self);
        Box::new(move |level, message| log.write(level, message))
    }

    /// Gives the host one line.
    pub fn write(&self, level: LogLevel, message: &str) {
        if inside_sink() {
            return;
        }
        let mut sink = self.sink.lock();
        let Some(call) = sink.call else { return };
        let arg = sink.arg;
        sink.line.clear();
        sink.line.extend(message.bytes().map(|byte| match byte {
            b'\0' | b'\n' | b'\r' => b' ',
            byte => byte,
        }));
        sink.line.push(0);
        let level = to_c(level) as u32;
        INSIDE.set(true);
        // SAFETY: the host's function, with the argument it asked for and a
        // NUL-terminated line that lives until the lock is given back.
        unsafe { call(arg, level, sink.line.as_ptr().cast()) };
        INSIDE.set(false);
    }

    /// Lets go of the host's function: its argument may be gone from here on.
    pub fn close(&self) {
        self.sink.lock().call = None;
    }
}

impl fmt::Debug for HostLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

/// Whether this thread is in the host's sink.
pub fn inside_sink() -> bool {
    INSIDE.try_with(Cell::get).unwrap_or(false)
}

/// A level as C passes it.
pub fn from_c(level: u32) -> Result<LogLevel, Failure> {
    Ok(match level {
        0 => LogLevel::Error,
        1 => LogLevel::Warning,
        2 => LogLevel::Info,
        3 => LogLevel::Debug,
        other => return Err(Failure::invalid(format!("no log level {other}"))),
    })
}

fn to_c(level: LogLevel) -> tmcp_log_level {
    match level {
        LogLevel::Error => tmcp_log_level::Error,
        LogLevel::Warning => tmcp_log_level::Warning,
        LogLevel::Info => tmcp_log_level::Info,
        LogLevel::Debug => tmcp_log_level::Debug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    unsafe extern "C" fn keep(arg: *mut c_void, level: u32, message: *const c_char) {
        assert!(inside_sink());
        // SAFETY: the test passes a vector that outlives the log.
        let lines = unsafe { &mut *arg.cast::<Vec<(u32, String)>>() };
        // SAFETY: what the sink is promised.
        let message = unsafe { CStr::from_ptr(message) };
        lines.push((level, message.to_string_lossy().into_owned()));
    }

    #[test]
    fn the_sink_gets_single_lines_until_it_is_closed() {
        let mut lines: Vec<(u32, String)> = Vec::new();
        let log = HostLog::new(Some(keep), (&raw mut lines).cast());
        log.write(LogLevel::Warning, "two\nlines\0");
        log.close();
        log.write(LogLevel::Error, "late");
        assert_eq!(lines, [(1, "two lines ".to_owned())]);
        assert!(!inside_sink());
    }
}
