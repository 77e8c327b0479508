//! What people are told, in one place: what happened, and what to do now.

use super::CeremonyError;

impl CeremonyError {
    /// What happened and what to do now, for the person in front of the computer, in English.
    pub fn words(&self) -> &'static str {
        match self {
            Self::OriginNotAllowed | Self::Request(_) => {
                "The request of the server was not valid, so your card was not asked. Tell your administrator."
            }
            Self::Cancelled => "The request was cancelled. Nothing was sent.",
            Self::Declined => "You cancelled. Nothing was sent.",
            Self::Denied => {
                "The request was refused on your card or key. Start again if that was a mistake."
            }
            Self::TimedOut => "Time ran out. Start again, and touch or tap when you are asked to.",
            Self::NoCredential => {
                "This card or key does not belong to your account. Use the one that you added to it."
            }
            Self::Excluded => "This card or key is added to your account already. Use another one.",
            Self::StoreFull => {
                "There is no room left on this card or key. Remove an entry, or use another one."
            }
            Self::NoPinSet => {
                "This card or key has no PIN, so it cannot sign you in. Use the one that you added to your account."
            }
            Self::PinChangeRequired => {
                "The PIN of this card or key must be changed first. Change it, and start again: cardea-agent cards pin change (for a key: cardea-agent keys pin change)."
            }
            Self::PinAuthBlocked => {
                "The PIN was wrong three times in a row. Take the card or key out, put it back, and start again."
            }
            Self::PinBlocked => {
                "The PIN was wrong too often, and this card or key is blocked. Ask your administrator for another one."
            }
            Self::UvFailed => "Your fingerprint was not recognised. Start again.",
            Self::UvBlocked => {
                "Your fingerprint was not recognised too often. Ask your administrator for help."
            }
            Self::PinPolicy => {
                "This card or key does not take such a PIN. Start again, and choose a longer or less simple one."
            }
            Self::Unverified => {
                "The card or key did not accept that it was you. Start again, and do not wait after the PIN."
            }
            Self::NotAllowed => {
                "The card or key does not allow this now. Take it out, put it back, and start again at once."
            }
            Self::Busy => {
                "The card or key is busy with something else. Wait until that is over, and start again."
            }
            Self::Changed => {
                "This card or key is not what it said it is, so its answer was not used. Use another one, and tell your administrator."
            }
            Self::CardLocked => {
                "This card is locked: its PIN was wrong too often. Ask who issued it to unlock it."
            }
            Self::CardPinNotSet => {
                "The PIN of this card must be set or changed first. Ask who issued it."
            }
            Self::TooLarge => "The request is too large for this card or key. Use another one.",
            Self::NotCtap2 => {
                "This card or key is too old: it does not know FIDO2. Use another one."
            }
            Self::NoUserVerification => {
                "This card or key has neither PIN nor fingerprint sensor. Use another one."
            }
            Self::NoDiscoverable => "This card or key cannot store a sign-in. Use another one.",
            Self::UnsupportedAlgorithm => {
                "This card or key lacks the signature that is needed (ES256). Use another one."
            }
            Self::NoCertificate => {
                "This card has no certificate that can be used here now. Use another card, or ask your administrator for a new certificate."
            }
            Self::UnsupportedKey => {
                "The key on this card is of a kind that cannot be used here. Use another card, with a key of P-256, P-384 or RSA."
            }
            Self::KeyPin => {
                "The key on this card has a PIN of its own, which cannot be used here. Do not try again, for the card may count that as a wrong PIN. Use another card, or ask your administrator."
            }
            Self::Removed(_) => {
                "The card or key was taken away too early. Start again, and leave it until you are done."
            }
            Self::InUse(_) => "Another program uses this card. Close it, and start again.",
            Self::Link(_) | Self::Malformed | Self::Inconsistent(_) | Self::Refused(_) => {
                "The card or key did not answer as it should. Take it out, put it back, and start again."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::card_signer::CardSignerError;

    /// What is said where nothing better is known.
    fn in_general() -> &'static str {
        CeremonyError::Malformed.words()
    }

    #[test]
    fn every_status_that_a_person_can_do_something_about_has_words_of_its_own() {
        for (status, says) in [
            (Status::NO_CREDENTIALS, "does not belong to your account"),
            (Status::CREDENTIAL_EXCLUDED, "added to your account already"),
            (Status::KEY_STORE_FULL, "no room left"),
            (Status::NOT_ALLOWED, "does not allow this now"),
            (Status::OPERATION_DENIED, "refused on your card or key"),
            (Status::TIMEOUT, "Time ran out"),
            (Status::USER_ACTION_TIMEOUT, "Time ran out"),
            (Status::ACTION_TIMEOUT, "Time ran out"),
            (Status::PIN_AUTH_BLOCKED, "three times in a row"),
            (Status::PIN_BLOCKED, "blocked"),
            (Status::PIN_NOT_SET, "has no PIN"),
            (Status::PIN_POLICY_VIOLATION, "does not take such a PIN"),
            (Status::PIN_AUTH_INVALID, "did not accept that it was you"),
            (Status::UNAUTHORIZED_PERMISSION, "did not accept that it was you"),
            (Status::UV_INVALID, "fingerprint was not recognised"),
            (Status::UV_BLOCKED, "fingerprint was not recognised too often"),
            (Status::UNSUPPORTED_ALGORITHM, "ES256"),
            (Status::CHANNEL_BUSY, "busy"),
            (Status::REQUEST_TOO_LARGE, "too large"),
        ] {
            let words = CeremonyError::from(status).words();
            assert!(words.contains(says), "{status:?}: {words}");
            assert_ne!(words, in_general(), "{status:?}");
        }
    }

    #[test]
    fn every_status_says_what_happened_and_what_to_do() {
        for status in (0x01..=0xFF).map(Status) {
            let words = CeremonyError::from(status).words();
            assert!(
                words.matches(". ").count() >= 1 && words.ends_with('.'),
                "{status:?}: {words}"
            );
        }
    }

    #[test]
    fn a_block_until_power_off_and_a_block_for_good_ask_for_different_things() {
        let soft = CeremonyError::from(Status::PIN_AUTH_BLOCKED).words();
        let hard = CeremonyError::from(Status::PIN_BLOCKED).words();
        assert!(soft.contains("Take the card or key out"), "{soft}");
        assert!(hard.contains("administrator"), "{hard}");
    }

    #[test]
    fn a_smart_card_that_takes_no_pin_is_a_matter_for_its_issuer() {
        for (error, says) in [
            (CardSignerError::Locked, "locked"),
            (CardSignerError::PinNotSet, "must be set or changed first"),
        ] {
            let words = CeremonyError::from(error).words();
            assert!(words.contains(says) && words.contains("Ask who issued it"), "{words}");
        }
    }
}
