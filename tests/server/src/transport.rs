//! Connections: stdin and stdout, or a Unix socket with a thread for each.
//!
//! Bytes in become lines for a [`Session`]; replies to all lines that arrived
//! together leave together.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::args::Options;
use crate::output::{Output, Sink};
use crate::session::{Server, Session};
use crate::sys;

/// The socket to remove when the process ends.
static SOCKET: OnceLock<PathBuf> = OnceLock::new();

/// Serves until the transport ends.
///
/// # Errors
/// A sentence for stderr.
pub(crate) fn run(options: &'static Options) -> Result<(), String> {
    let server = Arc::new(Server::new(options)?);
    if options.updates > 0 {
        announce_updates(&server, options.updates);
    }
    let Some(path) = &options.socket else {
        return serve_stdio(&server);
    };
    let listener = match options.leaves_files {
        true => sys::bind_private(path)
            .map_err(|error| format!("socket {}: {error}", path.display()))?,
        false => listen(path, || ())?,
    };
    if options.one_at_a_time {
        while let Ok((stream, _)) = listener.accept() {
            serve_stream(&server, stream);
        }
    }
    if !options.stdio_too {
        return accept_all(&listener, |stream| serve_stream(&server, stream));
    }
    let socket_server = Arc::clone(&server);
    std::thread::spawn(move || {
        let served = accept_all(&listener, |stream| serve_stream(&socket_server, stream));
        if let Err(message) = served {
            crate::complain(&message);
        }
    });
    let served = serve_stdio(&server);
    remove_socket();
    served
}

/// Announces changes at a steady rate, as many as are due each millisecond.
fn announce_updates(server: &Arc<Server>, per_second: u32) {
    let server = Arc::clone(server);
    std::thread::spawn(move || {
        let start = Instant::now();
        let mut sent = 0;
        loop {
            let due = (start.elapsed().as_secs_f64() * f64::from(per_second)) as u64;
            while sent < due {
                server.announce_update("test://greeting");
                sent += 1;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Listens on `path`, replacing a socket that nobody serves any more. A signal
/// that ends the process runs `cleanup` and removes the socket.
pub(crate) fn listen(
    path: &Path,
    cleanup: impl FnOnce() + Send + 'static,
) -> Result<UnixListener, String> {
    let wrong = |error: std::io::Error| format!("socket {}: {error}", path.display());
    if let Err(error) = UnixStream::connect(path) {
        if error.kind() == std::io::ErrorKind::ConnectionRefused {
            std::fs::remove_file(path).map_err(wrong)?;
        }
    }
    let listener = sys::bind_private(path).map_err(wrong)?;
    // The first socket is the only one: a process listens once.
    let _ = SOCKET.set(path.to_path_buf());
    sys::on_termination(|| {
        cleanup();
        remove_socket();
    })?;
    Ok(listener)
}

/// Gives each connection a thread of its own.
pub(crate) fn accept_all<F>(listener: &UnixListener, serve: F) -> Result<(), String>
where
    F: Fn(UnixStream) + Send + Sync,
{
    std::thread::scope(|scope| {
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    let serve = &serve;
                    scope.spawn(move || serve(stream));
                }
                // A client that hung up at once is no reason to stop.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(format!("accept: {error}")),
            }
        }
    })
}

/// Ends the process as a server should: without leaving its socket behind.
pub(crate) fn leave(code: i32) -> ! {
    remove_socket();
    std::process::exit(code)
}

fn remove_socket() {
    if let Some(path) = SOCKET.get() {
        // It may be gone already.
        let _ = std::fs::remove_file(path);
    }
}

fn serve_stdio(server: &Arc<Server>) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("stdio: {error}");
    // Duplicates, because std's own handles buffer and lock.
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned().map_err(wrong)?);
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned().map_err(wrong)?);
    let output = Output::new(Sink::Stdout(output), server.options);
    serve(server, &input, output);
    if server.options.faults.no_eof_exit {
        loop {
            std::thread::park();
        }
    }
    leave(0)
}

fn serve_stream(server: &Arc<Server>, stream: UnixStream) {
    let Ok(writer) = stream.try_clone() else { return };
    let output = Output::new(Sink::Socket(writer), server.options);
    serve(server, &stream, Arc::clone(&output));
    // Threads of unfinished calls hold the stream; the peer should not wait.
    output.close();
}

fn serve<I>(server: &Arc<Server>, input: &I, output: Arc<Output>)
where
    I: AsFd,
    for<'a> &'a I: Read,
{
    let session = Session::open(server, Arc::clone(&output));
    let mut reader = BufReader::with_capacity(64 * 1024, input);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => session.handle_line(&line),
        }
        if !reader.buffer().contains(&b'\n') {
            output.flush();
        }
        if session.stops_reading() {
            output.flush();
            sys::wait_hangup(input.as_fd());
            break;
        }
    }
    output.flush();
    session.end();
}
