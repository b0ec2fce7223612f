//! What ran: the journal file, the counters, the pid file.
//!
//! Invariant: a call is in the journal before its tool has any effect, with one
//! write on an O_APPEND descriptor, so that lines of several processes stay whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Value, json};

/// The record of this process's tool calls.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Option<File>,
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Journal {
    /// A journal that also appends to `path`, if there is one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Journal, String> {
        let file = match path {
            Some(path) => Some(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(path)
                    .map_err(|e| format!("journal {}: {e}", path.display()))?,
            ),
            None => None,
        };
        Ok(Journal { file, counts: Mutex::default() })
    }

    /// Records that a call is about to run.
    pub(crate) fn record(&self, id: &Value, tool: &str, arguments: &Value) {
        if let Some(mut file) = self.file.as_ref() {
            let pid = std::process::id();
            let line = json!({"id": id, "tool": tool, "arguments": arguments, "pid": pid});
            // A journal that cannot be written would make a test trust a lie.
            if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
                crate::complain(&format!("journal: {error}"));
                std::process::exit(1);
            }
        }
        let mut counts = self.lock();
        match counts.get_mut(tool) {
            Some(count) => *count += 1,
            None => drop(counts.insert(tool.to_string(), 1)),
        }
    }

    /// Calls so far, by tool.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Writes the pid file in one step, so that who waits for it never reads half.
pub(crate) fn write_pids(path: &Path, grandchild: Option<u32>) -> Result<(), String> {
    let mut text = format!("{}\n", std::process::id());
    if let Some(pid) = grandchild {
        text.push_str(&format!("{pid}\n"));
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, text)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|e| format!("pid file {}: {e}", path.display()))
}
