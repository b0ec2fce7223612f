//! Why a connection was lost.

use crate::metrics::{ErrorCategory, EvictionCause};

/// The reason for the user, and how it is counted.
pub(super) struct Loss {
    pub(super) reason: String,
    pub(super) cause: EvictionCause,
    pub(super) category: ErrorCategory,
}
