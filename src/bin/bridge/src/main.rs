//! `tmcp-bridge`: any stdio MCP server behind a Unix socket.
//!
//! * [`args`] — the command line.
//! * [`endpoint`] — the socket: who may bind it, who may connect, who removes it.
//! * [`daemon`] — the loop: one thread, one poll, signals, timers; carries one of two modes.
//! * [`shared`] — the mode with one process behind all connections; [`router`] decides
//!   where a message goes and does no I/O, [`message`] reads and rewrites messages.
//! * [`separate`] — the mode with one process a connection.
//! * [`ending`] — processes that are told to end.
//! * [`connect`] — stdin and stdout of this process joined to a socket; [`tmux`] — the same
//!   with a server of tmux's.
//! * [`output`] — bytes that wait to be written. [`log`] — standard error, never waited for.

#![forbid(unsafe_code)]

mod args;
mod connect;
mod daemon;
mod ending;
mod endpoint;
mod log;
mod message;
mod output;
mod router;
mod separate;
mod shared;
mod tmux;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let outcome = match args::parse(&arguments) {
        Ok(args::Invocation::Help) => print(args::HELP),
        Ok(args::Invocation::Version) => {
            print(concat!("tmcp-bridge ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Ok(args::Invocation::Status(socket)) => {
            endpoint::ask_status(&socket).and_then(|text| print(&text))
        }
        Ok(args::Invocation::Connect(socket)) => connect::run(&socket),
        Ok(args::Invocation::ConnectTmux { server, socket }) => {
            tmux::run(&server, socket.as_deref())
        }
        Ok(args::Invocation::Serve(options)) => daemon::run(options),
        Err(why) => {
            log::line(&format!("{why}; tmcp-bridge --help lists the options"));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log::line(&why);
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output. A reader that went away is no failure.
fn print(text: &str) -> Result<(), String> {
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
