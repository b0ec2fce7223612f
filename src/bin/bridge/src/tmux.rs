//! `tmcp-bridge connect NAME`: stdin and stdout joined to a server of tmux's.
//!
//! tmux listens where its option mcp-listen says. The first line in each direction is not
//! MCP: the name of the server, and whether there is one.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use tmcp::rpc::envelope::write_str;

use crate::{connect, message};

/// How long tmux may take to say whether there is such a server. It may be reading its
/// configuration.
const ANSWER: Duration = Duration::from_secs(30);
/// Longest first line of tmux, in bytes.
const LONGEST_ANSWER: usize = 64 << 10;

/// Serves the program that started us with a server of tmux's.
pub(crate) fn run(server: &str, socket: Option<&Path>) -> Result<(), String> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let socket = find(socket, variable("TMCP_SOCKET"), variable("TMUX"))?;
    let shown = socket.display();
    let stream = UnixStream::connect(&socket).map_err(|e| {
        format!("tmux does not listen on {shown}: {e}; 'tmux set -s mcp-listen on' lets it")
    })?;
    let peer = socket_peercred(&stream).map_err(|e| format!("{shown}: {e}"))?.uid.as_raw();
    if peer != geteuid().as_raw() && peer != 0 {
        return Err(format!("{shown} is served by user {peer}, who is neither you nor root"));
    }
    greet(&stream, server).map_err(|why| format!("{shown}: {why}"))?;
    match connect::join(&stream) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("{shown}: tmux has closed the connection")),
        // Whoever started us reads no more.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(format!("{shown}: {e}")),
    }
}

/// The socket that was given, else that of the tmux around us.
fn find(
    given: Option<&Path>,
    exported: Option<OsString>,
    tmux: Option<OsString>,
) -> Result<PathBuf, String> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    if let Some(path) = exported {
        return Ok(PathBuf::from(path));
    }
    let Some(tmux) = tmux else {
        let why = "there is no tmux around: neither TMCP_SOCKET nor TMUX is set";
        return Err(format!("{why}; --socket PATH names its socket"));
    };
    // TMUX is the path of tmux's own socket, a process and a session. With mcp-listen on,
    // the socket for agents lies beside it.
    use std::os::unix::ffi::OsStrExt;
    let mut parts = tmux.as_bytes().rsplitn(3, |byte| *byte == b',');
    let path = parts.nth(2).unwrap_or(tmux.as_bytes());
    let mut path = OsStr::from_bytes(path).to_owned();
    path.push(".mcp");
    Ok(PathBuf::from(path))
}

/// Names the server. Fails with tmux's words when there is none.
fn greet(mut stream: &UnixStream, server: &str) -> Result<(), String> {
    let mut line = b"{\"tmcp\":1,\"connect\":".to_vec();
    write_str(&mut line, server);
    if let Some(directory) = env::current_dir().ok().as_deref().and_then(Path::to_str) {
        line.extend_from_slice(b",\"directory\":");
        write_str(&mut line, directory);
    }
    line.extend_from_slice(b"}\n");
    // A tmux that refuses at once may have closed the connection already; its words count.
    let sent = stream.write_all(&line);
    let answer = first_line(stream).map_err(|e| match sent {
        Err(_) if e.kind() == io::ErrorKind::UnexpectedEof => {
            "tmux has closed the connection".to_owned()
        }
        _ => format!("tmux does not answer: {e}"),
    })?;
    if let Some(why) = message::text_member(Some(&answer), &["error"]) {
        return Err(why);
    }
    match message::text_member(Some(&answer), &["server"]) {
        Some(_) => Ok(()),
        None => Err("this is no socket of tmux for agents".into()),
    }
}

/// Reads up to the first newline and nothing behind it.
fn first_line(mut stream: &UnixStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(ANSWER))?;
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < LONGEST_ANSWER {
        match stream.read(&mut byte) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) if byte == *b"\n" => {
                stream.set_read_timeout(None)?;
                return Ok(line);
            }
            Ok(_) => line.push(byte[0]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_the_one_given_else_exported_else_beside_tmuxs() {
        let path = |text: &str| Some(OsString::from(text));
        let tmux = || path("/tmp/tmux-1/de,fault,123,0");
        for (given, exported, tmux, found) in [
            (Some("/a"), path("/b"), tmux(), "/a"),
            (None, path("/b"), tmux(), "/b"),
            (None, None, tmux(), "/tmp/tmux-1/de,fault.mcp"),
        ] {
            let socket = find(given.map(Path::new), exported, tmux);
            assert_eq!(socket.as_deref(), Ok(Path::new(found)));
        }
        assert!(find(None, None, None).unwrap_err().contains("there is no tmux"));
    }
}
