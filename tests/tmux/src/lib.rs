//! A bench for a patched tmux: private servers, clients of every kind, and the
//! means to see what became of them.
//!
//! The binary under test is named by `TMCP_TMUX`. Each test has a socket, a HOME
//! and servers of its own, and whatever it started is ended, by its pid, and
//! proven gone when the test lets go of it. Nothing waits for a length of time:
//! [`wait::until`] waits for a condition, and says which one never came.
//!
//! ```text
//! TMCP_TMUX=$(tmux-patches/build) cargo test -p tmcp-tmux-tests
//! ```

pub mod control;
pub mod probe;
pub mod process;
pub mod pty;
pub mod run;
pub mod servers;
pub mod tmux;
pub mod viewer;
pub mod wait;

pub use control::Control;
pub use probe::Probe;
pub use pty::Terminal;
pub use run::Output;
pub use servers::{SocketServer, gated, held, recorded, stdio};
pub use tmux::{Setup, Tmux};
pub use viewer::Viewer;
pub use wait::{PATIENCE, until};
