//! Reads the configuration files a piece at a time.
//!
//! Claude's file carries megabytes of history that are none of our business. It
//! is read and skipped in pieces of one scratch buffer, each well under a
//! millisecond, so that no dispatch is held up by its size.
//!
//! The file is rewritten often, and not always by a rename: one that cannot be
//! parsed is read once more a moment later before anybody is told.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{self, Config, Key, Parser, Problem, Scanner, Scope};
use crate::time::Time;

/// How long a file that could not be parsed is given to become whole.
const SECOND_LOOK: Duration = Duration::from_millis(100);

/// Where a loader is.
#[derive(Debug)]
pub(super) enum Progress {
    /// Call `step` again, now.
    More,
    /// Call `step` again, not before then.
    Later,
    /// The configuration.
    Done(Config),
    /// The main file could not be read; the sentence says why. The overlay was.
    Failed(Problem, Config),
}

/// What is being done with one file.
#[derive(Debug)]
enum Stage {
    Scan(File, Box<Scanner>),
    Parse(Parser),
}

/// One reading of the files.
#[derive(Debug)]
pub(super) struct Loader {
    main: Option<PathBuf>,
    overlay: Option<PathBuf>,
    current: Option<Stage>,
    overlay_config: Option<Config>,
    not_before: Option<Time>,
    second_look: bool,
}

impl Loader {
    pub(super) fn new(main: Option<PathBuf>, overlay: Option<PathBuf>) -> Loader {
        Loader {
            main,
            overlay,
            current: None,
            overlay_config: None,
            not_before: None,
            second_look: false,
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
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Progress {
        if self.not_before.is_some_and(|when| when > now) {
            return Progress::Later;
        }
        self.not_before = None;
        let is_overlay = self.overlay_config.is_none();
        let path = if is_overlay { self.overlay.clone() } else { self.main.clone() };
        let result = match &path {
            None if is_overlay => Ok(Some(Config::default())),
            None => Err("HOME is not set, so there is no configuration file".to_owned()),
            Some(path) => self.read(path, scratch, env, is_overlay),
        };
        let Ok(config) = result else {
            let why = result.err().unwrap_or_default();
            self.current = None;
            if !std::mem::replace(&mut self.second_look, true) && path.is_some_and(|p| p.exists()) {
                let when = now + SECOND_LOOK;
                self.not_before = Some(when);
                return Progress::Later;
            }
            let problem = Problem::file(why);
            if is_overlay {
                self.overlay_config = Some(Config { servers: Vec::new(), problems: vec![problem] });
                self.second_look = false;
                return Progress::More;
            }
            return Progress::Failed(problem, self.overlay_config.take().unwrap_or_default());
        };
        match config {
            None => Progress::More,
            Some(config) if is_overlay => {
                self.overlay_config = Some(config);
                self.second_look = false;
                Progress::More
            }
            Some(config) => {
                let overlay = self.overlay_config.take().unwrap_or_default();
                Progress::Done(config::merge(config, overlay))
            }
        }
    }

    /// One piece of one file; the configuration once it is whole.
    fn read(
        &mut self,
        path: &Path,
        scratch: &mut [u8],
        env: &dyn Fn(&str) -> Option<String>,
        is_overlay: bool,
    ) -> Result<Option<Config>, String> {
        let named = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let system = |error: &io::Error| named(&crate::sys::sentence(error));
        let stage = match &mut self.current {
            Some(stage) => stage,
            None => match open(path) {
                Ok(file) => self.current.insert(Stage::Scan(file, Box::default())),
                Err(error) if is_overlay && error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Some(Config::default()));
                }
                Err(error) => return Err(system(&error)),
            },
        };
        match stage {
            Stage::Scan(file, scanner) => match file.read(scratch) {
                Ok(0) => {}
                Ok(n) => {
                    return scanner.feed(&scratch[..n]).map(|()| None).map_err(|error| {
                        let head = String::from_utf8_lossy(&scratch[..n.min(256)]);
                        let format = config::other_format(&head);
                        named(&format!("{error}{}", format.unwrap_or_default()))
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
                Err(error) => return Err(system(&error)),
            },
            Stage::Parse(parser) => {
                if parser.step(env) {
                    return Ok(None);
                }
            }
        }
        match self.current.take() {
            Some(Stage::Scan(_, scanner)) => {
                let found = scanner.finish().map_err(|error| named(&error))?;
                let Some(raw) = found.top(Key::Servers) else {
                    let told = found.foreign().map(|what| {
                        Problem::file(format!("no mcpServers in {} ({what})", path.display()))
                    });
                    let problems = told.into_iter().collect();
                    return Ok(Some(Config { servers: Vec::new(), problems }));
                };
                let origin = path.display().to_string();
                self.current = Some(Stage::Parse(Parser::new(raw, &origin, Scope::User)));
                Ok(None)
            }
            Some(Stage::Parse(parser)) => Ok(Some(parser.finish(env))),
            None => Ok(None),
        }
    }
}

/// Opens a plain file. A FIFO would hold us up, and is no configuration.
fn open(path: &Path) -> io::Result<File> {
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
