//! Answers of passkeys: verified, and whose card has given them.

use identity::Tenant;
use ids::CredentialId;
use login::{CardFacts, Event, Evidence, Shown, Waiting};
use passkeys::{Assertion, PasskeyError};
use store::{Credential, CredentialKind, Passkey, Rows};

use super::{Answer, Ceremony, Refused, Verified, new_label, permit_name};
use crate::app::App;
use crate::entropy;
use crate::http::problem::Problem;

pub(super) async fn authenticated(
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

pub(super) async fn registered(
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
