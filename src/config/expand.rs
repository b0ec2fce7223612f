//! `${VAR}` and `${VAR:-default}`, as Claude Code writes them.
//!
//! A reference matches `\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}`; anything
//! else that looks like one is plain text. A variable that is set to nothing is
//! set: the default is for unset ones. What was put in is not looked at again.

/// Expands the references in `text`; names without value and default stay
/// in the text as written and are added to `unset`, each once.
pub(super) fn expand(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
    unset: &mut Vec<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some(reference) = Reference::at_start_of(from) else {
            out.push('$');
            rest = &from[1..];
            continue;
        };
        let (written, after) = from.split_at(reference.len);
        match (env(reference.name), reference.default) {
            (Some(value), _) => out.push_str(&value),
            (None, Some(default)) => out.push_str(default),
            (None, None) => {
                out.push_str(written);
                if !unset.iter().any(|name| name == reference.name) {
                    unset.push(reference.name.to_owned());
                }
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

struct Reference<'a> {
    name: &'a str,
    default: Option<&'a str>,
    /// Bytes from the dollar sign to the closing brace.
    len: usize,
}

impl<'a> Reference<'a> {
    fn at_start_of(text: &'a str) -> Option<Reference<'a>> {
        let inner = text.strip_prefix("${")?;
        let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        if !inner.starts_with(letter) {
            return None;
        }
        let end = inner.find(|c| !letter(c) && !c.is_ascii_digit())?;
        let (name, tail) = inner.split_at(end);
        let (default, len) = match tail.strip_prefix(":-") {
            Some(tail) => {
                let brace = tail.find('}')?;
                (Some(&tail[..brace]), end + 2 + brace)
            }
            None if tail.starts_with('}') => (None, end),
            None => return None,
        };
        Some(Reference { name, default, len: "${".len() + len + "}".len() })
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    fn run(text: &str) -> (String, Vec<String>) {
        let env = |name: &str| match name {
            "A" => Some("alpha".to_owned()),
            "_b2" => Some("${A}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let mut unset = Vec::new();
        let text = expand(text, &env, &mut unset);
        (text, unset)
    }

    #[test]
    fn references_are_replaced_by_the_variable_or_the_default() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("${A}", "alpha"),
            ("<${A}${A}>", "<alphaalpha>"),
            ("${A:-no}", "alpha"),
            ("${NO:-yes}", "yes"),
            ("${NO:-}", ""),
            ("${NO:-a:-b}", "a:-b"),
            ("${NO:-a b\n{c}", "a b\n{c"),
            ("${NO:-${A}", "${A"),
            ("${EMPTY:-default}", ""),
            ("${_b2}", "${A}"),
            ("ä${A}ö", "alphaö".replace("alpha", "äalpha").as_str()),
        ] {
            assert_eq!(run(text), (expected.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_reference_is_kept() {
        for text in [
            "$", "$$", "$A", "${", "${}", "${A", "${A:", "${A:-", "${1A}", "${A-b}", "${A:b}",
            "${ä}",
        ] {
            assert_eq!(run(text), (text.to_owned(), vec![]), "{text}");
        }
        assert_eq!(run("$${A}"), ("$alpha".to_owned(), vec![]));
        assert_eq!(run("${${A}"), ("${alpha".to_owned(), vec![]));
    }

    #[test]
    fn an_unset_variable_stays_as_written_and_is_named() {
        let (text, unset) = run("x${NO}y${A}${NEVER}${NO}");
        assert_eq!(text, "x${NO}yalpha${NEVER}${NO}");
        assert_eq!(unset, ["NO", "NEVER"]);
    }
}
