use rcgen::{CertificateParams, DistinguishedName, DnType, KeyUsagePurpose, SerialNumber};
use time::OffsetDateTime;

use crate::{NumericDate, SigningKey};

/// The years 1970 to 9999: what a certificate can say (RFC 5280 §4.1.2.5).
const DATES: core::ops::RangeInclusive<i64> = 0..=253_402_300_799;

/// What a self-signed certificate says. Nobody asks it for more than the key: whoever takes it has
/// it from our address.
#[derive(Clone, Copy, Debug)]
pub struct CertificateFields<'a> {
    /// Common name of subject and issuer.
    pub subject: &'a str,
    /// Random bytes, which the caller draws.
    pub serial: [u8; 16],
    /// First moment of its validity.
    pub not_before: NumericDate,
    /// Last moment of its validity.
    pub not_after: NumericDate,
}

/// The certificate cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The key is not RSA.
    #[error("only RSA keys have a certificate")]
    Algorithm,
    /// It would end before it begins, or lies outside of the years 1970 to 9999.
    #[error("not a time of validity")]
    Validity,
    /// The engine refused to sign.
    #[error("cannot sign a certificate")]
    Sign,
}

impl SigningKey {
    /// Makes a self-signed certificate of this key, in DER. The same fields give the same bytes.
    ///
    /// # Errors
    ///
    /// See [`CertificateError`].
    pub fn self_signed_certificate(
        &self,
        fields: &CertificateFields<'_>,
    ) -> Result<Vec<u8>, CertificateError> {
        let public = self.rsa_public_key().ok_or(CertificateError::Algorithm)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, fields.subject);
        params.serial_number = Some(SerialNumber::from_slice(&fields.serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.not_before = date(fields.not_before)?;
        params.not_after = date(fields.not_after)?;
        if params.not_after <= params.not_before {
            return Err(CertificateError::Validity);
        }
        let certificate = params.self_signed(&Signer { key: self, public });
        Ok(certificate.map_err(|_| CertificateError::Sign)?.der().to_vec())
    }
}

fn date(date: NumericDate) -> Result<OffsetDateTime, CertificateError> {
    let seconds = Some(date.0).filter(|seconds| DATES.contains(seconds));
    let date = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    date.ok_or(CertificateError::Validity)
}

/// The key, for the maker of certificates: it never sees the private half.
struct Signer<'a> {
    key: &'a SigningKey,
    public: &'a [u8],
}

impl rcgen::PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.signature(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests;
