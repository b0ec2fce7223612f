//! The readers of answers as they were before they worked in pieces: whole
//! values by serde, nothing kept from one step to the next.
//!
//! The plain reference that the ones in use are compared with. It is not to be
//! improved, only to be changed together with what an answer gives.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod blob;
pub mod content;
pub mod listing;
pub mod pointer;
pub mod rows;
pub mod schema;
pub mod table;
