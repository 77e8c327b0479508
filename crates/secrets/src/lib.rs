//! What must never reach a log or a timing: client secrets, tokens, PINs, keys; and the key ring
//! that seals them at rest.
//!
//! Random bytes and time are arguments. No I/O.

mod ring;
mod token;

pub use ring::{KeyRing, KeyRingError, OpenError};
pub use token::{Token, TokenError, TokenHash};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret. `Debug` prints the length only, and there is no `PartialEq`.
///
/// # Security
///
/// Comparing with `==` would tell an attacker how many leading bytes are right;
/// [`Secret::matches`] takes the same time for each guess of the same length.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of `bytes`; they are wiped when the secret is dropped.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Borrows the bytes. Every caller of this function is worth a look in review.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Borrows the secret as text, when it is text.
    pub fn expose_text(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }

    /// Compares in constant time. Only the length can be learned from the time it takes.
    pub fn matches(&self, guess: &Self) -> bool {
        self.0.ct_eq(&guess.0).into()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let pin = Secret::new(b"1234".to_vec());
        assert_eq!(format!("{pin:?}"), "Secret(4 bytes)");
        assert_eq!(pin.expose(), b"1234");
    }

    #[test]
    fn a_secret_matches_only_itself() {
        let secret = Secret::new(b"1234".to_vec());
        assert!(secret.matches(&secret.clone()));
        for guess in [&b"1235"[..], b"123", b"12345", b""] {
            assert!(!secret.matches(&Secret::new(guess.to_vec())), "{guess:?}");
        }
    }
}
