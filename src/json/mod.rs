//! JSON (RFC 8259), read in steps.
//!
//! "No more input" and "the budget is spent" are the same suspension, so one
//! [`Tokenizer`] serves the messages of servers, which come in pieces, and the
//! readers of long answers, which must give the host its thread back.

mod budget;
pub(crate) mod cursor;
pub mod kept;
pub mod lenient;
mod nesting;
mod number;
mod plain_run;
pub mod pretty;
pub mod raw;
pub mod repair;
pub mod task;
pub(crate) mod text;
mod tokenizer;
mod unescape;

pub use budget::{Budget, Yield};
pub use nesting::Nesting;
pub use number::is_number;
pub use tokenizer::{Dialect, NotJson, Step, SyntaxError, Token, Tokenizer};
pub use unescape::{Sink, Unescape, unescape, with_whole_pairs};
