//! Which values are not to be seen by others.

/// Words of names whose values are masked.
const WORDS: [&str; 11] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "credential",
    "credentials",
    "pin",
    "pwd",
    "apikey",
];
/// Words that make a "key" one that opens something.
const KEYS: [&str; 9] =
    ["api", "access", "private", "secret", "auth", "encryption", "signing", "ssh", "license"];

/// Whether the value of something of that name is masked: `token`, `api_key`, `dbPassword`.
///
/// A count of tokens (`max_tokens`) is none.
///
/// ```
/// use tmcp::mcp::schema::secret::is_secret;
///
/// assert!(is_secret("accessToken") && is_secret("API_KEY") && is_secret("key"));
/// assert!(!is_secret("max_tokens") && !is_secret("keyword") && !is_secret("pinned"));
/// ```
pub fn is_secret(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|one| one == word);
    if WORDS.iter().any(|word| has(word)) {
        return true;
    }
    // A key by itself, or one of something that is kept closed.
    has("key") && (words.len() == 1 || KEYS.iter().any(|word| has(word)))
}

/// The words of a name in small letters: at `_`, `-`, `.`, blanks and where capitals begin.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut was_small) = (Vec::new(), String::new(), false);
    for c in name.chars().take(256) {
        if !c.is_alphanumeric() || c.is_uppercase() && was_small {
            words.push(std::mem::take(&mut word));
        }
        was_small = c.is_lowercase() || c.is_numeric();
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
