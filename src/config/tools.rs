//! Which tools of a server are offered: `tools.allow` and `tools.deny`.

use super::quoted;

/// Globs over tool names. `*` stands for any characters, `?` for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolFilter {
    /// Only these; `None`: all.
    pub allow: Option<Vec<String>>,
    /// Not these, whatever `allow` says.
    pub deny: Vec<String>,
    /// The key of the entry that gave `allow`, such as `tools.allow`.
    pub allow_key: String,
    /// The key of the entry that gave `deny`.
    pub deny_key: String,
    /// The file of the entry; empty when nothing is filtered.
    pub file: String,
}

impl ToolFilter {
    /// Whether a tool of this name may be listed and called.
    pub fn allows(&self, tool: &str) -> bool {
        let any = |globs: &[String]| globs.iter().any(|glob| matches(glob, tool));
        self.allow.as_deref().is_none_or(any) && !any(&self.deny)
    }

    /// Why a tool of `server` may not be called, as a sentence that names the rule and the
    /// file; `None` if it may.
    pub fn refusal(&self, server: &str, tool: &str) -> Option<String> {
        if self.allows(tool) {
            return None;
        }
        let place = match self.file.as_str() {
            "" => String::new(),
            file => format!(" in {file}"),
        };
        let rule = match self.deny.iter().find(|glob| matches(glob, tool)) {
            Some(glob) => format!("'{}'{place} has {}", self.deny_key, quoted(glob)),
            None => format!("'{}'{place} does not have it", self.allow_key),
        };
        Some(format!("tool {} of server {} is refused: {rule}", quoted(tool), quoted(server)))
    }

    /// Whether it lets every tool through.
    pub fn is_open(&self) -> bool {
        self.allow.is_none() && self.deny.is_empty()
    }
}

/// Whether `glob` matches the whole of `text`. One pass with a place to return
/// to, so that many stars cost at most the product of both lengths.
fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut g, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, t));
                g += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                g += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (g, t) = (at + 1, from + 1);
            }
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        for (glob, text, expected) in [
            ("read_*", "read_file", true),
            ("read_*", "read_", true),
            ("read_*", "spread_it", false),
            ("*", "", true),
            ("*", "anything", true),
            ("*file*", "read_file_x", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("", "", true),
            ("", "a", false),
            ("ä*", "äöü", true),
            ("Read", "read", false),
        ] {
            assert_eq!(matches(glob, text), expected, "{glob} {text}");
        }
    }

    #[test]
    fn denied_tools_stay_denied_and_an_empty_list_allows_none() {
        let list = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        let filter = ToolFilter {
            allow: Some(list(&["read_*"])),
            deny: list(&["read_secret"]),
            ..ToolFilter::default()
        };
        assert!(filter.allows("read_file") && !filter.allows("read_secret"));
        assert!(!filter.allows("write_file"));
        assert!(ToolFilter::default().allows("x") && ToolFilter::default().is_open());
        let none = ToolFilter { allow: Some(Vec::new()), ..ToolFilter::default() };
        assert!(!none.allows("x"));
    }

    #[test]
    fn a_refusal_names_the_rule_and_the_file() {
        let filter = ToolFilter {
            allow: Some(vec!["read_*".to_owned()]),
            deny: vec!["secret".to_owned(), "read_s*".to_owned()],
            allow_key: "tools.allow".to_owned(),
            deny_key: "excludeTools".to_owned(),
            file: "/home/u/.claude.json".to_owned(),
        };
        assert_eq!(filter.refusal("files", "read_file"), None);
        assert_eq!(
            filter.refusal("files", "read_secret").as_deref(),
            Some(
                "tool 'read_secret' of server 'files' is refused: 'excludeTools' in \
                 /home/u/.claude.json has 'read_s*'"
            )
        );
        assert_eq!(
            filter.refusal("files", "write\n").as_deref(),
            Some(
                "tool 'write\\n' of server 'files' is refused: 'tools.allow' in \
                 /home/u/.claude.json does not have it"
            )
        );
    }
}
