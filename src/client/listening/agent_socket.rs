//! Where the socket for agents may be: in a directory that nobody else gets into.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use crate::client::private_socket::PrivateSocket;
use crate::error::{Error, Kind, Result};
use crate::sys::{peer, socket};

/// Listens at `path`. The directory is made where it is missing, with mode 0700.
pub(super) fn open(path: &Path) -> Result<PrivateSocket> {
    let shown = path.display();
    let invalid = |what: String| Error::new(Kind::Invalid, what);
    let length = path.as_os_str().len();
    if !path.is_absolute() {
        return Err(invalid(format!("'{shown}' is no absolute path")));
    }
    if length > socket::MAX_PATH {
        let most = socket::MAX_PATH;
        return Err(invalid(format!(
            "'{shown}' is {length} bytes long and the system allows {most}"
        )));
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    own_directory(directory)?;
    PrivateSocket::bind(path).map_err(|error| {
        let text = crate::sys::sentence(&error);
        Error::new(Kind::Io, format!("cannot listen on '{shown}': {text}"))
    })
}

/// Makes the directory where it is missing. Fails unless it is ours alone.
fn own_directory(directory: &Path) -> Result<()> {
    let shown = directory.display();
    let failed = |what: String| Error::new(Kind::Io, what);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|e| {
        failed(format!("cannot make the directory '{shown}': {}", crate::sys::sentence(&e)))
    })?;
    let meta = fs::metadata(directory)
        .map_err(|e| failed(format!("'{shown}': {}", crate::sys::sentence(&e))))?;
    let (uid, ours) = (meta.uid(), peer::our_uid());
    if uid != ours {
        return Err(failed(format!("the directory '{shown}' belongs to user {uid}, not to you")));
    }
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let what = format!(
            "others get into the directory '{shown}' (mode {mode:04o}); use one of mode 0700"
        );
        return Err(failed(what));
    }
    Ok(())
}
