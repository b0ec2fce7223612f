//! Which values are secrets.

/// Words of names whose values are secrets (`accesstoken`, `MYSECRET`), inside of other
/// words, too.
const PARTS: &[&str] = &["apikey", "credential", "passwd", "password", "secret", "token"];

/// The same for words by themselves.
const WORDS: &[&str] = &["credentials", "passcode", "passphrase", "pin", "pwd"];

/// Words whose values are hidden in texts alone (`db-key`, `AUTH_HEADER`): the name of an
/// argument has them for many things that a person is to see while typing.
const DOUBTFUL: &[&str] = &[
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "cred",
    "creds",
    "dsn",
    "key",
    "keys",
    "pass",
    "pat",
    "private",
    "signature",
];

/// Words that make a `key` one that opens something.
const KEYS: &[&str] =
    &["access", "api", "auth", "encryption", "license", "private", "signing", "ssh"];

/// Words that settings have for values; to hide them would hide half of what
/// servers say.
const ORDINARY: &[&str] = &[
    "auto",
    "basic",
    "bearer",
    "debug",
    "default",
    "disabled",
    "enabled",
    "error",
    "false",
    "info",
    "local",
    "localhost",
    "none",
    "null",
    "optional",
    "required",
    "test",
    "true",
    "undefined",
    "verbose",
    "warning",
];

/// Whether the value of something called `name` is hidden in texts.
///
/// The words of a name are what stands between `_`, `-`, `.` and blanks, or
/// begins with a capital in `camelCase`.
pub fn is_secret_name(name: &str) -> bool {
    // Every name in the arguments of every call is asked about, so nothing is allocated.
    let is_secret = |word| is_one_of(word, WORDS) || is_one_of(word, DOUBTFUL);
    holds_part(name.as_bytes()) || words(name).any(is_secret)
}

/// Whether the value of an argument called `name` is masked while a person types it.
///
/// A count of tokens (`max_tokens`) is not.
///
/// ```
/// use tmcp::redact::is_masked_name;
///
/// assert!(is_masked_name("accessToken") && is_masked_name("API_KEY") && is_masked_name("key"));
/// assert!(!is_masked_name("max_tokens") && !is_masked_name("sort_key"));
/// ```
pub fn is_masked_name(name: &str) -> bool {
    let has = |list| words(name).any(|word| is_one_of(word, list));
    let has_key = || has(&["key"]) && (words(name).nth(1).is_none() || has(KEYS));
    has(PARTS) || has(WORDS) || has_key()
}

/// Whether one of [`PARTS`] stands somewhere in `name`, in whatever case.
fn holds_part(mut name: &[u8]) -> bool {
    while let [first, after @ ..] = name {
        let first = first.to_ascii_lowercase();
        let begins = |part: &&str| {
            part.as_bytes()[0] == first
                && name.get(..part.len()).is_some_and(|n| n.eq_ignore_ascii_case(part.as_bytes()))
        };
        if PARTS.iter().any(begins) {
            return true;
        }
        name = after;
    }
    false
}

/// Whether `word`, in whatever case, is in `list`.
fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    let is =
        |known: &&str| known.len() == word.len() && word.eq_ignore_ascii_case(known.as_bytes());
    list.iter().any(is)
}

/// Whether `value`, of something called `name`, is to be hidden.
///
/// Under a secret name: four characters or more that are no ordinary word of
/// settings, no path and no number below a million. Under any other name: eight
/// characters or more with letters and digits, no path; and of an address only
/// the password in it, see `password_in`.
pub fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim();
    if ORDINARY.contains(&value.to_ascii_lowercase().as_str()) || is_path(value) {
        return false;
    }
    if is_secret_name(name) {
        let is_number = value.bytes().all(|b| b.is_ascii_digit());
        return value.len() >= if is_number { 6 } else { 4 };
    }
    let has = |kind: fn(&char) -> bool| value.chars().any(|c| kind(&c));
    value.len() >= 8
        && !value.contains("://")
        && has(char::is_ascii_digit)
        && has(|c| c.is_alphabetic())
}

