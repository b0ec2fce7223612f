//! Answers of servers for people: text, tables and binary parts.
//!
//! * [`content`] — the text of a result; [`error_data`] — the data of an error.
//! * [`listing`] — lists as text; [`rows`] — lists as tables.
//! * [`tool_hints`] — what a tool says that it changes, and a fingerprint of its definition.
//! * [`tool_details`] — one tool of a list with everything that is said of it.
//! * [`blob`] — binary parts; [`mod@pointer`] — one part, by JSON Pointer.

pub mod blob;
pub(crate) mod blocks;
pub mod content;
pub mod error_data;
pub mod listing;
pub mod pointer;
pub mod rows;
mod sameness;
mod tool;
pub mod tool_details;
pub mod tool_hints;
