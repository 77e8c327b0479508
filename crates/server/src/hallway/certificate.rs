//! X.509 smart cards at the card step: a statement verified, and whose certificate it is.

use agent_protocol::X509Statement;
use identity::{Moment, Person, Tenant};
use ids::CredentialId;
use login::{CardFacts, Event, Evidence, Shown, Waiting};
use store::{CardCertificate, Credential, CredentialKind, Rows};
use x509_cards::{Certificate, Expected, Statement, StatementType, X509Error};

use crate::app::App;
use crate::authorities::Trusted;
use crate::entropy;
use crate::hallway::ceremony::{Answer, Ceremony, Refused, Verified, new_label, permit_name};
use crate::http::problem::Problem;

/// What is verified, or why not.
type Outcome = Result<Result<Verified, Refused>, Problem>;

/// A proof with a certificate that is enrolled.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn authenticated(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    ceremony: &Ceremony,
) -> Outcome {
    let given = given(answer, waiting, ceremony, StatementType::Get);
    let statement = match taken(app, tenant, rows, given.as_ref()).await? {
        Ok(taken) => taken,
        Err(refused) => return Ok(Err(refused)),
    };
    let certificate = &statement.certificate;
    // By its key, which is one person's in this tenant; and of its own type.
    let card = rows.credential_by_id(&certificate.credential_id()).await?;
    let enrolled = card.as_ref().and_then(|card| Some((card, card.certificate()?)));
    let Some((card, known)) = enrolled else { return Ok(Err(Refused("x509-other-card"))) };
    let named = card_certificate(certificate);
    let renewed = *known != named;
    if renewed {
        let owner = rows.person(card.person).await?.ok_or(Problem::LoginGone)?;
        if let Err(refused) = names(tenant, certificate, &owner) {
            return Ok(Err(refused));
        }
    }
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let facts = CardFacts {
        id: card.id,
        tenant: tenant.id,
        person: card.person,
        revoked: card.revoked_at.is_some(),
        evidence: evidence(&statement),
    };
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardProved { channel, handle, challenge, back, card: facts, person };
    Ok(Ok(Verified { event, card: None, renewed: renewed.then_some((card.id, named)) }))
}

/// A certificate that is to be enrolled.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn registered(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    answer: &Answer<'_>,
    ceremony: &Ceremony,
) -> Outcome {
    let given = given(answer, waiting, ceremony, StatementType::Create);
    let statement = match taken(app, tenant, rows, given.as_ref()).await? {
        Ok(taken) => taken,
        Err(refused) => return Ok(Err(refused)),
    };
    let person = rows.person(waiting.person).await?.ok_or(Problem::LoginGone)?;
    if let Err(refused) = names(tenant, &statement.certificate, &person) {
        return Ok(Err(refused));
    }
    let row = Credential {
        id: CredentialId(entropy::id()),
        person: waiting.person,
        webauthn_id: statement.certificate.credential_id(),
        label: new_label(rows, waiting.person, answer.label.as_deref()).await?,
        kind: CredentialKind::X509Card(card_certificate(&statement.certificate)),
        permit: permit_name(waiting.task),
        created_at: entropy::now(),
        last_used_at: None,
        revoked_at: None,
    };
    let facts = CardFacts {
        id: row.id,
        tenant: tenant.id,
        person: waiting.person,
        revoked: false,
        evidence: evidence(&statement),
    };
    let person = rows.person_facts(waiting.person).await?.ok_or(Problem::LoginGone)?;
    let Answer { channel, handle, challenge, back, .. } = *answer;
    let event = Event::CardEnrolled { channel, handle, challenge, back, card: facts, person };
    Ok(Ok(Verified { event, card: Some(row), renewed: None }))
}

/// A statement, and what it must be about.
struct Given<'a> {
    wire: &'a X509Statement,
    statement_type: StatementType,
    challenge: &'a str,
    txn: String,
}

fn given<'a>(
    answer: &Answer<'a>,
    waiting: &Waiting,
    ceremony: &'a Ceremony,
    statement_type: StatementType,
) -> Option<Given<'a>> {
    let wire = answer.response.statement()?;
    let txn = waiting.started.id.to_string();
    Some(Given { wire, statement_type, challenge: ceremony.challenge()?, txn })
}

/// Verifies the statement, then the certificate against what the tenant trusts now.
async fn taken(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    given: Option<&Given<'_>>,
) -> Result<Result<Statement, Refused>, Problem> {
    let Some(given) = given else { return Ok(Err(Refused("x509-malformed"))) };
    if !tenant.policy.x509.enabled {
        return Ok(Err(Refused("x509-off")));
    }
    let expected = Expected {
        statement_type: given.statement_type,
        challenge: given.challenge,
        origin: app.config.origin(),
        rp_id: &app.config.rp_id,
        tenant: tenant.slug.as_str(),
        txn: &given.txn,
    };
    let verified = given.wire.decode().map_err(|_| X509Error::Malformed);
    let verified = verified.and_then(|bytes| Ok((Statement::verify(&bytes, &expected)?, bytes)));
    let (statement, bytes) = match verified {
        Ok(verified) => verified,
        Err(error) => return Ok(Err(Refused(error.code()))),
    };
    let trusted = Trusted::load(tenant, rows).await?;
    let now = entropy::now().unix_seconds();
    let checked = trusted.trust().check(&statement.certificate, &bytes.chain, now);
    Ok(checked.map(|()| statement).map_err(|error| Refused(error.code())))
}

fn evidence(statement: &Statement) -> Evidence {
    Evidence { user_verified: statement.user_verified, shown: Shown::X509Card }
}

fn card_certificate(certificate: &Certificate) -> CardCertificate {
    CardCertificate {
        issuer: certificate.issuer.clone(),
        serial: certificate.serial.clone(),
        name_hash: certificate.name_hash(),
        subject: certificate.subject.clone(),
        issuer_name: certificate.issuer_name.clone(),
        not_after: Moment::from_unix_seconds(certificate.not_after),
    }
}

/// What a certificate says of its holder must not contradict the account. It identifies nobody.
fn names(tenant: &Tenant, certificate: &Certificate, person: &Person) -> Result<(), Refused> {
    let Certificate { principal_names, emails, .. } = certificate;
    if principal_names.is_empty() && tenant.policy.x509.upn_required {
        return Err(Refused("x509-no-name"));
    }
    let said = if principal_names.is_empty() { emails } else { principal_names };
    let upns = person.attributes.get("upn").into_iter().flatten();
    let own = [Some(&person.username), person.email.as_ref()].into_iter().flatten().chain(upns);
    let own: Vec<_> = own.map(|name| name.to_lowercase()).collect();
    let fits = said.is_empty() || said.iter().any(|name| own.contains(&name.to_lowercase()));
    if fits { Ok(()) } else { Err(Refused("x509-other-name")) }
}

#[cfg(test)]
mod tests;
