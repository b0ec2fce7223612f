//! Where each message goes. Does no I/O.
//!
//! Every request gets an id of the bridge's own, which is also its progress token, and is
//! never used again. So an answer finds exactly the client that asked, or nobody.
//!
//! Rules:
//! * One session with the server, whose era the first client decides. `initialize` is sent
//!   once; each further client is answered with what the server said.
//! * A request of the server goes to the client whose request is in flight. Where several
//!   have some in flight, or none has, it goes to the one that asked something last among
//!   those with the capability, those in flight first.
//! * A request is sent to at most one process after it left the bridge. When that process
//!   ends, the request is answered with an error that says so.

mod from_client;
mod from_server;
mod session;
mod subscriptions;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::message;
use session::Session;
use subscriptions::Subscriptions;

/// A connection of a client. Numbers are never used again.
pub(crate) type ClientId = usize;

/// A client that waits for an answer, and the raw id of its request.
type Asker = (ClientId, Box<[u8]>);

/// The request cannot be served by the bridge or its server now (JSON-RPC, "server error").
const SERVER_ERROR: i64 = -32000;
/// Most requests of a client that are in flight.
const MOST_IN_FLIGHT: usize = 1024;
/// Most requests that were cancelled and are not answered. Of more the oldest are forgotten.
const MOST_CANCELLED: usize = 1024;
/// Most requests that wait for a process to start.
const MOST_HELD: usize = 1024;
/// So many processes may end before they serve until those that wait are told.
const PATIENCE: u32 = 3;

/// A message that is to be sent.
#[derive(Debug)]
pub(crate) enum Outgoing {
    ToClient(ClientId, Vec<u8>),
    /// With the number of the request, if it is one.
    ToServer(Option<u64>, Vec<u8>),
}

/// What is known of a client.
#[derive(Debug, Default)]
struct Client {
    /// It has a session of the legacy era.
    has_session: bool,
    /// Raw capabilities of its `initialize`.
    capabilities: Vec<u8>,
    /// The level of log messages that it asked for.
    level: Option<usize>,
    /// Its requests, by their raw ids.
    requests: HashMap<Box<[u8]>, u64>,
    /// The number of its last request.
    last: u64,
}

/// A request that the server has not answered.
#[derive(Debug)]
struct Request {
    owner: Owner,
    kind: Kind,
    /// The raw progress token of the client.
    token: Option<Box<[u8]>>,
    is_cancelled: bool,
}

#[derive(Debug)]
enum Owner {
    Client(ClientId, Box<[u8]>),
    /// The bridge, for itself or for several clients.
    Bridge,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    /// `subscriptions/listen`, which goes on until somebody ends it.
    Listen,
    Discover,
    Initialize,
    Subscribe(String),
}

/// A request of the server that a client has not answered.
#[derive(Debug)]
struct ServerQuestion {
    client: ClientId,
    raw_id: Box<[u8]>,
}

/// Whether the process takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    /// It runs, and the session of the process before it is being made again.
    Resuming,
    Up,
}

/// The state of a bridge between clients and one server.
#[derive(Debug)]
pub(crate) struct Router {
    link: Link,
    clients: BTreeMap<ClientId, Client>,
    requests: HashMap<u64, Request>,
    questions: HashMap<u64, ServerQuestion>,
    session: Session,
    subscriptions: Subscriptions,
    /// Requests that wait for the process, in their order.
    held: VecDeque<(u64, Vec<u8>)>,
    cancelled: VecDeque<u64>,
    next: u64,
    /// Processes that ended without serving, one after the other.
    failures: u32,
    /// Why the last one ended, or could not be started.
    last_failure: String,
    out: VecDeque<Outgoing>,
    answered: u64,
}

impl Router {
    /// `declared`: capabilities of clients that the server is told of in any case.
    pub(crate) fn new(declared: Vec<&'static str>) -> Router {
        Router {
            link: Link::Down,
            clients: BTreeMap::new(),
            requests: HashMap::new(),
            questions: HashMap::new(),
            session: Session::new(declared),
            subscriptions: Subscriptions::default(),
            held: VecDeque::new(),
            cancelled: VecDeque::new(),
            next: 1,
            failures: 0,
            last_failure: String::new(),
            out: VecDeque::new(),
            answered: 0,
        }
    }

