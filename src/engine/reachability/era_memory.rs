//! The era of a server before its next handshake.

use std::mem;

use crate::config::Era;
use crate::session::negotiation::Prior;

/// What earlier handshakes have shown of the server's era.
#[derive(Debug, Default)]
pub(super) struct EraMemory {
    /// The era of the last session, or of one in an earlier run.
    last: Option<Era>,
    /// The next handshake leaves `server/discover` out, because a server ended or stayed
    /// silent after it.
    skips_probe: bool,
    /// The handshake that failed was repeated in the other way. Another failure is told.
    repeated: bool,
}

impl EraMemory {
    /// The server had this era in an earlier run.
    pub(super) fn new(last: Option<Era>) -> EraMemory {
        EraMemory { last, ..EraMemory::default() }
    }

    /// How the next handshake begins. `pinned` is the era of the configuration.
    pub(super) fn prior(&self, pinned: Option<Era>) -> Prior {
        match (pinned, self.last) {
            (Some(Era::Modern), _) => Prior::Modern,
            (Some(Era::Legacy), _) => Prior::Legacy,
            (None, Some(Era::Legacy)) => Prior::Legacy,
            _ if self.skips_probe => Prior::Legacy,
            _ => Prior::Unknown,
        }
    }

    /// The era of the last session, or of one in an earlier run.
    pub(super) fn last(&self) -> Option<Era> {
        self.last
    }

    /// A session stands. True: its era is another one than the last.
    pub(super) fn learn(&mut self, era: Era) -> bool {
        self.repeated = false;
        self.last.replace(era) != Some(era)
    }

    /// Takes the last era out, because it may be why a handshake failed.
    pub(super) fn forget(&mut self) -> Option<Era> {
        self.last.take()
    }

    /// A handshake failed that may do better in the other way: without the probe if the
    /// server was `probed`, else with it. True: it is to be repeated, which happens once.
    pub(super) fn repeats(&mut self, probed: bool) -> bool {
        if mem::replace(&mut self.repeated, true) {
            return false;
        }
        self.skips_probe = probed;
        true
    }

    /// The next failure of a handshake is told, whatever the way.
    pub(super) fn repeat_no_more(&mut self) {
        self.repeated = true;
    }

    /// A failed handshake is told. The next one may be repeated again.
    pub(super) fn failure_told(&mut self) {
        self.repeated = false;
    }

    /// Sets whether the next handshake leaves the probe out.
    pub(super) fn set_skips_probe(&mut self, skips: bool) {
        self.skips_probe = skips;
    }
}
