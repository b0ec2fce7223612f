//! The brackets that are open around a token.

/// A stack of open brackets, one bit each: only the length of the text limits
/// how deep JSON nests.
#[derive(Debug, Default)]
pub struct Nesting {
    depth: usize,
    /// The innermost levels, the deepest in bit 0; 1 is an object.
    objects: u64,
    outer: Vec<u64>,
}

impl Nesting {
    /// How many brackets are open.
    #[inline]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether the innermost bracket is that of an object.
    #[inline]
    pub fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    /// Opens a bracket.
    #[inline]
    pub(super) fn push(&mut self, object: bool) {
        if self.depth % 64 == 0 && self.depth > 0 {
            self.outer.push(self.objects);
            self.objects = 0;
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u64::from(object);
    }

    /// Closes the innermost bracket. At least one must be open.
    #[inline]
    pub(super) fn pop(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
        if self.depth % 64 == 0 && self.depth > 0 {
            self.objects = self.outer.pop().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_remembered_however_deep() {
        let mut nesting = Nesting::default();
        let is_object = |level: usize| level % 3 == 0;
        for level in 0..1000 {
            nesting.push(is_object(level));
        }
        for level in (0..1000).rev() {
            assert_eq!((nesting.depth(), nesting.in_object()), (level + 1, is_object(level)));
            nesting.pop();
        }
        assert_eq!((nesting.depth(), nesting.in_object()), (0, false));
    }
}
