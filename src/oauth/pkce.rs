//! Proof Key for Code Exchange (RFC 7636), method S256 alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

/// 32 random bytes as 43 characters, for a verifier or a state (RFC 7636, section 4.1).
pub(super) fn word(random: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// `code_challenge` of a verifier.
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_of_the_rfc_comes_out() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(super::challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(super::word(&[255; 32]).len(), 43);
    }
}