    /// The next message to be sent.
    pub(crate) fn poll(&mut self) -> Option<Outgoing> {
        self.out.pop_front()
    }

    /// A client has connected.
    pub(crate) fn connected(&mut self, client: ClientId) {
        self.clients.insert(client, Client::default());
    }

    /// A client is gone: its requests are cancelled, and its questions answered.
    pub(crate) fn disconnected(&mut self, client: ClientId) {
        let Some(gone) = self.clients.remove(&client) else { return };
        let mut numbers: Vec<u64> = gone.requests.into_values().collect();
        numbers.sort_unstable();
        for number in numbers {
            self.abandon(number, "the client has gone");
        }
        let mut questions: Vec<u64> =
            self.questions.iter().filter(|(_, q)| q.client == client).map(|(n, _)| *n).collect();
        questions.sort_unstable();
        for number in questions {
            if let Some(question) = self.questions.remove(&number) {
                let text = message::refusal(&question.raw_id, SERVER_ERROR, "the client has gone");
                self.tell_server(text);
            }
        }
        self.session.forget(client);
        for uri in self.subscriptions.forget(client) {
            self.unsubscribe_for_nobody(&uri);
        }
    }

    /// A process runs and takes requests.
    pub(crate) fn server_started(&mut self) {
        if let Some(params) =
            self.session.resume(self.clients.values().map(|c| &c.capabilities[..]))
        {
            self.link = Link::Resuming;
            let number = self.number();
            self.session.is_in_flight = Some(number);
            self.insert(number, Owner::Bridge, Kind::Initialize, None);
            let text = message::request(number, b"\"initialize\"", Some(&params));
            self.out.push_back(Outgoing::ToServer(Some(number), text));
            return;
        }
        self.link = Link::Up;
        self.release();
    }

    /// The process has ended. `unsent`: requests of which it cannot have run anything,
    /// because their last byte did not leave.
    pub(crate) fn server_lost(&mut self, why: &str, unsent: Vec<(u64, Vec<u8>)>) {
        self.link = Link::Down;
        self.failures += 1;
        why.clone_into(&mut self.last_failure);
        self.questions_gone();
        self.session.is_modern = false;
        for (number, text) in unsent.into_iter().rev() {
            if self.requests.contains_key(&number) && self.session.is_in_flight != Some(number) {
                self.held.push_front((number, text));
            }
        }
        let held: Vec<u64> = self.held.iter().map(|(number, _)| *number).collect();
        let mut lost: Vec<u64> =
            self.requests.keys().copied().filter(|number| !held.contains(number)).collect();
        lost.sort_unstable();
        for number in lost {
            let is_handshake = self.session.is_in_flight == Some(number);
            let text = match is_handshake {
                true => format!("{why}, before it answered initialize"),
                false => format!(
                    "outcome unknown: {why} while the request was in flight; it may have run, and was not repeated"
                ),
            };
            self.fail(number, &text);
        }
        if self.failures >= PATIENCE {
            self.fail_held(why);
        }
    }

    /// No process can be started.
    pub(crate) fn server_failed(&mut self, why: &str) {
        self.link = Link::Down;
        self.failures += 1;
        why.clone_into(&mut self.last_failure);
        self.fail_held(why);
    }

