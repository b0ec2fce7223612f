//! What stands behind a `struct tmcp_client *`.
//!
//! A client pointer is a name, not an address to follow: it is looked up in the
//! table of living clients and never dereferenced. So a freed, foreign or
//! misaligned pointer is answered with an error instead of being read, and a
//! client that another thread frees stays whole until the last call on it has
//! returned.
//!
//! Invariants:
//! - one call at a time is inside of a client (one mutex);
//! - a client whose call panicked refuses every later call but `free`;
//! - the log sink is never entered with a call of its own thread waiting for
//!   the same client: a call from inside of the sink is refused.

use std::cell::RefCell;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};
use tmcp::client::Client;

use crate::failure::Failure;
use crate::guard;
use crate::log::{self, HostLog};
use crate::tagged::{Tag, Tagged};

/// A client: servers, their connections and the requests under way.
///
/// Threads: any thread may call with the same client; calls take turns, and an
/// event goes to the thread that pulls it. A child made by fork must leave the
/// client alone.
///
/// Methods: tmcp_client_new, tmcp_client_free; tmcp_client_fd,
/// tmcp_client_timeout_ms, tmcp_client_dispatch, tmcp_client_next_event to
/// drive it; tmcp_client_call, tmcp_client_list, tmcp_client_read_resource,
/// tmcp_client_get_prompt, tmcp_client_complete, tmcp_client_subscribe,
/// tmcp_client_wait_ready, tmcp_client_cancel to use it; tmcp_client_answer to
/// answer questions; tmcp_client_error to ask what went wrong.
#[derive(Debug)]
pub struct tmcp_client {
    client: Mutex<Option<Client>>,
    fd: RawFd,
    log: Arc<HostLog>,
    poisoned: AtomicBool,
    pid: u32,
}

static LIVING: RwLock<Vec<Arc<Tagged<tmcp_client>>>> = RwLock::new(Vec::new());

thread_local! {
    static LAST: RefCell<(usize, String)> = const { RefCell::new((0, String::new())) };
}

/// Takes `client` in and gives C its name.
pub fn adopt(client: Client, log: Arc<HostLog>) -> *mut tmcp_client {
    let handle = Tagged::new(
        Tag::Client,
        tmcp_client {
            fd: client.as_raw_fd(),
            client: Mutex::new(Some(client)),
            log,
            poisoned: AtomicBool::new(false),
            pid: std::process::id(),
        },
    );
    let handle = Arc::new(handle);
    let name = name_of(&handle).cast_mut();
    LIVING.write().push(handle);
    name
}

/// Ends a client. Anything that is not a living client is left alone.
pub fn release(name: *const tmcp_client) {
    if log::inside_sink() {
        return;
    }
    let handle = {
        let mut living = LIVING.write();
        let Some(index) = living.iter().position(|handle| name_of(handle) == name) else {
            return;
        };
        living.swap_remove(index)
    };
    let client = handle.client.lock().take();
    // A guard of its own: the sink is let go of even when this panics.
    guard::run(|| {
        guard::tell(&handle.log);
        if handle.pid == std::process::id() {
            drop(client);
        } else {
            // We are in a forked copy: the servers and the descriptors belong
            // to the parent, and dropping would end them there.
            std::mem::forget(client);
        }
    });
    handle.log.close();
}

/// One call on a client: its result, or the number of its failure.
pub fn run(
    name: *const tmcp_client,
    body: impl FnOnce(&mut Client) -> Result<i32, Failure>,
) -> i32 {
    code(name, enter(name, body))
}

/// One call on a client for functions that cannot return a number.
pub fn ask<T>(name: *const tmcp_client, body: impl FnOnce(&mut Client) -> T) -> Option<T> {
    attempt(name, |client| Ok(body(client)))
}

/// As [`ask`], for what may fail.
pub fn attempt<T>(
    name: *const tmcp_client,
    body: impl FnOnce(&mut Client) -> Result<T, Failure>,
) -> Option<T> {
    enter(name, body).map_err(|failure| remember(name, failure)).ok()
}

/// The number C sees; a failure's sentence is kept for `tmcp_client_error`.
pub fn code(name: *const tmcp_client, result: Result<i32, Failure>) -> i32 {
    match result {
        Ok(value) => value,
        Err(failure) => {
            let code = failure.code as i32;
            remember(name, failure);
            code
        }
    }
}

/// The client's descriptor, without waiting for a call of another thread.
pub fn fd(name: *const tmcp_client) -> Option<RawFd> {
    find(name).map(|handle| handle.fd)
}

/// The client's log, for the events that outlive a call.
pub fn log_of(name: *const tmcp_client) -> Option<Arc<HostLog>> {
    find(name).map(|handle| Arc::clone(&handle.log))
}

/// Hands `show` the sentence of this thread's last failure on `name`.
pub fn last_error<T>(name: *const tmcp_client, show: impl FnOnce(&str) -> T) -> T {
    LAST.with_borrow(|(whose, message)| show(if *whose == name.addr() { message } else { "" }))
}

fn remember(name: *const tmcp_client, failure: Failure) {
    LAST.set((name.addr(), failure.message));
}

fn find(name: *const tmcp_client) -> Option<Arc<Tagged<tmcp_client>>> {
    LIVING.read().iter().find(|handle| name_of(handle) == name).cloned()
}

/// The address that C knows a client by. Its tag lies there, for the functions that take
/// an event or a table.
fn name_of(handle: &Arc<Tagged<tmcp_client>>) -> *const tmcp_client {
    Arc::as_ptr(handle).cast()
}

fn enter<T>(
    name: *const tmcp_client,
    body: impl FnOnce(&mut Client) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if name.is_null() {
        return Err(Failure::null("client"));
    }
    if log::inside_sink() {
        return Err(Failure::invalid("the log sink must not call back"));
    }
    let handle = find(name).ok_or_else(|| Failure::invalid("not a living client"))?;
    let mut slot = handle.client.lock();
    if handle.poisoned.load(Ordering::Acquire) {
        return Err(Failure::poisoned());
    }
    let client = slot.as_mut().ok_or_else(|| Failure::invalid("not a living client"))?;
    let fuse = PoisonOnPanic(&handle);
    let result = body(client);
    std::mem::forget(fuse);
    result
}

/// Poisons the client unless it is forgotten.
struct PoisonOnPanic<'a>(&'a tmcp_client);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        self.0.poisoned.store(true, Ordering::Release);
        guard::tell(&self.0.log);
    }
}

/// Holds the promise that any thread may call.
const fn needs_send<T: Send>() {}
const _: () = needs_send::<Client>();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::tmcp_result;

    #[test]
    fn a_pointer_that_is_no_client_is_refused_without_being_read() {
        let nowhere = std::ptr::without_provenance::<tmcp_client>(0x11);
        assert_eq!(run(nowhere, |_| Ok(0)), tmcp_result::Invalid as i32);
        last_error(nowhere, |message| assert_eq!(message, "not a living client"));
        release(nowhere);
    }

    #[test]
    fn null_has_its_own_number() {
        assert_eq!(run(std::ptr::null(), |_| Ok(0)), tmcp_result::Null as i32);
        last_error(std::ptr::null(), |message| assert_eq!(message, "client is NULL"));
    }
}
