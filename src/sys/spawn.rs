//! Starting a server's process.
//!
//! `posix_spawn` and never `fork`: it shares the address space until the
//! program runs, so it takes the same time from a small host and from a tmux
//! of gigabytes, and nothing of ours runs in between. The child starts as from
//! a login shell: descriptors 0 to 2 and no others, no blocked or ignored
//! signals (a host's ignored ones would be inherited), its own process group,
//! exactly the environment that it was given.
//!
//! The program is looked up here, because `posix_spawn` says only a number,
//! and not which of command, interpreter or directory it speaks of; and
//! because the PATH that counts is the child's.

use std::collections::HashSet;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::{fd, sentence, sigpipe};
use crate::error::{Error, Kind, Result};

/// A program and everything it starts with.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    /// The program, looked up on the PATH in `env` when it has no slash.
    pub command: OsString,
    /// Its arguments, without its own name.
    pub args: Vec<OsString>,
    /// Its whole environment. Of two entries with one name the last counts.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory; the host's when there is none.
    pub cwd: Option<PathBuf>,
    /// Watch it by pidfd where the kernel can. Off to test the other way.
    pub use_pidfd: bool,
    /// What it leaves in its group when it ends is not told to go.
    pub spares_group: bool,
}

/// Our ends of a child's pipes, all non-blocking.
#[derive(Debug)]
pub struct Pipes {
    /// Write end of its standard input.
    pub stdin: OwnedFd,
    /// Read end of its standard output.
    pub stdout: OwnedFd,
    /// Read end of its standard error.
    pub stderr: OwnedFd,
}

impl Program {
    /// `command` without arguments, environment or directory.
    pub fn new(command: impl Into<OsString>) -> Program {
        Program {
            command: command.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            use_pidfd: true,
            spares_group: false,
        }
    }
}

// By hand, because the environment of a server is where its secrets are.
impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("Program")
            .field("command", &self.command)
            .field("args", &self.args)
            .field("env", &names)
            .field("cwd", &self.cwd)
            .field("use_pidfd", &self.use_pidfd)
            .finish()
    }
}

/// Starts `program`; its number and our ends of its pipes.
///
/// # Errors
///
/// [`Kind::Invalid`] when the entry has to be corrected (no such command, not
/// executable, no such directory), [`Kind::Io`] when the system had no room.
pub fn spawn(program: &Program) -> Result<(i32, Pipes)> {
    if let Some(cwd) = &program.cwd {
        check_cwd(cwd)?;
    }
    let path = find(program)?;
    let name = program.command.to_string_lossy();
    let argv = strings(
        std::iter::once(program.command.clone()).chain(program.args.iter().cloned()),
        || format!("command '{name}': an argument contains a NUL byte"),
    )?;
    let envp = environment(program)?;
    let cwd = match &program.cwd {
        Some(cwd) => Some(c_string(cwd.as_os_str(), || {
            format!("cwd '{}' contains a NUL byte", cwd.display())
        })?),
        None => None,
    };
    let path = c_string(path.as_os_str(), || format!("command '{name}' contains a NUL byte"))?;

    let no_room = |e: io::Error| {
        Error::new(Kind::Io, format!("command '{name}' cannot be started: {}", lower(&e)))
    };
    let (child_in, stdin) = fd::pipe().map_err(no_room)?;
    let (stdout, child_out) = fd::pipe().map_err(no_room)?;
    let (stderr, child_err) = fd::pipe().map_err(no_room)?;
    // Only our ends: the child's are other open files, and it expects to wait.
    for ours in [&stdin, &stdout, &stderr] {
        fd::set_nonblocking(ours).map_err(no_room)?;
    }

    let mut actions = Actions::new().map_err(no_room)?;
    if let Some(cwd) = &cwd {
        actions.chdir(cwd).map_err(no_room)?;
    }
    for (theirs, at) in [(&child_in, 0), (&child_out, 1), (&child_err, 2)] {
        actions.dup2(theirs.as_raw_fd(), at).map_err(no_room)?;
    }
    actions.close_from(3).map_err(no_room)?;
    let attributes = Attributes::for_a_server().map_err(no_room)?;

    let pid = posix_spawn(&path, &actions, &attributes, &argv, &envp).map_err(|e| {
        let (kind, why) = match e.raw_os_error() {
            // The program itself was there a moment ago.
            Some(libc::ENOENT) => (Kind::Invalid, "its interpreter was not found".to_owned()),
            Some(libc::ENOEXEC) => {
                (Kind::Invalid, "not a program for this system, nor a script with #!".to_owned())
            }
            Some(libc::E2BIG | libc::EACCES | libc::ELOOP) => (Kind::Invalid, lower(&e)),
            _ => (Kind::Io, lower(&e)),
        };
        Error::new(kind, format!("command '{name}' cannot be started: {why}"))
    })?;
    Ok((pid, Pipes { stdin, stdout, stderr }))
}

