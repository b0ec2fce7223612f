//! How a connection came to its end.

use crate::metrics::{ErrorCategory, EvictionCause};

/// Why a connection is gone.
pub(super) struct Loss {
    pub(super) reason: String,
    pub(super) cause: EvictionCause,
    pub(super) category: ErrorCategory,
}
