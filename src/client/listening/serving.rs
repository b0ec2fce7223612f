//! What agents ask for becomes requests of the engine, and what becomes of those is told to
//! the agents.

use std::path::Path;
use std::sync::Arc;

use crate::client::Client;
use crate::config::Directory;
use crate::engine::{
    AgentCall, Arguments, CallTool, Event, Listing, Pair, Reference, Reply, RequestId, Unfinished,
};
use crate::error::{Error, Kind, Result};
use crate::listener::{AgentRequest, AgentRequestId, Demand};
use crate::sys::{clock, peer};
use crate::time::Time;

use super::Owner;

/// Longest arguments of a call, in bytes, that are kept for the history of the host.
const KEPT_ARGUMENTS: usize = 64 << 10;
/// Events of agents that are handled before the host has its turn.
const EVENTS: usize = 64;

impl Client {
    /// Does what an agent asks for.
    pub(super) fn meet_demands(&mut self, now: Time, number: usize) {
        loop {
            let Some(listening) = &mut self.listening else { return };
            let Some(link) = listening.agents.get_mut(&number) else { return };
            let Some(demand) = link.agent.next_demand() else { break };
            match demand {
                Demand::Hello { server, directory } => {
                    let pid = link.agent.pid();
                    if self.is_own_server(pid) {
                        self.refuse_agent(number, &leads_nowhere(&server));
                        continue;
                    }
                    let path = Path::new(&directory);
                    let path = if path.is_absolute() { path } else { Path::new("/") };
                    self.refresh(Some(path));
                    let directory = self.sources.directory(now, path);
                    if let Some(listening) = &mut self.listening {
                        listening.resolving.push((number, server, directory));
                    }
                }
                Demand::Start(request, asked) => self.start_for_agent(now, number, request, asked),
                Demand::Cancel(request) => {
                    let who = link.agent.who();
                    if let Some(id) = link.requests.remove(&request) {
                        self.cancel_for_agent(now, id, &who, "cancelled by the agent");
                    }
                }
            }
        }
        self.carry_out(now);
    }

    /// Whether a process is a server of ours, or was started by one.
    fn is_own_server(&self, pid: i32) -> bool {
        let group = peer::group(pid);
        let mut children = self.links.values().filter_map(|link| link.channel.child());
        children.any(|child| child.pid() == pid || Some(child.pid()) == group)
    }

    fn refuse_agent(&mut self, number: usize, why: &str) {
        let Some(listening) = &mut self.listening else { return };
        if let Some(link) = listening.agents.get_mut(&number) {
            link.agent.refuse(why);
        }
    }

    /// Looks up the server that an agent named.
    pub(super) fn resolve_agent(
        &mut self,
        now: Time,
        number: usize,
        name: &str,
        directory: &Arc<Directory>,
    ) {
        let found = self.engine.resolve_at(name, directory).map(str::to_owned);
        let Some(listening) = &mut self.listening else { return };
        let Some(link) = listening.agents.get_mut(&number) else { return };
        match found {
            Ok(id) => link.agent.accept(&id, name),
            Err(error) => link.agent.refuse(error.message()),
        }
        self.meet_demands(now, number);
        self.settle_agent(now, number);
    }

    fn start_for_agent(
        &mut self,
        now: Time,
        number: usize,
        request: AgentRequestId,
        asked: AgentRequest,
    ) {
        let Some(listening) = &mut self.listening else { return };
        let Some(link) = listening.agents.get_mut(&number) else { return };
        let server = link.agent.server().to_owned();
        if asked == AgentRequest::Offers {
            if let Ok((Some(offers), true)) = self.engine.offers(&server) {
                return link.agent.offered(request, Ok(offers));
            }
        }
        let mut owner = Owner {
            link: number,
            request,
            is_handshake: asked == AgentRequest::Offers,
            server: Arc::from(server.as_str()),
            tool: Box::default(),
            arguments: Box::default(),
            begun: now,
        };
        if let AgentRequest::Call { tool, arguments } = &asked {
            owner.tool = tool.as_str().into();
            if arguments.len() <= KEPT_ARGUMENTS {
                owner.arguments = arguments.as_str().into();
            }
        }
        let begun = self.begin_for_agent(now, &server, asked);
        let Some(listening) = &mut self.listening else { return };
        let Some(link) = listening.agents.get_mut(&number) else { return };
        match begun {
            Ok(id) => {
                link.requests.insert(request, id);
                listening.owners.insert(id, owner);
            }
            Err(error) if owner.is_handshake => link.agent.offered(request, Err(&error)),
            Err(error) => link.agent.finish(request, Err(error)),
        }
    }

    fn begin_for_agent(
        &mut self,
        now: Time,
        server: &str,
        asked: AgentRequest,
    ) -> Result<RequestId> {
        let engine = &mut self.engine;
        match asked {
            // What the server offers is known after its handshake.
            AgentRequest::Offers => engine.list(now, server, Listing::Tools, None, 0),
            AgentRequest::List(what) => engine.list(now, server, what, None, 0),
            AgentRequest::Call { tool, arguments } => {
                let arguments = Arguments::Json(arguments);
                engine.call(
                    now,
                    CallTool { server: server.into(), tool, arguments, is_unattended: true },
                    None,
                    0,
                )
            }
            AgentRequest::Read { uri } => engine.read_resource(now, server, &uri, None, 0),
            AgentRequest::Prompt { name, arguments } => {
                engine.get_prompt(now, server, &name, Arguments::Json(arguments), None, 0)
            }
            AgentRequest::Complete { is_template, of, argument, value, given } => {
                let given: Vec<Pair> = given
                    .into_iter()
                    .map(|(key, value)| Pair { key, value, is_json: false })
                    .collect();
                let reference =
                    if is_template { Reference::Template(&of) } else { Reference::Prompt(&of) };
                let wanted =
                    Unfinished { reference, argument: &argument, value: &value, given: &given };
                engine.complete(now, server, wanted, None, 0)
            }
        }
    }