/// Whether the program and its directory are there and may be used. Starts nothing.
///
/// # Errors
/// [`Kind::Invalid`] as from starting it.
pub fn check_program(program: &Program) -> Result<()> {
    if let Some(cwd) = &program.cwd {
        check_cwd(cwd)?;
    }
    find(program).map(drop)
}

/// The file to run, as the child would find it.
fn find(program: &Program) -> Result<PathBuf> {
    let command = &program.command;
    let name = command.to_string_lossy();
    let here = |path: &Path| match &program.cwd {
        Some(cwd) => cwd.join(path),
        None => path.to_owned(),
    };
    let invalid = |why: &str| Error::new(Kind::Invalid, format!("command '{name}'{why}"));
    let line = match command.as_bytes().iter().any(u8::is_ascii_whitespace) {
        true => "; it holds blanks: arguments belong into 'args'",
        false => "",
    };
    if command.is_empty() {
        return Err(Error::new(Kind::Invalid, "the command is empty"));
    }
    if command.as_bytes().contains(&b'/') {
        return match std::fs::metadata(here(Path::new(command))) {
            Ok(meta) if meta.is_dir() => Err(invalid(": is a directory")),
            Ok(meta) if !meta.is_file() => Err(invalid(": not a regular file")),
            Ok(_) if !is_executable(&here(Path::new(command))) => {
                Err(invalid(": permission denied"))
            }
            Ok(_) => Ok(PathBuf::from(command)),
            Err(e) => Err(invalid(&format!(": {}{line}", lower(&e)))),
        };
    }

    let path = program.env.iter().rev().find(|(name, _)| name == "PATH");
    let path = path.map_or(OsStr::new(DEFAULT_PATH), |(_, value)| value);
    let mut denied = None;
    for dir in path.as_bytes().split(|b| *b == b':') {
        // An empty entry is the working directory, as in a shell.
        let dir = if dir.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(dir)) };
        let candidate = dir.join(command);
        let seen = here(&candidate);
        if !std::fs::metadata(&seen).is_ok_and(|meta| meta.is_file()) {
            continue;
        }
        if is_executable(&seen) {
            return Ok(candidate);
        }
        denied.get_or_insert(candidate);
    }
    Err(match denied {
        Some(file) => invalid(&format!(": permission denied ({})", file.display())),
        None => invalid(&format!(" not found on PATH{}{line}", searched(program, path))),
    })
}

/// Where a program was looked for, and how that is changed.
fn searched(program: &Program, path: &OsStr) -> String {
    /// A longer PATH is cut: the message goes into a status line, too.
    const LONGEST: usize = 2000;
    let shown: String = path.to_string_lossy().chars().take(LONGEST).collect();
    let cut = if shown.len() < path.len() { "..." } else { "" };
    // Of two the last counts, and that is the entry's.
    let cure = match program.env.iter().filter(|(name, _)| name == "PATH").count() {
        0 | 1 => {
            "to change it, run tmux set-environment -g PATH \"$PATH\" in a shell that finds it"
        }
        _ => "as the entry's 'env' sets it",
    };
    format!(" ({shown}{cut}; {cure})")
}

fn check_cwd(cwd: &Path) -> Result<()> {
    let invalid = |why: &str| Error::new(Kind::Invalid, format!("cwd '{}': {why}", cwd.display()));
    match std::fs::metadata(cwd) {
        Ok(meta) if !meta.is_dir() => Err(invalid("not a directory")),
        Ok(_) if !is_executable(cwd) => Err(invalid("permission denied")),
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(invalid("no such directory")),
        Err(e) => Err(invalid(&lower(&e))),
    }
}

/// Whether a file can be started by us.
pub fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file()) && is_executable(path)
}

fn is_executable(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: `path` is a NUL-terminated string.
    let ret =
        unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) };
    ret == 0
}

fn environment(program: &Program) -> Result<CStrings> {
    let mut entries: Vec<OsString> = Vec::with_capacity(program.env.len());
    let mut seen = HashSet::with_capacity(program.env.len());
    // From the end, so that of two entries the last is the one that is met first.
    for (name, value) in program.env.iter().rev() {
        let shown = name.to_string_lossy();
        let bytes = name.as_bytes();
        if bytes.is_empty() || bytes.contains(&b'=') || bytes.contains(&0) {
            let text = format!("environment variable '{shown}' has a name that cannot be used");
            return Err(Error::new(Kind::Invalid, text));
        }
        if value.as_bytes().contains(&0) {
            let text = format!("the value of environment variable '{shown}' contains a NUL byte");
            return Err(Error::new(Kind::Invalid, text));
        }
        if !seen.insert(name) {
            continue;
        }
        let mut entry = name.clone();
        entry.push("=");
        entry.push(value);
        entries.push(entry);
    }
    strings(entries.into_iter().rev(), || "the environment contains a NUL byte".to_owned())
}

