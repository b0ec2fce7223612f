//! `tmcp-test-server`: an MCP server with every era and every fault by switches.
//!
//! It stands where a user's server would stand, in tests, benches and the demo,
//! and is kept apart from the client: it shares no code with it, so that a
//! mistake in one is not repeated in the other.
//!
//! Invariants:
//! - without a fault switch it keeps the published protocol to the letter and
//!   refuses what a strict server would refuse;
//! - a tool call that runs is counted and journalled before its effect, once;
//! - it never outlives its stdin, unless told to.

mod args;
mod asking;
mod bridge;
mod catalog;
mod faults;
mod journal;
mod large;
mod output;
mod session;
mod sys;
mod tools;
mod transport;

use std::io::Write;
use std::process::ExitCode;

use crate::args::{Command, Options};

fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(message) => {
            complain(&message);
            return ExitCode::from(2);
        }
    };
    let served = match command {
        Command::Help => {
            // Nobody is left to be told when stdout is gone.
            let _ = std::io::stdout().write_all(args::HELP.as_bytes());
            Ok(())
        }
        Command::Hold => sys::hold(),
        Command::Bridge { path, command } => bridge::run(&path, &command),
        Command::Serve(options) => serve(options),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&message);
            ExitCode::FAILURE
        }
    }
}

fn serve(options: Box<Options>) -> Result<(), String> {
    // One set of options serves every thread until the process ends.
    let options: &'static Options = Box::leak(options);
    if options.faults.ignore_term {
        sys::ignore_term();
    }
    if !options.faults.start_delay.is_zero() {
        std::thread::sleep(options.faults.start_delay);
    }
    faults::flood_stderr(options.faults.stderr_flood);
    let grandchild = if options.faults.grandchild { Some(sys::spawn_holder()?) } else { None };
    if let Some(path) = &options.pid_file {
        journal::write_pids(path, grandchild)?;
    }
    transport::run(options)
}

fn complain(message: &str) {
    // stderr may be gone; the exit status still tells.
    let _ = writeln!(std::io::stderr(), "tmcp-test-server: {message}");
}
