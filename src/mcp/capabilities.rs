//! What a server declares to have, in its answer to the handshake.

use std::fmt;

use crate::json::lenient::members;

/// The declared capabilities that a client asks something of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offers {
    /// `tools`.
    pub tools: bool,
    /// `resources`.
    pub resources: bool,
    /// `prompts`.
    pub prompts: bool,
    /// `completions`, which exists since 2025-03-26.
    pub completions: bool,
}

impl Offers {
    /// Reads raw `capabilities`. Whatever is there and not null or false is declared;
    /// what is no object declares nothing, which is no reason to refuse a server.
    pub fn read(capabilities: Option<&[u8]>) -> Offers {
        let text = capabilities.and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or_default();
        let names = ["tools", "resources", "prompts", "completions"];
        let [tools, resources, prompts, completions] =
            members(text, &names).map(|raw| raw.is_some_and(|raw| raw != b"false"));
        Offers { tools, resources, prompts, completions }
    }
}

/// Their names, separated by blanks.
impl fmt::Display for Offers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.tools, "tools"),
            (self.resources, "resources"),
            (self.prompts, "prompts"),
            (self.completions, "completions"),
        ];
        let words: Vec<&str> =
            words.into_iter().filter_map(|(there, word)| there.then_some(word)).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        Offers::read(Some(text.as_bytes())).to_string()
    }

    #[test]
    fn a_capability_is_declared_by_being_there() {
        assert_eq!(words(r#"{"prompts":{},"tools":{"listChanged":true},"x":1}"#), "tools prompts");
        assert_eq!(
            words(r#"{"completions":{},"resources":{"subscribe":true}}"#),
            "resources completions"
        );
        assert_eq!(words(r#"{"prompts":null,"tools":false}"#), "");
        assert_eq!(words(r#"{"tools":null,"tools":[],"prompts":"yes"}"#), "tools prompts");
    }

    #[test]
    fn what_is_no_object_declares_nothing() {
        for text in ["[]", "7", "\"tools\"", "null", "{}"] {
            assert_eq!(words(text), "", "{text}");
        }
        assert_eq!(Offers::read(None), Offers::default());
    }
}
