//! Reads the configuration files a piece at a time.
//!
//! Claude's file carries megabytes of history that are none of our business. It
//! is read and skipped in pieces of one scratch buffer, each well under a
//! millisecond, so that no dispatch is held up by its size.
//!
//! Only files that have changed are read. One that is rewritten in place may be
//! met half-written: what cannot be read is looked at once more a moment later
//! before anybody is told, and what was read of it before stays in force.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::sources::{Sources, Stamp, project_files};
use crate::config::{
    self, Approval, Captured, Config, Directory, DocumentScanner, Key, Parser, Problem, Scope,
};
use crate::time::Time;

/// How long a file that could not be parsed is given to become whole.
const SECOND_LOOK: Duration = Duration::from_millis(100);

/// Where a loader is.
#[derive(Debug)]
pub(super) enum LoadStep {
    /// Call `step` again, now.
    More,
    /// Call `step` again, not before then.
    Later,
    /// The configuration.
    Done(Loaded),
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) config: Config,
    /// Files that had servers, or should have had, with how many are used.
    pub(super) files: Vec<(PathBuf, usize)>,
}

/// One reading of the files.
#[derive(Debug)]
pub(super) struct Loader {
    to_read: VecDeque<PathBuf>,
    scan: Option<(File, Stamp, Box<DocumentScanner>)>,
    looked_twice: BTreeSet<PathBuf>,
    not_before: Option<Time>,
    parts: Option<VecDeque<ServersPart>>,
    done: Vec<ServersPart>,
    /// A piece by itself: a thousand servers take a part of a millisecond here and
    /// another one in the engine.
    loaded: Option<Loaded>,
}

/// The servers of one file and scope.
#[derive(Debug)]
struct ServersPart {
    file: PathBuf,
    kind: PartKind,
    parser: Option<Parser>,
    config: Config,
}

#[derive(Clone, Debug, PartialEq)]
enum PartKind {
    Main,
    Overlay,
    Project(Arc<Directory>),
}

impl Loader {
    pub(super) fn new(to_read: Vec<PathBuf>) -> Loader {
        Loader {
            to_read: to_read.into(),
            scan: None,
            looked_twice: BTreeSet::new(),
            not_before: None,
            parts: None,
            done: Vec::new(),
            loaded: None,
        }
    }

    /// Until when there is nothing to do; `None`: there is something to do now.
    pub(super) fn due(&self) -> Option<Time> {
        self.not_before
    }

