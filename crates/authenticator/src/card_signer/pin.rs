use zeroize::Zeroizing;

use crate::PinFormError;

/// The PIN of a smart card, as it was typed: cards compare bytes, and do not normalise.
///
/// # Security
///
/// It has no `Debug` and no comparison, and its memory is wiped.
pub struct CardPin(Zeroizing<Vec<u8>>);

impl CardPin {
    /// Shortest PIN in characters.
    pub const MIN_CHARACTERS: usize = 4;
    /// Longest PIN in bytes.
    pub const MAX_BYTES: usize = 63;

    /// Takes what the person typed.
    ///
    /// # Errors
    ///
    /// [`PinFormError`] when no card is asked about such a PIN: it would cost a try.
    pub fn new(typed: &str) -> Result<Self, PinFormError> {
        if typed.len() > Self::MAX_BYTES {
            return Err(PinFormError::TooLong);
        }
        if typed.chars().count() < Self::MIN_CHARACTERS {
            return Err(PinFormError::TooShort);
        }
        // Exactly as large as needed: it does not grow, so that no half of it stays behind.
        Ok(Self(Zeroizing::new(typed.as_bytes().to_vec())))
    }

    /// The bytes, for the adapter that hands them to the card.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// How many PINs a card still takes. Cards of this kind rarely tell the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinTries {
    /// The last PIN was right, or it does not say.
    Fine,
    /// A PIN was wrong since the last right one.
    Fewer,
    /// One.
    Last,
    /// None: it is locked.
    None,
    /// It has no PIN yet, or one that must be changed first.
    NotSet,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_four_characters_to_63_bytes_and_stays_as_it_was_typed() {
        let form = |typed: &str| CardPin::new(typed).map(drop);
        assert_eq!(form("123"), Err(PinFormError::TooShort));
        assert_eq!(form("äöü"), Err(PinFormError::TooShort));
        assert_eq!(form(&"1".repeat(64)), Err(PinFormError::TooLong));
        assert_eq!(CardPin::new("cafe\u{301}").unwrap().bytes(), "cafe\u{301}".as_bytes());
    }
}
