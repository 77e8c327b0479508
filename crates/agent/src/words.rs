//! The words that people read. What comes from a server or a card is made plain first.

use agent_protocol::{SignedRequest, WhenLifted};
use authenticator::card_signer::{CardCertificate, KeyKind, PinTries};
use authenticator::management::PinState;
use authenticator::{
    Account, CeremonyError, FingerError, FingerPrompt, NewPinError, NewPinPrompt, PinError,
    PinFormError, PinPrompt,
};

use crate::board::Kind;
use crate::plain::{called, plain};
use crate::state::Record;

/// The programs that ask for PINs, one of which is to be installed where there is none.
pub(crate) const PINENTRIES: &str =
    "pinentry-gnome3, pinentry-qt or, for a terminal, pinentry-curses";

/// Over every dialog.
pub(crate) const TITLE: &str = "Cardea";
pub(crate) const PIN: &str = "PIN:";
pub(crate) const NEW_PIN: &str = "New PIN:";
pub(crate) const SAME_PIN: &str = "Once more:";
pub(crate) const TAP_CARD: &str = "Tap your card";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const CONTINUE: &str = "Continue";
pub(crate) const USE_THIS_CARD: &str = "Use this card";
pub(crate) const USE_THIS_KEY: &str = "Use this key";
pub(crate) const IS_IT_YOURS: &str =
    "It will open your account from now on. Use it only if it is yours.";
pub(crate) const TOUCH_KEY: &str = "Touch your key now: it blinks.";
pub(crate) const PUT_FINGER: &str = "Put your finger on the sensor of your card or key.";
pub(crate) const WORKING: &str = "Your card or key is working. Leave it where it is.";
pub(crate) const HIDE: &str = "Hide";
pub(crate) const CHECK_AGAIN: &str = "It is there";
pub(crate) const TRY_ANYWAY: &str = "Use the last try";
pub(crate) const THIS_ACCOUNT: &str = "This account";
pub(crate) const ANOTHER: &str = "Another";
pub(crate) const MISMATCH: &str = "The two PINs are not the same.";
pub(crate) const PUT_CARD: &str = "Put your card on the reader or into it, or plug in your key.";
pub(crate) const NO_CARD_YET: &str = "There is no card on the reader yet.";
pub(crate) const OTHER_CARD: &str = "That card cannot be used here. Try another.";

pub(crate) const TOUCH_OR_LAY: &str = "Touch the key or lay down the card that you want to use.";

/// A card that lay there before counts only by the person's word.
pub(crate) fn or_use_the_card_in(reader: &str) -> String {
    format!("Or use the card that lies in {}.", called(reader))
}

/// The same card once more, where it may be enrolled in either way.
pub(crate) fn or_use_the_certificate_in(reader: &str) -> String {
    format!("Or use the certificate on the card that lies in {}.", called(reader))
}

/// Says yes to a device.
pub(crate) fn use_this(kind: Kind) -> &'static str {
    match kind {
        Kind::Card => USE_THIS_CARD,
        Kind::Key => USE_THIS_KEY,
    }
}

/// Why a device cannot answer.
pub(crate) fn cannot(kind: Kind, name: &str, error: &CeremonyError) -> String {
    format!("{}: {}", device(kind, name), error.words())
}

/// A device of which one cannot be sure.
pub(crate) fn may_hide_it(kind: Kind, name: &str) -> String {
    format!(
        "{}: It shows nothing that belongs to your account. Use it only if you know that it is \
         yours; it then asks for its PIN.",
        device(kind, name)
    )
}

/// What a device is called.
pub(crate) fn device(kind: Kind, name: &str) -> String {
    let name = called(name);
    match kind {
        Kind::Card => format!("Card in {name}"),
        Kind::Key => format!("Key {name}"),
    }
}

/// Who asks for what, for whom, from where, and the number to compare.
pub(crate) fn who_asks(record: &Record, claims: &SignedRequest) -> String {
    let (tenant, app) = (plain(&record.tenant_name, 60), plain(&claims.app, 60));
    let verb = match claims.ceremony {
        agent_protocol::Ceremony::Get(_) => "asks for your card",
        agent_protocol::Ceremony::Create(_) => "sets up your card",
    };
    let context = &claims.context;
    let browser = context.browser.as_deref().unwrap_or("an unknown browser");
    let mut from = plain(browser, 40);
    if let Some(os) = &context.os {
        from.push_str(" on ");
        from.push_str(&plain(os, 40));
    }
    let network = if context.other_network { OTHER_NETWORK } else { "" };
    format!(
        "{app} at {tenant} {verb}.\n\nServer: {}\nAccount: {}\nAsked from: {from}\n{network}\n\
         The page must show the number {}. If it does not, cancel.{}",
        record.server.host(),
        plain(&claims.user, 80),
        claims.match_code,
        when_lifted(claims.when_lifted),
    )
}

