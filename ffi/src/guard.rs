//! Panics stop here.
//!
//! Separate from the handles because it must hold for entry points that have
//! none. A panic is a bug of ours and not a reason to take the host down: the
//! body is unwound, the log sink is told, and the caller gets the value that
//! means failure for its return type. What a panic leaves behind is the handle's
//! matter (`handle` poisons it).
//!
//! Invariants:
//! - nothing unwinds out of [`run`];
//! - a panic outside of our entry points is reported as the host arranged it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_void};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Once};

use tmcp::engine::LogLevel;

use crate::log::HostLog;
use crate::result::tmcp_result;

/// Makes the body of an exported function panic-proof.
macro_rules! guard {
    ($($body:tt)*) => { $crate::guard::run(move || { $($body)* }) };
}

/// What a function returns when its body panicked.
pub trait FailureValue {
    /// The value that means failure.
    fn fallback() -> Self;
}

impl FailureValue for i32 {
    fn fallback() -> i32 {
        tmcp_result::Internal as i32
    }
}

impl FailureValue for *const c_char {
    // Never NULL: the getters that return it promise a string.
    fn fallback() -> *const c_char {
        c"".as_ptr()
    }
}

impl FailureValue for *mut c_void {
    fn fallback() -> *mut c_void {
        std::ptr::null_mut()
    }
}

impl FailureValue for bool {
    fn fallback() -> bool {
        false
    }
}

impl FailureValue for f64 {
    fn fallback() -> f64 {
        -1.0
    }
}

impl FailureValue for () {
    fn fallback() {}
}

macro_rules! zero_on_panic {
    ($($int:ty),*) => {$(
        impl FailureValue for $int {
            fn fallback() -> $int {
                0
            }
        }
    )*};
}
zero_on_panic!(u32, u64, usize);

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    static SINK: RefCell<Option<Arc<HostLog>>> = const { RefCell::new(None) };
}

/// Runs the body of an entry point.
pub fn run<T: FailureValue>(body: impl FnOnce() -> T) -> T {
    let _inside = Inside::new();
    // AssertUnwindSafe: what a panic can leave half done is behind a handle,
    // and the handle is poisoned.
    match panic::catch_unwind(AssertUnwindSafe(|| {
        install_hook();
        body()
    })) {
        Ok(value) => value,
        Err(payload) => {
            report(payload);
            T::fallback()
        }
    }
}

/// Names the log that hears of the panic now unwinding.
pub fn tell(log: &Arc<HostLog>) {
    let _ = SINK.try_with(|sink| {
        if let Ok(mut sink) = sink.try_borrow_mut() {
            *sink = Some(Arc::clone(log));
        }
    });
}

fn report(payload: Box<dyn Any + Send>) {
    let told = panic::catch_unwind(AssertUnwindSafe(|| {
        let sink = SINK.try_with(|sink| sink.borrow_mut().take()).ok().flatten();
        let place = PLACE.try_with(|place| place.borrow_mut().take()).ok().flatten();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        if let Some(sink) = sink {
            let place = place.as_deref().unwrap_or("unknown place");
            sink.write(LogLevel::Error, &format!("internal error at {place}: {message}"));
        }
    }));
    // Neither a log nor a payload's destructor that panics may get out; what
    // they threw is not dropped, since it might do so again.
    let dropped = panic::catch_unwind(AssertUnwindSafe(move || drop(payload)));
    std::mem::forget((told, dropped));
}

/// Keeps a panic inside of our entry points off the host's terminal. Every
/// other panic goes where it went before.
fn install_hook() {
    static HOOK: Once = Once::new();
    if std::thread::panicking() {
        return; // set_hook would panic; the next call installs it
    }
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
                return previous(info);
            }
            let place = info.location().map(ToString::to_string);
            let _ = PLACE.try_with(|slot| {
                if let Ok(mut slot) = slot.try_borrow_mut() {
                    *slot = place;
                }
            });
        }));
    });
}

/// Marks the thread as being inside of an entry point.
struct Inside;

impl Inside {
    fn new() -> Inside {
        let _ = DEPTH.try_with(|depth| depth.set(depth.get() + 1));
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = DEPTH.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_fallback_of_the_return_type() {
        assert_eq!(run(|| -> i32 { panic!("boom") }), tmcp_result::Internal as i32);
        assert_eq!(run(|| -> u64 { panic!("boom") }), 0);
        assert!(!run(|| -> bool { panic!("boom") }));
        assert!(run(|| -> *mut c_void { panic!("boom") }).is_null());
        assert!(!run(|| -> *const c_char { panic!("boom") }).is_null());
        assert!(run(|| -> f64 { panic!("boom") }) < 0.0);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert_eq!(run(|| -> u32 { panic::panic_any(Bomb) }), 0);
    }

    #[test]
    fn the_depth_is_right_again_after_a_panic() {
        run(|| -> () { panic!("boom") });
        assert_eq!(DEPTH.with(Cell::get), 0);
    }
}
