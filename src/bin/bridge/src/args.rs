//! The command line.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints.
pub(crate) const HELP: &str = include_str!("help.txt");

/// Capabilities of clients that `--declare` may name.
const CAPABILITIES: [&str; 3] = ["sampling", "elicitation", "roots"];

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Invocation {
    Help,
    Version,
    Status(PathBuf),
    Connect(PathBuf),
    /// A server of tmux's, by its name.
    ConnectTmux {
        server: String,
        /// `None`: that of the tmux around us.
        socket: Option<PathBuf>,
    },
    Serve(Options),
}

/// How a bridge runs.
#[derive(Debug)]
pub(crate) struct Options {
    /// `None`: the socket that systemd gives.
    pub(crate) socket: Option<PathBuf>,
    pub(crate) per_connection: bool,
    /// `None`: stay when nobody is connected.
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) allowed_uids: Vec<u32>,
    pub(crate) max_clients: usize,
    pub(crate) declared: Vec<&'static str>,
    /// The program and its arguments.
    pub(crate) command: Vec<OsString>,
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Invocation, String> {
    let mut options = Options {
        socket: None,
        per_connection: false,
        idle_timeout: None,
        allowed_uids: Vec::new(),
        max_clients: 64,
        declared: Vec::new(),
        command: Vec::new(),
    };
    let (mut status, mut connect, mut keep) = (false, false, false);
    let mut server: Option<String> = None;
    let mut rest = arguments.iter();
    if arguments.first().is_some_and(|first| first == "connect") {
        connect = true;
        rest.next();
    }
    while let Some(argument) = rest.next() {
        let name = argument.to_string_lossy().into_owned();
        let mut value = || rest.next().ok_or_else(|| format!("{name} wants a value"));
        match name.as_str() {
            "--" => {
                options.command = rest.by_ref().cloned().collect();
                break;
            }
            "-h" | "--help" => return Ok(Invocation::Help),
            "-V" | "--version" => return Ok(Invocation::Version),
            "--status" => status = true,
            "--keep" => keep = true,
            "--per-connection" => options.per_connection = true,
            "--socket" => options.socket = Some(PathBuf::from(value()?)),
            "--idle-timeout" => {
                options.idle_timeout = Some(Duration::from_secs(number(&name, value()?)?.into()));
            }
            "--allow-uid" => options.allowed_uids.push(number(&name, value()?)?),
            "--max-clients" => {
                options.max_clients = number(&name, value()?)? as usize;
                if options.max_clients == 0 {
                    return Err("--max-clients wants at least 1".into());
                }
            }
            "--declare" => {
                let wanted = value()?.to_string_lossy().into_owned();
                let known = CAPABILITIES.into_iter().find(|known| *known == wanted);
                options.declared.push(known.ok_or_else(|| {
                    format!("--declare knows {}, not '{wanted}'", CAPABILITIES.join(", "))
                })?);
            }
            _ if connect && server.is_none() && !name.is_empty() && !name.starts_with('-') => {
                server = Some(name);
            }
            _ => return Err(format!("unknown argument '{name}'")),
        }
    }
    if keep && options.idle_timeout.is_some() {
        return Err("--keep and --idle-timeout contradict each other".into());
    }
    let has_command = !options.command.is_empty();
    if status || connect {
        let what = if status { "--status" } else { "connect" };
        if has_command {
            return Err(format!("{what} takes no command"));
        }
        if let Some(server) = server {
            return Ok(Invocation::ConnectTmux { server, socket: options.socket });
        }
        if connect && options.socket.is_none() {
            return Err("connect wants the NAME of a server of tmux, or --socket PATH".into());
        }
        let socket = options.socket.ok_or_else(|| format!("{what} wants --socket PATH"))?;
        return Ok(if status { Invocation::Status(socket) } else { Invocation::Connect(socket) });
    }
    if !has_command {
        return Err("no command: write -- COMMAND ARGS at the end".into());
    }
    Ok(Invocation::Serve(options))
}

fn number(name: &str, value: &OsStr) -> Result<u32, String> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| format!("{name} wants a number, not '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation, String> {
        parse(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            ("--socket", "--socket wants a value"),
            ("--socket /a", "no command"),
            ("--socket /a --idle-timeout soon -- cat", "wants a number, not 'soon'"),
            ("--socket /a --keep --idle-timeout 1 -- cat", "contradict"),
            ("--socket /a --colour -- cat", "unknown argument '--colour'"),
            ("--socket /a --declare tools -- cat", "not 'tools'"),
            ("--socket /a --max-clients 0 -- cat", "at least 1"),
            ("--status", "--status wants --socket"),
            ("connect --socket /a -- cat", "connect takes no command"),
            ("connect", "wants the NAME"),
            ("connect a b", "unknown argument 'b'"),
        ] {
            let said = parsed(line).expect_err(line);
            assert!(said.contains(part), "{line}: {said}");
        }
    }

    #[test]
    fn a_name_means_a_server_of_tmux_and_none_a_bridge() {
        for (line, name, path) in [
            ("connect memory", "memory", None),
            ("connect --socket /a memory", "memory", Some("/a")),
        ] {
            let Ok(Invocation::ConnectTmux { server, socket }) = parsed(line) else {
                panic!("{line}")
            };
            assert_eq!((&*server, socket), (name, path.map(PathBuf::from)), "{line}");
        }
        let Ok(Invocation::Connect(_)) = parsed("connect --socket /a") else { panic!() };
    }

    #[test]
    fn what_follows_the_dashes_is_the_commands() {
        let Ok(Invocation::Serve(options)) = parsed("--socket /a --idle-timeout 5 -- cat --help")
        else {
            panic!("not taken");
        };
        assert_eq!(options.command, ["cat", "--help"]);
        assert_eq!(options.idle_timeout, Some(Duration::from_secs(5)));
    }
}
