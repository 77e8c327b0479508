//! The statement that a card's key has signed, step by step.

use agent_protocol::x509_statement::{
    Bound, StatementBytes, StatementData, StatementType, USER_PRESENT, USER_VERIFIED, X509_CARD,
    algorithm, authenticator_data, certificate_sha256, signed_bytes,
};
use pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, aws_lc_rs};

use crate::{Certificate, X509Error};

/// The most client data that is read, in bytes.
const MAX_CLIENT_DATA: usize = 4 * 1024;
/// The longest signature, in bytes: RSA with 4096 bits.
const MAX_SIGNATURE: usize = 512;

/// What the server has asked for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Create or get.
    pub statement_type: StatementType,
    /// The challenge, base64url.
    pub challenge: &'a str,
    /// The server's origin.
    pub origin: &'a str,
    /// Its relying party id.
    pub rp_id: &'a str,
    /// The tenant's slug.
    pub tenant: &'a str,
    /// The login.
    pub txn: &'a str,
}

/// A statement that verifies: the key of this certificate has signed for this login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The certificate. Whether it is to be trusted is another question.
    pub certificate: Certificate,
    /// UV: the agent says that the card checked a PIN for this signature.
    pub user_verified: bool,
}

impl Statement {
    /// Verifies a statement.
    ///
    /// # Errors
    ///
    /// [`X509Error`] of the first step that does not hold.
    pub fn verify(bytes: &StatementBytes, expected: &Expected<'_>) -> Result<Self, X509Error> {
        let data = client_data(bytes)?;
        ceremony(&data, expected)?;
        bound(&data.cardea, expected)?;
        same_certificate(&data.cardea, &bytes.certificate)?;
        let user_verified = flags(&bytes.authenticator_data, expected.rp_id)?;
        let certificate = Certificate::parse(&bytes.certificate)?;
        signature(bytes, &certificate)?;
        Ok(Self { certificate, user_verified })
    }
}

/// 1. Client data is of the one form, and no longer than any honest one.
fn client_data(bytes: &StatementBytes) -> Result<StatementData, X509Error> {
    if bytes.client_data_json.len() > MAX_CLIENT_DATA || bytes.signature.len() > MAX_SIGNATURE {
        return Err(X509Error::TooLarge);
    }
    StatementData::parse(&bytes.client_data_json).map_err(|_| X509Error::Malformed)
}

/// 2. Type, challenge and origin are the server's own, and there is no frame.
fn ceremony(data: &StatementData, expected: &Expected<'_>) -> Result<(), X509Error> {
    if data.statement_type != expected.statement_type {
        return Err(X509Error::Type);
    }
    if data.challenge != expected.challenge {
        return Err(X509Error::Challenge);
    }
    if data.origin != expected.origin || data.cross_origin {
        return Err(X509Error::Origin);
    }
    Ok(())
}

/// 3. Version, kind, tenant and login are the server's own.
fn bound(bound: &Bound, expected: &Expected<'_>) -> Result<(), X509Error> {
    let Bound { v, kind, tenant, txn, cert_sha256: _ } = bound;
    let same = *v == 1 && kind == X509_CARD && tenant == expected.tenant && txn == expected.txn;
    if same { Ok(()) } else { Err(X509Error::Bound) }
}

/// 4. What was signed is about the certificate that was sent.
fn same_certificate(bound: &Bound, der: &[u8]) -> Result<(), X509Error> {
    let same = bound.cert_sha256 == certificate_sha256(der);
    if same { Ok(()) } else { Err(X509Error::CertificateHash) }
}

/// 5. Authenticator data has 37 bytes, our RP ID, UP, perhaps UV, no other flag and no counter.
fn flags(data: &[u8], rp_id: &str) -> Result<bool, X509Error> {
    let (hash, rest) = data.split_at_checked(32).ok_or(X509Error::AuthenticatorData)?;
    if authenticator_data(rp_id, 0).get(..32) != Some(hash) {
        return Err(X509Error::RpIdHash);
    }
    match rest {
        [flags, 0, 0, 0, 0] if flags & !(USER_PRESENT | USER_VERIFIED) == 0 => {
            let present = flags & USER_PRESENT != 0;
            if present { Ok(flags & USER_VERIFIED != 0) } else { Err(X509Error::UserNotPresent) }
        }
        _ => Err(X509Error::AuthenticatorData),
    }
}

/// 6. The certificate's key has signed it, with the algorithm of that key.
fn signature(bytes: &StatementBytes, certificate: &Certificate) -> Result<(), X509Error> {
    if bytes.alg != certificate.algorithm {
        return Err(X509Error::Algorithm);
    }
    let verifier: &dyn SignatureVerificationAlgorithm = match bytes.alg {
        algorithm::ES256 => aws_lc_rs::ECDSA_P256_SHA256,
        algorithm::ES384 => aws_lc_rs::ECDSA_P384_SHA384,
        algorithm::RS256 => aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(X509Error::Algorithm),
    };
    let der = CertificateDer::from(certificate.der.as_slice());
    let key = EndEntityCert::try_from(&der)?;
    let message = signed_bytes(&bytes.authenticator_data, &bytes.client_data_json);
    key.verify_signature(verifier, &message, &bytes.signature).map_err(|_| X509Error::Signature)
}
