use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

/// A certificate on a card (RFC 5280), as far as it matters for a signature. Nothing of it is
/// verified: that is the server's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardCertificate {
    /// DER.
    pub der: Vec<u8>,
    /// Its `SubjectPublicKeyInfo`, DER.
    pub subject_public_key_info: Vec<u8>,
    /// The kind of its key.
    pub key: KeyKind,
    /// Its holder's name: the common name, or else the whole subject.
    pub subject: String,
    /// Who has issued it: the common name, or else the whole name.
    pub issuer: String,
    /// From when it is good, in seconds since 1970.
    pub not_before: i64,
    /// Until when it is good, in seconds since 1970.
    pub not_after: i64,
    /// Whether it is one of an authority.
    pub is_authority: bool,
    /// Whether its key may sign challenges: `digitalSignature`, or no key usage at all, and not
    /// only for the card itself.
    pub signs: bool,
}

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// P-256, which signs with ECDSA and SHA-256.
    P256,
    /// P-384, which signs with ECDSA and SHA-384.
    P384,
    /// RSA of 2048 to 4096 bits, which signs by RSASSA-PKCS1-v1_5 with SHA-256.
    Rsa,
    /// Another, such as Ed25519 or a short RSA key.
    Other,
}

/// It is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no X.509 certificate")]
pub struct CertificateError;

/// PIV's key that signs without a PIN, for doors: it says that the card is there and not who holds
/// it (FIPS 201-3 §4.2.2.2).
const PIV_CARD_AUTH: &str = "2.16.840.1.101.3.6.8";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";

impl CardCertificate {
    /// Whether its key can be used here at all: it may sign, and can.
    pub fn can_sign(&self) -> bool {
        self.signs && self.key != KeyKind::Other
    }

    /// Reads a certificate: exactly one, and nothing after it.
    ///
    /// # Errors
    ///
    /// [`CertificateError`].
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError)?;
        if !rest.is_empty() {
            return Err(CertificateError);
        }
        let basic = certificate.basic_constraints().map_err(|_| CertificateError)?;
        Ok(Self {
            der: der.to_vec(),
            subject_public_key_info: certificate.public_key().raw.to_vec(),
            key: key_kind(&certificate),
            subject: name(certificate.subject()),
            issuer: name(certificate.issuer()),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            is_authority: basic.is_some_and(|basic| basic.value.ca),
            signs: may_sign(&certificate)?,
        })
    }

    /// Whether it is good at this moment, in seconds since 1970.
    pub fn is_good_at(&self, now: i64) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

fn key_kind(certificate: &X509Certificate<'_>) -> KeyKind {
    let info = certificate.public_key();
    let curve = info.algorithm.parameters.as_ref().and_then(|any| Oid::try_from(any).ok());
    match info.parsed() {
        Ok(PublicKey::EC(_)) if is(&info.algorithm.algorithm, EC_PUBLIC_KEY) => match curve {
            Some(curve) if is(&curve, P256) => KeyKind::P256,
            Some(curve) if is(&curve, P384) => KeyKind::P384,
            _ => KeyKind::Other,
        },
        Ok(PublicKey::RSA(key)) if (2048..=4096).contains(&key.key_size()) => KeyKind::Rsa,
        _ => KeyKind::Other,
    }
}

fn is(oid: &Oid<'_>, wanted: &str) -> bool {
    oid.to_id_string() == wanted
}

fn may_sign(certificate: &X509Certificate<'_>) -> Result<bool, CertificateError> {
    let usage = certificate.key_usage().map_err(|_| CertificateError)?;
    let extended = certificate.extended_key_usage().map_err(|_| CertificateError)?;
    let of_card_itself = extended
        .is_some_and(|extended| extended.value.other.iter().any(|oid| is(oid, PIV_CARD_AUTH)));
    Ok(usage.is_none_or(|usage| usage.value.digital_signature()) && !of_card_itself)
}

fn name(name: &x509_parser::x509::X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|name| name.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned)
}
