//! The grammar of numbers (RFC 8259, section 6), byte by byte.

/// How far a number has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Number {
    /// Before the first byte.
    #[default]
    Start,
    /// After `-`.
    Minus,
    /// After a leading `0`.
    Zero,
    /// In the digits before the point.
    Integer,
    /// After `.`.
    Point,
    /// In the digits after the point.
    Fraction,
    /// After `e`.
    Exponent,
    /// After the sign of the exponent.
    ExponentSign,
    /// In the digits of the exponent.
    ExponentDigits,
}

impl Number {
    /// The state after `byte`; `None` when the number does not go on with it.
    #[inline]
    pub(super) fn next(self, byte: u8) -> Option<Number> {
        use Number::*;
        match (self, byte) {
            (Start, b'-') => Some(Minus),
            (Start | Minus, b'0') => Some(Zero),
            (Start | Minus, b'1'..=b'9') | (Integer, b'0'..=b'9') => Some(Integer),
            (Zero | Integer, b'.') => Some(Point),
            (Point | Fraction, b'0'..=b'9') => Some(Fraction),
            (Zero | Integer | Fraction, b'e' | b'E') => Some(Exponent),
            (Exponent, b'+' | b'-') => Some(ExponentSign),
            (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => Some(ExponentDigits),
            _ => None,
        }
    }

    /// Whether the number may end here.
    pub(super) fn is_complete(self) -> bool {
        matches!(self, Number::Zero | Number::Integer | Number::Fraction | Number::ExponentDigits)
    }
}

/// Whether `text` is one number by JSON's grammar, nothing before or after it.
pub fn is_number(text: &[u8]) -> bool {
    let end = text.iter().try_fold(Number::Start, |number, byte| number.next(*byte));
    end.is_some_and(Number::is_complete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_serde_json() {
        let alphabet = b"-+0159.eE ";
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        for _ in 0..5 {
            let longer = texts
                .iter()
                .flat_map(|text| alphabet.iter().map(|byte| [text.as_slice(), &[*byte]].concat()));
            texts = std::iter::once(Vec::new()).chain(longer).collect();
            for text in &texts {
                let said = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
                let bare = !text.contains(&b' ');
                assert_eq!(is_number(text), said && bare, "{}", String::from_utf8_lossy(text));
            }
        }
    }
}
