//! What a server lists, each by a method of its own.

use crate::mcp::capabilities::Offers;
use crate::rpc::spans::ListMember;

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

    /// The member of the result that has the list.
    pub fn member(self) -> ListMember {
        match self {
            Listing::Tools => ListMember::Tools,
            Listing::Resources => ListMember::Resources,
            Listing::ResourceTemplates => ListMember::Templates,
            Listing::Prompts => ListMember::Prompts,
        }
    }

    /// Whether the server said that it has such things. Templates are never declared
    /// by themselves.
    pub fn is_offered(self, offers: Offers) -> bool {
        match self {
            Listing::Tools => offers.tools,
            Listing::Resources => offers.resources,
            Listing::ResourceTemplates => false,
            Listing::Prompts => offers.prompts,
        }
    }
}