/// The password in an address such as `postgres://user:password@host/`.
pub fn password_in(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let password = user.split_once(':').map_or(user, |(_, password)| password);
    (password.len() >= 4).then_some(password)
}

/// A path, which may not be told from base64 that begins with a slash: long runs
/// of letters of both cases with digits are that.
fn is_path(value: &str) -> bool {
    let starts = ["/", "~/", "./", "../"].iter().any(|start| value.starts_with(start));
    starts && !value.split('/').any(is_random)
}

fn is_random(part: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| part.bytes().any(|b| kind(&b));
    part.len() >= 16
        && !part.contains(['.', '-', '_', ' '])
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
}

/// The words of a name. Letters beyond ASCII stand between words, because no word of
/// the lists has one.
fn words(name: &str) -> impl Iterator<Item = &[u8]> {
    let mut rest = name.as_bytes();
    std::iter::from_fn(move || {
        rest = &rest[rest.iter().position(u8::is_ascii_alphanumeric)?..];
        let mut follows_small = false;
        let is_over = |byte: &u8| {
            let begins = follows_small && byte.is_ascii_uppercase();
            follows_small = byte.is_ascii_lowercase() || byte.is_ascii_digit();
            begins || !byte.is_ascii_alphanumeric()
        };
        let (word, more) = rest.split_at(rest.iter().position(is_over).unwrap_or(rest.len()));
        rest = more;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_their_words() {
        for name in [
            "TOKEN",
            "GITHUB_TOKEN",
            "apiKey",
            "OPENAI_API_KEY",
            "key",
            "db-password",
            "Passwd",
            "clientSecret",
            "ACCESSTOKEN",
            "x.auth",
            "DATABASE_DSN",
            "GH_PAT",
            "PWD",
            "Authorization",
            "clé-key",
            "key\u{2014}x",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["PATH", "KEYBOARD", "monkey", "AUTHOR", "query", "text", "COMPASS", "", "spin"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_masked_while_it_is_typed_is_hidden_in_texts_too() {
        let both = [PARTS, WORDS].concat();
        let keys: Vec<String> = KEYS.iter().map(|word| format!("{word}_key")).collect();
        let keys = keys.iter().map(String::as_str);
        for name in both.into_iter().chain(keys).chain(["key", "db2Key-api", "dbPassword"]) {
            assert!(is_masked_name(name) && is_secret_name(name), "{name}");
        }
        for name in ["max_tokens", "keyword", "pinned", "sort_key", "auth", "keys", ""] {
            assert!(!is_masked_name(name), "{name}");
        }
    }

    #[test]
    fn ordinary_values_stay_in_sight() {
        for (name, value) in [
            ("NODE_ENV", "production"),
            ("TOKENIZERS_PARALLELISM", "false"),
            ("PATH", "/usr/local/bin:/usr/bin"),
            ("PWD", "/home/me/work2"),
            ("SSH_KEY", "~/.ssh/id_ed25519"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/service-account-12345.json"),
            ("max_tokens", "4096"),
            ("BASE_URL", "https://api2.example.com/v1"),
            ("TZ", "America/New_York"),
            ("PORT", "8080"),
            ("AUTH", "none"),
            ("KEY", "abc"),
            ("DEBUG", "1"),
            ("TOKEN", ""),
        ] {
            assert!(!is_secret(name, value), "{name}={value}");
        }
    }

    #[test]
    fn secrets_are_found_by_name_or_by_their_looks() {
        for (name, value) in [
            ("TOKEN", "hunter2"),
            ("password", "swordfish"),
            ("PIN", "123456"),
            ("OTHER", "hunter2-s3cret"),
            ("X", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
            ("AWS_SECRET_ACCESS_KEY", "/bPxRfiCYEXAMPLEKEYwJalrXUtnFEMIK7MDENG"),
        ] {
            assert!(is_secret(name, value), "{name}={value}");
        }
        assert_eq!(password_in("postgres://me:pa55word@db:5432/x"), Some("pa55word"));
        assert_eq!(password_in("https://ghp_token@github.com/x"), Some("ghp_token"));
        assert_eq!(password_in("https://example.com/a@b"), None);
        assert_eq!(password_in("pa55word"), None);
    }
}
