//! What happened, line by line, when somebody wants to know.

use std::cell::RefCell;
use std::fmt::Arguments;
use std::rc::Rc;

/// A trace; clones share it. One that is dropped costs nothing.
#[derive(Clone, Debug)]
pub struct Trace(Option<Rc<RefCell<Vec<String>>>>);

impl Trace {
    pub fn kept() -> Trace {
        Trace(Some(Rc::default()))
    }

    pub fn dropped() -> Trace {
        Trace(None)
    }

    pub fn line(&self, now: u64, line: Arguments<'_>) {
        if let Some(lines) = &self.0 {
            let line = format!("{:>6}.{:06} {line}", now / 1_000_000, now % 1_000_000);
            lines.borrow_mut().push(line);
        }
    }

    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |lines| lines.borrow().len())
    }

    pub fn tail(&self, count: usize) -> String {
        self.0.as_ref().map_or_else(String::new, |lines| {
            let lines = lines.borrow();
            lines[lines.len().saturating_sub(count)..].join("\n")
        })
    }

    /// The first lines in which two traces differ.
    pub fn difference(&self, other: &Trace) -> Option<(String, String)> {
        let (Some(one), Some(two)) = (&self.0, &other.0) else { return None };
        let (one, two) = (one.borrow(), two.borrow());
        let at = (0..one.len().max(two.len())).find(|at| one.get(*at) != two.get(*at))?;
        let line = |lines: &Vec<String>| lines.get(at).cloned().unwrap_or("the end".into());
        Some((line(&one), line(&two)))
    }
}
