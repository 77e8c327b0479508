//! Makes a key with its certificate.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use identity::{Moment, Tenant};
use jose::{Alg, CertificateFields, NumericDate, SigningKey};
use secrets::Secret;
use store::{AuditEntry, KeyDates, KeyIssuer, Writing};

use super::SigningError;
use crate::app::App;
use crate::entropy;

/// How long a certificate is valid. Nobody asks it for more than its key, which is replaced long
/// before.
const CERTIFICATE_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How far another's clock may be behind.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// A key that is not kept yet.
pub(super) struct Made {
    pub(super) kid: String,
    alg: Alg,
    private: Secret,
    certificate: Option<Vec<u8>>,
}

/// Makes the first key of an issuer for an algorithm, which signs at once: nobody has read its key set
/// yet, or nobody has asked for the algorithm.
pub(super) async fn first(
    app: &App,
    tenant: &Tenant,
    issuer: KeyIssuer,
    alg: Alg,
) -> Result<(), SigningError> {
    let now = app.store.now().await?;
    let made = make(tenant, issuer, alg, now).await?;
    let dates = KeyDates { published_at: now, active_from: now, retired_at: None, ends_at: None };
    let mut tx = app.store.write(tenant.id).await?;
    // Another node may have been faster; then its key is the first one.
    if keep(&mut tx, issuer, made, 1, dates).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// Makes a key on a thread of its own.
pub(super) async fn make(
    tenant: &Tenant,
    issuer: KeyIssuer,
    alg: Alg,
    now: Moment,
) -> Result<Made, SigningError> {
    let subject = match issuer {
        KeyIssuer::Tenant => format!("Cardea {}", tenant.slug),
        KeyIssuer::Eam => format!("Cardea {} for Microsoft Entra", tenant.slug),
    };
    let made = tokio::task::spawn_blocking(move || match alg {
        Alg::Rs256 => rsa(&subject, now),
        Alg::Es256 => p256(),
    })
    .await;
    made.map_err(|_| SigningError::Make("its thread ended"))?
}

fn rsa(subject: &str, now: Moment) -> Result<Made, SigningError> {
    let failed = |_| SigningError::Make("the engine refused");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
    let private = Secret::new(der.as_ref().to_vec());
    let date = |moment: Moment| NumericDate(moment.unix_seconds());
    let fields = CertificateFields {
        subject,
        serial: entropy::bytes(),
        not_before: date(now.minus(CLOCK_SKEW)),
        not_after: date(now.plus(CERTIFICATE_LIFE)),
    };
    let bare = SigningKey::from_pkcs8(Alg::Rs256, &private, None)?;
    let certificate = bare.self_signed_certificate(&fields);
    let certificate = certificate.map_err(|_| SigningError::Make("no certificate"))?;
    let key = SigningKey::from_pkcs8(Alg::Rs256, &private, Some(&certificate))?;
    let kid = key.kid().to_owned();
    Ok(Made { kid, alg: Alg::Rs256, private, certificate: Some(certificate) })
}

/// Nobody asks such a key for a certificate.
fn p256() -> Result<Made, SigningError> {
    let failed = |_| SigningError::Make("the engine refused");
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
    let document = pair.to_pkcs8v1().map_err(failed)?;
    let private = Secret::new(document.as_ref().to_vec());
    let key = SigningKey::from_pkcs8(Alg::Es256, &private, None)?;
    Ok(Made { kid: key.kid().to_owned(), alg: Alg::Es256, private, certificate: None })
}

/// Keeps a key under a number. `false` when somebody else has taken it.
pub(super) async fn keep(
    tx: &mut Writing,
    issuer: KeyIssuer,
    made: Made,
    number: u32,
    dates: KeyDates,
) -> Result<bool, SigningError> {
    let Made { kid, alg, private, certificate } = made;
    let alg = alg.as_str().to_owned();
    let detail = serde_json::json!({ "kid": kid, "issuer": issuer });
    let key = store::SigningKey { kid, issuer, alg, number, private, certificate, dates };
    let kept = tx.insert_signing_key(&key).await?;
    if kept {
        tx.audit(&AuditEntry::new("signing-key.made", detail)).await?;
    }
    Ok(kept)
}
