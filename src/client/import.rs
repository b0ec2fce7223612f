//! Takes the servers of another client's file over into our own file.
//!
//! The files are read and written a piece a turn, and one entry a turn is translated. Nothing
//! waits for the disk (`fsync`): after a loss of power our file may be the old one.
//!
//! Invariants:
//! - our file is replaced whole or not at all, and never when it cannot be read or when it
//!   has changed since;
//! - nothing is logged, because both files hold secrets.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::loader;
use super::sources::Stamp;
use crate::config::import::{Import, ImportReader, ImportedEntry, MergeOutcome, Overlay};
use crate::engine::RequestId;
use crate::error::{Error, Kind, Result};
use crate::table::Table;

/// The largest file that is read for an import. Claude's has megabytes of history.
const LIMIT: u64 = 256 << 20;
/// The largest file of our own.
const OVERLAY_LIMIT: usize = 2 << 20;

/// What is written of it in one go.
const PIECE: usize = 64 << 10;

const COLUMNS: &[&str] = &["name", "outcome", "reason"];

/// What is to be imported.
#[derive(Clone, Debug, Default)]
pub struct ImportFile {
    /// The file of the other client.
    pub path: PathBuf,
    /// Only these entries; empty: all.
    pub names: Vec<String>,
    /// Nothing is written.
    pub is_dry: bool,
    /// An entry takes the place of another one of its name.
    pub may_replace: bool,
}

/// One import that goes on.
pub(super) struct Importing {
    pub(super) id: RequestId,
    file: ImportFile,
    overlay: PathBuf,
    stage: Stage,
    entries: Vec<ImportedEntry>,
    table: Table,
}

enum Stage {
    Open,
    Read(File, ImportReader, u64),
    Translate(Import),
    /// What our file has so far, and where it is.
    Overlay(Box<OverlayFile>),
    Merge(Box<OverlayFile>),
    Write(Box<Writing>),
    Over,
}

/// Our own file.
struct OverlayFile {
    /// Without links.
    path: PathBuf,
    /// `None`: there is none yet.
    file: Option<(File, Stamp)>,
    text: Vec<u8>,
}

/// The result of a step.
#[derive(Debug)]
pub(super) enum ImportStep {
    /// Call again, now.
    More,
    /// It is over.
    Done(Result<Table>),
}

impl Importing {
    pub(super) fn new(id: RequestId, file: ImportFile, overlay: PathBuf) -> Importing {
        let table = Table::new(COLUMNS);
        Importing { id, file, overlay, stage: Stage::Open, entries: Vec::new(), table }
    }

    /// Does a piece of the work.
    pub(super) fn step(
        &mut self,
        scratch: &mut [u8],
        env: &dyn Fn(&str) -> Option<String>,
    ) -> ImportStep {
        match self.advance(scratch, env) {
            Ok(step) => step,
            Err(error) => {
                self.stage = Stage::Over;
                ImportStep::Done(Err(error))
            }
        }
    }

    fn advance(
        &mut self,
        scratch: &mut [u8],
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<ImportStep> {
        let path = self.file.path.clone();
        let in_file = |error: Error| failed(&path, error.kind(), error.message());
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Open => {
                let file = loader::open(&path).map_err(|error| system(&path, &error))?;
                Stage::Read(file, ImportReader::new(&path.to_string_lossy()), 0)
            }
            Stage::Read(mut file, mut reader, size) => match file.read(scratch) {
                Ok(0) => Stage::Translate(reader.finish(env).map_err(in_file)?),
                Ok(n) if size + n as u64 > LIMIT => {
                    let what = format!("it is larger than {} MiB", LIMIT >> 20);
                    return Err(failed(&path, Kind::Invalid, &what));
                }
                Ok(n) => {
                    reader.feed(&scratch[..n]).map_err(in_file)?;
                    Stage::Read(file, reader, size + n as u64)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    Stage::Read(file, reader, size)
                }
                Err(error) => return Err(system(&path, &error)),
            },
            Stage::Translate(mut import) => match import.step(env) {
                Some(entry) => {
                    if self.file.names.is_empty() || self.file.names.contains(&entry.name) {
                        self.entries.push(entry);
                    }
                    Stage::Translate(import)
                }
                None => Stage::Overlay(Box::new(OverlayFile::find(&self.overlay)?)),
            },
            Stage::Overlay(mut target) => match target.read(scratch)? {
                true => Stage::Overlay(target),
                false => Stage::Merge(target),
            },
            Stage::Merge(target) => match self.merge(*target)? {
                Some(writing) => Stage::Write(Box::new(writing)),
                None => return Ok(self.done()),
            },
            Stage::Write(mut writing) => match writing.step() {
                Ok(true) => Stage::Write(writing),
                Ok(false) => return Ok(self.done()),
                Err(error) => return Err(system(&self.overlay, &error)),
            },
            Stage::Over => return Ok(self.done()),
        };
        Ok(ImportStep::More)
    }

