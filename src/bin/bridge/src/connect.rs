//! `tmcp-bridge connect`: stdin and stdout joined to a socket.
//!
//! A process of its own, started by a program that speaks stdio only; it may wait.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, poll};

/// Moves bytes until the bridge closes the connection.
pub(crate) fn run(socket: &Path) -> Result<(), String> {
    let stream = UnixStream::connect(socket)
        .map_err(|e| format!("cannot connect to {}: {e}", socket.display()))?;
    join(&stream).map(drop).map_err(|e| format!("{}: {e}", socket.display()))
}

/// Moves bytes between stdin and stdout and a connection, until the other end closes it.
/// True: stdin had ended before.
pub(crate) fn join(stream: &UnixStream) -> io::Result<bool> {
    let to = stream.try_clone()?;
    let has_ended = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&has_ended);
    std::thread::spawn(move || {
        let _ = copy(&mut io::stdin().lock(), &mut &to);
        ended.store(true, Ordering::SeqCst);
        // The end of stdin is the client's goodbye; answers still come.
        let _ = to.shutdown(Shutdown::Write);
        // When nobody reads them either, the program is gone and its requests end.
        let stdout = io::stdout();
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        if poll(&mut watched, None).is_ok() {
            let _ = to.shutdown(Shutdown::Both);
        }
    });
    copy(&mut &*stream, &mut io::stdout().lock())?;
    Ok(has_ended.load(Ordering::SeqCst))
}

/// Passes on each piece as it comes.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        match from.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                to.write_all(&bytes[..n])?;
                to.flush()?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
