//! What a checklist looks at beside the figures.

/// What a server's entry asks for, and whether it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFacts {
    /// Whether the socket of the entry takes connections, or why not; `None`: the entry
    /// has none.
    pub socket: Option<Result<(), String>>,
    /// Whether the command of the entry can be started, or why not; `None`: the entry
    /// has none.
    pub command: Option<Result<(), String>>,
    /// It runs on this machine.
    pub is_local: bool,
    /// Connections that the pool may keep.
    pub pool_max_size: u32,
}
