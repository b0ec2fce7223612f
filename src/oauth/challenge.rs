//! `WWW-Authenticate`: why a server refuses, and where its metadata is.

/// The challenge of a server for a bearer token (RFC 6750, section 3; RFC 9728, section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// `resource_metadata`: the address of the protected resource metadata.
    pub resource_metadata: Option<String>,
    /// `scope`: the scopes that the refused request needs.
    pub scopes: Vec<String>,
    /// `error`, such as `invalid_token` or `insufficient_scope`.
    pub error: Option<String>,
}

impl Challenge {
    /// Reads the challenge with the scheme `Bearer` among those of a header. Headers of the
    /// same name are joined by commas before. `None`: there is none.
    pub fn parse(header: &str) -> Option<Challenge> {
        let mut challenge: Option<Challenge> = None;
        for part in parts(header) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) if !value.trim_matches('=').is_empty() => (name, Some(value)),
                _ => (part.as_str(), None),
            };
            // A scheme stands before the first of its parameters, with a blank between.
            let (scheme, name) = match name.trim().rsplit_once(char::is_whitespace) {
                Some((scheme, name)) if value.is_some() => (Some(scheme.trim()), name),
                _ if value.is_none() => (Some(name.trim()), ""),
                _ => (None, name.trim()),
            };
            if let Some(scheme) = scheme {
                if challenge.is_some() {
                    break;
                }
                let scheme = scheme.split_whitespace().next().unwrap_or_default();
                challenge = scheme.eq_ignore_ascii_case("bearer").then(Challenge::default);
            }
            let (Some(challenge), Some(value)) = (&mut challenge, value) else { continue };
            let value = unquoted(value.trim());
            match name.to_ascii_lowercase().as_str() {
                "resource_metadata" => challenge.resource_metadata = Some(value),
                "scope" => challenge.scopes = words(&value),
                "error" => challenge.error = Some(value),
                _ => {}
            }
        }
        challenge
    }

    /// Whether the token is good and lacks scopes.
    pub fn wants_scopes(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }
}

/// Scopes of a text, which are separated by blanks (RFC 6749, section 3.3).
pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The parts of a header between commas that stand in no quotes.
fn parts(header: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in header.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let (mut out, mut is_escaped) = (String::new(), false);
    for c in inner.chars() {
        match c {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => break,
            _ => {
                out.push(c);
                is_escaped = false;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Challenge;

    fn challenge(
        metadata: Option<&str>,
        scopes: &[&str],
        error: Option<&str>,
    ) -> Option<Challenge> {
        Some(Challenge {
            resource_metadata: metadata.map(str::to_owned),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            error: error.map(str::to_owned),
        })
    }

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        for (header, expected) in [
            ("Bearer", challenge(None, &[], None)),
            (
                r#"Bearer resource_metadata="https://h/.well-known/x", scope="a b""#,
                challenge(Some("https://h/.well-known/x"), &["a", "b"], None),
            ),
            (
                r#"bearer realm="a, b=c", Error=insufficient_scope , scope = "x""#,
                challenge(None, &["x"], Some("insufficient_scope")),
            ),
            (
                r#"Basic realm="Bearer scope=no", Bearer scope="x", DPoP scope="y""#,
                challenge(None, &["x"], None),
            ),
            (r#"Negotiate abc==, Bearer error="a\"b""#, challenge(None, &[], Some("a\"b"))),
            ("Basic realm=\"x\"", None),
            ("", None),
            ("Bearer scope=\"a", challenge(None, &["a"], None)),
        ] {
            assert_eq!(Challenge::parse(header), expected, "{header}");
        }
    }
}
