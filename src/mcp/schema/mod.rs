//! Arguments and forms by JSON Schema.
//!
//! * `subschema` — the reader of JSON Schema; [`fields`] — what a person is asked, field by field.
//! * [`arguments`] — words typed by a person, encoded by a tool's `inputSchema`; [`draft`] — the
//!   same for an editor, with what does not fit.

pub mod arguments;
mod assembly;
pub mod draft;
pub(crate) mod field;
pub mod fields;
pub(crate) mod schema_type;
pub(crate) mod schema_value;
pub(crate) mod subschema;
pub(crate) mod type_hint;
pub(crate) mod word;
