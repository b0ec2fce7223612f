//! What an event is about.

use tmcp::engine::Event;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum tmcp_event_type {
    /// A request ended: exactly once per request that was not cancelled.
    Done = 1,
    /// A server reported progress on a request.
    Progress = 2,
    /// The configuration was read; text: a line per problem that the one before did
    /// not have, empty when there is none; tmcp_client_configuration has all.
    ConfigLoaded = 3,
    /// The first connection to a server is usable.
    ServerUp = 4,
    /// The last connection to a server was lost; text: why.
    ServerDown = 5,
    /// A server said that its tools changed.
    ToolsChanged = 6,
    /// A resource that is watched changed; text: its URI.
    ResourceUpdated = 7,
    /// A server asks a person something; to be answered with
    /// tmcp_client_answer.
    Question = 8,
    /// A question needs no answer any more; id: which.
    QuestionGone = 9,
    /// A login needs a person; id: the request of the login, url: the page.
    Login = 10,
    /// A server is left alone because it fails, or is called again; text:
    /// "closed", "open" or "half-open".
    Breaker = 11,
    /// A tool call that an agent made by the socket of tmcp_client_listen has ended;
    /// who: the agent, json: the arguments, text: why there is no result.
    AgentCall = 12,
}

impl tmcp_event_type {
    /// What a core's event is about.
    pub fn of(event: &Event) -> tmcp_event_type {
        match event {
            Event::Done(_) => tmcp_event_type::Done,
            Event::Progress(_) => tmcp_event_type::Progress,
            Event::ConfigLoaded { .. } => tmcp_event_type::ConfigLoaded,
            Event::ServerUp { .. } => tmcp_event_type::ServerUp,
            Event::ServerDown { .. } => tmcp_event_type::ServerDown,
            Event::ToolsChanged { .. } => tmcp_event_type::ToolsChanged,
            Event::ResourceUpdated { .. } => tmcp_event_type::ResourceUpdated,
            Event::Question(_) => tmcp_event_type::Question,
            Event::QuestionGone(_) => tmcp_event_type::QuestionGone,
            Event::LoginPage { .. } => tmcp_event_type::Login,
            Event::BreakerChanged { .. } => tmcp_event_type::Breaker,
            Event::AgentCall(_) => tmcp_event_type::AgentCall,
        }
    }
}
