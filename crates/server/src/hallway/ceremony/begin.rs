//! Challenges: made for what a login is to do.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Person;
use ids::ChallengeId;
use login::{CHALLENGE_LIFE, Challenge, Channel, Purpose, Task, Waiting};
use passkeys::{Begun, Descriptor, StoredPasskey};
use serde_json::{Value, json};
use store::{Credential, Passkey, Rows};

use super::{Asked, Ceremony};
use crate::app::App;
use crate::entropy;
use crate::http::problem::Problem;

/// The challenge of a ceremony that has just begun.
///
/// # Errors
///
/// [`Problem::Internal`] when it cannot be written.
pub(crate) fn challenge(
    begun: Begun,
    purpose: Purpose,
    channel: Channel,
    asked: Asked,
) -> Result<Challenge, Problem> {
    let Begun { options, state, .. } = begun;
    let certificates = Vec::new();
    keep(&Ceremony { options, asked, certificates, state }, purpose, channel)
}

fn keep(ceremony: &Ceremony, purpose: Purpose, channel: Channel) -> Result<Challenge, Problem> {
    let now = entropy::now();
    Ok(Challenge {
        id: ChallengeId(entropy::id()),
        purpose,
        channel,
        state: serde_json::to_string(ceremony).map_err(Problem::internal)?,
        issued_at: now,
        expires_at: now.plus(CHALLENGE_LIFE),
    })
}

/// Makes the challenge for what a waiting login is to do.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn for_waiting(
    app: &App,
    rows: &mut Rows,
    waiting: &Waiting,
    channel: Channel,
    asked: Asked,
) -> Result<Challenge, Problem> {
    let cards = rows.credentials(waiting.person).await?;
    let person = rows.person(waiting.person).await?.ok_or(Problem::LoginGone)?;
    for_person(app, &person, &cards, waiting.task, channel, asked)
}

/// The same, for a person who may still be to be written.
///
/// # Errors
///
/// [`Problem::Internal`] when the challenge cannot be made.
pub(crate) fn for_person(
    app: &App,
    person: &Person,
    cards: &[Credential],
    task: Task,
    channel: Channel,
    asked: Asked,
) -> Result<Challenge, Problem> {
    let cards = cards.iter().filter(|card| card.revoked_at.is_none());
    match task {
        Task::Authenticate => {
            let certificates: Vec<_> = cards.clone().filter_map(certificate_id).collect();
            let known: Vec<_> = cards.filter_map(|card| card.passkey().map(stored)).collect();
            let (options, state) = if known.is_empty() && !certificates.is_empty() {
                (options_without_passkeys(app), String::new())
            } else {
                let begun = app.passkeys.start_authentication(&known);
                let Begun { options, state, .. } = begun.map_err(Problem::internal)?;
                (options, state)
            };
            let ceremony = Ceremony { options, asked, certificates, state };
            keep(&ceremony, Purpose::Authenticate, channel)
        }
        Task::Enrol(_) => {
            let known: Vec<_> = cards.filter_map(descriptor).collect();
            let (username, name) = (&person.username, person.name());
            let begun = app.passkeys.start_registration(person.id, username, name, &known);
            challenge(begun.map_err(Problem::internal)?, Purpose::Register, channel, asked)
        }
    }
}

/// Request options for who has X.509 cards alone. No verifier of passkeys has made them, and none
/// takes an answer to them.
fn options_without_passkeys(app: &App) -> Value {
    let challenge = URL_SAFE_NO_PAD.encode(entropy::bytes::<32>());
    json!({ "publicKey": {
        "challenge": challenge,
        "rpId": app.config.rp_id,
        "allowCredentials": [],
        "userVerification": "required",
    }})
}

/// A passkey as the verifier wants it.
pub(crate) fn stored(passkey: &Passkey) -> StoredPasskey {
    StoredPasskey {
        passkey: passkey.record.clone(),
        counter: passkey.counter,
        transports: passkey.transports.clone(),
    }
}

fn descriptor(card: &Credential) -> Option<Descriptor> {
    let transports = card.passkey()?.transports.clone();
    Some(Descriptor { id: card.webauthn_id.clone(), transports })
}

fn certificate_id(card: &Credential) -> Option<String> {
    card.certificate().map(|_| URL_SAFE_NO_PAD.encode(&card.webauthn_id))
}
