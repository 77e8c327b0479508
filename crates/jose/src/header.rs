use crate::{Alg, JwsError, json};

/// The header parameters that we look at (RFC 7515 §4.1).
///
/// # Security
///
/// `jku`, `jwk`, `x5u` and `x5c` would let a token bring its own key; they are not even read.
#[derive(Clone, Debug)]
pub struct Header {
    /// `None` when it is missing, or an algorithm that is not on our list.
    pub alg: Option<Alg>,
    /// Names the key; never empty.
    pub kid: String,
    /// What kind of token it is (RFC 7515 §4.1.9), where it says so.
    pub typ: Option<String>,
}

impl Header {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, JwsError> {
        let header = json::object(bytes).ok_or(JwsError::Header)?;
        // RFC 7797: with `b64` the payload would not be base64url; legal only together with `crit`.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(JwsError::Critical);
        }
        let alg = json::text(&header, "alg").and_then(Alg::parse);
        let kid = json::text(&header, "kid").filter(|kid| !kid.is_empty());
        let kid = kid.ok_or(JwsError::NoKid)?.to_owned();
        let typ = json::text(&header, "typ").map(str::to_owned);
        Ok(Self { alg, kid, typ })
    }
}
