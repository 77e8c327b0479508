//! Proof Key for Code Exchange, RFC 7636; `S256` alone.

use secrets::{Secret, Token, TokenHash};

/// Whether it can be a challenge (§4.2): SHA-256 in base64url, 43 characters.
pub(crate) fn is_challenge(text: &str) -> bool {
    Token::parse(text).is_ok()
}

/// Whether it can be a verifier (§4.1): 43 to 128 unreserved characters.
fn is_verifier(verifier: &Secret) -> bool {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let verifier = verifier.expose();
    (43..=128).contains(&verifier.len()) && verifier.iter().all(unreserved)
}

/// Whether `challenge` was made of `verifier` (§4.6), in constant time.
pub(crate) fn fits(challenge: &str, verifier: &Secret) -> bool {
    let hash = *TokenHash::of(verifier.expose()).as_bytes();
    let expected = Token::parse(challenge);
    is_verifier(verifier) && expected.is_ok_and(|it| it.matches(&Token::new(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 7636 B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn fits(challenge: &str, verifier: &str) -> bool {
        super::fits(challenge, &Secret::from(verifier.to_owned()))
    }

    #[test]
    fn a_challenge_fits_the_verifier_that_it_was_made_of_alone() {
        assert!(fits(CHALLENGE, VERIFIER));
        let other = VERIFIER.replace('d', "e");
        for bad in ["", CHALLENGE, &VERIFIER[..42], &other, &format!("{VERIFIER}=")] {
            assert!(!fits(CHALLENGE, bad), "{bad}");
        }
        for bad in ["", VERIFIER, &CHALLENGE[..42], &format!("{CHALLENGE}="), "plain"] {
            assert!(!fits(bad, VERIFIER), "{bad}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        let made_of =
            |verifier: &str| Token::new(*TokenHash::of(verifier.as_bytes()).as_bytes()).reveal();
        for (verifier, good) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}+", "a".repeat(43)), false),
            (format!("{}-._~", "A9".repeat(20)), true),
            ("é".repeat(30), false),
        ] {
            assert_eq!(fits(&made_of(&verifier), &verifier), good, "{verifier}");
        }
    }
}
