//! C border.
