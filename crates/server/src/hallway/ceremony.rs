//! Challenges: made for what a login is to do, and answers verified against them.

use std::net::IpAddr;

use axum::http::HeaderMap;
use identity::{Person, Tenant};
use ids::{ChallengeId, CredentialId};
use login::{
    CHALLENGE_LIFE, CardFacts, Challenge, Channel, Event, Evidence, Purpose, Task, Waiting,
};
use passkeys::{Begun, Descriptor, PasskeyError, StoredPasskey};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};
use store::{Credential, Rows};

use crate::app::App;
use crate::entropy;
use crate::hallway::execute::FromAgent;
use crate::http::problem::Problem;

/// What a challenge keeps: what was handed out, so that it can be shown again, and the
/// verifier's state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ceremony {
    /// WebAuthn options, for the browser or for the agent's request.
    pub(crate) options: serde_json::Value,
    /// The browser that asked, for the person to compare.
    #[serde(default)]
    pub(crate) asked: Asked,
    state: String,
}

/// From where a challenge was asked for, and what for in the person's words.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Name of the browser.
    pub(crate) browser: String,
    /// Name of its system.
    pub(crate) os: String,
    /// What the person calls the new card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Whether the page is in another network than the agent that is asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) other_network: bool,
    /// The network of a page that asks by a link: it is compared when an agent claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<IpAddr>,
}

impl Asked {
    /// From a browser's request.
    pub(crate) fn by(headers: &HeaderMap) -> Self {
        let (browser, os) = crate::http::page::browser(headers);
        Self { browser: browser.to_owned(), os: os.to_owned(), ..Self::default() }
    }

    /// As the list of sessions names the browser.
    pub(crate) fn user_agent(&self) -> String {
        format!("{} on {}", self.browser, self.os)
    }
}

impl Ceremony {
    /// Reads what [`challenge`] wrote.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`]: only we write it.
    pub(crate) fn of(challenge: &Challenge) -> Result<Self, Problem> {
        serde_json::from_str(&challenge.state).map_err(Problem::internal)
    }
}

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
    let now = entropy::now();
    let ceremony = Ceremony { options: begun.options, asked, state: begun.state };
    Ok(Challenge {
        id: ChallengeId(entropy::id()),
        purpose,
        channel,
        state: serde_json::to_string(&ceremony).map_err(Problem::internal)?,
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
    let (begun, purpose) = match task {
        Task::Authenticate => {
            let known: Vec<_> = cards.map(stored).collect();
            (app.passkeys.start_authentication(&known), Purpose::Authenticate)
        }
        Task::Enrol(_) => {
            let known: Vec<_> = cards.map(descriptor).collect();
            let (username, name) = (&person.username, person.name());
            let begun = app.passkeys.start_registration(person.id, username, name, &known);
            (begun, Purpose::Register)
        }
    };
    let begun = begun.map_err(Problem::internal)?;
    challenge(begun, purpose, channel, asked)
}

/// What an answer turned out to be.
pub(crate) struct Verified {
    /// What to tell the hallway.
    pub(crate) event: Event,
    /// The card to write, if it is a new one.
    pub(crate) card: Option<Credential>,
}

/// An answer to the challenge of a waiting login, from wherever it came.
pub(crate) struct Answer<'a> {
    pub(crate) channel: Channel,
    pub(crate) handle: Option<TokenHash>,
    pub(crate) challenge: ChallengeId,
    pub(crate) response: &'a [u8],
    /// Hash of a return token: a new one for an answer that is to wait, the browser's for one that
    /// has waited.
    pub(crate) back: Option<TokenHash>,
    /// What the person calls a new card.
    pub(crate) label: Option<String>,
    /// How it came from an agent, which is spent with it.
    pub(crate) agent: Option<FromAgent>,
}

/// Verifies an answer to the challenge that is out. An answer that does not verify is an event
/// too: it spends the challenge.
///
/// # Errors
///
/// [`Problem`] when the store fails, or no challenge is out.
pub(crate) async fn verify(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: Answer<'_>,
) -> Result<Verified, Problem> {
    let out = waiting.challenge.as_ref().filter(|out| out.id == answer.challenge);
    let ceremony = Ceremony::of(out.ok_or(Problem::ChallengeGone)?)?;
    let outcome = match waiting.task {
        Task::Authenticate => authenticated(app, tenant, rows, waiting, &answer, &ceremony).await?,
        Task::Enrol(_) => registered(app, tenant, rows, waiting, &answer, &ceremony).await?,
    };
    Ok(outcome.unwrap_or_else(|error| {
        let event = Event::CardRefused { challenge: answer.challenge, reason: error.code() };
        Verified { event, card: None }
    }))
}

