//! The lists of a server (tools, resources, prompts), kept as raw JSON.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Era, ToolFilter};
use crate::engine::join::Join;
use crate::json::lenient::Oddity;
use crate::json::raw::{LONGEST, Raw};
use crate::mcp::list_page::Page;
use crate::mcp::listing::Listing;
use crate::nearest::suggestion;
use crate::rpc::envelope::RawResult;
use crate::rpc::spans::MOST;
use crate::time::Time;

/// Longest time a list is kept, whatever the server says.
const TTL_CAP: Duration = Duration::from_secs(24 * 3600);
/// The most pages of one list, because a broken server gives cursors for ever.
const MAX_PAGES: usize = 1000;
/// The most bytes of one list.
const MAX_BYTES: usize = 16 << 20;
/// The most names in an error about an unknown tool.
const MAX_NAMES: usize = 200;

/// A list being read, page by page.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: Vec<Page>,
    bytes: usize,
    ttl: Option<Duration>,
    /// A page came without a lifetime.
    lacks_ttl: bool,
    /// The cursors so far, raw.
    seen: Vec<Box<str>>,
    /// Where the next page begins, raw.
    pub(super) cursor: Option<Box<str>>,
    /// Deviations from the protocol, for the log.
    pub(super) odd: Vec<Oddity>,
}

/// A complete list.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    pages: Arc<Vec<Page>>,
    fresh_until: Option<Time>,
}

impl Pages {
    /// Adds a page. `Ok(true)`: the next page begins at `cursor`.
    ///
    /// # Errors
    /// A sentence: the page is malformed, or the list has more than 16 MiB or too many entries.
    pub(super) fn push(&mut self, what: Listing, answer: &RawResult<'_>) -> Result<bool, String> {
        let method = what.method();
        let mut page = Page::read(what, answer)
            .map_err(|why| format!("the answer to {method} is malformed: {why}"))?;
        self.odd.append(&mut page.odd);
        self.lacks_ttl |= page.ttl_ms.is_none();
        if let Some(ttl) = page.ttl_ms {
            let ttl = Duration::try_from_secs_f64(ttl / 1000.0).unwrap_or(TTL_CAP).min(TTL_CAP);
            self.ttl = Some(self.ttl.map_or(ttl, |other| other.min(ttl)));
        }
        self.cursor = page.cursor.take();
        let end = match &self.cursor {
            Some(cursor) if self.seen.contains(cursor) => {
                Some("comes once more: the list ends there")
            }
            Some(_) if self.seen.len() + 1 >= MAX_PAGES => {
                Some("has no end: the list is cut after 1000 pages")
            }
            _ => None,
        };
        if let Some(what) = end {
            self.odd.push(Oddity { of: method, field: "nextCursor", what });
            self.cursor = None;
        }
        if let Some(cursor) = &self.cursor {
            self.bytes += cursor.len();
            self.seen.push(cursor.clone());
        }
        self.bytes += page.size();
        // A server that ignores cursors sends its only page again.
        if !self.pages.last().is_some_and(|last| page.is_copy_of(last)) {
            self.pages.push(page);
        }
        if self.bytes > MAX_BYTES {
            return Err(format!("{method} lists more than {} MiB", MAX_BYTES >> 20));
        }
        let entries: usize = self.pages.iter().map(Page::len).sum();
        if entries > MOST {
            return Err(format!("{method} lists more than {MOST}"));
        }
        Ok(self.cursor.is_some())
    }

    /// The complete list. In the modern era a page without a lifetime may not be kept
    /// (2026-07-28, caching). Legacy servers give no lifetimes: their lists stay good until
    /// they tell of a change, or until another server takes their place.
    pub(super) fn finish(self, now: Time, era: Option<Era>) -> Catalogue {
        let ttl = match era {
            Some(Era::Modern) if self.lacks_ttl => Some(Duration::ZERO),
            _ => self.ttl,
        };
        Catalogue { pages: Arc::new(self.pages), fresh_until: ttl.map(|ttl| now + ttl) }
    }
}

