use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// 256 random bits that somebody outside holds: a cookie, a `state`, a ticket.
///
/// We keep its [`TokenHash`] only. `Debug` does not print it.
#[derive(Clone)]
pub struct Token(Zeroizing<[u8; 32]>);

/// The text is not a token. Does not repeat it: it may be one of somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token has 43 characters of base64url")]
pub struct TokenError;

impl Token {
    /// Makes a token of 32 random bytes, which the caller draws.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Reads what [`Token::reveal`] wrote: 43 characters of base64url without padding.
    ///
    /// # Errors
    ///
    /// [`TokenError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| TokenError)?;
        Ok(Self::new(bytes))
    }

    /// The text that is handed out. Every caller of this function is worth a look in review.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// The bytes themselves, for sealing.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What is kept: SHA-256 of the bytes. The token has full entropy, so no salt is needed.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_slice())
    }

    /// Compares in constant time.
    pub fn matches(&self, guess: &Self) -> bool {
        self.0.as_slice().ct_eq(guess.0.as_slice()).into()
    }
}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// SHA-256 of a secret value; what rows hold in its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes `value`. For values with at least 128 bits of entropy.
    pub fn of(value: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, value).as_ref());
        Self(hash)
    }

    /// Takes 32 bytes that a row holds.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl core::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let token = Token::new([7; 32]);
        assert!(Token::parse(&token.reveal()).unwrap().matches(&token));
        assert_eq!(token.reveal().len(), 43);
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let good = Token::new([7; 32]).reveal();
        for bad in ["", "a", &good[..42], &format!("{good}A"), &format!("{good}="), "é"] {
            assert!(Token::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_and_its_hash_do_not_print() {
        let token = Token::new([7; 32]);
        assert_eq!(format!("{token:?} {:?}", token.hash()), "Token(..) TokenHash(..)");
    }

    #[test]
    fn a_token_matches_only_itself() {
        assert!(Token::new([1; 32]).matches(&Token::new([1; 32])));
        assert!(!Token::new([1; 32]).matches(&Token::new([2; 32])));
        assert!(!Token::new([1; 32]).hash().matches(&Token::new([2; 32]).hash()));
    }
}
