//! `bridge` of an entry: its command runs behind `tmcp-bridge`, shared by all who name it.
//!
//! Such an entry becomes one of a socket whose command listens on it, and all that holds for
//! those holds for it: the socket is tried first, the bridge started when nobody listens, and
//! left running at the end.

use std::path::{Path, PathBuf};

use super::{Command, ServerConfig, Transport};

/// How long a bridge that was started here stays when nobody is connected, in seconds.
const IDLE: &str = "600";

impl ServerConfig {
    /// The server behind a bridge: `program` is that of the bridge, `directory` the one of
    /// its socket, which depends on all that a process of the command depends on. Without
    /// `cwd` the command runs in `home`: it must not matter who starts the bridge first.
    pub fn behind_bridge(&self, program: &Path, directory: &Path, home: &Path) -> ServerConfig {
        let mut server = self.clone();
        let Some(command) = &mut server.command else { return server };
        command.cwd.get_or_insert_with(|| home.to_owned());
        let path = directory.join(format!("{:016x}.sock", server.identity()));
        let Some(command) = server.command.take() else { return server };
        let words = ["--socket", &path.to_string_lossy(), "--idle-timeout", IDLE, "--"];
        let mut args: Vec<String> = words.map(str::to_owned).to_vec();
        args.push(command.program);
        args.extend(command.args);
        let program = program.to_string_lossy().into_owned();
        server.command = Some(Command { program, args, ..command });
        server.socket_path = Some(path);
        server.transport = Transport::Socket;
        server.keep = true;
        server
    }
}

/// The directory of the sockets of bridges: below `$XDG_RUNTIME_DIR`, else one of the user
/// `uid` in `/tmp`. The bridge makes it with mode 0700, and takes none of another user.
pub fn bridge_directory(env: &dyn Fn(&str) -> Option<String>, uid: u32) -> PathBuf {
    let runtime = env("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    match runtime {
        Some(path) => path.join("tmcp-bridge"),
        None => PathBuf::from(format!("/tmp/tmcp-bridge-{uid}")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::bridge_directory;
    use crate::config::tests::server;
    use crate::config::{ServerConfig, Transport};

    fn behind(server: &ServerConfig) -> ServerConfig {
        server.behind_bridge(Path::new("/bin/tmcp-bridge"), Path::new("/run"), Path::new("/home"))
    }

    fn socket(server: &ServerConfig) -> String {
        let path = behind(server).socket_path.expect("it has one");
        path.to_str().expect("it is text").to_owned()
    }

    #[test]
    fn the_command_goes_behind_the_dashes() {
        let mut plain = server("a");
        let command = plain.command.as_mut().expect("the fixture has a command");
        command.program = "npx".to_owned();
        command.args = vec!["-y".to_owned(), "--".to_owned()];
        command.env = vec![("K".to_owned(), "v".to_owned())];
        let server = behind(&plain);
        assert_eq!((server.transport, server.keep), (Transport::Socket, true));
        let path = socket(&plain);
        let command = server.command.expect("it has one");
        let words = ["--socket", &path, "--idle-timeout", "600", "--", "npx", "-y", "--"];
        assert_eq!(command.program, "/bin/tmcp-bridge");
        assert_eq!(command.args, words);
        assert_eq!(command.env, [("K".to_owned(), "v".to_owned())]);
        assert_eq!(command.cwd.as_deref(), Some(Path::new("/home")));
    }

    #[test]
    fn a_socket_is_that_of_command_arguments_environment_and_directory() {
        let plain = server("a");
        let changed = |change: &dyn Fn(&mut crate::config::Command)| {
            let mut server = plain.clone();
            change(server.command.as_mut().expect("the fixture has a command"));
            socket(&server)
        };
        let mut all = vec![
            socket(&plain),
            changed(&|c| c.program = "other".to_owned()),
            changed(&|c| c.args = vec!["x".to_owned()]),
            changed(&|c| c.env = vec![("K".to_owned(), "v".to_owned())]),
            changed(&|c| c.cwd = Some("/elsewhere".into())),
        ];
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
        // The home directory is what stands there without 'cwd'.
        assert_eq!(changed(&|c| c.cwd = Some("/home".into())), socket(&plain));
        let mut other = plain.clone();
        (other.name, other.settings.pool_max_size) = ("b".to_owned(), Some(9));
        assert_eq!(socket(&other), socket(&plain));
    }

    #[test]
    fn the_directory_belongs_to_the_user() {
        let with = |value: &str| {
            let value = value.to_owned();
            bridge_directory(&move |_| Some(value.clone()), 7).display().to_string()
        };
        assert_eq!(with("/run/user/7"), "/run/user/7/tmcp-bridge");
        assert_eq!(with(""), "/tmp/tmcp-bridge-7");
        assert_eq!(with("relative"), "/tmp/tmcp-bridge-7");
    }
}
