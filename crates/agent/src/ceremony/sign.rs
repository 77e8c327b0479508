//! The part of the authenticator, and its answer in the words of WebAuthn.

use agent_protocol::Outcome;
use authenticator::{CeremonyError, Control, RegisterRequest, authenticate, register};

use super::Ceremony;
use super::card::Card;
use super::request::Request;
use crate::board::Kind;
use crate::dialogs::Dialogs;
use crate::random;

/// `AuthenticatorTransport` of a key, WebAuthn Level 3 §5.8.4.
const USB: &str = "usb";

/// Has the card sign, or make a credential.
pub(super) fn sign(
    ceremony: &Ceremony,
    request: &Request,
    mut card: Card,
    person: &mut Dialogs,
) -> Result<Outcome, CeremonyError> {
    let cancel = ceremony.cancel.clone();
    let (kind, waiting) = (card.kind, person.waiting.clone());
    let mut on_keepalive = |keepalive| waiting.heard(kind, keepalive);
    let mut control = Control {
        deadline: ceremony.deadline,
        cancel: cancel.flag(),
        on_keepalive: &mut on_keepalive,
    };
    #[expect(clippy::expect_used, reason = "without randomness this thread and its ceremony end")]
    let mut entropy = |bytes: &mut [u8]| random::fill(bytes).expect("the system has randomness");
    let credential = match request {
        Request::Assertion(request) => {
            let assertion =
                authenticate(&mut *card.link, request, person, &mut control, &mut entropy)?;
            serde_json::to_value(assertion).map(Outcome::Assertion)
        }
        Request::Credential(request) => {
            let request = RegisterRequest { transports: transports(kind), ..request.clone() };
            let mut registration =
                register(&mut *card.link, &request, person, &mut control, &mut entropy)?;
            // Whatever it says of itself, there it is.
            let transports = &mut registration.response.transports;
            if kind == Kind::Key && !transports.iter().any(|known| known == USB) {
                transports.push(USB.to_owned());
            }
            serde_json::to_value(registration).map(Outcome::Registration)
        }
    };
    credential.map_err(|_| CeremonyError::Malformed)
}

/// How an authenticator is reached that does not say so itself.
fn transports(kind: Kind) -> Vec<String> {
    match kind {
        Kind::Card => vec!["smart-card".to_owned(), "nfc".to_owned()],
        Kind::Key => vec![USB.to_owned()],
    }
}
