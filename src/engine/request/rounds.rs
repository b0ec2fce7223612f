//! The questions that a server has put in results of one request, and the answers that
//! go into its next try (2026-07-28, multi round-trip requests).

use std::collections::BTreeMap;
use std::mem;

use crate::rpc::envelope;

/// Rounds of questions that one request may take.
pub(in crate::engine) const MAX_ROUNDS: u32 = 10;

/// The rounds of one request.
#[derive(Debug, Default)]
pub(in crate::engine) struct Rounds {
    /// Rounds so far.
    count: u32,
    /// `requestState` of the last round, byte for byte.
    state: Option<Box<str>>,
    /// The answers to the last round, raw, by the server's keys; `None` while one is
    /// missing.
    answers: BTreeMap<String, Option<String>>,
    /// Members of `params` that go into the next try.
    extra: String,
}

impl Rounds {
    /// Another round begins: the server asks by these keys, and wants `state` back.
    /// Returns false when that is one round too many.
    pub(in crate::engine) fn begin<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a String>,
        state: Option<&str>,
    ) -> bool {
        self.count += 1;
        self.state = state.map(Box::from);
        self.answers = keys.map(|key| (key.clone(), None)).collect();
        self.extra.clear();
        self.count <= MAX_ROUNDS
    }

    /// Takes the answer to the question of a key.
    pub(in crate::engine) fn answer(&mut self, key: String, body: String) {
        if let Some(answer) = self.answers.get_mut(&key) {
            *answer = Some(body);
        }
    }

    /// Whether no answer is missing.
    pub(in crate::engine) fn is_complete(&self) -> bool {
        self.answers.values().all(Option::is_some)
    }

    /// Makes the members of the next try. The state goes back byte for byte, and only when
    /// there was one.
    pub(in crate::engine) fn finish(&mut self) {
        let answers = mem::take(&mut self.answers);
        let members: Vec<String> = answers
            .into_iter()
            .filter_map(|(key, body)| {
                let mut name = Vec::new();
                envelope::write_str(&mut name, &key);
                Some(format!("{}:{}", String::from_utf8_lossy(&name), body?))
            })
            .collect();
        self.extra = match &*members {
            [] => String::new(),
            members => format!("\"inputResponses\":{{{}}},", members.join(",")),
        };
        if let Some(state) = self.state.take() {
            self.extra += &format!("\"requestState\":{state},");
        }
    }

    /// Members of `params` for the next try, each followed by a comma.
    pub(in crate::engine) fn members(&self) -> &str {
        &self.extra
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_try_has_every_answer_and_the_state_of_its_round() {
        let mut rounds = Rounds::default();
        let keys = ["b".to_owned(), "a\"".to_owned()];
        assert!(rounds.begin(keys.iter(), Some("[1, 2]")));
        rounds.answer("b".to_owned(), "{}".to_owned());
        rounds.answer("nobody asked".to_owned(), "{}".to_owned());
        assert!(!rounds.is_complete());
        rounds.answer("a\"".to_owned(), "3".to_owned());
        assert!(rounds.is_complete());
        rounds.finish();
        let members = "\"inputResponses\":{\"a\\\"\":3,\"b\":{}},\"requestState\":[1, 2],";
        assert_eq!(rounds.members(), members);
        assert!(rounds.begin([].iter(), None) && rounds.is_complete());
        rounds.finish();
        assert_eq!(rounds.members(), "");
    }

    #[test]
    fn a_server_asks_in_ten_rounds_at_most() {
        let mut rounds = Rounds::default();
        let begun = (0..20).filter(|_| rounds.begin([].iter(), Some("1"))).count();
        assert_eq!(begun, MAX_ROUNDS as usize);
    }
}
