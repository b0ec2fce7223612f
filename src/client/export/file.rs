//! The file for a textfile collector.
//!
//! Collectors read `*.prom` whenever they like, so the text is written under another name in
//! the same directory and renamed. The file is removed at the end, because a collector takes
//! the last values of a file that stays for true ones.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use super::{ExportSource, PIECE, invalid, settings};
use crate::error::Result;
use crate::metrics::{Exposition, MetricsFormat};
use crate::sys::file_id::FileId;
use crate::sys::mounts::Mounts;
use crate::sys::sentence;
use crate::time::Time;

/// What a file of ours begins with.
const OURS: &[u8] = b"# HELP mcp_";

/// A file that is written again and again.
#[derive(Debug)]
pub(super) struct MetricsFile {
    path: PathBuf,
    /// In the same directory, and not read by collectors.
    temporary: PathBuf,
    due: Time,
    writing: Option<(File, Exposition)>,
    /// What was renamed last: what else lies there later is not ours.
    written: Option<FileId>,
    /// The last write failed, and that was told.
    has_failed: bool,
    mounts: Mounts,
}

impl MetricsFile {
    /// A file that is written with the next turn.
    pub(super) fn new(value: &str, now: Time) -> Result<MetricsFile> {
        const NAME: &str = "metrics-file";
        let path = settings::path(NAME, value, value, now)?;
        // Collectors read no other names, and a mistyped path must not cost a file.
        if path.extension().is_none_or(|extension| extension != "prom") {
            return Err(invalid(NAME, value, "the name does not end in .prom"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        Ok(MetricsFile {
            path,
            temporary,
            due: now,
            writing: None,
            written: None,
            has_failed: false,
            mounts: Mounts::default(),
        })
    }

    /// Writes the file again at `when`.
    pub(super) fn due_at(&mut self, when: Time) {
        self.due = when;
    }

    /// When the next piece is due.
    pub(super) fn deadline(&self, now: Time) -> Time {
        if self.writing.is_some() { now } else { self.due }
    }

    /// Does a piece of work.
    ///
    /// # Errors
    /// The file could not be written: a line for the log, if that was not told before.
    pub(super) fn step(
        &mut self,
        figures: &ExportSource<'_>,
        interval: Duration,
    ) -> std::result::Result<(), Option<String>> {
        match self.try_step(figures, interval) {
            Ok(is_written) => {
                self.has_failed &= !is_written;
                Ok(())
            }
            Err(error) => {
                if self.writing.take().is_some() {
                    let _ = fs::remove_file(&self.temporary);
                }
                self.due = figures.now + interval;
                let is_told = std::mem::replace(&mut self.has_failed, true);
                let line = || {
                    let (path, why) = (self.path.display(), sentence(&error));
                    format!("metrics file {path} cannot be written: {why}")
                };
                Err((!is_told).then(line))
            }
        }
    }

    /// True: the file is there anew.
    fn try_step(&mut self, figures: &ExportSource<'_>, interval: Duration) -> io::Result<bool> {
        let Some((file, exposition)) = &mut self.writing else {
            if figures.now >= self.due {
                let file = self.create(figures.now)?;
                let servers = (figures.servers)();
                let exposition = Exposition::new(MetricsFormat::Prometheus, servers);
                self.writing = Some((file, exposition));
            }
            return Ok(false);
        };
        let more = exposition.step(&figures.client, figures.report, figures.now);
        if more && exposition.text().len() < PIECE {
            return Ok(false);
        }
        file.write_all(exposition.take().as_bytes())?;
        if more {
            return Ok(false);
        }
        let meta = file.metadata()?;
        fs::rename(&self.temporary, &self.path)?;
        self.written = Some(FileId::of(&meta));
        self.writing = None;
        self.due = figures.now + interval;
        Ok(true)
    }

    /// A mistyped path must not cost a file of another program: all those beside ours end in
    /// `.prom`, too.
    fn check_place(&self) -> io::Result<()> {
        let meta = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            meta => meta?,
        };
        if Some(FileId::of(&meta)) == self.written {
            return Ok(());
        }
        if !meta.is_file() {
            return Err(io::Error::other("there is something that is no file"));
        }
        let mut head = Vec::with_capacity(OURS.len());
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&self.path)?;
        file.take(OURS.len() as u64).read_to_end(&mut head)?;
        if head.is_empty() || head == OURS {
            return Ok(());
        }
        Err(io::Error::other("there is a file of another program"))
    }

    fn create(&mut self, now: Time) -> io::Result<File> {
        if self.mounts.may_hang(now, &self.path) {
            return Err(io::Error::other("it is on a network file system, which can hang"));
        }
        self.check_place()?;
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Others may write to the directory: an existing file or link is not opened.
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o644).open(&self.temporary)?;
        // The collector is another user, whatever the umask.
        file.set_permissions(Permissions::from_mode(0o644))?;
        Ok(file)
    }
}

impl Drop for MetricsFile {
    fn drop(&mut self) {
        if self.writing.is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
        if self.written.is_some() && FileId::at(&self.path).ok() == self.written {
            let _ = fs::remove_file(&self.path);
        }
    }
}
