//! The C border of `tmcp`: `libtmcp.a` and `tmcp.h`.
//!
//! The only `extern "C"` of the project. It converts and guards, and decides
//! nothing: whatever a C host can ask is one call on the core's [`Client`].
//! The conventions a C programmer needs are written once, in
//! `ffi/conventions.txt`; the header begins with them and `docs/c-api.md` quotes
//! them.
//!
//! Invariants, each held by a test in `ffi/tests`:
//! - every exported body is one `guard!`, so that no panic reaches C;
//! - raw pointers are read in `handle`, `strings`, `sized`, `event`, `table` and
//!   `call` only;
//! - every exported function is in the header, in `symbols.txt` and in a C test.
//!
//! [`Client`]: tmcp::client::Client

// The types carry their C names, so that both sides of the border read alike.
#![allow(non_camel_case_types)]
// The same contract for all, told once at the top of the header and line by
// line under NULL and Lifetime; a Safety heading would repeat it in C's manual.
#![allow(clippy::missing_safety_doc)]

// A panic that cannot be caught takes every session of the user with it.
#[cfg(not(panic = "unwind"))]
compile_error!("tmcp-ffi contains panics and must be built with panic = \"unwind\"");

#[macro_use]
mod guard;
mod agents;
mod arena;
mod handle;
mod made;
mod sized;
mod strings;
mod tagged;

// Header order is this order.
mod arguments;
mod call;
mod checklist;
mod client;
mod configuration;
mod event;
mod event_type;
mod export;
mod failure;
mod hints;
mod host;
mod import;
mod json;
mod log;
mod login;
mod offers;
mod options;
mod part;
mod prepare;
mod question;
mod request;
mod result;
mod servers;
mod show;
mod stats;
mod table;
mod version;
mod want;

#[cfg(feature = "test-hooks")]
mod hooks;

pub use agents::{tmcp_client_listen, tmcp_event_size, tmcp_event_who};
pub use arguments::{tmcp_client_draft_arguments, tmcp_client_encode_arguments};
pub use call::{
    tmcp_call, tmcp_call_flag, tmcp_client_call, tmcp_client_cancel, tmcp_client_list_tools,
    tmcp_client_wait_ready, tmcp_pair, tmcp_traceparent_valid,
};
pub use checklist::{TMCP_CHECK_JSON, TMCP_CHECK_MONITORING, TMCP_CHECK_SETUP, tmcp_client_check};
pub use client::{
    tmcp_client_dispatch, tmcp_client_error, tmcp_client_fd, tmcp_client_free,
    tmcp_client_known_tools, tmcp_client_new, tmcp_client_next_event, tmcp_client_timeout_ms,
};
pub use configuration::{
    tmcp_client_configuration, tmcp_client_find_server, tmcp_client_find_tool, tmcp_client_refresh,
};
pub use event::{
    tmcp_event, tmcp_event_elapsed_us, tmcp_event_free, tmcp_event_id, tmcp_event_json,
    tmcp_event_progress, tmcp_event_result, tmcp_event_server, tmcp_event_text, tmcp_event_tool,
    tmcp_event_type, tmcp_event_user_data,
};
pub use event_type::tmcp_event_type;
pub use export::{tmcp_client_metrics, tmcp_client_set_export, tmcp_metrics_format};
pub use handle::tmcp_client;
pub use hints::{
    TMCP_HINT_CONFIRM, TMCP_HINT_DESTRUCTIVE, TMCP_HINT_NOT_DESTRUCTIVE, TMCP_HINT_NOT_READ_ONLY,
    TMCP_HINT_READ_ONLY, tmcp_client_tool_hints,
};
#[cfg(feature = "test-hooks")]
pub use hooks::tmcp_test_panic;
pub use host::{
    tmcp_client_child_exited, tmcp_client_reload, tmcp_client_set_config_path,
    tmcp_client_set_default, tmcp_client_set_env, tmcp_client_set_log_level,
};
pub use import::{tmcp_client_import, tmcp_import, tmcp_import_flag};
pub use json::tmcp_json_pretty;
pub use log::{tmcp_log_fn, tmcp_log_level};
pub use login::{tmcp_client_login, tmcp_client_login_answer, tmcp_client_logout};
pub use offers::{
    TMCP_OFFERS_COMPLETIONS, TMCP_OFFERS_DECLARED, TMCP_OFFERS_PROMPTS, TMCP_OFFERS_RESOURCES,
    TMCP_OFFERS_TOOLS, TMCP_OFFERS_TOOLS_LISTED, tmcp_client_server_offers,
};
pub use options::tmcp_options;
pub use part::{
    tmcp_client_prompt_arguments, tmcp_event_blob, tmcp_event_blob_count, tmcp_event_pointer,
    tmcp_event_pretty, tmcp_event_table, tmcp_event_tool_json, tmcp_event_tool_text,
};
pub use prepare::tmcp_event_prepare;
pub use question::{
    TMCP_ABILITY_ELICITATION, TMCP_ABILITY_ROOTS, TMCP_ABILITY_SAMPLING, tmcp_answer,
    tmcp_client_answer, tmcp_client_check_answer, tmcp_client_set_abilities, tmcp_client_set_roots,
    tmcp_event_question, tmcp_event_request, tmcp_event_url, tmcp_question,
};
pub use request::{
    tmcp_client_check_argument, tmcp_client_complete, tmcp_client_connect, tmcp_client_get_prompt,
    tmcp_client_list, tmcp_client_read_resource, tmcp_client_subscribe, tmcp_client_unsubscribe,
    tmcp_list, tmcp_reference,
};
pub use result::{tmcp_result, tmcp_result_text};
pub use servers::{
    tmcp_client_add_server, tmcp_client_reconnect, tmcp_client_remove_server,
    tmcp_client_set_enabled,
};
pub use show::{TMCP_LOOK_ASCII, tmcp_client_show, tmcp_form, tmcp_look};
pub use stats::{
    tmcp_client_format, tmcp_client_ready, tmcp_client_server_count, tmcp_client_server_name,
    tmcp_client_stats, tmcp_string_free,
};
pub use table::{
    tmcp_client_jobs, tmcp_client_servers, tmcp_client_tool_arguments, tmcp_client_unknown,
    tmcp_table, tmcp_table_cell, tmcp_table_column, tmcp_table_columns, tmcp_table_free,
    tmcp_table_get, tmcp_table_prepare, tmcp_table_rows,
};
pub use version::{tmcp_version, tmcp_version_number};
pub use want::tmcp_want;
