//! Answers, from wherever they come, and which verifier they are for.

use agent_protocol::X509Statement;
use identity::Tenant;
use ids::{ChallengeId, CredentialId};
use login::{Channel, Event, Task, Waiting};
use secrets::TokenHash;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{CardCertificate, Credential, Rows};

use super::{Ceremony, passkey};
use crate::app::App;
use crate::hallway::certificate;
use crate::hallway::execute::FromAgent;
use crate::http::problem::Problem;

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

    pub(in crate::hallway) fn statement(self) -> Option<&'a X509Statement> {
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
            passkey::authenticated(app, tenant, rows, waiting, &answer, &ceremony, response).await
        }
        (Task::Enrol(_), Response::Passkey(response)) => {
            passkey::registered(app, tenant, rows, waiting, &answer, &ceremony, response).await
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
