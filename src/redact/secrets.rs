//! The values that are hidden, and the pass that hides them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::mem;

use crate::json::with_whole_pairs;

use super::names;
use super::spellings;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// Spellings that one generation holds; those of two are known at a time.
const GENERATION: usize = 8192;
/// Spellings of values that came with calls, likewise.
const CALLS: usize = 1024;
/// The bytes that a spelling is found by, which is also the shortest there is.
const HEAD: usize = 4;
/// A part of a spelling at an end of the text is hidden from this length on.
const PART: usize = 6;
/// The beginning of a long spelling is hidden wherever it stands from this length on.
const BEGINNING: usize = 24;
/// Shorter spellings must stand by themselves: `pass` is no part of `passed`.
const ALONE: usize = 8;
/// A longer end of a spelling is not looked for at the beginning of a text.
const LONGEST_END: usize = 512;
/// Words of a filter: 64 Ki bits.
const FILTER: usize = 1024;

/// Secret values, and what hides them in texts.
#[derive(Default)]
pub struct Redactor {
    entries: Known,
    calls: Known,
}

/// Spellings in two generations: when the newer one is full the older one goes.
#[derive(Default)]
struct Known {
    new: Spellings,
    old: Spellings,
}

/// Spellings by their first and by their last four bytes.
#[derive(Default)]
struct Spellings {
    count: usize,
    /// A bit for the hash of each head, so that most places cost no search.
    filter: Vec<u64>,
    by_head: HashMap<[u8; HEAD], Vec<Box<[u8]>>>,
    by_tail: HashMap<[u8; HEAD], Vec<Box<[u8]>>>,
}

impl Redactor {
    /// Keeps a value of an entry in mind. It stays known when the entry has gone,
    /// because its process may still print it, until some thousands came after it.
    pub fn learn(&mut self, value: &str) {
        self.entries.learn(value, GENERATION);
    }

    /// Keeps the value of an environment variable in mind if it is secret.
    pub fn learn_variable(&mut self, name: &str, value: &str) {
        if let Some(password) = names::password_in(value) {
            self.learn(password);
        }
        if names::is_secret(name, value) {
            self.learn(value);
        }
    }

    /// Keeps the secrets in the arguments of a command in mind: `--api-key VALUE`,
    /// `--token=VALUE`, passwords in addresses.
    pub fn learn_command(&mut self, args: &[String]) {
        let mut before: Option<&str> = None;
        for arg in args {
            let flag = arg.starts_with('-').then(|| arg.trim_start_matches('-'));
            match (flag.and_then(|flag| flag.split_once('=')), flag, before) {
                (Some((name, value)), _, _) => self.learn_option(name, value),
                (None, None, Some(name)) => self.learn_option(name, arg),
                _ => {}
            }
            if let Some(password) = names::password_in(arg) {
                self.learn(password);
            }
            before = flag.filter(|flag| !flag.contains('='));
        }
    }

    fn learn_option(&mut self, name: &str, value: &str) {
        if names::is_secret_name(name) && names::is_secret(name, value) {
            self.learn(value);
        }
    }

    /// Keeps secret arguments of a call in mind: strings under a secret name, or
    /// under one for which `is_masked` is true, in `json`, a JSON value. The values
    /// of the latest hundred or so are known.
    pub fn learn_arguments(&mut self, json: &str, is_masked: impl Fn(&str) -> bool) {
        if json.len() > LONGEST_ARGUMENTS {
            return;
        }
        let json = with_whole_pairs(json.as_bytes());
        let Ok(value) = serde_json::from_slice(&json) else { return };
        self.learn_in(&value, None, &is_masked);
    }

    fn learn_in(
        &mut self,
        value: &serde_json::Value,
        name: Option<&str>,
        is_masked: &impl Fn(&str) -> bool,
    ) {
        match value {
            serde_json::Value::String(text) => {
                let Some(name) = name else { return };
                let masked = is_masked(name) && text.trim().len() >= HEAD;
                if masked || names::is_secret_name(name) && names::is_secret(name, text) {
                    self.calls.learn(text, CALLS);
                }
            }
            serde_json::Value::Array(items) => {
                items.iter().for_each(|item| self.learn_in(item, name, is_masked));
            }
            serde_json::Value::Object(members) => {
                for (key, member) in members {
                    let hides = is_masked(key) || names::is_secret_name(key);
                    let name = if hides { Some(key.as_str()) } else { name };
                    self.learn_in(member, name, is_masked);
                }
            }
            _ => {}
        }
    }

