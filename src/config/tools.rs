//! Which tools of a server are offered: `tools.allow` and `tools.deny`.

/// Globs over tool names. `*` stands for any characters, `?` for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolFilter {
    /// Only these; `None`: all.
    pub allow: Option<Vec<String>>,
    /// Not these, whatever `allow` says.
    pub deny: Vec<String>,
}

impl ToolFilter {
    /// Whether a tool of this name may be listed and called.
    pub fn allows(&self, tool: &str) -> bool {
        let any = |globs: &[String]| globs.iter().any(|glob| matches(glob, tool));
        self.allow.as_deref().is_none_or(any) && !any(&self.deny)
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
        let filter = ToolFilter { allow: Some(list(&["read_*"])), deny: list(&["read_secret"]) };
        assert!(filter.allows("read_file") && !filter.allows("read_secret"));
        assert!(!filter.allows("write_file"));
        assert!(ToolFilter::default().allows("x") && ToolFilter::default().is_open());
        assert!(!ToolFilter { allow: Some(Vec::new()), deny: Vec::new() }.allows("x"));
    }
}
