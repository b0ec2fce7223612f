//! How many questions servers may put: so many open, so many bytes of them, and so
//! many a second, of each server and of all.

use crate::engine::allowance::Allowance;
use crate::engine::event::Asks;
use crate::engine::{Engine, ServerId};
use crate::time::Time;

/// Questions of one server that are open at once.
pub(super) const OPEN: usize = 8;
/// Questions of all servers that are open at once.
pub(super) const OPEN_IN_ALL: usize = 32;
/// Bytes of the open questions of one server, and of all: beyond them one alone is
/// let through, and no other beside it.
const BYTES: usize = 4 << 20;
const BYTES_IN_ALL: usize = 16 << 20;
/// Questions of one server in a second, and at once.
pub(in crate::engine) const RATE: Allowance = Allowance::new(10, 40);

impl Asks {
    /// Its bytes.
    pub(super) fn size(&self) -> usize {
        match self {
            Asks::Form { message, schema } => message.len() + schema.len(),
            Asks::Url { message, url } => message.len() + url.len(),
            Asks::Sample { params } => params.len(),
        }
    }
}

impl Engine {
    /// Whether a server may put one more question; why not, in words for it.
    ///
    /// # Errors
    /// The sentence.
    pub(super) fn room_for(
        &mut self,
        now: Time,
        server: ServerId,
        asks: &Asks,
    ) -> Result<(), &'static str> {
        let own = || self.questions.values().filter(|open| open.server == server);
        let bytes = |all: usize, open: &super::Pending| all.saturating_add(open.bytes);
        let (count, held) = (own().count(), own().fold(0, bytes));
        let held_in_all = self.questions.values().fold(0, bytes);
        let size = asks.size();
        if count >= OPEN || (count > 0 && held.saturating_add(size) > BYTES) {
            return Err("too many questions of this server are open");
        }
        let (all, beyond) = (self.questions.len(), held_in_all.saturating_add(size) > BYTES_IN_ALL);
        if all >= OPEN_IN_ALL || (all > 0 && beyond) {
            return Err("too many questions are open");
        }
        if !self.server_mut(server).asking.take(now, 1) {
            return Err("too many questions at once");
        }
        Ok(())
    }
}