    /// Reads one piece into `scratch`.
    pub(super) fn step(
        &mut self,
        now: Time,
        scratch: &mut [u8],
        sources: &mut Sources,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> LoadStep {
        if self.not_before.is_some_and(|when| when > now) {
            return LoadStep::Later;
        }
        self.not_before = None;
        if let Some(path) = self.to_read.front().cloned() {
            return self.read(now, &path, scratch, sources);
        }
        if let Some(loaded) = self.loaded.take() {
            return LoadStep::Done(loaded);
        }
        let parts = self.parts.get_or_insert_with(|| parts(now, sources));
        let Some(part) = parts.front_mut() else {
            self.loaded = Some(assemble(std::mem::take(&mut self.done), sources));
            return LoadStep::More;
        };
        if !part.parser.as_mut().is_some_and(|parser| parser.step(env)) {
            if let Some(mut part) = parts.pop_front() {
                part.config = part.parser.take().map(|p| p.finish(env)).unwrap_or_default();
                self.done.push(part);
            }
        }
        LoadStep::More
    }

    /// One piece of one file.
    fn read(
        &mut self,
        now: Time,
        path: &Path,
        scratch: &mut [u8],
        sources: &mut Sources,
    ) -> LoadStep {
        let result = self.piece(path, scratch, sources);
        let (stamp, why, missing) = match result {
            Ok(None) => return LoadStep::More,
            Ok(Some((stamp, captured))) => {
                let kept = sources.files.entry(path.to_owned()).or_default();
                kept.stamp = Some(stamp);
                kept.captured = Some(Arc::new(captured));
                kept.problem = None;
                self.scan = None;
                self.to_read.pop_front();
                return LoadStep::More;
            }
            Err(failed) => failed,
        };
        self.scan = None;
        if !missing && self.looked_twice.insert(path.to_owned()) {
            self.not_before = Some(now + SECOND_LOOK);
            return LoadStep::Later;
        }
        let is_main = sources.main.as_deref() == Some(path);
        let kept = sources.files.entry(path.to_owned()).or_default();
        kept.stamp = stamp;
        if missing && !is_main {
            // Nobody must have it, and whoever removes it means it.
            (kept.captured, kept.problem) = (None, None);
        } else {
            kept.problem = Some(format!("{}: {why}", path.display()));
        }
        self.to_read.pop_front();
        LoadStep::More
    }

    /// Reads on; at the end of the file what it had. An error comes with the state
    /// of the file and whether it is missing.
    #[allow(clippy::type_complexity)] // Of use here alone.
    fn piece(
        &mut self,
        path: &Path,
        scratch: &mut [u8],
        sources: &Sources,
    ) -> Result<Option<(Stamp, Captured)>, (Option<Stamp>, String, bool)> {
        let system = |error: &io::Error| crate::sys::sentence(error);
        if self.scan.is_none() {
            let file = open(path).map_err(|error| {
                let stamp = std::fs::metadata(path).ok().map(|meta| Stamp::of(&meta));
                let missing = error.kind() == io::ErrorKind::NotFound;
                (stamp, system(&error), missing)
            })?;
            let stamp = file.metadata().map(|meta| Stamp::of(&meta));
            let stamp = stamp.map_err(|error| (None, system(&error), false))?;
            self.scan = Some((file, stamp, Box::default()));
        }
        let Some((file, stamp, scanner)) = &mut self.scan else { return Ok(None) };
        let stamp = *stamp;
        match file.read(scratch) {
            Ok(0) => {}
            Ok(n) => {
                return scanner.feed(&scratch[..n]).map(|()| None).map_err(|error| {
                    let head = String::from_utf8_lossy(&scratch[..n.min(256)]);
                    let format = config::other_format(&head).unwrap_or_default();
                    (Some(stamp), format!("{error}{format}"), false)
                });
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
            Err(error) => return Err((Some(stamp), system(&error), false)),
        }
        let Some((_, _, scanner)) = self.scan.take() else { return Ok(None) };
        let captured = scanner.finish().map_err(|e| (Some(stamp), e.to_string(), false))?;
        // A value that no list of servers can be is not worth losing the last one.
        let broken = captured.top(Key::Servers).and_then(config::not_an_object);
        match broken.filter(|_| sources.captured(path).is_some()) {
            Some(what) => Err((Some(stamp), what, false)),
            None => Ok(Some((stamp, captured))),
        }
    }
}

/// What is to be parsed, of all files that could be read.
fn parts(now: Time, sources: &mut Sources) -> VecDeque<ServersPart> {
    let mut parts = VecDeque::new();
    let mut add = |file: &Path, kind: PartKind, scope: Scope, raw: Option<&[u8]>| {
        let Some(raw) = raw else { return };
        let parser = Some(Parser::new(raw, &file.display().to_string(), scope));
        parts.push_back(ServersPart {
            file: file.to_owned(),
            kind,
            parser,
            config: Config::default(),
        });
    };
    for place in sources.places(now) {
        let [file, _] = project_files(&place);
        let Some(captured) = sources.captured(&file) else { continue };
        let directory = Arc::new(sources.resolve(now, &place));
        let scope = Scope::Project(directory.clone());
        add(&file, PartKind::Project(directory), scope, captured.top(Key::Servers));
    }
    let fixed =
        [(sources.main.clone(), PartKind::Main), (sources.overlay.clone(), PartKind::Overlay)];
    for (file, kind) in fixed {
        let Some(file) = file else { continue };
        let Some(captured) = sources.captured(&file) else { continue };
        add(&file, kind.clone(), Scope::User, captured.top(Key::Servers));
        for project in captured.projects() {
            let Some(raw) = captured.of_project(project, Key::Servers) else { continue };
            let scope = Scope::Local(Arc::new(sources.resolve(now, Path::new(project))));
            add(&file, kind.clone(), scope, Some(raw));
        }
    }
    parts
}

/// Puts the parts together: the overlay over Claude's file over projects.
fn assemble(parts: Vec<ServersPart>, sources: &Sources) -> Loaded {
    let (mut projects, mut main, mut overlay) =
        (Config::default(), Config::default(), Config::default());
    let mut files: Vec<(PathBuf, usize)> = Vec::new();
    let claude = sources.main.as_ref().and_then(|main| sources.captured(main));
    let mut directories = Vec::new();
    for mut part in parts {
        let into = match &part.kind {
            PartKind::Main => &mut main,
            PartKind::Overlay => &mut overlay,
            PartKind::Project(directory) => {
                let approval = approval(directory, claude.as_deref(), sources);
                approval.apply(&mut part.config, &part.file.display().to_string());
                &mut projects
            }
        };
        match files.iter_mut().find(|(file, _)| *file == part.file) {
            Some((_, count)) => *count += part.config.servers.len(),
            None => files.push((part.file.clone(), part.config.servers.len())),
        }
        into.servers.append(&mut part.config.servers);
        into.problems.append(&mut part.config.problems);
    }
    let mut config = config::merge(config::merge(projects, main), overlay);
    if let (Some(claude), Some(file)) = (&claude, &sources.main) {
        for project in claude.projects() {
            if claude.of_project(project, Key::Disabled).is_some() {
                directories.push(project.to_owned());
            }
        }
        let origin = file.display().to_string();
        for project in directories {
            let mut approval = Approval::default();
            approval.add(claude, Some(&project));
            approval.switch_off(&mut config, &Arc::new(Directory::new(project)), &origin);
        }
    }
    for (path, kept) in &sources.files {
        let ours = sources.main.as_ref() == Some(path) || sources.overlay.as_ref() == Some(path);
        if let Some(why) = &kept.problem {
            let stays = if kept.captured.is_some() && (ours || path.ends_with(".mcp.json")) {
                "; what was read of it before stays in force"
            } else {
                ""
            };
            config.problems.push(Problem::file(format!("{why}{stays}")));
        }
        let foreign = kept.captured.as_ref().and_then(|captured| captured.foreign());
        if let Some(what) = foreign.filter(|_| ours || path.ends_with(".mcp.json")) {
            let what = format!("no mcpServers in {} ({what})", path.display());
            config.problems.push(Problem::file(what));
        }
        if kept.captured.is_some() && ours && !files.iter().any(|(file, _)| file == path) {
            files.push((path.clone(), 0));
        }
    }
    if sources.main.is_none() && !sources.is_without_main {
        let what = "HOME is not set, so there is no configuration file";
        config.problems.push(Problem::file(what));
    }
    Loaded { config, files }
}

/// What the user said about the entries of a project.
fn approval(directory: &Directory, claude: Option<&Captured>, sources: &Sources) -> Approval {
    let mut approval = Approval::default();
    let mut trusted = false;
    let paths = std::iter::once(&directory.literal).chain(&directory.canonical);
    for path in paths.filter_map(|path| path.to_str()) {
        let Some(claude) = claude else { continue };
        approval.add(claude, Some(path));
        let said = claude.of_project(path, Key::Trusted);
        trusted |= said.is_some_and(|raw| raw.trim_ascii() == b"true");
    }
    for settings in &sources.settings {
        if let Some(settings) = sources.captured(settings) {
            approval.add(&settings, None);
        }
    }
    let [_, local] = project_files(&directory.literal);
    if let Some(settings) = sources.captured(&local).filter(|_| trusted) {
        approval.add(&settings, None);
    }
    approval
}

/// Opens a plain file. A FIFO would hold us up, and is no configuration.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EISDIR));
    }
    if !kind.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}
