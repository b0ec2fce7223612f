//! What the host tells its client: exits of children and settings.

use std::ffi::c_char;

use crate::failure::Failure;
use crate::handle::{self, tmcp_client};
use crate::log;
use crate::result::tmcp_result;
use crate::strings;

/// Passes in an exit that the host learnt from waitpid. A host that reaps every
/// child (waitpid(WAIT_ANY, ...)) passes each one in; a host that reaps nothing
/// need not call this, the library then reaps its own. Returns 1 when the child
/// was the library's and 0 when it was not.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_child_exited(
    client: *mut tmcp_client,
    pid: i32,
    status: i32,
) -> i32 {
    guard! {
        handle::run(client, |client| Ok(i32::from(pid > 0 && client.child_exited(pid, status))))
    }
}

/// Reads the configuration again, in the dispatches that follow. A
/// CONFIG_LOADED event says when that is done and what was wrong. Servers that
/// did not change keep their connections.
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_reload(client: *mut tmcp_client) -> i32 {
    guard! {
        handle::run(client, |client| {
            client.reload();
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Names the configuration file. Takes effect with tmcp_client_reload.
///
/// Ownership: none.
/// NULL: client must not be NULL; path NULL or "" is the default again.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: path is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_config_path(
    client: *mut tmcp_client,
    path: *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            let path = unsafe { strings::path(path) };
            client.set_config_path(path.filter(|path| !path.as_os_str().is_empty()));
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Replaces the environment that servers started from now on get and that
/// ${VAR} is taken from.
///
/// Ownership: none.
/// NULL: client must not be NULL; envp NULL is the process's own.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no living client),
/// TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: envp is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_env(
    client: *mut tmcp_client,
    envp: *const *const c_char,
) -> i32 {
    guard! {
        handle::run(client, |client| {
            // SAFETY: what this function asks of its caller.
            client.set_env(unsafe { strings::environment(envp) });
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Sets how loud the log is (enum tmcp_log_level).
///
/// Ownership: none.
/// NULL: TMCP_RESULT_NULL.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no such level, no living
/// client), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_log_level(client: *mut tmcp_client, level: u32) -> i32 {
    guard! {
        handle::run(client, |client| {
            client.set_log_level(log::from_c(level)?);
            Ok(tmcp_result::Ok as i32)
        })
    }
}

/// Sets a value for servers whose entry does not say: "pool-max-size",
/// "pool-idle-timeout", "max-in-flight", "timeout", "operation-timeout",
/// "retry-attempts", "retry-backoff", "startup-timeout", "max-answer",
/// "breaker-failures", "breaker-pause".
///
/// Ownership: none.
/// NULL: client and name must not be NULL; value NULL is the built-in default
/// again.
/// Errors: TMCP_RESULT_NULL, TMCP_RESULT_INVALID (no such name, or a value out
/// of range), TMCP_RESULT_POISONED, TMCP_RESULT_INTERNAL.
/// Lifetime: name and value are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tmcp_client_set_default(
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
            client.set_default(&name, value.as_deref()).map_err(Failure::from)?;
            Ok(tmcp_result::Ok as i32)
        })
    }
}
