//! What stands in a URL as `%XX` (RFC 3986, section 2.1).

/// The bytes of a part of a URL. A `%` without two hexadecimal digits is itself.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn two_digits_are_a_byte_and_all_else_is_itself() {
        for (text, bytes) in [
            ("a%20b%C3%a4", &b"a b\xc3\xa4"[..]),
            ("%", b"%"),
            ("%4", b"%4"),
            ("%+1%zz%41", b"%+1%zzA"),
            ("", b""),
        ] {
            assert_eq!(decoded(text), bytes, "{text}");
        }
    }
}