    /// Cancels a request that no agent waits for any more.
    pub(super) fn cancel_for_agent(&mut self, now: Time, id: RequestId, who: &str, why: &str) {
        let Some(listening) = &mut self.listening else { return };
        let Some(owner) = listening.owners.remove(&id) else { return };
        self.engine.cancel(now, id);
        let failure = Some(Error::new(Kind::Cancelled, why));
        let call = AgentCall {
            id,
            server: owner.server,
            tool: Arc::from(&*owner.tool),
            who: who.to_owned(),
            arguments: owner.arguments,
            elapsed: now.since(owner.begun),
            is_error: false,
            size: 0,
            failure,
        };
        self.tell_of_call(call);
    }

    /// The host cancels a request of an agent, which is told. False: it is of no agent.
    pub(in crate::client) fn cancel_of_agent(&mut self, now: Time, id: RequestId) -> bool {
        let Some(listening) = &mut self.listening else { return false };
        let Some(owner) = listening.owners.get(&id) else { return false };
        let (number, request, is_handshake) = (owner.link, owner.request, owner.is_handshake);
        let Some(link) = listening.agents.get_mut(&number) else { return false };
        link.requests.remove(&request);
        let error = Error::new(Kind::Cancelled, "cancelled in tmux");
        match is_handshake {
            true => link.agent.offered(request, Err(&error)),
            false => link.agent.finish(request, Err(error)),
        }
        let who = link.agent.who();
        self.cancel_for_agent(now, id, &who, "cancelled in tmux");
        self.settle_agent(now, number);
        true
    }

    /// The next event for the host. Events of agents are handled on the way; when they are
    /// many, the others wait for the next turn.
    pub(in crate::client) fn next_event_among_agents(&mut self) -> Option<Event> {
        let now = clock::now();
        for _ in 0..EVENTS {
            if let Some(event) = self.listening.as_mut().and_then(|all| all.events.pop_front()) {
                return Some(event);
            }
            let event = self.engine.poll_event()?;
            // What is asked of servers meanwhile is written at the end of the pull.
            self.pulling = true;
            if let Some(event) = self.tell_agents(now, event) {
                return Some(event);
            }
        }
        None
    }

    /// Gives an event of the engine to the agent that it is for. Returns the event for the
    /// host, if there is one.
    fn tell_agents(&mut self, now: Time, event: Event) -> Option<Event> {
        let listening = self.listening.as_mut()?;
        match event {
            Event::Done(done) => {
                let Some(owner) = listening.owners.remove(&done.id) else {
                    return Some(Event::Done(done));
                };
                let link = listening.agents.get_mut(&owner.link)?;
                link.requests.remove(&owner.request);
                let call = AgentCall {
                    id: done.id,
                    server: done.server,
                    tool: done.tool,
                    who: link.agent.who(),
                    arguments: owner.arguments,
                    elapsed: done.elapsed,
                    is_error: matches!(&done.outcome, Ok(Reply::Tool { is_error: true, .. })),
                    size: match &done.outcome {
                        Ok(Reply::Tool { result, .. }) => result.len(),
                        _ => 0,
                    },
                    failure: done.outcome.as_ref().err().cloned(),
                };
                match (owner.is_handshake, done.outcome) {
                    (false, outcome) => link.agent.finish(owner.request, outcome),
                    (true, Err(error)) => link.agent.offered(owner.request, Err(&error)),
                    (true, Ok(_)) => {
                        let offers = self.engine.offers(link.agent.server());
                        let offers = offers.map(|(offers, _)| offers.unwrap_or_default());
                        link.agent.offered(owner.request, offers.as_ref().copied());
                    }
                }
                self.tell_of_call(call);
                self.settle_agent(now, owner.link);
                None
            }
            Event::Progress(progress) => {
                let Some(owner) = listening.owners.get(&progress.id) else {
                    return Some(Event::Progress(progress));
                };
                let number = owner.link;
                if let Some(link) = listening.agents.get_mut(&number) {
                    link.agent.progress(owner.request, &progress);
                }
                self.settle_agent(now, number);
                None
            }
            Event::ToolsChanged { server } => {
                let mut told = Vec::new();
                for (number, link) in &mut listening.agents {
                    if link.agent.server() == &*server {
                        link.agent.tools_changed();
                        told.push(*number);
                    }
                }
                for number in told {
                    self.settle_agent(now, number);
                }
                Some(Event::ToolsChanged { server })
            }
            other => Some(other),
        }
    }

    /// Tells the host of a tool call that has ended; of other requests it does not hear.
    fn tell_of_call(&mut self, call: AgentCall) {
        let Some(listening) = &mut self.listening else { return };
        if !call.tool.is_empty() {
            listening.events.push_back(Event::AgentCall(Box::new(call)));
        }
    }

    /// Who made a request, for a person; `None`: the host.
    pub(in crate::client) fn agent_of(&self, id: RequestId) -> Option<String> {
        let listening = self.listening.as_ref()?;
        let owner = listening.owners.get(&id)?;
        Some(listening.agents.get(&owner.link)?.agent.who())
    }
}

/// A server of ours that is `tmcp-bridge connect` would wait for itself.
fn leads_nowhere(server: &str) -> String {
    format!(
        "the entry that tmux reads is tmcp-bridge connect itself; give tmux the command of \
         '{server}' in ~/.config/tmux/mcp.json"
    )
}
