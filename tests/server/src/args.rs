//! The command line: switches in, one [`Command`] out.
//!
//! Nothing else looks at the arguments, and nothing here acts on them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::faults::{Faults, Ids, Probe};

/// What `--help` prints.
pub(crate) const HELP: &str = include_str!("help.txt");

/// What the process was asked to be.
#[derive(Debug)]
pub(crate) enum Command {
    Bridge {
        path: PathBuf,
        command: Vec<OsString>,
    },
    Help,
    /// The grandchild: holds its inherited descriptors and does nothing.
    Hold,
    Serve(Box<Options>),
}

/// Which protocol eras the server speaks, and how it keeps them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Era {
    Dual,
    DualTs,
    #[default]
    Legacy,
    Modern,
}

/// Everything that shapes a serving process.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) socket: Option<PathBuf>,
    pub(crate) stdio_too: bool,
    /// Leaves files at the socket's path alone, its own among them.
    pub(crate) leaves_files: bool,
    /// Accepts a connection when the one before it has ended.
    pub(crate) one_at_a_time: bool,
    pub(crate) era: Era,
    /// `None`: the published ones of the era.
    pub(crate) versions: Option<Vec<String>>,
    pub(crate) refuse_version: bool,
    /// Tools in a page; 0 is one page.
    pub(crate) page: usize,
    /// Tools that are only listed.
    pub(crate) more_tools: usize,
    /// Capabilities that it does not have.
    pub(crate) without: Vec<String>,
    pub(crate) ask_roots: bool,
    pub(crate) change_tools_after: Option<u64>,
    /// Announcements of a changed resource a second.
    pub(crate) updates: u32,
    pub(crate) serial: bool,
    pub(crate) work: Duration,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) pid_file: Option<PathBuf>,
    pub(crate) faults: Faults,
}

/// Reads the command line.
///
/// # Errors
/// A sentence that names the switch and what is wrong with it.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut args = Args { rest: args };
    let mut options = Options::default();
    let mut bridge = None;
    while let Some(arg) = args.rest.next() {
        let switch = arg.to_string_lossy().into_owned();
        match switch.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--hold" => return Ok(Command::Hold),
            "--bridge" => bridge = Some(PathBuf::from(args.value(&switch)?)),
            "--" => {
                let path = bridge.ok_or("-- belongs to --bridge")?;
                let command: Vec<OsString> = args.rest.collect();
                if command.is_empty() {
                    return Err("--bridge needs a command after --".to_string());
                }
                return Ok(Command::Bridge { path, command });
            }
            _ => set(&mut options, &switch, &mut args)?,
        }
    }
    if bridge.is_some() {
        return Err("--bridge needs -- and a command".to_string());
    }
    if options.stdio_too && options.socket.is_none() {
        return Err("--stdio-too needs --socket".to_string());
    }
    Ok(Command::Serve(Box::new(options)))
}

fn set<I>(options: &mut Options, switch: &str, args: &mut Args<I>) -> Result<(), String>
where
    I: Iterator<Item = OsString>,
{
    match switch {
        "--socket" => options.socket = Some(PathBuf::from(args.value(switch)?)),
        "--stdio-too" => options.stdio_too = true,
        "--leave-files" => options.leaves_files = true,
        "--one-at-a-time" => options.one_at_a_time = true,
        "--era" => options.era = args.era(switch)?,
        "--versions" => {
            let list = args.text(switch)?;
            options.versions = Some(list.split(',').map(str::to_string).collect());
        }
        "--refuse-version" => options.refuse_version = true,
        "--page" => options.page = args.number(switch)?,
        "--more-tools" => options.more_tools = args.number(switch)?,
        "--without" => options.without.push(args.text(switch)?),
        "--ask-roots" => options.ask_roots = true,
        "--change-tools-after" => options.change_tools_after = Some(args.number(switch)?),
        "--updates" => options.updates = args.number(switch)?,
        "--serial" => options.serial = true,
        "--work-ms" => options.work = args.millis(switch)?,
        "--journal" => options.journal = Some(PathBuf::from(args.value(switch)?)),
        "--pid-file" => options.pid_file = Some(PathBuf::from(args.value(switch)?)),
        _ => return set_fault(&mut options.faults, switch, args),
    }
    Ok(())
}

