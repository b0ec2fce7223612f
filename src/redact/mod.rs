//! Keeps secrets out of every text that is not a result.
//!
//! Servers print what they were given: their environment when they crash, the
//! header that was refused, the argument that was wrong. One [`Redactor`] knows
//! the secret values and puts `***` in their place, in log lines, errors,
//! evidence from stderr and progress messages. Results stay as they are: whoever
//! asked for one gets it.
//!
//! Invariants:
//! - what is looked for is a value, in its own spelling, as JSON writes it,
//!   percent-encoded and in base64, whole or cut at an end of the text;
//! - ordinary words, paths and addresses are never looked for, see [`is_secret`];
//! - the work is one pass over the text, whatever the number of secrets, and
//!   memory is bounded, see [`Redactor::learn`];
//! - no secret is ever in a `Debug` text.

mod names;
mod secrets;
mod spellings;

pub use names::{is_masked_name, is_secret, is_secret_name};
pub use secrets::Redactor;
