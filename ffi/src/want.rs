//! What can be made of an answer in pieces.

/// What can be made of an answer in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_want {
    /// What tmcp_event_text gives.
    Text = 1,
    /// What tmcp_event_table gives.
    Table = 2,
    /// What tmcp_event_pretty gives.
    Pretty = 3,
    /// What tmcp_event_pointer gives.
    Pointer = 4,
    /// What tmcp_event_blob gives.
    Blobs = 5,
    /// What tmcp_event_tool_text gives.
    ToolText = 6,
    /// What tmcp_event_tool_json gives.
    ToolJson = 7,
}