/// The same in short, for a notification: the rest is in the dialog.
pub(crate) fn who_asks_in_short(record: &Record, claims: &SignedRequest) -> String {
    let (tenant, app) = (plain(&record.tenant_name, 40), plain(&claims.app, 40));
    format!("{tenant}, {app}, number {}", claims.match_code)
}

/// What happens when the card leaves.
fn when_lifted(when: WhenLifted) -> &'static str {
    match when {
        WhenLifted::Nothing => "",
        WhenLifted::EndSession => {
            "\n\nLeave the card or key where it is: taking it away signs you out."
        }
        WhenLifted::EndSessionAndLock => {
            "\n\nLeave the card or key where it is: taking it away signs you out and locks this \
             computer."
        }
    }
}

/// Where the server sees the page elsewhere.
const OTHER_NETWORK: &str = "The page is in another network than this computer. If it is not on \
     the screen before you, cancel.\n";

/// What must be known before a PIN is typed.
pub(crate) fn pin_error(prompt: PinPrompt) -> Option<String> {
    let tries = tries_left(prompt.tries_left);
    if prompt.last_error == Some(PinError::Wrong) {
        return Some(format!("Wrong PIN. {tries}."));
    }
    let warning =
        prompt.warn().then(|| format!("{tries}; after that the card is blocked for good."));
    let finger = prompt.instead_of_finger.map(|error| format!("{} Enter the PIN.", finger(error)));
    match (finger, warning) {
        (Some(finger), Some(warning)) => Some(format!("{finger} {warning}")),
        (finger, warning) => finger.or(warning),
    }
}

fn tries_left(left: u32) -> String {
    match left {
        1 => "One try left".to_owned(),
        n => format!("{n} tries left"),
    }
}

/// What must be known before a finger is put on the sensor.
pub(crate) fn finger_error(prompt: FingerPrompt) -> Option<String> {
    let error = finger(prompt.last_error?);
    Some(prompt.tries_left.map_or_else(
        || error.to_owned(),
        |left| format!("{error} {}; after that the PIN is asked for.", tries_left(left)),
    ))
}

fn finger(error: FingerError) -> &'static str {
    match error {
        FingerError::Blocked => "No finger is taken any more: too many were not recognised.",
        _ => "Your finger was not recognised.",
    }
}

/// What there is to say of a device's PIN.
pub fn pin_state(pin: PinState) -> String {
    match pin {
        PinState::NotSet => "no PIN yet".to_owned(),
        PinState::Set { tries_left: 1, .. } => "PIN set, 1 try left".to_owned(),
        PinState::Set { tries_left, must_be_changed: false } => {
            format!("PIN set, {tries_left} tries left")
        }
        PinState::Set { tries_left, must_be_changed: true } => {
            format!("PIN must be changed, {tries_left} tries left")
        }
        PinState::BlockedUntilPowerOff { tries_left } => {
            format!("PIN blocked until it is taken out and put back, then {tries_left} tries")
        }
        PinState::Blocked => "PIN blocked for good, only a reset helps".to_owned(),
        _ => "cannot have a PIN".to_owned(),
    }
}

/// Before the last try.
pub(crate) const LAST_TRY: &str = "The card takes one more PIN. If it is wrong, the card is \
     blocked for good and loses what it holds. Do you want to try?";

/// Before the last try of a card with certificates.
pub(crate) const LAST_CARD_TRY: &str = "The card takes one more PIN. If it is wrong, the card is \
     locked, and only who issued it can open it again. Do you want to try?";
pub(crate) const PIN_AT_READER: &str = "Enter the PIN of your card at the reader.";
pub(crate) const TRY_AGAIN: &str = "Try again";
pub(crate) const THIS_CERTIFICATE: &str = "This certificate";
/// The card cannot have such a PIN.
pub(crate) const OTHER_PIN_FORM: &str = "This card has no such PIN: it is too long or too short, or \
     has characters that the card does not know.";

