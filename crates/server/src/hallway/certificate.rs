//! X.509 smart cards at the card step: a statement verified, and whose certificate it is.

use agent_protocol::X509Statement;
use identity::{Moment, Person, Tenant};
use login::{Evidence, Shown, Waiting};
use store::{CardCertificate, CredentialKind, Rows};
use x509_cards::{Certificate, Expected, Statement, StatementType, X509Error};

use crate::app::App;
use crate::authorities::Trusted;
use crate::entropy;
use crate::hallway::ceremony::{Ceremony, Judged, NewCard, Refused, Shows};
use crate::http::problem::Problem;

/// A statement of a card, and the certificate of ours that it is about.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn shows(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    ceremony: &Ceremony,
    given: &X509Statement,
) -> Judged<Shows> {
    let about = About { statement_type: StatementType::Get, waiting, ceremony };
    let statement = match taken(app, tenant, rows, &about, given).await? {
        Ok(taken) => taken,
        Err(refused) => return Ok(Err(refused)),
    };
    let certificate = &statement.certificate;
    // By its key, which is one person's in this tenant; and of its own type.
    let card = rows.credential_by_id(&certificate.credential_id()).await?;
    let enrolled = card.and_then(|card| Some((card.certificate()?.clone(), card)));
    let Some((known, card)) = enrolled else { return Ok(Err(Refused("x509-other-card"))) };
    let named = card_certificate(certificate);
    let renewed = (known != named).then_some(named);
    // What must be in a certificate must be in those that were added before, too.
    if renewed.is_some() || tenant.policy.x509.upn_required {
        let owner = rows.person(card.person).await?.ok_or(Problem::LoginGone)?;
        if let Err(refused) = names(tenant, certificate, &owner) {
            return Ok(Err(refused));
        }
    }
    Ok(Ok(Shows { card, evidence: evidence(&statement), renewed }))
}

/// A certificate that is to be enrolled.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn registers(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    waiting: &Waiting,
    ceremony: &Ceremony,
    given: &X509Statement,
) -> Judged<NewCard> {
    let about = About { statement_type: StatementType::Create, waiting, ceremony };
    let statement = match taken(app, tenant, rows, &about, given).await? {
        Ok(taken) => taken,
        Err(refused) => return Ok(Err(refused)),
    };
    let person = rows.person(waiting.person).await?.ok_or(Problem::LoginGone)?;
    if let Err(refused) = names(tenant, &statement.certificate, &person) {
        return Ok(Err(refused));
    }
    let webauthn_id = statement.certificate.credential_id();
    let kind = CredentialKind::X509Card(card_certificate(&statement.certificate));
    Ok(Ok(NewCard { webauthn_id, kind, evidence: evidence(&statement) }))
}

/// What a statement must be about.
struct About<'a> {
    statement_type: StatementType,
    waiting: &'a Waiting,
    ceremony: &'a Ceremony,
}

/// Verifies the statement, then the certificate against what the tenant trusts now.
async fn taken(
    app: &App,
    tenant: &Tenant,
    rows: &mut Rows,
    about: &About<'_>,
    given: &X509Statement,
) -> Judged<Statement> {
    let Some(challenge) = about.ceremony.challenge() else {
        return Ok(Err(Refused("x509-malformed")));
    };
    if !tenant.policy.x509.enabled {
        return Ok(Err(Refused("x509-off")));
    }
    let expected = Expected {
        statement_type: about.statement_type,
        challenge,
        origin: app.config.origin(),
        rp_id: &app.config.rp_id,
        tenant: tenant.slug.as_str(),
        txn: &about.waiting.started.id.to_string(),
    };
    let verified = given.decode().map_err(|_| X509Error::Malformed);
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
