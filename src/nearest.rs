//! Which of some names was meant by one that is not among them.
//!
//! The answer is for words in an error (`; did you mean 'memory'?`), never for
//! doing something else than was asked.

/// Characters of a name that is looked at; a longer one is near nothing.
const LONGEST: usize = 64;
/// Names that are looked at.
const NAMES: usize = 1024;
/// The largest distance.
const FURTHEST: usize = 2;

/// The one of `names` that is nearest to `name`: at most two letters, and a third
/// of the letters of `name`, are put in, left out, changed or swapped with their
/// neighbour. Case does not count. `None` if two are equally near, or none is near.
///
/// Only the first 1024 names are looked at, and of names up to 64 characters.
pub fn nearest<T: AsRef<str>>(name: &str, names: impl Iterator<Item = T>) -> Option<T> {
    let wanted = letters(name)?;
    let mut limit = FURTHEST.min(wanted.len() / 3);
    let mut best: Option<T> = None;
    let mut best_distance = usize::MAX;
    let mut is_tie = false;
    for other in names.take(NAMES) {
        let letters = letters(other.as_ref());
        let Some(found) = letters.and_then(|other| between(&wanted, &other, limit)) else {
            continue;
        };
        if found < best_distance {
            (best, best_distance, is_tie) = (Some(other), found, false);
            limit = found;
        } else if best.as_ref().is_none_or(|best| best.as_ref() != other.as_ref()) {
            is_tie = true;
        }
    }
    best.filter(|_| !is_tie)
}

/// `; did you mean 'NAME'?`, or nothing.
pub fn suggestion<T: AsRef<str>>(name: &str, names: impl Iterator<Item = T>) -> String {
    let near = nearest(name, names);
    near.map(|near| format!("; did you mean '{}'?", near.as_ref())).unwrap_or_default()
}

/// How many letters must be put in, left out, changed, or swapped with their
/// neighbour, if these are `limit` at most.
pub fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    between(&a, &b, limit)
}

/// The letters of a name in lower case, unless it is empty or long.
fn letters(name: &str) -> Option<Vec<char>> {
    let mut letters: Vec<char> = name.chars().take(LONGEST + 1).collect();
    if letters.is_empty() || letters.len() > LONGEST {
        return None;
    }
    for letter in &mut letters {
        *letter = letter.to_lowercase().next().unwrap_or(*letter);
    }
    Some(letters)
}

/// [`distance`]. Only what can stay within `limit` is worked out.
fn between(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let far = limit + 1;
    let mut before = vec![far; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).map(|at| at.min(far)).collect();
    for i in 1..=a.len() {
        let mut row = vec![far; b.len() + 1];
        row[0] = i.min(far);
        for j in i.saturating_sub(limit).max(1)..=b.len().min(i + limit) {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least.min(far);
        }
        (before, last) = (last, row);
    }
    Some(last[b.len()]).filter(|found| *found <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["memory", "time", "filesystem", "git", "echo", "get_current_time"];
        for (name, found) in [
            ("memroy", Some("memory")),
            ("memry", Some("memory")),
            ("Memory", Some("memory")),
            ("GIT", Some("git")),
            ("gti", Some("git")),
            ("ecco", Some("echo")),
            ("tme", Some("time")),
            ("filesytsm", Some("filesystem")),
            ("get-current-time", Some("get_current_time")),
            ("fsystem", None),
            ("gi", None),
            ("eccho!", Some("echo")),
            ("ehoc", None),
            ("time_of_day", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names.into_iter()), found, "{name}");
        }
    }

    #[test]
    fn of_two_equally_near_none_is_named() {
        let names = |names: &'static [&'static str]| names.iter().copied();
        assert_eq!(nearest("note", names(&["nota", "noto"])), None);
        assert_eq!(nearest("noted", names(&["notes", "notea", "Noted"])), Some("Noted"));
        assert_eq!(nearest("notes1", names(&["notes", "notes", "nots"])), Some("notes"));
        assert_eq!(nearest("x", names(&[])), None);
    }

    #[test]
    fn long_names_and_many_are_not_looked_at() {
        let long = "a".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, [&*long].into_iter()), None);
        let many = std::iter::repeat_n("something", NAMES).chain(["memory"]);
        assert_eq!(nearest("memroy", many), None);
    }

    #[test]
    fn distances_are_those_of_the_definition_within_the_limit() {
        for (a, b, found) in [
            ("", "", 0),
            ("", "ab", 2),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abcd", "badc", 2),
            ("kitten", "sitting", 3),
        ] {
            for limit in 0..5 {
                let expected = (found <= limit).then_some(found);
                assert_eq!(distance(a, b, limit), expected, "{a} {b} {limit}");
                assert_eq!(distance(b, a, limit), expected, "{b} {a} {limit}");
            }
        }
    }

    #[test]
    fn the_words_name_what_was_meant() {
        assert_eq!(suggestion("memroy", ["memory"].into_iter()), "; did you mean 'memory'?");
        assert_eq!(suggestion("zzz", ["memory"].into_iter()), "");
    }
}