async fn authenticated(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    ceremony: &Ceremony,
) -> Result<Result<Verified, PasskeyError>, Problem> {
    let finished =
        app.passkeys.finish_authentication(&ceremony.state, answer.response, waiting.person);
    let assertion = match finished {
        Ok(assertion) => assertion,
        Err(error) => return Ok(Err(error)),
    };
    let Some(card) = rows.credential_by_id(&assertion.webauthn_id).await? else {
        return Ok(Err(PasskeyError::Credential));
    };
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let card = CardFacts {
        id: card.id,
        tenant: tenant.id,
        person: card.person,
        revoked: card.revoked_at.is_some(),
        evidence: Evidence {
            user_verified: assertion.user_verified,
            hardware_attested: card.hardware_attested,
            counter: assertion.counter,
        },
    };
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardProved { channel, handle, challenge, back, card, person };
    Ok(Ok(Verified { event, card: None }))
}

async fn registered(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    ceremony: &Ceremony,
) -> Result<Result<Verified, PasskeyError>, Problem> {
    let passkey = match app.passkeys.finish_registration(&ceremony.state, answer.response) {
        Ok(passkey) => passkey,
        Err(error) => return Ok(Err(error)),
    };
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let id = CredentialId(entropy::id());
    let facts = CardFacts {
        id,
        tenant: tenant.id,
        person: waiting.person,
        revoked: false,
        evidence: Evidence {
            user_verified: true, // finish_registration refuses anything else
            hardware_attested: passkey.hardware_attested,
            counter: passkey.counter,
        },
    };
    let number = rows.credentials(waiting.person).await?.len().saturating_add(1);
    let label = answer.label.as_deref().and_then(label_text);
    let row = Credential {
        id,
        person: waiting.person,
        webauthn_id: passkey.webauthn_id,
        label: label.unwrap_or_else(|| format!("Card {number}")),
        passkey: passkey.passkey,
        counter: passkey.counter,
        aaguid: passkey.aaguid,
        transports: passkey.transports,
        backup_eligible: passkey.backup_eligible,
        hardware_attested: passkey.hardware_attested,
        permit: permit_name(waiting.task),
        created_at: entropy::now(),
        last_used_at: None,
        revoked_at: None,
    };
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardEnrolled { channel, handle, challenge, back, card: facts, person };
    Ok(Ok(Verified { event, card: Some(row) }))
}

/// A name that a person gives to a card: 1 to 60 characters without control characters.
pub(crate) fn label_text(text: &str) -> Option<String> {
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    (!clean.is_empty()).then_some(clean)
}

fn permit_name(task: Task) -> String {
    let Task::Enrol(permit) = task else { return String::new() };
    let name = serde_json::to_value(permit);
    name.ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A card as the verifier wants it.
pub(crate) fn stored(card: &Credential) -> StoredPasskey {
    StoredPasskey {
        passkey: card.passkey.clone(),
        counter: card.counter,
        transports: card.transports.clone(),
    }
}

fn descriptor(card: &Credential) -> Descriptor {
    Descriptor { id: card.webauthn_id.clone(), transports: card.transports.clone() }
}

/// The state of a discoverable ceremony, for "Use your card".
///
/// # Errors
///
/// [`Problem::Internal`]: only we write it.
pub(crate) fn state_of(challenge: &Challenge) -> Result<String, Problem> {
    Ceremony::of(challenge).map(|ceremony| ceremony.state)
}

/// The same challenge without what was handed out: a cookie has no room for it.
///
/// # Errors
///
/// [`Problem::Internal`]: only we write it.
pub(crate) fn without_options(challenge: &Challenge) -> Result<Challenge, Problem> {
    let Ceremony { state, .. } = Ceremony::of(challenge)?;
    let bare = Ceremony { options: serde_json::Value::Null, asked: Asked::default(), state };
    let state = serde_json::to_string(&bare).map_err(Problem::internal)?;
    Ok(Challenge { state, ..challenge.clone() })
}

#[cfg(test)]
mod tests;
