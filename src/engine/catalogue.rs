//! What a server lists (tools, resources, prompts), kept as the raw JSON it came as.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::protocol::message::{ListPage, ToolName};
use crate::time::Time;

/// Longest time a list is kept, whatever the server says.
const TTL_CAP: Duration = Duration::from_secs(24 * 3600);
/// Pages of one list: a server whose cursor never ends is broken.
const MAX_PAGES: usize = 1000;
/// Bytes of one list.
const MAX_BYTES: usize = 16 << 20;

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listing {
    /// `tools/list`.
    Tools,
    /// `resources/list`.
    Resources,
    /// `resources/templates/list`.
    ResourceTemplates,
    /// `prompts/list`.
    Prompts,
}

impl Listing {
    /// The method that lists it.
    pub fn method(self) -> &'static str {
        match self {
            Listing::Tools => "tools/list",
            Listing::Resources => "resources/list",
            Listing::ResourceTemplates => "resources/templates/list",
            Listing::Prompts => "prompts/list",
        }
    }
}

/// A list being read, page by page.
#[derive(Debug, Default)]
pub(super) struct Pages {
    tools: Vec<Tool>,
    bytes: usize,
    count: usize,
    ttl: Option<Duration>,
    pub(super) cursor: Option<String>,
}

/// A complete list.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    tools: Vec<Tool>,
    fresh_until: Option<Time>,
}

#[derive(Debug)]
struct Tool {
    name: String,
    definition: Box<str>,
}

impl Pages {
    /// Adds a page. `Ok(true)`: there are more, go on at `cursor`.
    ///
    /// # Errors
    /// A sentence when the page is malformed or the list does not end.
    pub(super) fn push(&mut self, method: &str, result: &RawValue) -> Result<bool, String> {
        let page: ListPage<'_> = serde_json::from_str(result.get())
            .map_err(|error| format!("the answer to {method} is malformed: {error}"))?;
        for raw in page.items {
            // Without a name nothing can be called or shown; the others can.
            if let Ok(tool) = serde_json::from_str::<ToolName<'_>>(raw.get()) {
                let name = tool.name.into_owned();
                self.tools.push(Tool { name, definition: raw.get().into() });
            }
            self.bytes += raw.get().len();
        }
        self.count += 1;
        if let Some(ttl) = page.ttl_ms {
            let ttl = Duration::try_from_secs_f64(ttl / 1000.0).unwrap_or_default().min(TTL_CAP);
            self.ttl = Some(self.ttl.map_or(ttl, |other| other.min(ttl)));
        }
        self.cursor = page.next_cursor.map(|cursor| cursor.into_owned());
        if self.count >= MAX_PAGES || self.bytes > MAX_BYTES {
            return Err(format!("{method} does not end ({} pages)", self.count));
        }
        Ok(self.cursor.is_some())
    }

    pub(super) fn finish(self, now: Time) -> Catalogue {
        Catalogue { tools: self.tools, fresh_until: self.ttl.map(|ttl| now + ttl) }
    }
}

impl Catalogue {
    /// A server that gave no lifetime tells when its tools change.
    pub(super) fn is_fresh(&self, now: Time) -> bool {
        self.fresh_until.is_none_or(|until| now < until)
    }

    pub(super) fn len(&self) -> usize {
        self.tools.len()
    }

    /// The raw definition of a tool.
    pub(super) fn definition(&self, name: &str) -> Option<&str> {
        self.tools.iter().find(|tool| tool.name == name).map(|tool| &*tool.definition)
    }

    /// What to say about a tool that is not there.
    pub(super) fn unknown(&self, server: &str, tool: &str) -> String {
        let names: Vec<&str> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
        if names.is_empty() {
            format!("server '{server}' has no tool '{tool}'; it has none at all")
        } else {
            format!("server '{server}' has no tool '{tool}'; it has {}", names.join(", "))
        }
    }

    /// All definitions as one JSON array.
    pub(super) fn to_json(&self) -> Box<[u8]> {
        let mut out = Vec::with_capacity(self.tools.iter().map(|t| t.definition.len() + 1).sum());
        out.push(b'[');
        for (index, tool) in self.tools.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(tool.definition.as_bytes());
        }
        out.push(b']');
        out.into_boxed_slice()
    }
}
