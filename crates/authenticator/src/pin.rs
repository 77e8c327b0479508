use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A PIN as CTAP 2.1 §6.5.1 defines it: at least four code points, at most 63 bytes, in Unicode
/// normalisation form C.
///
/// # Security
///
/// It has no `Debug` and no comparison, and its memory is wiped. It never leaves this crate but
/// encrypted for the authenticator.
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Shortest PIN in code points. An authenticator may ask for more.
    pub const MIN_CODE_POINTS: usize = 4;
    /// Longest PIN in bytes.
    pub const MAX_BYTES: usize = 63;

    /// Takes what the person typed.
    ///
    /// # Errors
    ///
    /// [`PinFormError`] when no authenticator can have such a PIN.
    pub fn new(typed: &str) -> Result<Self, PinFormError> {
        // Room for whatever fits, so that no half of a PIN stays behind in a smaller buffer.
        let mut pin = Zeroizing::new(String::with_capacity(Self::MAX_BYTES));
        for char in typed.nfc() {
            if pin.len().saturating_add(char.len_utf8()) > Self::MAX_BYTES {
                return Err(PinFormError::TooLong);
            }
            pin.push(char);
        }
        if pin.chars().count() < Self::MIN_CODE_POINTS {
            return Err(PinFormError::TooShort);
        }
        Ok(Self(pin))
    }

    /// How many code points it has; an authenticator may ask for more than four of a new PIN.
    pub(crate) fn code_points(&self) -> usize {
        self.0.chars().count()
    }

    /// Left 16 bytes of its SHA-256, which is what the authenticator compares.
    pub(crate) fn hash(&self) -> Zeroizing<[u8; 16]> {
        let mut digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(self.0.as_bytes())));
        let mut left = Zeroizing::new([0; 16]);
        for (left, byte) in left.iter_mut().zip(digest.iter_mut()) {
            *left = *byte;
        }
        left
    }

    /// Padded with zeros to 64 bytes, which is how a new PIN travels.
    pub(crate) fn padded(&self) -> Zeroizing<[u8; 64]> {
        let mut padded = Zeroizing::new([0; 64]);
        for (padded, byte) in padded.iter_mut().zip(self.0.bytes()) {
            *padded = byte;
        }
        padded
    }
}

/// Why what was typed cannot be a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinFormError {
    /// Fewer than four code points.
    #[error("a PIN has at least {} characters", Pin::MIN_CODE_POINTS)]
    TooShort,
    /// More than 63 bytes.
    #[error("a PIN has at most {} bytes", Pin::MAX_BYTES)]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    fn form(typed: &str) -> Result<(), PinFormError> {
        Pin::new(typed).map(drop)
    }

    #[test]
    fn has_four_code_points_to_63_bytes() {
        assert_eq!(form(""), Err(PinFormError::TooShort));
        assert_eq!(form("123"), Err(PinFormError::TooShort));
        assert_eq!(form("1234"), Ok(()));
        assert_eq!(form("äöüß"), Ok(()));
        assert_eq!(form(&"1".repeat(63)), Ok(()));
        assert_eq!(form(&"1".repeat(64)), Err(PinFormError::TooLong));
        assert_eq!(form(&"ä".repeat(32)), Err(PinFormError::TooLong));
    }

    #[test]
    fn is_the_same_however_the_keyboard_composes_it() {
        let hash = |typed: &str| Pin::new(typed).unwrap().hash();
        assert_eq!(*hash("caf\u{e9}"), *hash("cafe\u{301}"));
        assert_eq!(form("e\u{301}e\u{301}"), Err(PinFormError::TooShort));
    }

    #[test]
    fn is_hashed_to_the_left_half_and_padded_to_64_bytes() {
        let pin = Pin::new("1234").unwrap();
        assert_eq!(*pin.hash(), hex!("03ac674216f3e15c761ee1a5e255f067"));
        assert_eq!(pin.padded()[..5], hex!("31323334 00"));
        assert_eq!(pin.padded()[5..], [0; 59]);
    }
}
