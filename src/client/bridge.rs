//! Puts servers behind `tmcp-bridge`, whose entries ask for it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, Config, Problem, ProblemKind, ServerConfig};
use crate::sys;

use super::lookup;

/// The program, as it is installed beside tmux.
const PROGRAM: &str = "tmcp-bridge";
/// The longest path of a socket, and what the bridge adds for that of its status.
const LONGEST_PATH: usize = 107 - ".status".len();

/// The configuration in which servers with `bridge` are behind one. A server for which that
/// cannot be is started as if the key was not there, with a warning that says why.
pub(super) fn put_behind(mut config: Config, env: &[(OsString, OsString)]) -> Config {
    let is_wanted = |server: &ServerConfig| server.bridge && server.transport.is_process();
    if !config.servers.iter().any(|server| is_wanted(server)) {
        return config;
    }
    let variable = |name: &str| lookup(env, name);
    let program = find(variable("PATH").as_deref().unwrap_or_default());
    let directory = config::bridge_directory(&variable, sys::peer::our_uid());
    let home = variable("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    for server in config.servers.iter_mut().filter(|server| is_wanted(server)) {
        let why = match &program {
            None => format!("{PROGRAM} is not found on PATH"),
            Some(program) => {
                let behind = server.behind_bridge(program, &directory, &home);
                let length = behind.socket_path.as_ref().map_or(0, |path| path.as_os_str().len());
                if length <= LONGEST_PATH {
                    *server = Arc::new(behind);
                    continue;
                }
                format!("its socket would have a path of {length} bytes, in XDG_RUNTIME_DIR")
            }
        };
        config.problems.push(Problem {
            server: Some(server.name.clone()),
            scope: server.scope.clone(),
            kind: ProblemKind::Warning,
            message: format!("server '{}': 'bridge' is not used: {why}", server.name),
        });
    }
    config
}

/// The program on PATH, or beside the program that this is.
fn find(path: &str) -> Option<PathBuf> {
    let beside = std::env::current_exe().ok();
    let beside = beside.as_deref().and_then(Path::parent).map(Path::to_owned);
    let directories = path.split(':').map(PathBuf::from).chain(beside);
    let candidates = directories.filter(|dir| dir.is_absolute()).map(|dir| dir.join(PROGRAM));
    candidates.into_iter().find(|file| sys::spawn::is_program(file))
}
