//! Whether looking at a path can hang: a network or FUSE file system whose server
//! is gone holds whoever asks it, and no flag of `stat` or `open` prevents that.
//!
//! Read from `/proc/self/mountinfo`, which never hangs. Where there is none,
//! nothing is known and nothing counts as remote.

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::time::Time;

/// How long the table is believed.
const FRESH: Duration = Duration::from_secs(1);

/// The mounted file systems.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    read: Option<Time>,
    /// Mount points with whether they are remote.
    points: Vec<(PathBuf, bool)>,
}

impl Mounts {
    /// Whether `path`, as written, lies on a file system that can hang.
    pub(crate) fn may_hang(&mut self, now: Time, path: &Path) -> bool {
        if self.read.is_none_or(|read| now.since(read) >= FRESH) {
            let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
            self.points = points(&table);
            self.read = Some(now);
        }
        // Asked for each file at each command, and most machines have no such mount.
        if !self.points.iter().any(|(point, remote)| *remote && path.starts_with(point)) {
            return false;
        }
        let over = self.points.iter().filter(|(point, _)| path.starts_with(point));
        // Of two at one place the later one is on top.
        let top = over.max_by_key(|(point, _)| point.components().count());
        top.is_some_and(|(_, remote)| *remote)
    }
}

fn points(table: &[u8]) -> Vec<(PathBuf, bool)> {
    let lines = table.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| {
            let mut fields = line.split(|byte| *byte == b' ');
            let point = unescape(fields.nth(4)?);
            let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
            let point = PathBuf::from(std::ffi::OsString::from_vec(point));
            // A root that hangs stops everything anyway.
            let remote = point != Path::new("/") && is_remote(kind);
            Some((point, remote))
        })
        .collect()
}

fn is_remote(kind: &[u8]) -> bool {
    const KINDS: [&[u8]; 15] = [
        b"nfs", b"nfs4", b"cifs", b"smb3", b"smbfs", b"afs", b"ceph", b"coda", b"autofs", b"ncpfs",
        b"lustre", b"gpfs", b"beegfs", b"davfs", b"fuse",
    ];
    KINDS.contains(&kind) || kind.starts_with(b"fuse.")
}

/// Blanks and backslashes in a mount point are written as `\040`.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, tail)) = rest.split_first() {
        let code = (byte == b'\\').then(|| tail.get(..3)).flatten();
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 8).ok()) {
            Some(decoded) => {
                out.push(decoded);
                rest = &tail[3..];
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_decides() {
        let table = b"1 0 8:1 / / rw - nfs a rw\n\
            2 1 0:3 / /home rw shared:1 - ext4 /dev/x rw\n\
            3 2 0:4 / /home/me/my\\040share rw - fuse.sshfs host: rw\n\
            4 2 0:5 / /net rw master:2 shared:7 - nfs4 h:/x rw\n\
            broken line\n";
        let mut mounts = Mounts { read: Some(Time::default()), points: points(table) };
        for (path, expected) in [
            ("/etc/x", false),
            ("/home/me/.claude.json", false),
            ("/home/me/my share/p/.mcp.json", true),
            ("/home/me/my share2", false),
            ("/net", true),
            ("/network", false),
        ] {
            assert_eq!(mounts.may_hang(Time::default(), Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn this_systems_own_table_is_read() {
        let mut mounts = Mounts::default();
        assert!(!mounts.may_hang(Time::default(), Path::new("/")));
        assert!(mounts.read.is_some());
    }
}
