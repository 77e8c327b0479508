//! Sealing at rest and in cookies: XChaCha20-Poly1305 under a ring of keys.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::{Secret, Token};

const NONCE_LEN: usize = 24;

/// The installation's master keys. The last one seals; all of them open.
///
/// A sealed value is `key id (1 byte) ‖ nonce (24) ‖ ciphertext and tag`. The associated data
/// names where it stands (`tenant|table|column|row`), so that a value copied elsewhere does not
/// open.
pub struct KeyRing(Vec<RingKey>);

struct RingKey {
    id: u8,
    key: Zeroizing<[u8; 32]>,
}

/// The text is not a key ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key at all.
    #[error("the key file holds no key")]
    Empty,
    /// A line is not `<id>:<base64 of 32 bytes>`.
    #[error("line {0} of the key file is not <id>:<base64 of 32 bytes>")]
    Line(usize),
    /// One id stands for two keys.
    #[error("the key file names key {0} twice")]
    Twice(u8),
}

/// The value does not open: another key, another place, or it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed value does not open")]
pub struct OpenError;

impl KeyRing {
    /// A ring of one key with id 1, of random bytes that the caller draws.
    pub fn of(key: [u8; 32]) -> Self {
        Self(vec![RingKey { id: 1, key: Zeroizing::new(key) }])
    }

    /// Reads a key file: one `<id>:<base64>` per line, the newest last.
    ///
    /// # Errors
    ///
    /// See [`KeyRingError`].
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<RingKey> = Vec::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let key = parse_line(line).ok_or(KeyRingError::Line(number))?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(KeyRingError::Twice(key.id));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(KeyRingError::Empty) } else { Ok(Self(keys)) }
    }

    /// Writes what [`KeyRing::parse`] reads. The text is the secret of the installation.
    pub fn reveal(&self) -> Zeroizing<String> {
        let line = |k: &RingKey| format!("{}:{}\n", k.id, STANDARD.encode(k.key.as_slice()));
        Zeroizing::new(self.0.iter().map(line).collect())
    }

    /// Seals `plain` for the place that `place` names. `nonce` is 24 random bytes.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the cipher refuses, which it does for absurd lengths only.
    pub fn seal(
        &self,
        place: &str,
        nonce: [u8; NONCE_LEN],
        plain: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let ring_key = self.0.last().ok_or(OpenError)?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed =
            cipher(ring_key).encrypt(&XNonce::from(nonce), payload).map_err(|_| OpenError)?;
        Ok([&[ring_key.id][..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    ///
    /// [`OpenError`], without saying which of its reasons.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Secret, OpenError> {
        let (id, rest) = sealed.split_first().ok_or(OpenError)?;
        let (nonce, msg) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError)?;
        let ring_key = self.0.iter().find(|key| key.id == *id).ok_or(OpenError)?;
        let payload = Payload { msg, aad: place.as_bytes() };
        let plain = cipher(ring_key).decrypt(&XNonce::from(*nonce), payload);
        plain.map(Secret::new).map_err(|_| OpenError)
    }

    /// A token that only this installation can compute, one per `label` and `value`:
    /// HMAC-SHA-256 under the first key of the ring, which stays when keys are added.
    ///
    /// # Errors
    ///
    /// [`OpenError`] for an empty ring, which [`KeyRing::parse`] does not make.
    pub fn derive(&self, label: &str, value: &[u8]) -> Result<Token, OpenError> {
        let ring_key = self.0.first().ok_or(OpenError)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, ring_key.key.as_slice());
        let mut context = hmac::Context::with_key(&key);
        context.update(label.as_bytes());
        context.update(&[0]); // ends the label, so that no two pairs make the same input
        context.update(value);
        let tag = context.sign();
        let bytes: [u8; 32] = tag.as_ref().try_into().map_err(|_| OpenError)?;
        Ok(Token::new(bytes))
    }
}

fn parse_line(line: &str) -> Option<RingKey> {
    let (id, key) = line.trim().split_once(':')?;
    let key = Zeroizing::new(STANDARD.decode(key).ok()?);
    let key: [u8; 32] = key.as_slice().try_into().ok()?;
    Some(RingKey { id: id.parse().ok()?, key: Zeroizing::new(key) })
}

fn cipher(ring_key: &RingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*ring_key.key))
}

impl core::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeyRing({} keys)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::of([1; 32])
    }

    #[test]
    fn opens_what_it_sealed() {
        let sealed = ring().seal("acme|provider|secret", [9; 24], b"hunter").unwrap();
        assert_eq!(ring().open("acme|provider|secret", &sealed).unwrap().expose(), b"hunter");
    }

    #[test]
    fn a_value_opens_only_where_it_stands() {
        let sealed = ring().seal("acme|provider|secret", [9; 24], b"hunter").unwrap();
        assert!(ring().open("rival|provider|secret", &sealed).is_err());
    }

    #[test]
    fn another_key_opens_nothing() {
        let sealed = ring().seal("here", [9; 24], b"hunter").unwrap();
        assert!(KeyRing::of([2; 32]).open("here", &sealed).is_err());
    }

    #[test]
    fn each_changed_byte_and_each_cut_is_noticed() {
        let sealed = ring().seal("here", [9; 24], b"hunter").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(ring().open("here", &changed).is_err(), "byte {at}");
            assert!(ring().open("here", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_newest_key_seals_and_the_old_one_still_opens() {
        let old = ring();
        let sealed = old.seal("here", [9; 24], b"hunter").unwrap();
        let both = format!("{}2:{}\n", *old.reveal(), STANDARD.encode([2; 32]));
        let both = KeyRing::parse(&both).unwrap();
        assert_eq!(both.open("here", &sealed).unwrap().expose(), b"hunter");
        assert_eq!(both.seal("here", [9; 24], b"x").unwrap()[0], 2);
    }

    #[test]
    fn says_which_line_of_a_key_file_is_wrong() {
        let good = ring().reveal().to_string();
        assert_eq!(KeyRing::parse("").unwrap_err(), KeyRingError::Empty);
        assert_eq!(KeyRing::parse(&format!("{good}nonsense")).unwrap_err(), KeyRingError::Line(2));
        assert_eq!(KeyRing::parse("1:AAAA").unwrap_err(), KeyRingError::Line(1));
        assert_eq!(KeyRing::parse(&good.repeat(2)).unwrap_err(), KeyRingError::Twice(1));
    }

    #[test]
    fn derived_tokens_differ_by_label_value_and_installation() {
        let token = |ring: &KeyRing, label, value: &[u8]| ring.derive(label, value).unwrap();
        let here = token(&ring(), "session", b"1");
        assert!(here.matches(&token(&ring(), "session", b"1")));
        assert!(!here.matches(&token(&ring(), "session", b"2")));
        assert!(!here.matches(&token(&ring(), "sessio", b"n1")));
        assert!(!here.matches(&token(&KeyRing::of([2; 32]), "session", b"1")));
    }
}
