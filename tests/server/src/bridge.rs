//! `--bridge`: any stdio server behind a Unix socket, one process a connection.
//!
//! Bytes pass unread and unchanged. The end of the connection is the end of the
//! server's stdin, and the other way round.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{args, sys, transport};

/// The processes that have not been reaped.
type Children = Arc<Mutex<Vec<u32>>>;

/// How long a server may take to end after its stdin.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until a signal ends it.
pub(crate) fn run(path: &Path, command: &[OsString]) -> Result<(), String> {
    let children = Children::default();
    let all = Arc::clone(&children);
    let listener = transport::listen(path, move || {
        for pid in lock(&all).iter() {
            sys::terminate(*pid);
        }
    })?;
    transport::accept_all(&listener, |stream| {
        if let Err(error) = splice(&stream, command, &children) {
            crate::complain(&format!("{}: {error}", args::program(command)));
        }
    })
}

fn splice(stream: &UnixStream, command: &[OsString], children: &Children) -> std::io::Result<()> {
    let [program, arguments @ ..] = command else { return Ok(()) };
    let mut child = {
        // Held over the start, so that a signal cannot miss the new process.
        let mut running = lock(children);
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        running.push(child.id());
        child
    };
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (pid, served) = (child.id(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Dropping the pipe at the end is the server's end of file.
            if let Some(mut input) = input {
                pump(stream, &mut input);
            }
            end_abandoned(stream, pid, &served);
        });
        if let Some(mut output) = output {
            pump(&mut output, stream);
        }
        served.store(true, Ordering::SeqCst);
        // The server is done; wake the other direction. Fails if the peer left.
        let _ = stream.shutdown(Shutdown::Both);
    });
    reap(&mut child, children)
}

/// Ends a server that lives on although its client is gone.
fn end_abandoned(stream: &UnixStream, pid: u32, served: &AtomicBool) {
    // A client that only stopped sending may still wait for replies.
    sys::wait_hangup(stream.as_fd());
    let start = Instant::now();
    while !served.load(Ordering::SeqCst) {
        if start.elapsed() > GRACE {
            // Not reaped before this thread is done, so the pid is still its own.
            return sys::terminate(pid);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Moves bytes until either side ends.
fn pump(mut from: impl Read, mut to: impl Write) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(count) if to.write_all(&bytes[..count]).is_err() => return,
            Ok(_) => {}
        }
    }
}

/// Waits for a server that was told to end, and ends one that does not.
fn reap(child: &mut Child, children: &Children) -> std::io::Result<()> {
    let start = Instant::now();
    loop {
        let mut list = lock(children);
        if child.try_wait()?.is_some() {
            list.retain(|pid| *pid != child.id());
            return Ok(());
        }
        drop(list);
        if start.elapsed() > GRACE {
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn lock(children: &Children) -> MutexGuard<'_, Vec<u32>> {
    children.lock().unwrap_or_else(PoisonError::into_inner)
}
