//! The part of the authenticator, and its answer in the words of WebAuthn.

use agent_protocol::Outcome;
use authenticator::{
    CeremonyError, CeremonyLink, Control, RegisterRequest, authenticate, register,
};

use super::card::{Answers, Card};
use super::request::{Ctap, Request};
use super::selection::Meant;
use super::{Ceremony, certificate};
use crate::board::Kind;
use crate::dialogs::Dialogs;
use crate::random;

/// `AuthenticatorTransport` of a key, WebAuthn Level 3 §5.8.4.
const USB: &str = "usb";

/// Has the card sign, or make a credential. Without the person's word for it, its answer counts
/// only with the PIN that was entered for it: what a device says of itself is no word of theirs.
pub(super) fn sign(
    ceremony: &Ceremony,
    request: &Request,
    (card, meant): (Card, Meant),
    person: &mut Dialogs,
) -> Result<Outcome, CeremonyError> {
    let needs_word = match meant {
        Meant::ByWord => false,
        Meant::NotYet => true,
        Meant::ByDeed => Request::creates(ceremony.request.claims()),
    };
    let needs_pin = needs_word && card.asks_for_pin(request);
    if needs_word && !needs_pin && !person.takes(card.kind, ceremony.deadline) {
        return Err(CeremonyError::Declined);
    }
    let Card { kind, answers, .. } = card;
    let outcome = match answers {
        Answers::Ctap { link, .. } => answer(ceremony, request, (kind, link), person)?,
        Answers::Certificates(holding) => certificate::sign(ceremony, holding, person)?,
    };
    if needs_pin && !person.entry.is_entered() {
        return Err(CeremonyError::Changed);
    }
    Ok(outcome)
}

fn answer(
    ceremony: &Ceremony,
    request: &Request,
    (kind, mut link): (Kind, Box<dyn CeremonyLink>),
    person: &mut Dialogs,
) -> Result<Outcome, CeremonyError> {
    let cancel = ceremony.cancel.clone();
    let waiting = person.waiting.clone();
    let mut on_keepalive = |keepalive| waiting.heard(kind, keepalive);
    let mut control = Control {
        deadline: ceremony.deadline,
        cancel: cancel.flag(),
        on_keepalive: &mut on_keepalive,
    };
    let entropy = &mut random::entropy;
    let Some(ctap) = &request.ctap else { return Err(CeremonyError::NotCtap2) };
    let credential = match ctap {
        Ctap::Assertion(request) => {
            let assertion = authenticate(&mut *link, request, person, &mut control, entropy)?;
            serde_json::to_value(assertion).map(Outcome::Assertion)
        }
        Ctap::Credential(request) => {
            let request = RegisterRequest { transports: transports(kind), ..request.clone() };
            let mut registration = register(&mut *link, &request, person, &mut control, entropy)?;
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