    /// Bytes of requests that wait for a process.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held.iter().map(|(_, text)| text.len()).sum()
    }

    /// Whether the process has answered a request.
    pub(crate) fn is_serving(&self) -> bool {
        self.failures == 0
    }

    /// Whether somebody waits for a process.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.clients.is_empty()
    }

    /// Whether a client has requests in flight that will be answered.
    pub(crate) fn awaits_answers(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_some_and(|client| {
            client.requests.values().any(|number| {
                self.requests.get(number).is_some_and(|r| r.kind != Kind::Listen && !r.is_cancelled)
            })
        }) || self.session.awaits(client)
            || self.subscriptions.awaits(client)
    }

    /// Numbers for `--status`.
    pub(crate) fn status(&self) -> String {
        let in_flight = self.requests.values().filter(|r| !r.is_cancelled).count();
        format!(
            "Session: {}\nRequests in flight: {in_flight}\nRequests waiting: {}\nRequests answered: {}\nQuestions open: {}\nSubscriptions: {}\n",
            self.session.describe(),
            self.held.len(),
            self.answered,
            self.questions.len(),
            self.subscriptions.len(),
        )
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn insert(&mut self, number: u64, owner: Owner, kind: Kind, token: Option<Box<[u8]>>) {
        self.requests.insert(number, Request { owner, kind, token, is_cancelled: false });
    }

    fn tell_client(&mut self, client: ClientId, text: Vec<u8>) {
        if self.clients.contains_key(&client) {
            self.out.push_back(Outgoing::ToClient(client, text));
        }
    }

    /// A message that is no request. Without a process it concerns nobody.
    fn tell_server(&mut self, text: Vec<u8>) {
        if self.link != Link::Down {
            self.out.push_back(Outgoing::ToServer(None, text));
        }
    }

    /// A request, now or as soon as there is a process.
    fn send_request(&mut self, number: u64, text: Vec<u8>) {
        if self.link == Link::Up {
            return self.out.push_back(Outgoing::ToServer(Some(number), text));
        }
        if self.link == Link::Down && self.failures >= PATIENCE {
            // The next process is tried after a while, and may end as those before it.
            let why = std::mem::take(&mut self.last_failure);
            self.fail(number, &format!("{why}; the request was not sent and may be repeated"));
            self.last_failure = why;
            return;
        }
        if self.held.len() >= MOST_HELD {
            return self
                .fail(number, "the server is down and too many requests wait for it; not sent");
        }
        self.held.push_back((number, text));
    }

    /// Sends what waited for the process.
    fn release(&mut self) {
        for (number, text) in std::mem::take(&mut self.held) {
            self.out.push_back(Outgoing::ToServer(Some(number), text));
        }
    }

    fn fail_held(&mut self, why: &str) {
        for (number, _) in std::mem::take(&mut self.held) {
            self.fail(number, &format!("{why}; the request was not sent and may be repeated"));
        }
    }

    /// Ends a request with an error of the bridge.
    fn fail(&mut self, number: u64, why: &str) {
        let mut body = format!("{{\"code\":{SERVER_ERROR},\"message\":").into_bytes();
        tmcp::rpc::envelope::write_str(&mut body, why);
        body.push(b'}');
        self.finish(number, true, &body);
    }

    /// Forgets a request that nobody waits for any more, and tells the server.
    fn abandon(&mut self, number: u64, why: &str) {
        if self.requests.remove(&number).is_none() {
            return;
        }
        let before = self.held.len();
        self.held.retain(|(held, _)| *held != number);
        if self.held.len() == before {
            let params = format!("{{\"requestId\":{number},\"reason\":\"{why}\"}}");
            self.tell_server(message::notification(
                b"\"notifications/cancelled\"",
                Some(params.as_bytes()),
            ));
        }
    }

    /// Tells the clients that nobody waits for their answers.
    fn questions_gone(&mut self) {
        let mut gone: Vec<_> =
            self.questions.drain().map(|(number, q)| (number, q.client)).collect();
        gone.sort_unstable();
        for (number, client) in gone {
            let params = format!("{{\"requestId\":{number},\"reason\":\"the server has ended\"}}");
            let text =
                message::notification(b"\"notifications/cancelled\"", Some(params.as_bytes()));
            self.tell_client(client, text);
        }
    }

    /// A subscription that nobody has any more.
    fn unsubscribe_for_nobody(&mut self, uri: &str) {
        if self.link != Link::Up {
            return;
        }
        let number = self.number();
        self.insert(number, Owner::Bridge, Kind::Plain, None);
        let params = subscriptions::params(uri);
        let text = message::request(number, b"\"resources/unsubscribe\"", Some(&params));
        self.send_request(number, text);
    }
}

#[cfg(test)]
mod tests;
