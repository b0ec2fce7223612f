//! The one session with the server, up to 2025-11-25 begun by `initialize`.

use super::{Asker, ClientId};
use crate::message;

/// The session, and who waits for it.
#[derive(Debug)]
pub(super) struct Session {
    declared: Vec<&'static str>,
    /// Raw parameters of the first `initialize`.
    params: Vec<u8>,
    /// What the server answered.
    result: Option<Vec<u8>>,
    /// The number of the `initialize` in flight.
    pub(super) is_in_flight: Option<u64>,
    /// Clients whose `initialize` is not answered, with its raw id.
    waiting: Vec<Asker>,
    /// `notifications/initialized` was sent to this process.
    pub(super) is_initialized: bool,
    /// The same, while the process that it is for starts.
    pub(super) early: Option<Vec<u8>>,
    /// The server has answered `server/discover`.
    pub(super) is_modern: bool,
    /// The level of log messages that was asked for.
    pub(super) level: Option<usize>,
}

impl Session {
    pub(super) fn new(declared: Vec<&'static str>) -> Session {
        Session {
            declared,
            params: Vec::new(),
            result: None,
            is_in_flight: None,
            waiting: Vec::new(),
            is_initialized: false,
            early: None,
            is_modern: false,
            level: None,
        }
    }

    /// The answer to any further `initialize`.
    pub(super) fn result(&self) -> Option<&[u8]> {
        self.result.as_deref()
    }

    /// A client waits for the answer.
    pub(super) fn wait(&mut self, client: ClientId, raw_id: &[u8]) {
        self.waiting.push((client, raw_id.into()));
    }

    /// Whether a client waits for it.
    pub(super) fn awaits(&self, client: ClientId) -> bool {
        self.waiting.iter().any(|(waiting, _)| *waiting == client)
    }

    /// A client waits no more.
    pub(super) fn forget(&mut self, client: ClientId) {
        self.waiting.retain(|(waiting, _)| *waiting != client);
    }

    /// The parameters with which a session begins: those of the first client, with what
    /// is declared in any case.
    pub(super) fn begin(&mut self, params: &[u8]) -> Vec<u8> {
        self.params = params.to_vec();
        let declared = self.declared.clone();
        self.add_capabilities(declared.iter().map(|name| ((*name).to_owned(), b"{}".to_vec())));
        self.params.clone()
    }

    /// The parameters with which it begins again, with the capabilities of all clients.
    /// `None`: there was none.
    pub(super) fn resume<'a>(
        &mut self,
        clients: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Vec<u8>> {
        self.result.as_ref()?;
        self.is_initialized = false;
        for capabilities in clients {
            let all = message::names(capabilities).into_iter().filter_map(|name| {
                let value = message::member(capabilities, &[&name])?.to_vec();
                Some((name, value))
            });
            self.add_capabilities(all);
        }
        Some(self.params.clone())
    }

    fn add_capabilities(&mut self, all: impl Iterator<Item = (String, Vec<u8>)>) {
        let Some(known) = message::member(&self.params, &["capabilities"]) else { return };
        let mut known = known.to_vec();
        for (name, value) in all {
            if message::names(&known).contains(&name) || known.last() != Some(&b'}') {
                continue;
            }
            known.pop();
            if !message::names(&[&known[..], b"}"].concat()).is_empty() {
                known.push(b',');
            }
            tmcp::rpc::envelope::write_str(&mut known, &name);
            known.push(b':');
            known.extend_from_slice(&value);
            known.push(b'}');
        }
        self.params = message::replaced(&self.params, &["capabilities"], &known).into_owned();
    }

    /// The `initialize` in flight has ended; who waited for it.
    pub(super) fn ended(&mut self, is_error: bool, body: &[u8]) -> Vec<Asker> {
        self.is_in_flight = None;
        match is_error {
            true => (self.is_initialized, self.early) = (false, None),
            false => self.result = Some(body.to_vec()),
        }
        std::mem::take(&mut self.waiting)
    }

    /// The server refused to begin it again.
    pub(super) fn give_up(&mut self) {
        self.result = None;
        self.is_initialized = false;
    }

    /// For `--status`.
    pub(super) fn describe(&self) -> String {
        let version = message::text_member(self.result(), &["protocolVersion"]);
        match (version, self.is_modern) {
            (Some(version), _) => version,
            (None, true) => "stateless".into(),
            (None, false) => "none yet".into(),
        }
    }
}
