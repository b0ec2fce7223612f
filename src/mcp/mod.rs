//! The features of the Model Context Protocol, without I/O and without state.
//!
//! * [`message`] — the messages that are written, and the fields that are read.
//! * [`capabilities`] — what a server declares in its answer to the handshake.
//! * [`version`] and [`server_info`] — which revisions are spoken, and with whom.
//! * [`result_head`] — the members that decide what a result is.
//! * [`listing`] — the lists that a server has, and their methods.
//! * [`list_page`] — one page of a list ("Pagination").
//! * [`schema`] — arguments and forms by JSON Schema.
//! * [`render`] — answers as text, tables and blobs for people.

pub mod capabilities;
pub mod list_page;
pub mod listing;
pub mod message;
pub mod render;
pub mod result_head;
pub mod schema;
pub mod server_info;
pub mod trace_parent;
pub mod version;
