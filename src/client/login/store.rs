//! The file with the tokens, which all processes of the user share.
//!
//! Invariants:
//! - The file is read and written by the user alone (0600), in a directory of the user
//!   (0700). A file that others can read or that belongs to another user is not used.
//! - It is written under a lock, after it has been read under that lock, and replaced whole.
//! - Nobody waits for the lock: who does not get it tries again later.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::client::own;
use crate::oauth::Grant;
use crate::sys::{self, file_lock};

/// Largest file that is believed to be ours.
const MAX_BYTES: u64 = 1 << 20;
/// Authorization servers that are remembered for one server.
const ISSUERS: usize = 4;

/// The file.
#[derive(Clone, Debug)]
pub(super) struct TokenStore {
    path: PathBuf,
}

/// The right to write the file.
#[derive(Debug)]
pub(super) struct StoreLock {
    _file: File,
}

/// What is in the file: by the address of a server, grants of each authorization server; the
/// first is in force.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredGrants {
    #[serde(default)]
    servers: BTreeMap<String, Vec<Grant>>,
}

impl TokenStore {
    pub(super) fn new(path: PathBuf) -> TokenStore {
        TokenStore { path }
    }

    /// Reads the file; without one there are no grants.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(super) fn read(&self) -> Result<StoredGrants, String> {
        let failed = |why: &str| format!("{} {why}", self.path.display());
        let meta = match fs::symlink_metadata(&self.path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(StoredGrants::default());
            }
            Err(error) => {
                return Err(failed(&format!("cannot be read: {}", sys::sentence(&error))));
            }
        };
        if meta.uid() != sys::peer::our_uid() {
            return Err(failed("belongs to another user: it is not used"));
        }
        if meta.is_file() && meta.mode() & 0o077 != 0 {
            let mode = meta.mode() & 0o777;
            return Err(failed(&format!(
                "can be read or written by others (mode {mode:o}): chmod 600 it, or remove it"
            )));
        }
        let text = own::read(&self.path, MAX_BYTES)
            .map_err(|error| failed(&format!("cannot be read: {}", sys::sentence(&error))))?;
        serde_json::from_slice(&text).map_err(|_| failed("holds no tokens: remove it"))
    }

    /// The lock, if no other process has it.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(super) fn try_lock(&self) -> Result<Option<StoreLock>, String> {
        let path = self.path.with_extension("lock");
        let failed = |error: io::Error| {
            format!("{} cannot be locked: {}", path.display(), sys::sentence(&error))
        };
        self.make_directory().map_err(failed)?;
        let file = own::create(&path).map_err(failed)?;
        let is_ours = file_lock::try_lock(&file).map_err(failed)?;
        Ok(is_ours.then_some(StoreLock { _file: file }))
    }

    /// Replaces the file.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(super) fn write(&self, _lock: &StoreLock, grants: &StoredGrants) -> Result<(), String> {
        let written = self.replace(grants);
        written.map_err(|error| {
            format!("{} cannot be written: {}", self.path.display(), sys::sentence(&error))
        })
    }

    /// Puts a grant into the file.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(super) fn put(&self, lock: &StoreLock, address: &str, grant: &Grant) -> Result<(), String> {
        let mut grants = self.read()?;
        grants.set(address, grant.clone());
        self.write(lock, &grants)
    }

    fn replace(&self, grants: &StoredGrants) -> io::Result<()> {
        // One process at a time has the lock, so the name is nobody else's.
        let temporary = self.path.with_extension("new");
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = own::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(grants)?)?;
        drop(file);
        fs::rename(&temporary, &self.path)
    }

    fn make_directory(&self) -> io::Result<()> {
        let Some(directory) = self.path.parent() else { return Ok(()) };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let meta = fs::metadata(directory)?;
        if meta.mode() & 0o077 != 0 && meta.uid() == sys::peer::our_uid() {
            let mut rights = meta.permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o700);
            fs::set_permissions(directory, rights)?;
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl StoredGrants {
    /// The grant in force for a server.
    pub(super) fn get(&self, address: &str) -> Option<&Grant> {
        self.servers.get(address)?.first()
    }

    /// Puts a grant into force, in place of one of the same authorization server.
    pub(super) fn set(&mut self, address: &str, grant: Grant) {
        let grants = self.servers.entry(address.to_owned()).or_default();
        grants.retain(|known| known.issuer != grant.issuer);
        grants.insert(0, grant);
        grants.truncate(ISSUERS);
    }

    /// Takes the grant in force out.
    pub(super) fn remove_first(&mut self, address: &str) {
        if let Some(grants) = self.servers.get_mut(address) {
            if !grants.is_empty() {
                grants.remove(0);
            }
            if grants.is_empty() {
                self.servers.remove(address);
            }
        }
    }

    /// Takes all grants of a server out. False: there were none.
    pub(super) fn remove(&mut self, address: &str) -> bool {
        self.servers.remove(address).is_some()
    }

    /// The grants in force.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Grant)> {
        self.servers
            .iter()
            .filter_map(|(address, grants)| Some((address.as_str(), grants.first()?)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn store(name: &str) -> (PathBuf, TokenStore) {
        let directory =
            std::env::temp_dir().join(format!("tmcp-tokens-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        let store = TokenStore::new(directory.join("tokens.json"));
        (directory, store)
    }

    fn grant(issuer: &str, token: &str) -> Grant {
        let (issuer, access_token) = (issuer.to_owned(), token.to_owned());
        Grant { issuer, access_token, ..Grant::default() }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn grants_come_back_and_nobody_else_can_read_them() {
        let (directory, store) = store("kept");
        fs::create_dir_all(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(store.read().unwrap().iter().count(), 0);
        let lock = store.try_lock().unwrap().expect("nobody has it");
        assert!(store.try_lock().unwrap().is_none());
        let mut grants = StoredGrants::default();
        for (issuer, token) in [("i", "1"), ("j", "2"), ("i", "3")] {
            grants.set("https://h/mcp", grant(issuer, token));
        }
        store.write(&lock, &grants).unwrap();
        assert_eq!((mode(&directory), mode(store.path())), (0o700, 0o600));
        let mut again = store.read().unwrap();
        assert_eq!(again.get("https://h/mcp").unwrap().access_token, "3");
        again.remove_first("https://h/mcp");
        assert_eq!(again.get("https://h/mcp").unwrap().access_token, "2");
        assert!(again.remove("https://h/mcp") && !again.remove("https://h/mcp"));
        drop(lock);
        assert!(store.try_lock().unwrap().is_some());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let (directory, store) = store("loose");
        let lock = store.try_lock().unwrap().expect("nobody has it");
        store.write(&lock, &StoredGrants::default()).unwrap();
        for loose in [0o640, 0o604, 0o620] {
            fs::set_permissions(store.path(), fs::Permissions::from_mode(loose)).unwrap();
            let told = store.read().unwrap_err();
            let expected = format!("by others (mode {loose:o}): chmod 600 it, or remove it");
            assert!(told.ends_with(&expected), "{told}");
        }
        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(store.read().is_ok());
        fs::write(store.path(), "{\"servers\": 3}").unwrap();
        assert!(store.read().unwrap_err().ends_with("holds no tokens: remove it"));
        fs::remove_dir_all(directory).unwrap();
    }
}