    /// The text with `***` in the place of every secret.
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let sets = [&self.entries.new, &self.entries.old, &self.calls.new, &self.calls.old];
        if sets.iter().all(|set| set.count == 0) || text.len() < HEAD {
            return Cow::Borrowed(text);
        }
        let bytes = text.as_bytes();
        let mut out = String::new();
        let mut copied = 0;
        let mut at = sets.iter().filter_map(|set| set.end_at_start(bytes)).max().unwrap_or(0);
        if at > 0 {
            at = ceil(text, at);
            out.push_str(MASK);
            copied = at;
        }
        while at + HEAD <= bytes.len() {
            let hit = sets.iter().filter_map(|set| set.length_at(bytes, at)).max();
            let Some(length) = hit.filter(|_| text.is_char_boundary(at)) else {
                at += 1;
                continue;
            };
            out.push_str(&text[copied..at]);
            out.push_str(MASK);
            at = ceil(text, at + length);
            copied = at;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |known: &Known| known.new.count + known.old.count;
        f.debug_struct("Redactor")
            .field("entries", &count(&self.entries))
            .field("calls", &count(&self.calls))
            .finish()
    }
}

impl Known {
    fn learn(&mut self, value: &str, most: usize) {
        if self.new.count >= most {
            self.old = mem::take(&mut self.new);
        }
        spellings::each(value, |spelling| self.new.add(spelling));
    }
}

impl Spellings {
    fn add(&mut self, spelling: &[u8]) {
        let (Some(head), Some(tail)) = (spelling.first_chunk(), spelling.last_chunk()) else {
            return;
        };
        let heads = self.by_head.entry(*head).or_default();
        if heads.iter().any(|known| **known == *spelling) {
            return;
        }
        heads.push(spelling.into());
        self.filter.resize(FILTER, 0);
        let (word, bit) = filter_bit(head);
        self.filter[word] |= bit;
        self.by_tail.entry(*tail).or_default().push(spelling.into());
        self.count += 1;
    }

    /// How much of a spelling, all of it if nothing else is said, stands at `at`.
    fn length_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let head = text[at..].first_chunk::<HEAD>()?;
        let (word, bit) = filter_bit(head);
        if self.filter.get(word).is_none_or(|bits| bits & bit == 0) {
            return None;
        }
        let known = self.by_head.get(head)?;
        let lengths = known.iter().filter_map(|spelling| {
            let rest = &text[at..];
            let common = rest.iter().zip(spelling.iter()).take_while(|(a, b)| a == b).count();
            let whole = common == spelling.len()
                && (common >= ALONE || stands_alone(text, at, at + common));
            let cut_off = common == rest.len() && common >= PART;
            (whole || cut_off || common >= BEGINNING).then_some(common)
        });
        lengths.max()
    }

    /// How much of the end of a spelling stands at the beginning of the text, which
    /// went on from the line before.
    fn end_at_start(&self, text: &[u8]) -> Option<usize> {
        let longest = text.len().min(LONGEST_END);
        let mut ends = (PART..=longest).rev();
        ends.find(|end| {
            let tail = text[..*end].last_chunk::<HEAD>();
            let known = tail.and_then(|tail| self.by_tail.get(tail));
            let is_end = |known: &[u8]| known.len() > *end && known.ends_with(&text[..*end]);
            known.is_some_and(|known| known.iter().any(|known| is_end(known)))
        })
    }
}

/// The word and the bit of a head in a filter.
fn filter_bit(head: &[u8; HEAD]) -> (usize, u64) {
    let hash = u32::from_le_bytes(*head).wrapping_mul(0x9e37_79b1) >> 16;
    (hash as usize / 64 % FILTER, 1 << (hash % 64))
}

/// Whether no letter or digit stands at either side.
fn stands_alone(text: &[u8], from: usize, to: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric());
    let before = from.checked_sub(1).and_then(|at| text.get(at));
    !is_word(before) && !is_word(text.get(to))
}