impl Catalogue {
    /// A list kept from an earlier run, fresh for `left`. `None`: `items` is no list.
    pub(super) fn recalled(now: Time, items: &[u8], left: Duration) -> Option<Catalogue> {
        let pages = Arc::new(vec![Page::recall(items)?]);
        Some(Catalogue { pages, fresh_until: Some(now + left.min(TTL_CAP)) })
    }

    /// Leaves out the tools that the entry does not offer.
    pub(super) fn filter(&mut self, tools: &ToolFilter) {
        if tools.is_open() {
            return;
        }
        // The list is new, so nothing else holds its pages.
        for page in Arc::get_mut(&mut self.pages).into_iter().flatten() {
            page.retain(|name| tools.allows(name));
        }
    }

    /// Leaves out the tools to whose definitions there is an objection: their names, and why.
    pub(super) fn leave_out(
        &mut self,
        objection: impl Fn(&str) -> Option<String>,
    ) -> Vec<(String, String)> {
        let mut left_out = Vec::new();
        for page in self.pages.iter() {
            for name in page.names() {
                let definition = page.find(&name).and_then(|definition| definition.short());
                if let Some(why) = definition.and_then(&objection) {
                    left_out.push((name.into_owned(), why));
                }
            }
        }
        if !left_out.is_empty() {
            // The list is new, so nothing else holds its pages.
            for page in Arc::get_mut(&mut self.pages).into_iter().flatten() {
                page.retain(|name| left_out.iter().all(|(other, _)| other != name));
            }
        }
        left_out
    }

    /// How long the server allows the list to be kept from now on.
    pub(super) fn ttl(&self, now: Time) -> Option<Duration> {
        self.fresh_until.map(|until| until.since(now)).filter(|ttl| !ttl.is_zero())
    }

    /// Whether the lifetime is not over. A list without one is fresh until the server tells
    /// of a change.
    pub(super) fn is_fresh(&self, now: Time) -> bool {
        self.fresh_until.is_none_or(|until| now < until)
    }

    pub(super) fn len(&self) -> usize {
        self.pages.iter().map(Page::len).sum()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The raw definition of a tool, or `{}` if the definition is too long to read.
    pub(super) fn definition(&self, name: &str) -> Option<&str> {
        self.find(name).map(|definition| definition.short().unwrap_or("{}"))
    }

    fn find(&self, name: &str) -> Option<Raw<'_>> {
        self.pages.iter().find_map(|page| page.find(name))
    }

    /// The tool called `name`, or the only tool whose name begins with it.
    ///
    /// # Errors
    /// A sentence with the tools that it may mean, or with the tools there are.
    pub(super) fn resolve(&self, server: &str, name: &str) -> Result<String, String> {
        if self.has(name) {
            return Ok(name.to_owned());
        }
        let all = self.pages.iter().flat_map(Page::names);
        let mut near = all.filter(|full| !name.is_empty() && full.starts_with(name));
        match (near.next(), near.next()) {
            (Some(only), None) => Ok(only.into_owned()),
            (Some(first), Some(second)) => {
                let names = [first, second].into_iter().chain(near.take(MAX_NAMES));
                let names: Vec<_> = names.collect();
                Err(format!("server '{server}': tool '{name}' may be {}", names.join(", ")))
            }
            (None, _) => Err(self.unknown(server, name)),
        }
    }

    /// The error for an unknown tool.
    pub(super) fn unknown(&self, server: &str, tool: &str) -> String {
        let names: Vec<_> = self.pages.iter().flat_map(Page::names).take(MAX_NAMES).collect();
        let more = match self.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let near = suggestion(tool, self.pages.iter().flat_map(Page::names));
        if names.is_empty() {
            format!("server '{server}' has no tool '{tool}'; it has none at all")
        } else {
            format!(
                "server '{server}' has no tool '{tool}'; it has {}{more}{near}",
                names.join(", ")
            )
        }
    }

    /// A hash of the definitions, or of the size alone if the list has more than 256 KiB.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut join = self.join();
        (join.size(), self.len()).hash(&mut hasher);
        if join.size() <= LONGEST {
            while !join.step(LONGEST) {}
            join.finish().hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Begins to copy all definitions into one JSON array.
    pub(super) fn join(&self) -> Join {
        Join::new(self.pages.clone())
    }
}

#[cfg(test)]
mod tests;
