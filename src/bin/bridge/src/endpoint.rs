//! The socket: who may bind it, who may connect, and who removes it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;

/// How long another bridge may hold the directory while it binds.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Longest path of a socket, in bytes, without the NUL behind it.
const LONGEST_PATH: usize = 107;

/// A listening socket and what is to be removed with it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) listener: UnixListener,
    /// `None`: systemd's, in no file.
    pub(crate) path: Option<PathBuf>,
    /// Device and inode of a socket that we made. Another's is not removed.
    ours: Option<(u64, u64)>,
}

impl Endpoint {
    /// The socket that systemd passed, or a new one at `path`.
    pub(crate) fn open(path: Option<&Path>, is_open_to_others: bool) -> Result<Endpoint, String> {
        if std::env::var_os("LISTEN_FDS").is_some() {
            if let Some(activated) = activated()? {
                return Ok(activated);
            }
        }
        match path {
            Some(path) => bind(path, is_open_to_others),
            None => Err("no socket: give --socket PATH, or let systemd start this".into()),
        }
    }

    /// The socket on which `--status` asks, beside that of the clients.
    pub(crate) fn open_status(&self) -> Result<Option<Endpoint>, String> {
        self.path.as_deref().map(|path| bind(&status_path(path), false)).transpose()
    }

    /// Accepts one connection. Whoever may not connect is turned away.
    pub(crate) fn accept(&self, allowed_uids: &[u32]) -> io::Result<Option<UnixStream>> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        let uid = socket_peercred(&stream)?.uid.as_raw();
        if uid == geteuid().as_raw() || uid == 0 || allowed_uids.contains(&uid) {
            return Ok(Some(stream));
        }
        crate::log::line(&format!(
            "a connection of user {uid} was refused; --allow-uid {uid} allows it"
        ));
        Ok(None)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let (Some(path), Some(ours)) = (&self.path, self.ours) {
            if identity(path).ok() == Some(ours) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Asks the bridge at `socket` what it does.
pub(crate) fn ask_status(socket: &Path) -> Result<String, String> {
    let path = status_path(socket);
    let mut stream = UnixStream::connect(&path)
        .map_err(|e| format!("no bridge runs at {}: {e}", socket.display()))?;
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut text = String::new();
    stream
        .read_to_string(&mut text)
        .map_err(|e| format!("the bridge at {} does not say its status: {e}", socket.display()))?;
    Ok(text)
}

fn status_path(socket: &Path) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".status");
    PathBuf::from(name)
}

/// The one listening Unix socket of systemd's. `None`: the variables are for another process.
fn activated() -> Result<Option<Endpoint>, String> {
    let mut passed = listenfd::ListenFd::from_env();
    match passed.len() {
        0 => return Ok(None),
        1 => {}
        n => return Err(format!("systemd passed {n} sockets, one is expected")),
    }
    let listener = passed
        .take_unix_listener(0)
        .map_err(|e| format!("what systemd passed is no listening Unix stream socket: {e}"))?
        .ok_or("systemd passed no socket")?;
    listener.set_nonblocking(true).map_err(|e| format!("the socket of systemd: {e}"))?;
    let address = listener.local_addr().map_err(|e| format!("the socket of systemd: {e}"))?;
    let path = address.as_pathname().map(Path::to_owned);
    Ok(Some(Endpoint { listener, path, ours: None }))
}

fn bind(path: &Path, is_open_to_others: bool) -> Result<Endpoint, String> {
    let shown = path.display();
    let length = path.as_os_str().len();
    if length > LONGEST_PATH {
        return Err(format!("{shown}: a path of {length} bytes, the system allows {LONGEST_PATH}"));
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // Two bridges that start at once would each remove the other's socket as stale.
    let _lock = own_directory(directory, is_open_to_others)?;
    remove_stale(path)?;
    // The mode is right from the start, not only after chmod.
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = bound.map_err(|e| format!("cannot listen on {shown}: {e}"))?;
    let prepared = || -> io::Result<(u64, u64)> {
        listener.set_nonblocking(true)?;
        if is_open_to_others {
            fs::set_permissions(path, Permissions::from_mode(0o666))?;
        }
        identity(path)
    };
    let ours = prepared().map_err(|e| format!("cannot listen on {shown}: {e}"))?;
    Ok(Endpoint { listener, path: Some(path.to_owned()), ours: Some(ours) })
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let meta = fs::symlink_metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

/// Makes the directory where it is missing, and locks it. Fails unless it is ours alone.
fn own_directory(directory: &Path, is_open_to_others: bool) -> Result<File, String> {
    let shown = directory.display();
    // Others have to pass through to the socket, and read nothing.
    let mode = if is_open_to_others { 0o711 } else { 0o700 };
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(directory)
        .map_err(|e| format!("cannot make the directory {shown}: {e}"))?;
    let opened = File::open(directory).map_err(|e| format!("{shown}: {e}"))?;
    let meta = opened.metadata().map_err(|e| format!("{shown}: {e}"))?;
    if meta.uid() != geteuid().as_raw() {
        return Err(format!("the directory {shown} belongs to user {}, not to you", meta.uid()));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(format!(
            "others may write to the directory {shown} (mode {:04o}); use one of your own, or chmod go-w",
            meta.mode() & 0o7777
        ));
    }
    let end = Instant::now() + LOCK_WAIT;
    while let Err(e) = rustix::fs::flock(&opened, FlockOperation::NonBlockingLockExclusive) {
        if Instant::now() > end {
            return Err(format!("the directory {shown} stays locked: {e}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(opened)
}

/// Removes a socket of ours on which nobody listens. Anything else at `path` is an error.
fn remove_stale(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(format!("{shown}: {e}")),
    };
    if !meta.file_type().is_socket() {
        return Err(format!("{shown} is there and is no socket"));
    }
    if meta.uid() != geteuid().as_raw() {
        return Err(format!("{shown} is a socket of user {}", meta.uid()));
    }
    match connect_at_once(path) {
        Ok(Some(pid)) => Err(format!("{shown} is in use by process {pid}")),
        Ok(None) => Err(format!("{shown} is in use")),
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
            if identity(path).ok() != Some((meta.dev(), meta.ino())) {
                return Err(format!("{shown} was just made by another process"));
            }
            fs::remove_file(path).map_err(|e| format!("the stale socket {shown} stays: {e}"))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(format!("{shown} is there and cannot be asked who listens: {e}")),
    }
}

/// The pid of the process that listens, without waiting for a full backlog.
fn connect_at_once(path: &Path) -> io::Result<Option<i32>> {
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&socket, &SocketAddrUnix::new(path)?) {
        Ok(()) => Ok(socket_peercred(&socket).ok().map(|peer| peer.pid.as_raw_nonzero().get())),
        // A listener whose backlog is full is a listener.
        Err(rustix::io::Errno::AGAIN) => Ok(None),
        Err(e) => Err(e.into()),
    }
}
