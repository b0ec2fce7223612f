//! What a tool says that it does to its surroundings (MCP "ToolAnnotations"), and a
//! fingerprint by which a changed definition is noticed.

use std::hash::{BuildHasher, Hash, Hasher};

use serde_json::Value;

use crate::json::lenient::truth;
use crate::json::task::Task;
use crate::mcp::render::tool::Tool;

/// The hints of one tool. They are the server's own words: MCP calls annotations untrusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToolHints {
    /// `readOnlyHint`; `None` when it is not given.
    pub read_only: Option<bool>,
    /// `destructiveHint`; `None` when it is not given.
    pub destructive: Option<bool>,
    /// A hash of input schema, description and both hints. The order of members and white
    /// space count nothing. 0: the definition is too long to be compared.
    pub fingerprint: u64,
}

impl ToolHints {
    /// Reads the definition of a tool. `hasher` has a key that servers do not know, or a
    /// server could give two definitions the same fingerprint.
    pub fn read(definition: &str, hasher: &impl BuildHasher) -> ToolHints {
        let task = Task::new(|mut budget| async move {
            Tool::read(definition.as_bytes(), &mut budget).await.ok()
        });
        let Some(tool) = task.finish() else { return ToolHints::default() };
        let [read_only, destructive, ..] = tool.hints;
        let mut hints = ToolHints {
            read_only: read_only.map(truth),
            destructive: destructive.map(truth),
            fingerprint: 0,
        };
        let mut hash = hasher.build_hasher();
        (hints.read_only, hints.destructive).hash(&mut hash);
        for part in [tool.input, tool.description] {
            part.map(canonical).hash(&mut hash);
        }
        hints.fingerprint = hash.finish().max(1);
        hints
    }

    /// Whether a person should be asked before the tool runs. By MCP's defaults a tool without
    /// annotations is destructive; most servers give none, and a question before every call is
    /// answered unread. So the default of `destructiveHint` counts only for a tool that says
    /// that it is not read only.
    ///
    /// ```
    /// use tmcp::mcp::render::tool_hints::ToolHints;
    /// let hints = |read_only, destructive| ToolHints { read_only, destructive, fingerprint: 1 };
    /// assert!(hints(None, Some(true)).is_destructive());
    /// assert!(hints(Some(false), None).is_destructive());
    /// assert!(!hints(None, None).is_destructive());
    /// assert!(!hints(Some(false), Some(false)).is_destructive());
    /// ```
    pub fn is_destructive(&self) -> bool {
        self.destructive.unwrap_or(self.read_only == Some(false))
    }
}

/// JSON without white space and with sorted members; what serde_json refuses stays as it is.
fn canonical(raw: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(raw) {
        Ok(value) => value.to_string().into_bytes(),
        Err(_) => raw.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    #[test]
    fn hints_are_read_as_given() {
        let key = RandomState::new();
        let read = |annotations: &str| {
            let hints = ToolHints::read(&format!(r#"{{"name":"t"{annotations}}}"#), &key);
            (hints.read_only, hints.destructive, hints.is_destructive())
        };
        for (annotations, expected) in [
            ("", (None, None, false)),
            (r#","annotations":null"#, (None, None, false)),
            (r#","annotations":{"title":"T","openWorldHint":true}"#, (None, None, false)),
            (r#","annotations":{"readOnlyHint":true}"#, (Some(true), None, false)),
            (r#","annotations":{"readOnlyHint":false}"#, (Some(false), None, true)),
            (r#","annotations":{"destructiveHint":true}"#, (None, Some(true), true)),
            (r#","annotations":{"destructiveHint":false}"#, (None, Some(false), false)),
            // A contradiction is asked about.
            (
                r#","annotations":{"readOnlyHint":true,"destructiveHint":true}"#,
                (Some(true), Some(true), true),
            ),
        ] {
            assert_eq!(read(annotations), expected, "{annotations}");
        }
    }

    #[test]
    fn the_fingerprint_is_of_what_a_person_agreed_to() {
        let key = RandomState::new();
        let of = |text: &str| ToolHints::read(text, &key).fingerprint;
        let same = of(r#"{"name":"t","description":"d","inputSchema":{"a":1,"b":[2,3]}}"#);
        assert_ne!(same, 0);
        for text in [
            r#"{"inputSchema": {"b": [2, 3], "a": 1}, "description": "\u0064", "name": "t"}"#,
            r#"{"name":"t","description":"d","inputSchema":{"a":1,"b":[2,3]},"outputSchema":{}}"#,
        ] {
            assert_eq!(of(text), same, "{text}");
        }
        for text in [
            r#"{"name":"t","description":"e","inputSchema":{"a":1,"b":[2,3]}}"#,
            r#"{"name":"t","inputSchema":{"a":1,"b":[2,3]}}"#,
            r#"{"name":"t","description":"d","inputSchema":{"a":1,"b":[3,2]}}"#,
            r#"{"name":"t","description":"d"}"#,
            r#"{"name":"t","description":"d","inputSchema":{"a":1,"b":[2,3]},
                "annotations":{"destructiveHint":false}}"#,
        ] {
            assert_ne!(of(text), same, "{text}");
        }
        assert_ne!(ToolHints::read(r#"{"name":"t"}"#, &RandomState::new()).fingerprint, of("{}"));
    }

    #[test]
    fn what_is_no_definition_has_no_hints() {
        let key = RandomState::new();
        assert_eq!(ToolHints::read("[]", &key), ToolHints::default());
        let deep =
            format!(r#"{{"name":"t","inputSchema":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
        assert_ne!(ToolHints::read(&deep, &key).fingerprint, 0);
    }
}
