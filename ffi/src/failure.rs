//! Why a call from C failed.

use tmcp::error::Error;

use crate::result::{self, tmcp_result};

/// The error number of a failed call and the sentence for the user.
#[derive(Debug)]
pub struct Failure {
    pub code: tmcp_result,
    pub message: String,
}

impl Failure {
    pub fn new(code: tmcp_result, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }

    /// A required pointer was NULL.
    pub fn null(what: &str) -> Failure {
        Failure::new(tmcp_result::Null, format!("{what} is NULL"))
    }

    pub fn invalid(message: impl Into<String>) -> Failure {
        Failure::new(tmcp_result::Invalid, message)
    }

    /// The tools of a server were not listed yet, or have none of this name.
    pub fn unknown_tool(server: &str, tool: &str) -> Failure {
        Failure::new(tmcp_result::NotFound, format!("tool '{tool}' of '{server}' is not known"))
    }

    pub fn poisoned() -> Failure {
        Failure::new(tmcp_result::Poisoned, "an internal error stopped this client")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(result::from_kind(error.kind()), error.message())
    }
}