fn set_fault<I>(faults: &mut Faults, switch: &str, args: &mut Args<I>) -> Result<(), String>
where
    I: Iterator<Item = OsString>,
{
    match switch {
        "--probe" => faults.probe = args.probe(switch)?,
        "--ids" => {
            faults.ids = match args.text(switch)?.as_str() {
                "float" => Ids::Float,
                "string" => Ids::Text,
                other => return Err(format!("--ids: float or string, not {other}")),
            }
        }
        "--ping-on-init" => faults.ping_on_init = true,
        "--crlf" => faults.crlf = true,
        "--bom" => faults.bom = true,
        "--junk" => faults.junk = args.number(switch)?,
        "--batch" => faults.batch = true,
        "--split" => faults.split = args.number(switch)?,
        "--half" => faults.half = true,
        "--duplicate" => faults.duplicate = true,
        "--foreign" => faults.foreign = true,
        "--reorder" => faults.reorder = true,
        "--delay" => faults.delay = args.millis(switch)?,
        "--no-eof-exit" => faults.no_eof_exit = true,
        "--ignore-term" => faults.ignore_term = true,
        "--grandchild" => faults.grandchild = true,
        "--huge-line" => faults.huge_line = args.number(switch)?,
        "--never-reply" => faults.never_reply = true,
        "--stop-reading" => faults.stop_reading = true,
        "--exit-after" => faults.exit_after = Some(args.number(switch)?),
        "--start-delay" => faults.start_delay = args.millis(switch)?,
        "--stderr-flood" => faults.stderr_flood = args.number(switch)?,
        "--garbage" => faults.garbage = true,
        "--both" => faults.both = true,
        "--only" => faults.only.push(args.text(switch)?),
        "--skip" => faults.skip = args.number(switch)?,
        _ => return Err(format!("unknown switch {switch} (--help lists them)")),
    }
    Ok(())
}

/// The arguments not read yet.
struct Args<I> {
    rest: I,
}

impl<I: Iterator<Item = OsString>> Args<I> {
    fn value(&mut self, switch: &str) -> Result<OsString, String> {
        self.rest.next().ok_or_else(|| format!("{switch} needs a value"))
    }

    fn text(&mut self, switch: &str) -> Result<String, String> {
        self.value(switch)?.into_string().map_err(|_| format!("{switch}: not UTF-8"))
    }

    fn number<T: std::str::FromStr>(&mut self, switch: &str) -> Result<T, String> {
        let text = self.text(switch)?;
        text.parse().map_err(|_| format!("{switch}: not a number: {text}"))
    }

    fn millis(&mut self, switch: &str) -> Result<Duration, String> {
        Ok(Duration::from_millis(self.number(switch)?))
    }

    fn era(&mut self, switch: &str) -> Result<Era, String> {
        match self.text(switch)?.as_str() {
            "dual" => Ok(Era::Dual),
            "dual-ts" => Ok(Era::DualTs),
            "legacy" => Ok(Era::Legacy),
            "modern" => Ok(Era::Modern),
            other => Err(format!("--era: legacy, modern, dual or dual-ts, not {other}")),
        }
    }

    fn probe(&mut self, switch: &str) -> Result<Probe, String> {
        let text = self.text(switch)?;
        let wrong = || format!("--probe: silent, exit, error-CODE or late-MS, not {text}");
        if let Some(code) = text.strip_prefix("error-") {
            // Both error-32602 and error--32602 read naturally; codes are negative.
            let code: i64 = code.parse().map_err(|_| wrong())?;
            return Ok(Probe::Error(-code.abs()));
        }
        if let Some(ms) = text.strip_prefix("late-") {
            return Ok(Probe::Late(Duration::from_millis(ms.parse().map_err(|_| wrong())?)));
        }
        match text.as_str() {
            "silent" => Ok(Probe::Silent),
            "exit" => Ok(Probe::Exit),
            _ => Err(wrong()),
        }
    }
}

/// The name of the command's program, for messages.
pub(crate) fn program(command: &[OsString]) -> String {
    command.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default()
}