    fn done(&mut self) -> ImportStep {
        ImportStep::Done(Ok(std::mem::replace(&mut self.table, Table::new(COLUMNS))))
    }

    /// Puts the entries into the text of our file, which is to be written if it changed.
    fn merge(&mut self, target: OverlayFile) -> Result<Option<Writing>> {
        let stamp = target.file.map(|(_, stamp)| stamp);
        let mut overlay = Overlay::new(target.text)
            .map_err(|error| failed(&target.path, error.kind(), error.message()))?;
        for entry in std::mem::take(&mut self.entries) {
            let (outcome, reason) = match &entry.json {
                Err(reason) => ("left out", reason.clone()),
                Ok(json) => match overlay.put(&entry.name, json, self.file.may_replace) {
                    MergeOutcome::Added => ("added", entry.notes.join("; ")),
                    MergeOutcome::Replaced => ("replaced", entry.notes.join("; ")),
                    MergeOutcome::Same => ("same", String::new()),
                    MergeOutcome::Differs => {
                        let path = target.path.display();
                        ("left out", format!("{path} has another entry of this name"))
                    }
                },
            };
            self.file.names.retain(|name| *name != entry.name);
            self.table.push([entry.name, outcome.to_owned(), reason]);
        }
        for name in std::mem::take(&mut self.file.names) {
            let reason = format!("{} has no entry of this name", self.file.path.display());
            self.table.push([name, "left out".to_owned(), reason]);
        }
        if self.file.is_dry || !overlay.is_changed() {
            return Ok(None);
        }
        let writing = Writing::begin(target.path, overlay.finish(), stamp);
        writing.map(Some).map_err(|error| system(&self.overlay, &error))
    }
}

impl std::fmt::Debug for Importing {
    /// Without the entries, which hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Importing").field("id", &self.id).finish_non_exhaustive()
    }
}

impl OverlayFile {
    /// Opens our file, through links.
    fn find(overlay: &Path) -> Result<OverlayFile> {
        let is_link = fs::symlink_metadata(overlay).is_ok_and(|meta| meta.is_symlink());
        let path = match fs::canonicalize(overlay) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link => {
                let path = overlay.to_owned();
                return Ok(OverlayFile { path, file: None, text: Vec::new() });
            }
            Err(error) => return Err(system(overlay, &error)),
        };
        let file = loader::open(&path).map_err(|error| system(&path, &error))?;
        let meta = file.metadata().map_err(|error| system(&path, &error))?;
        Ok(OverlayFile { path, file: Some((file, Stamp::of(&meta))), text: Vec::new() })
    }

    /// Reads a piece. True: there may be more.
    fn read(&mut self, scratch: &mut [u8]) -> Result<bool> {
        let Some((file, _)) = &mut self.file else { return Ok(false) };
        match file.read(scratch) {
            Ok(0) => Ok(false),
            // Too much of it is told when it is parsed.
            Ok(n) => {
                self.text.extend_from_slice(&scratch[..n]);
                Ok(self.text.len() < OVERLAY_LIMIT)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(system(&self.path, &error)),
        }
    }
}

/// A file that is written beside ours, to take its place.
struct Writing {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    text: Vec<u8>,
    at: usize,
    /// What our file was like when it was read.
    stamp: Option<Stamp>,
}

impl Writing {
    fn begin(path: PathBuf, text: Vec<u8>, stamp: Option<Stamp>) -> io::Result<Writing> {
        let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = directory.join(format!(".{name}.{}.tmp", std::process::id()));
        // What an earlier process of this number left.
        let _ = fs::remove_file(&temporary);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let file = options.open(&temporary)?;
        Ok(Writing { path, temporary, file, text, at: 0, stamp })
    }

    /// Writes a piece, and behind the last replaces our file, unless that is another one than
    /// it was. True: there is more to do.
    fn step(&mut self) -> io::Result<bool> {
        let rest = &self.text[self.at..];
        if !rest.is_empty() {
            let piece = &rest[..rest.len().min(PIECE)];
            self.file.write_all(piece)?;
            self.at += piece.len();
            return Ok(true);
        }
        if fs::metadata(&self.path).ok().map(|meta| Stamp::of(&meta)) != self.stamp {
            return Err(io::Error::other("it was changed meanwhile, and is left as it is"));
        }
        fs::rename(&self.temporary, &self.path)?;
        Ok(false)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Once it has taken the place of ours there is none of this name.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn system(path: &Path, error: &io::Error) -> Error {
    failed(path, Kind::Io, &crate::sys::sentence(error))
}

fn failed(path: &Path, kind: Kind, what: &str) -> Error {
    Error::new(kind, format!("{}: {what}", path.display()))
}
