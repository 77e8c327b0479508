use jose::{Compact, JwsError, KeySet, NumericDate, json};
use serde_json::{Map, Value};

use crate::Issuer;

/// Most objects and lists inside of each other in what we sign.
const DEPTH: usize = 4;

/// What verifies that something is of this tenant.
#[derive(Clone, Copy, Debug)]
pub struct OwnKeys<'a> {
    /// The tenant's issuer.
    pub issuer: &'a Issuer,
    /// Its keys, as they are published; never those of another issuer of ours.
    pub keys: &'a KeySet,
}

/// The text is not what we would have signed, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Not a signed token, or with a header that we do not write.
    #[error("not a signed token")]
    NotCompact,
    /// `alg` is not what the key signs with, `none` and HMAC among them.
    #[error("algorithm is not that of the key")]
    Algorithm,
    /// No key of this tenant.
    #[error("key is none of this tenant")]
    NoSuchKey,
    /// Not the key's signature.
    #[error("signature does not verify")]
    Signature,
    /// A token of ours for another use (RFC 9068 §4).
    #[error("token is of another type")]
    Type,
    /// Not a JSON object.
    #[error("payload is not a JSON object")]
    Payload,
    /// Another issuer.
    #[error("issuer is another")]
    Issuer,
    /// For another audience.
    #[error("audience is another")]
    Audience,
    /// Missing, or of another type than we write.
    #[error("claim {0} is missing or of the wrong type")]
    Claim(&'static str),
    /// Over.
    #[error("token is over")]
    Expired,
}

impl From<JwsError> for VerifyError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Signature => Self::Signature,
            _ => Self::NotCompact,
        }
    }
}

/// The claims of a token.
pub(super) struct Claims(Map<String, Value>);

impl OwnKeys<'_> {
    /// The claims of a token that this tenant has signed, of type `typ`.
    pub(super) fn verified(&self, typ: &str, text: &str) -> Result<Claims, VerifyError> {
        let compact = Compact::split(text)?;
        let header = compact.header()?;
        let alg = header.alg.ok_or(VerifyError::Algorithm)?;
        let key = self.keys.find(&header.kid).ok_or(VerifyError::NoSuchKey)?;
        ensure(key.alg() == alg, VerifyError::Algorithm)?;
        let payload = compact.verified_payload(key)?;
        ensure(header.typ.as_deref() == Some(typ), VerifyError::Type)?;
        let claims = json::strict_object(&payload, DEPTH).ok_or(VerifyError::Payload)?;
        let claims = Claims(claims);
        ensure(claims.text("iss")? == self.issuer.as_str(), VerifyError::Issuer)?;
        Ok(claims)
    }
}

impl Claims {
    pub(super) fn text(&self, name: &'static str) -> Result<&str, VerifyError> {
        json::text(&self.0, name).ok_or(VerifyError::Claim(name))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn texts(&self, name: &'static str) -> Result<Vec<String>, VerifyError> {
        let texts = json::texts(&self.0, name).ok_or(VerifyError::Claim(name))?;
        Ok(texts.into_iter().map(str::to_owned).collect())
    }

    pub(super) fn date(&self, name: &'static str) -> Result<NumericDate, VerifyError> {
        let date = self.0.get(name).and_then(NumericDate::from_json);
        date.ok_or(VerifyError::Claim(name))
    }

    pub(super) fn parsed<T: core::str::FromStr>(
        &self,
        name: &'static str,
    ) -> Result<T, VerifyError> {
        self.text(name)?.parse().map_err(|_| VerifyError::Claim(name))
    }
}

pub(super) fn ensure(holds: bool, error: VerifyError) -> Result<(), VerifyError> {
    if holds { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests;
