//! What a session hands to its codec.

/// What a message is, so that a codec can choose its stream and write its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing<'a> {
    /// A request; its answer is awaited.
    Request {
        /// JSON-RPC method.
        method: &'a str,
        /// The tool, prompt or resource that it is about; empty when there is none.
        name: &'a str,
        /// The definition of the tool that is called, as the server sent it. Empty when it is
        /// not known, or the codec does not ask for it.
        definition: &'a str,
    },
    /// A notification.
    Notification {
        /// JSON-RPC method.
        method: &'a str,
    },
    /// An answer to a request of the server.
    Answer,
}
