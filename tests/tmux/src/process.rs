//! Processes as `/proc` shows them.

use std::collections::HashMap;
use std::fs;
use std::io;

/// One process. Its start time tells it from a later one with the same pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// The process id.
    pub pid: i32,
    started: u64,
}

/// The fields of `/proc/PID/stat` that matter here.
struct Stat {
    state: char,
    parent: i32,
    started: u64,
}

impl Stat {
    fn read(pid: i32) -> Option<Stat> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name of the program may have spaces and parentheses of its own.
        let (_, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        Some(Stat {
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

impl Process {
    /// The process that has this pid now.
    #[must_use]
    pub fn of(pid: i32) -> Option<Process> {
        Some(Process { pid, started: Stat::read(pid)?.started })
    }

    /// Whether it still runs. A zombie that was not ours to reap does not.
    #[must_use]
    pub fn runs(self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.started == self.started && stat.state != 'Z')
    }

    /// Whether it is dead and nobody has reaped it.
    #[must_use]
    pub fn is_zombie(self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.started == self.started && stat.state == 'Z')
    }

    /// Sends a signal, if it is still this process.
    ///
    /// # Panics
    /// When the signal cannot be sent to a process that exists.
    pub fn signal(self, signal: i32) {
        if !self.runs() {
            return;
        }
        // SAFETY: kill(2) takes no pointers.
        if unsafe { libc::kill(self.pid, signal) } != 0 {
            let error = io::Error::last_os_error();
            assert_eq!(error.raw_os_error(), Some(libc::ESRCH), "kill {}: {error}", self.pid);
        }
    }

    /// Its children, zombies among them.
    #[must_use]
    pub fn children(self) -> Vec<Process> {
        family().remove(&self.pid).unwrap_or_default()
    }

    /// All that descend from it and still hang together.
    #[must_use]
    pub fn descendants(self) -> Vec<Process> {
        let mut family = family();
        let mut found = Vec::new();
        let mut next = vec![self];
        while let Some(process) = next.pop() {
            let children = family.remove(&process.pid).unwrap_or_default();
            found.extend(&children);
            next.extend(children);
        }
        found
    }

    /// How many descriptors it has open.
    ///
    /// # Panics
    /// When it has gone.
    #[must_use]
    pub fn descriptors(self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid)).expect("the process lives").count()
    }

    /// The open descriptors, one a line, for the message of a failed assertion.
    #[must_use]
    pub fn descriptor_list(self) -> String {
        let Ok(entries) = fs::read_dir(format!("/proc/{}/fd", self.pid)) else {
            return "gone".into();
        };
        entries
            .flatten()
            .map(|entry| {
                let target = fs::read_link(entry.path()).unwrap_or_default();
                format!("{} {}\n", entry.file_name().to_string_lossy(), target.display())
            })
            .collect()
    }
}

/// All processes by their parents.
fn family() -> HashMap<i32, Vec<Process>> {
    let mut family: HashMap<i32, Vec<Process>> = HashMap::new();
    for entry in fs::read_dir("/proc").expect("there is a /proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(stat) = Stat::read(pid) {
            family.entry(stat.parent).or_default().push(Process { pid, started: stat.started });
        }
    }
    family
}
