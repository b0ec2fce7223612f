//! The transports, and what each is like.
//!
//! The engine asks for a capability and never for a variant, so that a further transport
//! is a line in each method here. `tests/architecture.rs` holds that.

use super::{HttpTransport, ServerConfig};

/// How a server is reached first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// A Unix socket, with the command as the fallback when there is one.
    Socket,
    /// A child process and its pipes.
    #[default]
    Stdio,
    /// A port of a host, with the command as the fallback when there is one.
    Tcp,
    /// Streamable HTTP, on a port of a host or on a Unix socket.
    Http,
    /// WebSocket, on a port of a host or on a Unix socket.
    WebSocket,
}

impl ServerConfig {
    /// The word for its transport in a report. HTTP with SSE is a transport of its own to
    /// those who write entries.
    pub fn transport_name(&self) -> &'static str {
        match self.http.as_ref().map(|http| http.transport) {
            Some(HttpTransport::Sse) => "sse",
            _ => self.transport.name(),
        }
    }
}

/// What one more connection costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectCost {
    /// A descriptor in the client and one in the server.
    Descriptor,
    /// A process with a start, a memory and a state of its own.
    Process,
    /// A session of its own in the server, which carries many requests side by side.
    Session,
}

impl Transport {
    /// Whether a connection is a child process and its pipes: it is started by us, writes
    /// to stderr, has an exit status and is asked to end.
    pub fn is_process(self) -> bool {
        match self {
            Transport::Socket | Transport::Tcp | Transport::Http | Transport::WebSocket => false,
            Transport::Stdio => true,
        }
    }

    /// Whether other clients may be connected to the same server, which may serve one
    /// connection at a time.
    pub fn is_shared(self) -> bool {
        match self {
            Transport::Socket | Transport::Tcp => true,
            Transport::Stdio | Transport::Http | Transport::WebSocket => false,
        }
    }

    /// What one more connection costs.
    pub fn connect_cost(self) -> ConnectCost {
        match self {
            Transport::Socket | Transport::Tcp => ConnectCost::Descriptor,
            Transport::Stdio => ConnectCost::Process,
            Transport::Http | Transport::WebSocket => ConnectCost::Session,
        }
    }

    /// The transport of the entry's command, which stands in for one that cannot be
    /// connected.
    pub fn fallback(self) -> Transport {
        Transport::Stdio
    }

    /// The word for it in a report.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Socket => "socket",
            Transport::Stdio => "stdio",
            Transport::Tcp => "tcp",
            Transport::Http => "http",
            Transport::WebSocket => "ws",
        }
    }

    /// The words in a report for a process that stands in for it.
    pub fn name_of_fallback(self) -> &'static str {
        match self {
            Transport::Socket => "stdio (fallback from socket)",
            Transport::Stdio => "stdio",
            Transport::Tcp => "stdio (fallback from tcp)",
            Transport::Http => "stdio (fallback from http)",
            Transport::WebSocket => "stdio (fallback from ws)",
        }
    }

    /// The words in a report for a server that serves one connection at a time.
    pub fn name_of_serial(self) -> &'static str {
        match self {
            Transport::Socket => "socket (one connection at a time)",
            Transport::Stdio => "stdio",
            Transport::Tcp => "tcp (one connection at a time)",
            Transport::Http => "http",
            Transport::WebSocket => "ws",
        }
    }
}
