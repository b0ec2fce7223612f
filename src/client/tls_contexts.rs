//! The TLS contexts of all servers, so that connections to one server share its tickets and
//! files are read once.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::SystemTime;

use crate::channel::{ConnectError, TlsContext, TlsFiles};
use crate::config::Tls;

/// Entries in use are few. Beyond this all are made anew.
const MOST: usize = 64;

/// Contexts by what they were made of.
#[derive(Debug, Default)]
pub(super) struct TlsContexts {
    made: Vec<(Made, TlsContext)>,
}

/// What a context was made of: with another file it is out of date.
#[derive(Debug, PartialEq)]
struct Made {
    files: TlsFiles,
    bundle: Option<OsString>,
    /// Length and time of each file.
    seen: Vec<Option<(u64, SystemTime)>>,
}

impl TlsContexts {
    /// The context of an entry.
    ///
    /// # Errors
    ///
    /// As [`TlsContext::new`].
    pub(super) fn context(
        &mut self,
        tls: &Tls,
        env: &[(OsString, OsString)],
    ) -> Result<TlsContext, ConnectError> {
        let files = TlsFiles {
            ca: tls.ca.clone(),
            cert: tls.cert.clone(),
            key: tls.key.clone(),
            insecure: tls.insecure,
        };
        let bundle = env.iter().rev().find(|(name, _)| name == "SSL_CERT_FILE");
        let bundle = bundle.map(|(_, value)| value.clone()).filter(|value| !value.is_empty());
        let bundle = bundle.filter(|_| files.ca.is_none() && !files.insecure);
        let paths = [&files.ca, &files.cert, &files.key].into_iter().filter_map(Option::as_deref);
        let seen = paths.chain(bundle.as_deref().map(Path::new)).map(look).collect();
        let made = Made { files, bundle, seen };
        if let Some((_, context)) = self.made.iter().find(|(known, _)| *known == made) {
            return Ok(context.clone());
        }
        let context = TlsContext::new(&made.files, made.bundle.as_deref().map(OsStr::new))?;
        if self.made.len() >= MOST {
            self.made.clear();
        }
        // The same files as they were before are of no more use.
        self.made.retain(|(known, _)| known.files != made.files || known.bundle != made.bundle);
        self.made.push((made, context.clone()));
        Ok(context)
    }
}

fn look(path: &Path) -> Option<(u64, SystemTime)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}
