//! What a server declares to have, in its answer to the handshake.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

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

/// It is there, whatever it holds.
type Declared = Option<IgnoredAny>;

#[derive(Deserialize)]
struct Capabilities {
    #[serde(default)]
    tools: Declared,
    #[serde(default)]
    resources: Declared,
    #[serde(default)]
    prompts: Declared,
    #[serde(default)]
    completions: Declared,
}

impl Offers {
    /// Reads `capabilities`. What is none declares nothing, which is no reason to
    /// refuse a server.
    pub fn read(capabilities: Option<&RawValue>) -> Offers {
        let Some(Ok(found)) =
            capabilities.map(|raw| serde_json::from_str::<Capabilities>(raw.get()))
        else {
            return Offers::default();
        };
        Offers {
            tools: found.tools.is_some(),
            resources: found.resources.is_some(),
            prompts: found.prompts.is_some(),
            completions: found.completions.is_some(),
        }
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
        let raw: Box<RawValue> = serde_json::from_str(text).expect("JSON");
        Offers::read(Some(&raw)).to_string()
    }

    #[test]
    fn a_capability_is_declared_by_being_there() {
        assert_eq!(words(r#"{"prompts":{},"tools":{"listChanged":true},"x":1}"#), "tools prompts");
        assert_eq!(
            words(r#"{"completions":{},"resources":{"subscribe":true}}"#),
            "resources completions"
        );
        assert_eq!(words(r#"{"prompts":null}"#), "");
    }

    #[test]
    fn what_is_no_object_declares_nothing() {
        for text in ["[]", "7", "\"tools\"", "null", "{}"] {
            assert_eq!(words(text), "", "{text}");
        }
        assert_eq!(Offers::read(None), Offers::default());
    }
}
