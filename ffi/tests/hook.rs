//! The border's panic hook leaves the host's own in force. Alone in its file,
//! because a hook belongs to the whole process.

use std::panic;
use std::sync::atomic::{AtomicU32, Ordering};

static SEEN: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_panic_outside_of_the_border_goes_to_the_hook_of_the_host() {
    panic::set_hook(Box::new(|_| {
        SEEN.fetch_add(1, Ordering::SeqCst);
    }));
    assert_ne!(tmcp_ffi::tmcp_version_number(), 0); // installs the border's hook
    let caught = panic::catch_unwind(|| panic!("the host's own"));
    assert!(caught.is_err());
    assert_eq!(SEEN.load(Ordering::SeqCst), 1);

    #[cfg(feature = "test-hooks")]
    {
        let mut client = std::ptr::null_mut();
        // SAFETY: NULL options are the defaults; the client is freed once.
        assert_eq!(unsafe { tmcp_ffi::tmcp_client_new(std::ptr::null(), &mut client) }, 0);
        // SAFETY: a living client.
        assert_eq!(unsafe { tmcp_ffi::tmcp_test_panic(client) }, -101);
        assert_eq!(SEEN.load(Ordering::SeqCst), 1, "the border's panic reached the host's hook");
        // SAFETY: as above.
        unsafe { tmcp_ffi::tmcp_client_free(client) };
    }
}
