//! What people are told, in one place: what happened, and what to do now.

use super::{Ability, ManagementError};
use crate::CeremonyError;

impl ManagementError {
    /// What happened and what to do now, for the person in front of the computer, in English.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Unsupported(ability) => ability.words(),
            Self::PinIsSet => "This card or key has a PIN already. Change it instead.",
            Self::NoPin => "This card or key has no PIN yet. Set one first.",
            Self::PinChangeRequired => {
                "The PIN of this card or key must be changed before anything else. Change it now."
            }
            Self::ResetTooLate => {
                "A card or key can be reset only in the first ten seconds. Take it out, put it back, and reset it at once."
            }
            Self::NotFound => {
                "There is no such entry on this card or key. List the entries again, and choose one of them."
            }
            Self::FingerprintsFull => {
                "There is no room for another fingerprint. Remove one, and start again."
            }
            Self::NoGoodSample => {
                "The sensor could not read your finger. Clean sensor and finger, and start again."
            }
            Self::NameTooLong(_) => {
                "The name is longer than this card or key can keep. Choose a shorter one."
            }
            Self::ShorterMinPin => {
                "This card or key demands a longer PIN already, and only a reset takes that back. Choose a larger number."
            }
            Self::Ceremony(error) => of_ceremony(error),
        }
    }
}

impl Ability {
    fn words(self) -> &'static str {
        match self {
            Self::Pin => "This card or key cannot have a PIN.",
            Self::Credentials => {
                "This card or key cannot list its entries. Only a reset removes them, all at once."
            }
            Self::Fingerprints => "This card or key has no fingerprint sensor. Use its PIN.",
            Self::AlwaysUv => "This card or key has no such setting.",
            Self::MinPinLength => {
                "This card or key cannot demand a longer PIN. Choose a longer one yourself."
            }
        }
    }
}

/// Where a ceremony speaks of signing in, or of a server, an errand does not.
fn of_ceremony(error: &CeremonyError) -> &'static str {
    match error {
        CeremonyError::Cancelled | CeremonyError::Declined => {
            "You cancelled. Look what is on the card or key before you go on."
        }
        CeremonyError::TimedOut => {
            "Time ran out. Start again, and touch the card or key when you are asked to."
        }
        CeremonyError::NoCredential => "There is no entry on this card or key.",
        CeremonyError::StoreFull => {
            "There is no room left on this card or key. Remove an entry, and start again."
        }
        CeremonyError::PinBlocked => {
            "The PIN was wrong too often, and this card or key is blocked. Only a reset helps, and that removes all its entries."
        }
        CeremonyError::UvBlocked => {
            "Your fingerprint was not recognised too often. Start again, and use the PIN."
        }
        CeremonyError::NoUserVerification => {
            "This card or key has neither PIN nor fingerprint sensor, so it lets nobody do this."
        }
        other => other.words(),
    }
}
