//! Challenges: made for what a login is to do, and answers verified against them.

use std::net::IpAddr;

use agent_protocol::X509Statement;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{Person, Tenant};
use ids::{ChallengeId, CredentialId, UserId};
use login::{
    CHALLENGE_LIFE, CardFacts, Challenge, Channel, Event, Evidence, Purpose, Shown, Task, Waiting,
};
use passkeys::{Assertion, Begun, Descriptor, PasskeyError, StoredPasskey};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::{CardCertificate, Credential, CredentialKind, Passkey, Rows};

use crate::app::App;
use crate::entropy;
use crate::hallway::certificate;
use crate::hallway::execute::FromAgent;
use crate::http::problem::Problem;

/// What a challenge keeps: what was handed out, so that it can be shown again, and the
/// verifier's state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ceremony {
    /// WebAuthn options, for the browser or for the agent's request.
    pub(crate) options: Value,
    /// The browser that asked, for the person to compare.
    #[serde(default)]
    pub(crate) asked: Asked,
    /// Credential ids of the person's X.509 cards, base64url. An agent is asked for them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) certificates: Vec<String>,
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
    /// The challenge as it was handed out, base64url.
    pub(crate) fn challenge(&self) -> Option<&str> {
        self.options.get("publicKey")?.get("challenge")?.as_str()
    }

    /// Whether a WebAuthn credential can answer: a browser has no other.
    pub(crate) fn takes_passkeys(&self) -> bool {
        !self.state.is_empty()
    }

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

/// What an answer turned out to be.
pub(crate) struct Verified {
    /// What to tell the hallway.
    pub(crate) event: Event,
    /// The card to write, if it is a new one.
    pub(crate) card: Option<Credential>,
    /// The certificate to note, if a card has got another for its key.
    pub(crate) renewed: Option<(CredentialId, CardCertificate)>,
}

/// Why an answer does not count, as a stable name.
pub(crate) struct Refused(pub(crate) &'static str);

/// What a card has answered.
#[derive(Clone, Copy)]
pub(crate) enum Response<'a> {
    /// A `PublicKeyCredential`, as JSON.
    Passkey(&'a [u8]),
    /// The statement of an X.509 card.
    Certificate(&'a X509Statement),
}

/// An answer that waits for its browser, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kept {
    Passkey(Box<RawValue>),
    Certificate(Box<X509Statement>),
}

impl Kept {
    /// The answer, as it came.
    pub(crate) fn response(&self) -> Response<'_> {
        match self {
            Self::Passkey(credential) => Response::Passkey(credential.get().as_bytes()),
            Self::Certificate(statement) => Response::Certificate(statement),
        }
    }
}

impl<'a> Response<'a> {
    /// To be kept.
    ///
    /// # Errors
    ///
    /// When the passkey's answer is no JSON; nothing that was verified is not.
    pub(crate) fn keep(self) -> Result<Kept, serde_json::Error> {
        Ok(match self {
            Self::Passkey(credential) => Kept::Passkey(serde_json::from_slice(credential)?),
            Self::Certificate(statement) => Kept::Certificate(Box::new(statement.clone())),
        })
    }

    pub(super) fn statement(self) -> Option<&'a X509Statement> {
        match self {
            Self::Certificate(statement) => Some(statement),
            Self::Passkey(_) => None,
        }
    }
}

/// An answer to the challenge of a waiting login, from wherever it came.
pub(crate) struct Answer<'a> {
    pub(crate) channel: Channel,
    pub(crate) handle: Option<TokenHash>,
    pub(crate) challenge: ChallengeId,
    pub(crate) response: Response<'a>,
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
    let outcome = match (waiting.task, answer.response) {
        (Task::Authenticate, Response::Passkey(response)) => {
            authenticated(app, tenant, rows, waiting, &answer, &ceremony, response).await
        }
        (Task::Enrol(_), Response::Passkey(response)) => {
            registered(app, tenant, rows, waiting, &answer, &ceremony, response).await
        }
        (Task::Authenticate, Response::Certificate(_)) => {
            certificate::authenticated(app, tenant, rows, waiting, &answer, &ceremony).await
        }
        (Task::Enrol(_), Response::Certificate(_)) => {
            certificate::registered(app, tenant, rows, waiting, &answer, &ceremony).await
        }
    }?;
    Ok(outcome.unwrap_or_else(|Refused(reason)| {
        let event = Event::CardRefused { challenge: answer.challenge, reason };
        Verified { event, card: None, renewed: None }
    }))
}

