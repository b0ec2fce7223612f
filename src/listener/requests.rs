//! The requests of agents, read from their raw parameters.

use std::str;

use crate::engine::Listing;
use crate::json::lenient::{is_text, members, text};

/// One open request of one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentRequestId(pub u64);

/// What the driver is to do for an agent, in the order in which it was asked.
#[derive(Debug, PartialEq)]
pub enum Demand {
    /// Look up the server, then [`accept`](super::Agent::accept) or
    /// [`refuse`](super::Agent::refuse).
    Hello {
        /// The name that the agent gave.
        server: String,
        /// Where the agent runs; empty when it did not say.
        directory: String,
    },
    /// Ask the server, then [`finish`](super::Agent::finish).
    Start(AgentRequestId, AgentRequest),
    /// Nobody waits for a request any more.
    Cancel(AgentRequestId),
}

/// A request for the server of an agent.
#[derive(Debug, PartialEq)]
pub enum AgentRequest {
    /// What the server offers; ended by [`offered`](super::Agent::offered).
    Offers,
    /// `tools/call`.
    Call {
        /// The tool.
        tool: String,
        /// A JSON object, not checked.
        arguments: String,
    },
    /// One of the lists.
    List(Listing),
    /// `resources/read`.
    Read {
        /// The resource.
        uri: String,
    },
    /// `prompts/get`.
    Prompt {
        /// The prompt.
        name: String,
        /// A JSON object, not checked.
        arguments: String,
    },
    /// `completion/complete`.
    Complete {
        /// It is about a template of resources, not about a prompt.
        is_template: bool,
        /// The prompt or the template.
        of: String,
        /// The argument.
        argument: String,
        /// What was typed of its value.
        value: String,
        /// Arguments that have their values already.
        given: Vec<(String, String)>,
    },
}

impl AgentRequest {
    /// The request of a method for the server; `None` when there is no such method.
    ///
    /// # Errors
    /// A sentence that names the parameter that is missing or wrong.
    pub(super) fn read(method: &str, params: &str) -> Result<Option<AgentRequest>, String> {
        let list = |what| {
            let [cursor] = members(params, &["cursor"]);
            match cursor {
                // Lists are given whole, so there is no cursor that could come back.
                Some(_) => Err(format!("{method}: the cursor is not known")),
                None => Ok(Some(AgentRequest::List(what))),
            }
        };
        match method {
            "tools/list" => list(Listing::Tools),
            "resources/list" => list(Listing::Resources),
            "resources/templates/list" => list(Listing::ResourceTemplates),
            "prompts/list" => list(Listing::Prompts),
            "tools/call" => {
                let [name, arguments] = members(params, &["name", "arguments"]);
                Ok(Some(AgentRequest::Call {
                    tool: wanted(method, "name", name)?,
                    arguments: object(method, "arguments", arguments)?,
                }))
            }
            "resources/read" => {
                let [uri] = members(params, &["uri"]);
                Ok(Some(AgentRequest::Read { uri: wanted(method, "uri", uri)? }))
            }
            "prompts/get" => {
                let [name, arguments] = members(params, &["name", "arguments"]);
                Ok(Some(AgentRequest::Prompt {
                    name: wanted(method, "name", name)?,
                    arguments: object(method, "arguments", arguments)?,
                }))
            }
            "completion/complete" => completion(method, params).map(Some),
            _ => Ok(None),
        }
    }
}

fn completion(method: &str, params: &str) -> Result<AgentRequest, String> {
    let [reference, argument, context] = members(params, &["ref", "argument", "context"]);
    let inside =
        |raw: Option<&[u8]>| raw.and_then(|raw| str::from_utf8(raw).ok()).map(str::to_owned);
    let reference = inside(reference).unwrap_or_default();
    let [kind, name, uri] = members(&reference, &["type", "name", "uri"]);
    let is_template = match kind.map(text).as_deref() {
        Some("ref/prompt") => false,
        Some("ref/resource") => true,
        _ => return Err(format!("{method}: ref is of no known type")),
    };
    let of = match is_template {
        true => wanted(method, "ref.uri", uri)?,
        false => wanted(method, "ref.name", name)?,
    };
    let argument = inside(argument).unwrap_or_default();
    let [name, value] = members(&argument, &["name", "value"]);
    let context = inside(context).unwrap_or_default();
    let [given] = members(&context, &["arguments"]);
    let given = match given {
        None => Vec::new(),
        Some(raw) => serde_json::from_slice::<std::collections::BTreeMap<String, String>>(raw)
            .map_err(|_| format!("{method}: context.arguments is no object of strings"))?
            .into_iter()
            .collect(),
    };
    Ok(AgentRequest::Complete {
        is_template,
        of,
        argument: wanted(method, "argument.name", name)?,
        value: wanted(method, "argument.value", value)?,
        given,
    })
}

/// A parameter that must be a string.
fn wanted(method: &str, name: &str, raw: Option<&[u8]>) -> Result<String, String> {
    let raw = raw.filter(|raw| is_text(raw));
    raw.map(|raw| text(raw).into_owned())
        .ok_or_else(|| format!("{method}: {name} must be a string"))
}

/// A parameter that must be an object, or left out.
fn object(method: &str, name: &str, raw: Option<&[u8]>) -> Result<String, String> {
    let Some(raw) = raw else { return Ok("{}".into()) };
    match str::from_utf8(raw) {
        Ok(text) if text.starts_with('{') => Ok(text.to_owned()),
        _ => Err(format!("{method}: {name} must be an object")),
    }
}