/// The first character boundary from `at` on.
fn ceil(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at.min(text.len())
}

/// Longer arguments are not searched for secrets.
const LONGEST_ARGUMENTS: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "hunter2-s3cret";

    fn knows(values: &[&str]) -> Redactor {
        let mut redactor = Redactor::default();
        values.iter().for_each(|value| redactor.learn(value));
        redactor
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands_and_nothing_else_is() {
        let redactor = knows(&[TOKEN, "swordfish", "pass"]);
        for (text, shown) in [
            ("", ""),
            ("no secret here", "no secret here"),
            ("TOKEN=hunter2-s3cret", "TOKEN=***"),
            ("hunter2-s3cret", "***"),
            ("a hunter2-s3cret b hunter2-s3cret c", "a *** b *** c"),
            ("hunter2-s3crethunter2-s3cret", "******"),
            ("the swordfish swims", "the *** swims"),
            ("it passed; pass=pass.", "it passed; ***=***."),
            ("é hunter2-s3cret é", "é *** é"),
            ("url?t=hunter2-s3cret&x", "url?t=***&x"),
            ("Basic dTpodW50ZXIyLXMzY3JldA==", "Basic dTp***A=="),
        ] {
            assert_eq!(redactor.clean(text), shown, "{text}");
        }
        assert!(matches!(redactor.clean("nothing"), Cow::Borrowed(_)));
        assert!(!format!("{redactor:?}").contains("hunter"));
    }

    #[test]
    fn a_secret_that_two_lines_share_is_hidden_in_both() {
        let redactor = knows(&[TOKEN]);
        assert_eq!(redactor.clean("TOKEN=hunter2"), "TOKEN=***");
        assert_eq!(redactor.clean("s3cret and more"), "*** and more");
        assert_eq!(redactor.clean("TOKEN=hunt"), "TOKEN=hunt", "too little to tell");
    }

    #[test]
    fn a_long_secret_is_hidden_where_only_its_beginning_is_shown() {
        let long = format!("{}{}", "Qz7".repeat(20), "x".repeat(20_000));
        let redactor = knows(&[&long]);
        assert_eq!(redactor.clean(&format!("a {}... b", &long[..40])), "a ***... b");
    }

    #[test]
    fn entries_are_searched_by_name_and_by_value() {
        let mut redactor = Redactor::default();
        for (name, value) in [
            ("TOKEN", TOKEN),
            ("NODE_ENV", "production"),
            ("DATABASE_URL", "postgres://me:pa55word@db/x"),
            ("PATH", "/usr/bin"),
        ] {
            redactor.learn_variable(name, value);
        }
        let args = ["--api-key", "sk-test-1", "--token=t0k3n", "--port", "8080", "-v", "plain"];
        redactor.learn_command(&args.map(str::to_owned));
        let text = "hunter2-s3cret production pa55word /usr/bin sk-test-1 t0k3n 8080 plain";
        assert_eq!(redactor.clean(text), "*** production *** /usr/bin *** *** 8080 plain");
    }

    #[test]
    fn arguments_are_searched_by_their_names() {
        let mut redactor = Redactor::default();
        let json = r#"{"user":"somebody","password":"swordfish","login":{"api_key":["one-key","two-key"]},
            "hidden":"quiet-word","text":"plain-text","tokens":12345678}"#;
        redactor.learn_arguments(json, |name| name == "hidden");
        redactor.learn_arguments(r#"{"token":"after-half","text":"\ud83d"}"#, |_| false);
        redactor.learn_arguments("no json: \"password\"", |_| true);
        let text = "somebody swordfish one-key two-key quiet-word after-half plain-text 12345678";
        assert_eq!(redactor.clean(text), "somebody *** *** *** *** *** plain-text 12345678");
    }

    #[test]
    fn what_is_kept_in_mind_is_bounded_and_the_latest_is_known() {
        let mut redactor = Redactor::default();
        for n in 0..20_000 {
            redactor.learn_arguments(&format!("{{\"token\":\"value-{n:06}\"}}"), |_| false);
        }
        let held = redactor.calls.new.count + redactor.calls.old.count;
        assert!(held <= 2 * CALLS + 16, "{held}");
        assert_eq!(redactor.clean("value-019999 value-019900"), "*** ***");
    }
}