async fn authenticated(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    ceremony: &Ceremony,
    response: &[u8],
) -> Result<Result<Verified, Refused>, Problem> {
    let finished = app.passkeys.finish_authentication(&ceremony.state, response, waiting.person);
    let assertion = match finished {
        Ok(assertion) => assertion,
        Err(error) => return Ok(Err(Refused(error.code()))),
    };
    let card = rows.credential_by_id(&assertion.webauthn_id).await?;
    let enrolled = card.as_ref().and_then(|card| Some((card, card.passkey()?)));
    let Some((card, passkey)) = enrolled else {
        return Ok(Err(Refused(PasskeyError::Credential.code())));
    };
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let card = CardFacts {
        id: card.id,
        tenant: tenant.id,
        person: card.person,
        revoked: card.revoked_at.is_some(),
        evidence: evidence(passkey, &assertion),
    };
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardProved { channel, handle, challenge, back, card, person };
    Ok(Ok(Verified { event, card: None, renewed: None }))
}

/// What a passkey's answer shows.
pub(crate) fn evidence(passkey: &Passkey, assertion: &Assertion) -> Evidence {
    Evidence {
        user_verified: assertion.user_verified,
        shown: Shown::Fido2 {
            hardware_attested: passkey.hardware_attested,
            counter: assertion.counter,
        },
    }
}

async fn registered(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    ceremony: &Ceremony,
    response: &[u8],
) -> Result<Result<Verified, Refused>, Problem> {
    let passkey = match app.passkeys.finish_registration(&ceremony.state, response) {
        Ok(passkey) => passkey,
        Err(error) => return Ok(Err(Refused(error.code()))),
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
            shown: Shown::Fido2 {
                hardware_attested: passkey.hardware_attested,
                counter: passkey.counter,
            },
        },
    };
    let row = Credential {
        id,
        person: waiting.person,
        webauthn_id: passkey.webauthn_id,
        label: new_label(rows, waiting.person, answer.label.as_deref()).await?,
        kind: CredentialKind::Fido2(Passkey {
            record: passkey.passkey,
            counter: passkey.counter,
            aaguid: passkey.aaguid,
            transports: passkey.transports,
            backup_eligible: passkey.backup_eligible,
            hardware_attested: passkey.hardware_attested,
        }),
        permit: permit_name(waiting.task),
        created_at: entropy::now(),
        last_used_at: None,
        revoked_at: None,
    };
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardEnrolled { channel, handle, challenge, back, card: facts, person };
    Ok(Ok(Verified { event, card: Some(row), renewed: None }))
}

/// What a new card is called: as the person says, or by its number.
pub(super) async fn new_label(
    rows: &mut Rows,
    person: UserId,
    given: Option<&str>,
) -> Result<String, Problem> {
    let number = rows.credentials(person).await?.len().saturating_add(1);
    Ok(given.and_then(label_text).unwrap_or_else(|| format!("Card {number}")))
}

/// A name that a person gives to a card: 1 to 60 characters without control characters.
pub(crate) fn label_text(text: &str) -> Option<String> {
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    (!clean.is_empty()).then_some(clean)
}

/// Who lets a card be enrolled, as its row says.
pub(super) fn permit_name(task: Task) -> String {
    let Task::Enrol(permit) = task else { return String::new() };
    let name = serde_json::to_value(permit);
    name.ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
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
    let Ceremony { state, certificates, .. } = Ceremony::of(challenge)?;
    let (options, asked) = (Value::Null, Asked::default());
    let bare = Ceremony { options, asked, certificates, state };
    let state = serde_json::to_string(&bare).map_err(Problem::internal)?;
    Ok(Challenge { state, ..challenge.clone() })
}

#[cfg(test)]
mod tests;
