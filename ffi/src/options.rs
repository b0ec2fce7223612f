//! What a client is made with.

use std::ffi::{c_char, c_void};

use tmcp::client::Options;
use tmcp::engine::LogLevel;

use crate::failure::Failure;
use crate::log::{self, tmcp_log_fn};
use crate::sized::{self, Sized1};
use crate::strings;

/// How a client is made. Set it to zeros, then size, then what you want: zero
/// is the default of every other field. Everything is copied.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tmcp_options {
    /// sizeof(struct tmcp_options).
    pub size: usize,
    /// Configuration; NULL or "": $CLAUDE_CONFIG_DIR/.claude.json, else
    /// ~/.claude.json; "/dev/null": none.
    pub config_path: *const c_char,
    /// A second file of the same shape that wins; NULL: ~/.config/tmux/mcp.json;
    /// "/dev/null": none.
    pub overlay_path: *const c_char,
    /// Where protocol verdicts are kept; NULL: $XDG_STATE_HOME/tmcp/eras.json;
    /// "": nowhere.
    pub state_path: *const c_char,
    /// Environment of servers and of ${VAR}, NULL-terminated; NULL: the
    /// process's own.
    pub envp: *const *const c_char,
    /// Told to servers; NULL: "tmcp".
    pub client_name: *const c_char,
    /// Told to servers; NULL: the library's version.
    pub client_version: *const c_char,
    /// Gets the log; NULL: nobody does.
    pub log: tmcp_log_fn,
    /// Passed to log as it is.
    pub log_arg: *mut c_void,
    /// enum tmcp_log_level.
    pub log_level: u32,
}

// SAFETY: repr(C), size first; pointers, an Option of a function and a u32 in
// the last word: zeros are a value of each.
unsafe impl Sized1 for tmcp_options {}

/// The options as the core takes them, and what the border keeps for itself.
#[derive(Debug)]
pub struct Parsed {
    pub options: Options,
    pub level: LogLevel,
    pub log: tmcp_log_fn,
    pub log_arg: *mut c_void,
}

/// Reads what C passed; NULL means defaults throughout.
///
/// # Safety
/// `options` is NULL or as its documentation asks.
pub unsafe fn parse(options: *const tmcp_options) -> Result<Parsed, Failure> {
    // SAFETY: the caller's promise, passed on.
    let Some(raw) = (unsafe { sized::read(options, "tmcp_options") })? else {
        return Ok(Parsed {
            options: Options {
                // SAFETY: NULL is allowed.
                env: unsafe { strings::environment(std::ptr::null()) },
                name: NAME.to_owned(),
                version: VERSION.to_owned(),
                ..Options::default()
            },
            level: LogLevel::Error,
            log: None,
            log_arg: std::ptr::null_mut(),
        });
    };
    // SAFETY: NULL or NUL-terminated, by the struct's documentation.
    let name = unsafe { strings::optional(raw.client_name, "client_name") }?;
    // SAFETY: as above.
    let version = unsafe { strings::optional(raw.client_version, "client_version") }?;
    Ok(Parsed {
        options: Options {
            // SAFETY: as above.
            config_path: unsafe { strings::path(raw.config_path) }
                .filter(|path| !path.as_os_str().is_empty()),
            // SAFETY: as above.
            overlay_path: unsafe { strings::path(raw.overlay_path) },
            // SAFETY: as above.
            state_path: unsafe { strings::path(raw.state_path) },
            // SAFETY: NULL or a NULL-terminated array, by the documentation.
            env: unsafe { strings::environment(raw.envp) },
            name: name.unwrap_or_else(|| NAME.to_owned()),
            version: version.unwrap_or_else(|| VERSION.to_owned()),
        },
        level: log::from_c(raw.log_level)?,
        log: raw.log,
        log_arg: raw.log_arg,
    })
}

const NAME: &str = "tmcp";
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;

    fn zeroed() -> tmcp_options {
        // SAFETY: zeros are a value, by Sized1.
        let mut options: tmcp_options = unsafe { std::mem::zeroed() };
        options.size = size_of::<tmcp_options>();
        options
    }

    #[test]
    fn zeros_are_the_defaults() {
        // SAFETY: a valid struct.
        let parsed = unsafe { parse(&zeroed()) }.unwrap();
        assert_eq!(parsed.options.config_path, None);
        assert_eq!(parsed.options.state_path, None);
        assert_eq!(parsed.options.name, "tmcp");
        assert_eq!(parsed.options.env, std::env::vars_os().collect::<Vec<_>>());
    }

    #[test]
    fn an_empty_path_means_nowhere_for_state_and_default_for_the_configuration() {
        let mut raw = zeroed();
        raw.config_path = c"".as_ptr();
        raw.state_path = c"".as_ptr();
        // SAFETY: a valid struct.
        let parsed = unsafe { parse(&raw) }.unwrap();
        assert_eq!(parsed.options.config_path, None);
        assert_eq!(parsed.options.state_path, Some("".into()));
    }

    #[test]
    fn an_old_struct_without_a_log_is_enough() {
        let mut raw = zeroed();
        raw.size = offset_of!(tmcp_options, log);
        raw.log_level = 77;
        // SAFETY: the stated bytes are valid.
        let parsed = unsafe { parse(&raw) }.unwrap();
        assert!(parsed.log.is_none());
        raw.size = size_of::<tmcp_options>();
        // SAFETY: a valid struct with an impossible level.
        assert!(unsafe { parse(&raw) }.is_err());
    }
}
