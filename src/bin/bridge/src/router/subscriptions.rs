//! Resources that clients of the legacy era watch, counted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asker, ClientId};

/// What is watched, and by whom.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    all: BTreeMap<String, Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    clients: BTreeSet<ClientId>,
    /// The server has agreed.
    is_confirmed: bool,
    /// Requests that wait for that: a client and its raw id.
    waiting: Vec<Asker>,
}

/// What a request for a subscription needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The server has to be asked.
    Ask,
    /// It was asked, and will answer.
    Wait,
    /// Nothing: the bridge answers.
    Nothing,
}

impl Subscriptions {
    /// A client wants to watch a resource.
    pub(super) fn add(&mut self, uri: &str, client: ClientId, raw_id: &[u8]) -> Wanted {
        let watched = self.all.entry(uri.to_owned()).or_default();
        let is_asked = !watched.waiting.is_empty();
        watched.clients.insert(client);
        if watched.is_confirmed {
            return Wanted::Nothing;
        }
        watched.waiting.push((client, raw_id.into()));
        if is_asked { Wanted::Wait } else { Wanted::Ask }
    }

    /// The server has answered; who waited, and whether anybody watches.
    pub(super) fn answered(&mut self, uri: &str, is_error: bool) -> (Vec<Asker>, bool) {
        let Some(watched) = self.all.get_mut(uri) else { return (Vec::new(), false) };
        let waiting = std::mem::take(&mut watched.waiting);
        watched.is_confirmed = !is_error;
        let is_watched = !is_error && !watched.clients.is_empty();
        if !is_watched {
            self.all.remove(uri);
        }
        (waiting, is_watched)
    }

    /// A client watches no more. True: nobody does, and the server has to be told.
    pub(super) fn remove(&mut self, uri: &str, client: ClientId) -> bool {
        let Some(watched) = self.all.get_mut(uri) else { return true };
        watched.clients.remove(&client);
        if !watched.clients.is_empty() {
            return false;
        }
        if watched.is_confirmed {
            self.all.remove(uri);
        }
        true
    }

    /// A client is gone; resources that nobody watches any more.
    pub(super) fn forget(&mut self, client: ClientId) -> Vec<String> {
        let mut free = Vec::new();
        for (uri, watched) in &mut self.all {
            watched.waiting.retain(|(waiting, _)| *waiting != client || watched.clients.len() > 1);
            if watched.clients.remove(&client) && watched.clients.is_empty() && watched.is_confirmed
            {
                free.push(uri.clone());
            }
        }
        for uri in &free {
            self.all.remove(uri);
        }
        free
    }

    /// Whether a client waits for an answer.
    pub(super) fn awaits(&self, client: ClientId) -> bool {
        self.all.values().any(|w| w.waiting.iter().any(|(waiting, _)| *waiting == client))
    }

    /// Clients that watch `uri`, or something that it is a part of ("sub-resource").
    pub(super) fn watchers(&self, uri: &str) -> BTreeSet<ClientId> {
        let watched = self.all.iter().filter(|(watched, _)| uri.starts_with(watched.as_str()));
        watched.flat_map(|(_, watched)| watched.clients.iter().copied()).collect()
    }

    /// All that is watched, for a new process.
    pub(super) fn confirmed(&self) -> Vec<String> {
        self.all.iter().filter(|(_, w)| w.is_confirmed).map(|(uri, _)| uri.clone()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// Parameters of `resources/subscribe` and `resources/unsubscribe`.
pub(super) fn params(uri: &str) -> Vec<u8> {
    let mut params = b"{\"uri\":".to_vec();
    tmcp::rpc::envelope::write_str(&mut params, uri);
    params.push(b'}');
    params
}