/// NUL-terminated strings and the NULL-terminated list of pointers to them.
struct CStrings {
    pointers: Vec<*mut libc::c_char>,
    // Behind the pointers: a CString's bytes stay put when the Vec moves.
    _strings: Vec<CString>,
}

fn strings(of: impl Iterator<Item = OsString>, message: impl Fn() -> String) -> Result<CStrings> {
    let strings = of
        .map(|s| CString::new(s.into_vec()).map_err(|_| Error::new(Kind::Invalid, message())))
        .collect::<Result<Vec<_>>>()?;
    let mut pointers: Vec<_> = strings.iter().map(|s| s.as_ptr().cast_mut()).collect();
    pointers.push(std::ptr::null_mut());
    Ok(CStrings { pointers, _strings: strings })
}

fn c_string(s: &OsStr, message: impl Fn() -> String) -> Result<CString> {
    CString::new(s.as_bytes()).map_err(|_| Error::new(Kind::Invalid, message()))
}

/// The system's sentence in the style of ours.
fn lower(error: &io::Error) -> String {
    let mut text = sentence(error);
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// What happens to the child's descriptors and directory before its program runs.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Actions> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call initialises what it is given.
        done(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: initialised just now; the C library does not keep its address.
        Ok(Actions(unsafe { actions.assume_init() }))
    }

    fn chdir(&mut self, dir: &CString) -> io::Result<()> {
        // SAFETY: the actions are initialised; the call copies the string.
        done(unsafe { libc::posix_spawn_file_actions_addchdir_np(&mut self.0, dir.as_ptr()) })
    }

    fn dup2(&mut self, fd: RawFd, to: RawFd) -> io::Result<()> {
        // SAFETY: the actions are initialised.
        done(unsafe { libc::posix_spawn_file_actions_adddup2(&mut self.0, fd, to) })
    }

    fn close_from(&mut self, first: RawFd) -> io::Result<()> {
        // SAFETY: the actions are initialised.
        done(unsafe { libc::posix_spawn_file_actions_addclosefrom_np(&mut self.0, first) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new` and destroyed only here.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// How the child's signals and group are set.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    /// Its own group, nothing blocked, every signal at its default.
    fn for_a_server() -> io::Result<Attributes> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the call initialises what it is given.
        done(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: initialised just now; the C library does not keep its address.
        let mut attributes = Attributes(unsafe { attributes.assume_init() });
        let flags = libc::POSIX_SPAWN_SETPGROUP
            | libc::POSIX_SPAWN_SETSIGMASK
            | libc::POSIX_SPAWN_SETSIGDEF;
        // SAFETY: the attributes are initialised; the flags fit a short.
        done(unsafe { libc::posix_spawnattr_setflags(&mut attributes.0, flags as libc::c_short) })?;
        // SAFETY: as above; group 0 is the child's own number.
        done(unsafe { libc::posix_spawnattr_setpgroup(&mut attributes.0, 0) })?;
        let mut set = sigpipe::empty_set();
        // SAFETY: both arguments are initialised.
        done(unsafe { libc::posix_spawnattr_setsigmask(&mut attributes.0, &set) })?;
        // Not sigfillset: it leaves out two signals of the C library's own,
        // which the child would then start with ignored.
        // SAFETY: `set` is plain bits, of which any combination is valid.
        unsafe { std::ptr::write_bytes(&raw mut set, 0xff, 1) };
        // SAFETY: both arguments are initialised.
        done(unsafe { libc::posix_spawnattr_setsigdefault(&mut attributes.0, &set) })?;
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `for_a_server` and destroyed only here.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

fn posix_spawn(
    path: &CString,
    actions: &Actions,
    attributes: &Attributes,
    argv: &CStrings,
    envp: &CStrings,
) -> io::Result<i32> {
    let mut pid = 0;
    // SAFETY: every pointer is to something initialised that outlives the call,
    // and both lists end in NULL; the call does not write to the strings.
    done(unsafe {
        libc::posix_spawn(
            &mut pid,
            path.as_ptr(),
            &actions.0,
            &attributes.0,
            argv.pointers.as_ptr(),
            envp.pointers.as_ptr(),
        )
    })?;
    Ok(pid)
}

/// The outcome of a call that returns its error number.
fn done(errno: libc::c_int) -> io::Result<()> {
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

/// Where programs are when nobody says.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
