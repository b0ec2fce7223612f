//! Files of our own: small, regular, and where we put them.
//!
//! Whatever lies there under our name must neither hold us up nor lead us
//! somewhere else, so nothing is opened that waits, and no link is followed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Reads all of a file of at most `limit` bytes.
///
/// # Errors
/// What the system said; `InvalidData` for anything that cannot be ours.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(OpenOptions::new().read(true), path)?;
    let mut text = Vec::new();
    // It may grow while it is read.
    let size = file.take(limit + 1).read_to_end(&mut text)?;
    if size as u64 > limit { Err(io::ErrorKind::InvalidData.into()) } else { Ok(text) }
}

/// Creates a file that only the user may read, or empties the one that is there.
///
/// # Errors
/// What the system said; `InvalidData` for anything that cannot be ours.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let file = open(OpenOptions::new().write(true).create(true).mode(0o600), path)?;
    file.set_len(0)?;
    Ok(file)
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_regular_files_are_read_and_written_and_links_are_not_followed() {
        let directory = std::env::temp_dir().join(format!("tmcp-own-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let [plain, link, fifo] = ["plain", "link", "fifo"].map(|name| directory.join(name));
        create(&plain).unwrap().write_all(b"0123456789").unwrap();
        assert_eq!(read(&plain, 10).unwrap(), b"0123456789");
        assert_eq!(read(&plain, 9).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(create(&plain).unwrap().metadata().unwrap().len(), 0);

        symlink(&plain, &link).unwrap();
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        // With somebody at the other end, a FIFO could be opened for writing.
        let _reader = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        for path in [&link, &fifo, &directory] {
            assert!(read(path, 10).is_err(), "{}", path.display());
            assert!(create(path).is_err(), "{}", path.display());
        }
        fs::remove_dir_all(&directory).unwrap();
    }
}