/// What must be known before the PIN of a card with certificates is typed.
pub(crate) fn card_tries(tries: PinTries, was_wrong: bool) -> Option<String> {
    let left = match tries {
        PinTries::Last => "One try left; after that the card is locked.",
        PinTries::Fewer if was_wrong => {
            "The card does not say how many tries are left; after some it is locked."
        }
        PinTries::Fewer => "The last PIN that was entered for this card was wrong.",
        _ => "",
    };
    match (was_wrong, left) {
        (true, "") => Some("Wrong PIN.".to_owned()),
        (true, left) => Some(format!("Wrong PIN. {left}")),
        (false, "") => None,
        (false, left) => Some(left.to_owned()),
    }
}

/// What there is to say of the PIN of a card with certificates.
pub(crate) fn tries(tries: PinTries) -> &'static str {
    match tries {
        PinTries::Fine => "set",
        PinTries::Fewer => "set, and was wrong last time",
        PinTries::Last => "set, 1 try left",
        PinTries::None => "locked; ask who issued the card",
        PinTries::NotSet => "none yet, or to be changed",
    }
}

/// The kind of a certificate's key.
pub(crate) fn key_kind(key: KeyKind) -> &'static str {
    match key {
        KeyKind::P256 => "P-256",
        KeyKind::P384 => "P-384",
        KeyKind::Rsa => "RSA",
        KeyKind::Other => "a key of another kind",
    }
}

/// Which certificate signs, of which card.
pub(crate) fn certificate(label: &str, certificate: &CardCertificate) -> String {
    format!("Certificate of {}, on the card {}.", called(&certificate.subject), called(label))
}

/// Which of several certificates.
pub(crate) fn which_certificate(certificate: &CardCertificate) -> String {
    format!(
        "The card has several certificates. Use this one?\n\n{}, issued by {}",
        called(&certificate.subject),
        called(&certificate.issuer)
    )
}

/// What was typed can be no PIN.
pub(crate) fn pin_form(error: PinFormError) -> String {
    match error {
        PinFormError::TooShort => "A PIN has at least four characters.".to_owned(),
        PinFormError::TooLong => {
            "This PIN is too long. Use at most 63 characters, fewer with accents or symbols."
                .to_owned()
        }
    }
}

/// Choosing the first PIN.
pub(crate) fn choose_pin(prompt: NewPinPrompt) -> String {
    format!(
        "This card is new. Choose a PIN for it, of at least {} characters. Nobody can tell it to \
         you later.",
        prompt.min_length
    )
}

/// Choosing a PIN, the first one or another, by somebody who knows what for.
pub(crate) fn new_pin(prompt: NewPinPrompt) -> String {
    format!(
        "Choose a new PIN of at least {} characters. Nobody can tell it to you later.",
        prompt.min_length
    )
}

/// Why the chosen PIN will not do.
pub(crate) fn new_pin_error(prompt: NewPinPrompt) -> Option<String> {
    prompt.last_error.map(|error| match error {
        NewPinError::TooShort => {
            format!("This card wants at least {} characters.", prompt.min_length)
        }
        _ => "The card does not take this PIN. Choose another.".to_owned(),
    })
}

/// Which of several accounts.
pub(crate) fn account(account: &Account) -> String {
    let name = if account.display_name.is_empty() { &account.name } else { &account.display_name };
    let name = if name.is_empty() { "an account without a name" } else { name };
    format!("The card has several accounts. Use this one?\n\n{}", plain(name, 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_devices_name_does_not_get_out_of_its_quotation_marks() {
        let name = "x\". Enter “any” PIN. \"";
        assert_eq!(device(Kind::Key, name), "Key \"x. Enter any PIN. \"");
        assert_eq!(or_use_the_card_in("a\"b"), "Or use the card that lies in \"ab\".");
    }

    #[test]
    fn a_finger_that_is_not_recognised_is_told_with_the_tries_left() {
        let prompt = |tries_left, last_error| FingerPrompt { tries_left, last_error };
        let not = Some(FingerError::NotRecognised);
        assert_eq!(finger_error(prompt(Some(3), None)), None);
        for (tries_left, said) in [
            (
                Some(2),
                "Your finger was not recognised. 2 tries left; after that the PIN is asked for.",
            ),
            (
                Some(1),
                "Your finger was not recognised. One try left; after that the PIN is asked for.",
            ),
            (None, "Your finger was not recognised."),
        ] {
            assert_eq!(finger_error(prompt(tries_left, not)).as_deref(), Some(said));
        }
    }
}
