use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pki_types::CertificateDer;
use secrets::Secret;
use serde::Serialize;

use crate::jwk::{CertificateMembers, Material};
use crate::{Alg, Compact, Jwk, KeySet};

/// A key that signs. It is parsed once, when it is made; `Debug` prints its name alone.
pub struct SigningKey {
    pair: Pair,
    jwk: Jwk,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

/// The bytes are no key that we would sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// Not PKCS#8 of such a key; an RSA key must have 2048 to 8192 bits.
    #[error("not a PKCS#8 key of this algorithm")]
    Key,
    /// A certificate, for a key that is not RSA: nobody asks for one.
    #[error("only RSA keys have a certificate")]
    CertificateForAnother,
    /// Not one X.509 certificate in DER.
    #[error("not an X.509 certificate")]
    Certificate,
    /// The certificate is that of another key.
    #[error("the certificate is not that of the key")]
    CertificateOfAnother,
}

/// The engine refused to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot sign")]
pub struct SignError;

impl SigningKey {
    /// Reads a key from PKCS#8 (RFC 5208), with the certificate to publish beside it, if any.
    ///
    /// # Errors
    ///
    /// See [`SigningKeyError`].
    pub fn from_pkcs8(
        alg: Alg,
        der: &Secret,
        certificate: Option<&[u8]>,
    ) -> Result<Self, SigningKeyError> {
        match alg {
            Alg::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(der.expose());
                rsa(pair.map_err(|_| SigningKeyError::Key)?, certificate)
            }
            Alg::Es256 if certificate.is_some() => Err(SigningKeyError::CertificateForAnother),
            Alg::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.expose());
                p256(pair.map_err(|_| SigningKeyError::Key)?)
            }
        }
    }

    /// What the key signs with.
    pub fn alg(&self) -> Alg {
        match self.pair {
            Pair::Rsa(_) => Alg::Rs256,
            Pair::P256(_) => Alg::Es256,
        }
    }

    /// The name of the key, the same in every header and in the published set: the SHA-256 of its
    /// certificate, else its thumbprint by RFC 7638; base64url.
    pub fn kid(&self) -> &str {
        self.jwk.kid()
    }

    /// The public half, as it is published.
    pub fn to_jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs `payload`, the bytes of a JSON object, as a compact JWS whose header holds `typ`
    /// (RFC 7515 §4.1.9, such as `JWT`), `alg` and `kid`. With RS256 the same bytes give the same
    /// token.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the engine refuses, which a key that was read does not make it do.
    pub fn sign(&self, typ: &str, payload: &[u8]) -> Result<Secret, SignError> {
        #[derive(Serialize)]
        struct Header<'a> {
            typ: &'a str,
            alg: &'a str,
            kid: &'a str,
        }
        let header = Header { typ, alg: self.alg().as_str(), kid: self.kid() };
        let header = serde_json::to_vec(&header).map_err(|_| SignError)?;
        let mut compact = URL_SAFE_NO_PAD.encode(header);
        compact.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut compact);
        let signature = self.signature(compact.as_bytes())?;
        compact.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut compact);
        Ok(Secret::from(compact))
    }

    /// Whether `published`, a document of [`key_set`](crate::key_set), verifies what this key signs. A healthy
    /// discovery document does not show that.
    pub fn is_verified_by(&self, published: &[u8]) -> bool {
        let Ok(token) = self.sign("JWT", b"{}") else { return false };
        let Ok(keys) = KeySet::parse(published) else { return false };
        let key = keys.find(self.kid()).filter(|key| key.alg() == self.alg());
        let compact = token.expose_text().and_then(|text| Compact::split(text).ok());
        matches!((key, compact), (Some(key), Some(it)) if it.verified_payload(key).is_ok())
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        // Neither takes anything of it: the one needs nothing, the other has its own.
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SignError)?;
                Ok(signature)
            }
            Pair::P256(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| SignError)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    /// The public key of RSA: `RSAPublicKey` of RFC 8017 A.1.1.
    pub(crate) fn rsa_public_key(&self) -> Option<&[u8]> {
        match &self.pair {
            Pair::Rsa(pair) => Some(pair.public_key().as_ref()),
            Pair::P256(_) => None,
        }
    }
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SigningKey({} {})", self.alg().as_str(), self.kid())
    }
}

fn rsa(pair: RsaKeyPair, certificate: Option<&[u8]>) -> Result<SigningKey, SigningKeyError> {
    let public = pair.public_key();
    let (n, e) = rsa_numbers(public.as_ref()).ok_or(SigningKeyError::Key)?;
    let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
    if let Some(der) = certificate {
        let spki: PublicKeyX509Der<'_> = public.as_der().map_err(|_| SigningKeyError::Key)?;
        if key_of_certificate(der).ok_or(SigningKeyError::Certificate)? != spki.as_ref() {
            return Err(SigningKeyError::CertificateOfAnother);
        }
    }
    let kid = kid(certificate, &format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#));
    let certificate = certificate.map(|der| CertificateMembers {
        x5t: URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, der)),
        x5c: [STANDARD.encode(der)],
    });
    let jwk = Jwk::new(kid, Material::Rsa { certificate, n, e });
    Ok(SigningKey { pair: Pair::Rsa(pair), jwk })
}

fn p256(pair: EcdsaKeyPair) -> Result<SigningKey, SigningKeyError> {
    // SEC 1 §2.3.3: an uncompressed point.
    let [0x04, coordinates @ ..] = pair.public_key().as_ref() else {
        return Err(SigningKeyError::Key);
    };
    let (x, y) = coordinates.split_at_checked(32).ok_or(SigningKeyError::Key)?;
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let kid = kid(None, &format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
    let jwk = Jwk::new(kid, Material::P256 { crv: "P-256", x, y });
    Ok(SigningKey { pair: Pair::P256(pair), jwk })
}

/// The one place that names keys: by the certificate, else by `members`, the required members of
/// the key as RFC 7638 §3 writes them.
///
/// Entra compares names as text and wants base64 in them, so a name is neither a UUID nor chosen.
fn kid(certificate: Option<&[u8]>, members: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, certificate.unwrap_or(members.as_bytes())))
}

/// `SubjectPublicKeyInfo` of a certificate.
fn key_of_certificate(der: &[u8]) -> Option<Vec<u8>> {
    let der = CertificateDer::from(der);
    let certificate = webpki::EndEntityCert::try_from(&der).ok()?;
    Some(certificate.subject_public_key_info().to_vec())
}

/// Modulus and exponent of `RSAPublicKey` (RFC 8017 A.1.1), without leading zeros.
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, []) = element(0x30, der)? else { return None };
    let (n, rest) = element(0x02, sequence)?;
    let (e, []) = element(0x02, rest)? else { return None };
    Some((n.strip_prefix(&[0]).unwrap_or(n), e.strip_prefix(&[0]).unwrap_or(e)))
}

/// The content of the DER element with `tag` at the front, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [found, length, rest @ ..] = der else { return None };
    let (length, rest) = match *length {
        short @ ..=0x7F => (usize::from(short), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => rest.split_first_chunk().map(|(l, rest)| (u16::from_be_bytes(*l).into(), rest))?,
        _ => return None,
    };
    rest.split_at_checked(length).filter(|_| *found == tag)
}

#[cfg(test)]
mod tests;
