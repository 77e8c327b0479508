use super::IdTokenError;
use crate::json;
use crate::jwks::Alg;

/// The two header parameters that we look at (RFC 7515 §4.1).
///
/// # Security
///
/// `jku`, `jwk`, `x5u` and `x5c` would let a token bring its own key; they are not even read.
pub(super) struct Header {
    /// `None` for an algorithm that is not on our list.
    pub(super) alg: Option<Alg>,
    pub(super) kid: String,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, IdTokenError> {
        let header = json::object(bytes).ok_or(IdTokenError::Header)?;
        if header.contains_key("crit") {
            return Err(IdTokenError::Critical);
        }
        // RFC 7797: the payload would not be base64url; legal only together with `crit`.
        if header.contains_key("b64") {
            return Err(IdTokenError::Critical);
        }
        let alg = json::text(&header, "alg").ok_or(IdTokenError::Algorithm)?;
        let kid = json::text(&header, "kid").filter(|kid| !kid.is_empty());
        let kid = kid.ok_or(IdTokenError::NoKid)?.to_owned();
        Ok(Self { alg: Alg::parse(alg), kid })
    }
}
