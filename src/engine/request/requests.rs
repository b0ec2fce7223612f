//! The table of the requests that have not ended.
//!
//! Invariant: `open` counts, for each server, the requests of the host in the table
//! that [`Requests::assign`] gave to it.

use crate::engine::request::Request;
use crate::engine::{IdMap, RequestId, ServerId};

/// Room for requests that is kept while there are none.
const KEPT: usize = 64;

/// Every request that has not ended.
#[derive(Debug, Default)]
pub(in crate::engine) struct Requests {
    /// Boxed, because a request is moved often, and the table has room for more than there are.
    all: IdMap<RequestId, Box<Request>>,
    /// Requests of the host by server, indexed by `ServerId`.
    open: Vec<usize>,
    /// Requests so far.
    count: u64,
}

impl Requests {
    /// Adds a request under an id of its own.
    pub(in crate::engine) fn insert(&mut self, request: Box<Request>) -> RequestId {
        self.count += 1;
        let id = RequestId(self.count);
        self.all.insert(id, request);
        id
    }

    /// Gives a request to a server. One that has a server keeps it.
    pub(in crate::engine) fn assign(&mut self, id: RequestId, server: ServerId) {
        let Some(request) = self.all.get_mut(&id) else { return };
        if request.server.is_some() {
            return;
        }
        request.server = Some(server);
        if request.internal {
            return;
        }
        let index = server.0 as usize;
        if self.open.len() <= index {
            self.open.resize(index + 1, 0);
        }
        self.open[index] += 1;
    }

    /// Takes a request out.
    pub(in crate::engine) fn remove(&mut self, id: RequestId) -> Option<Box<Request>> {
        let request = self.all.remove(&id)?;
        if let (Some(server), false) = (request.server, request.internal) {
            self.open[server.0 as usize] -= 1;
        }
        if self.all.is_empty() && self.all.capacity() > KEPT {
            self.all = IdMap::default();
        }
        Some(request)
    }

    pub(in crate::engine) fn get(&self, id: &RequestId) -> Option<&Request> {
        self.all.get(id).map(Box::as_ref)
    }

    pub(in crate::engine) fn get_mut(&mut self, id: &RequestId) -> Option<&mut Request> {
        self.all.get_mut(id).map(Box::as_mut)
    }

    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = (RequestId, &Request)> {
        self.all.iter().map(|(id, request)| (*id, &**request))
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many requests of the host a server has.
    pub(in crate::engine) fn open(&self, server: ServerId) -> usize {
        self.open.get(server.0 as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::request::RequestKind;
    use crate::time::Time;

    fn request(internal: bool) -> Box<Request> {
        match internal {
            true => Request::internal(Time::ZERO, Arc::from("s"), RequestKind::Ready),
            false => Request::of_host(Time::ZERO, Arc::from("s"), RequestKind::Ready, None, 0),
        }
    }

    #[test]
    fn room_for_many_requests_is_given_back_once_there_are_none() {
        let mut requests = Requests::default();
        for many in [KEPT / 2, 10 * KEPT] {
            let ids: Vec<RequestId> = (0..many).map(|_| requests.insert(request(false))).collect();
            assert!(requests.all.capacity() >= many);
            ids.into_iter().for_each(|id| drop(requests.remove(id)));
            assert!(requests.all.capacity() <= KEPT, "{many}");
        }
    }

    #[test]
    fn the_requests_of_the_host_are_counted_by_server() {
        let mut requests = Requests::default();
        let ids: Vec<RequestId> =
            [false, false, true].map(|internal| requests.insert(request(internal))).into();
        assert_eq!(requests.open(ServerId(3)), 0);
        for id in &ids {
            requests.assign(*id, ServerId(3));
            requests.assign(*id, ServerId(1));
        }
        assert_eq!((requests.open(ServerId(3)), requests.open(ServerId(1))), (2, 0));
        for (id, left) in ids.into_iter().zip([1, 0, 0]) {
            assert!(requests.remove(id).is_some() && requests.remove(id).is_none());
            assert_eq!(requests.open(ServerId(3)), left);
        }
        assert!(requests.is_empty());
    }
}
