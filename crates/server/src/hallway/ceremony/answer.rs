//! Answers, from wherever they come, and which verifier they are for.

use agent_protocol::X509Statement;
use identity::Tenant;
use ids::{ChallengeId, CredentialId};
use login::{CardFacts, Channel, Event, Evidence, Task, Waiting};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{CardCertificate, Credential, CredentialKind, Rows};

use super::row::{new_label, permit_name};
use super::{Ceremony, passkey};
use crate::app::App;
use crate::entropy;
use crate::hallway::certificate;
use crate::hallway::execute::FromAgent;
use crate::http::problem::Problem;

/// What an answer turned out to be.
pub(crate) struct Verified {
    /// What to tell the hallway.
    pub(crate) event: Event,
    /// The card that has answered, if it has verified.
    pub(crate) card: Option<Credential>,
    /// Whether that is a new one, to be written.
    pub(crate) is_new: bool,
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

impl Response<'_> {
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

/// What an answer of one kind of card comes to, or why it does not count.
pub(in crate::hallway) type Judged<T> = Result<Result<T, Refused>, Problem>;

/// What a card that is enrolled has shown, whosever it is.
pub(in crate::hallway) struct Shows {
    pub(in crate::hallway) card: Credential,
    pub(in crate::hallway) evidence: Evidence,
    /// Its certificate, if it has got another for its key.
    pub(in crate::hallway) renewed: Option<CardCertificate>,
}

/// A card that is to be enrolled.
pub(in crate::hallway) struct NewCard {
    pub(in crate::hallway) webauthn_id: Vec<u8>,
    pub(in crate::hallway) kind: CredentialKind,
    pub(in crate::hallway) evidence: Evidence,
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
    let verified = match waiting.task {
        Task::Authenticate => {
            let shows = match answer.response {
                Response::Passkey(response) => {
                    passkey::shows(app, rows, waiting, &ceremony, response).await
                }
                Response::Certificate(statement) => {
                    certificate::shows(app, tenant, rows, waiting, &ceremony, statement).await
                }
            };
            match shows? {
                Ok(shows) => Ok(authenticated(tenant, rows, waiting, &answer, shows).await?),
                Err(refused) => Err(refused),
            }
        }
        Task::Enrol(_) => {
            let new = match answer.response {
                Response::Passkey(response) => passkey::registers(app, &ceremony, response),
                Response::Certificate(statement) => {
                    certificate::registers(app, tenant, rows, waiting, &ceremony, statement).await?
                }
            };
            match new {
                Ok(new) => Ok(registered(tenant, rows, waiting, &answer, new).await?),
                Err(refused) => Err(refused),
            }
        }
    };
    Ok(verified.unwrap_or_else(|Refused(reason)| {
        let event = Event::CardRefused { challenge: answer.challenge, reason };
        Verified { event, card: None, is_new: false, renewed: None }
    }))
}

/// A proof with a card that is enrolled. Whether it is this person's, the hallway judges.
async fn authenticated(
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    Shows { card, evidence, renewed }: Shows,
) -> Result<Verified, Problem> {
    let facts = CardFacts {
        id: card.id,
        tenant: tenant.id,
        person: card.person,
        revoked: card.revoked_at.is_some(),
        evidence,
    };
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardProved { channel, handle, challenge, back, card: facts, person };
    let renewed = renewed.map(|renewed| (card.id, renewed));
    Ok(Verified { event, card: Some(card), is_new: false, renewed })
}

/// A new card of the person of the login, and its row.
async fn registered(
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    NewCard { webauthn_id, kind, evidence }: NewCard,
) -> Result<Verified, Problem> {
    let card = Credential {
        id: CredentialId(entropy::id()),
        person: waiting.person,
        webauthn_id,
        label: new_label(rows, waiting.person, answer.label.as_deref()).await?,
        kind,
        permit: permit_name(waiting.task),
        created_at: entropy::now(),
        last_used_at: None,
        revoked_at: None,
    };
    let (id, person) = (card.id, card.person);
    let facts = CardFacts { id, tenant: tenant.id, person, revoked: false, evidence };
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardEnrolled { channel, handle, challenge, back, card: facts, person };
    Ok(Verified { event, card: Some(card), is_new: true, renewed: None })
}
