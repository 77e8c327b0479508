//! ID Token validation, OpenID Connect Core 1.0 (errata set 2) §3.1.3.7.
//!
//! Each `step_NN` below is one step of §3.1.3.7, and each has tests with the same number. The
//! steps about the signature (6 to 8) run first, because nothing else may be believed before.

mod claims;
mod steps;

pub use claims::Claims;

use jose::{Compact, JwsError, KeySet, NumericDate};
use secrets::{Secret, Token};

use crate::discovery::Kind;

/// How far the clocks of an upstream and ours may differ, in seconds.
///
/// Five minutes are common; two are enough where both sides use NTP. Each second here is a second
/// in which a stolen token lives on.
pub const LEEWAY: i64 = 120;

/// What we asked the upstream for, and when we look at its answer.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Issuer of the upstream, from its discovery document.
    pub issuer: &'a str,
    /// Our `client_id` at this upstream.
    pub client_id: &'a str,
    /// The `nonce` of our authentication request.
    pub nonce: &'a Token,
    /// An Entra directory, or any other provider.
    pub kind: &'a Kind,
    /// The access token that came with the ID token, if any; for `at_hash`.
    pub access_token: Option<&'a Secret>,
    /// The present, given by the caller.
    pub now: NumericDate,
}

/// The step of §3.1.3.7 that failed. The number is stable; the text is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// Not three parts of base64url, or too long.
    #[error("not a compact token")]
    NotCompact,
    /// Step 1: five parts. We never ask for encryption.
    #[error("step 1: encrypted token")]
    Encrypted,
    /// The header is not a JSON object, or names one thing twice.
    #[error("header is not a JSON object")]
    Header,
    /// The header demands an extension (`crit`, RFC 7515 §4.1.11); we know none.
    #[error("header demands an extension")]
    Critical,
    /// The header names no key.
    #[error("header names no key")]
    NoKid,
    /// Step 6: the key set has no such key. The one error after which to fetch the keys again.
    #[error("step 6: no key of that name")]
    NoSuchKey,
    /// Step 6: the key serves another directory.
    #[error("step 6: key serves another directory")]
    KeyIssuer,
    /// Step 6: the signature is not that key's.
    #[error("step 6: signature does not verify")]
    Signature,
    /// Step 7: an algorithm that is not on the list, or not that of the key.
    #[error("step 7: algorithm is not accepted")]
    Algorithm,
    /// The payload is not a JSON object, or names one claim twice.
    #[error("payload is not a JSON object")]
    Payload,
    /// A claim that must be there is missing.
    #[error("claim {0} is missing")]
    MissingClaim(&'static str),
    /// A claim has another type than the standard says.
    #[error("claim {0} has the wrong type")]
    ClaimType(&'static str),
    /// Step 2.
    #[error("step 2: issuer is not the upstream that we asked")]
    Issuer,
    /// Step 2, for Entra: another directory.
    #[error("step 2: tid is not the directory that we asked")]
    Tid,
    /// Step 2, for Entra: not a v2.0 token.
    #[error("step 2: ver is not 2.0")]
    Version,
    /// The link key of an Entra user is missing or no GUID.
    #[error("oid is not a guid")]
    Oid,
    /// Step 3.
    #[error("step 3: audience is not this client alone")]
    Audience,
    /// Step 5.
    #[error("step 5: authorized party is another client")]
    AuthorizedParty,
    /// Step 9.
    #[error("step 9: expired")]
    Expired,
    /// Step 9, RFC 7519 §4.1.5.
    #[error("step 9: not valid yet")]
    NotYetValid,
    /// Step 10.
    #[error("step 10: issued in the future")]
    IssuedInFuture,
    /// Step 11.
    #[error("step 11: nonce is not the one we sent")]
    Nonce,
    /// §3.1.3.8: `at_hash` belongs to another access token.
    #[error("access token is not the one that at_hash names")]
    AccessTokenHash,
}

/// Verifies a compact ID token, and returns its claims.
///
/// # Errors
///
/// The first step that fails; later steps do not run. After [`IdTokenError::NoSuchKey`], and only
/// then, the caller may fetch the keys again and try once more.
pub fn verify(
    compact: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Claims, IdTokenError> {
    let compact = Compact::split(compact)?; // step 1
    let header = compact.header()?;
    let alg = steps::step_07_algorithm(&header, expected)?;
    let key = steps::step_06_key(&header, keys, alg, expected)?;
    let payload = steps::step_06_signature(&compact, key)?;
    // Step 8 (MAC with the client secret): no HMAC algorithm is on the list of step 7.
    let claims = Claims::parse(&payload)?;
    steps::step_02_issuer(&claims, expected)?;
    let claims = steps::step_02_directory(claims, expected)?;
    steps::step_03_audience(&claims, expected)?;
    // Step 4 (extensions that use azp): none in use.
    steps::step_05_authorized_party(&claims, expected)?;
    steps::step_09_time(&claims, expected)?;
    steps::step_10_issued_at(&claims, expected)?;
    steps::step_11_nonce(&claims, expected)?;
    // Step 12 (acr): not requested here. Step 13 (auth_time): the hallway's decision, which knows
    // when it asked; the claim is handed on.
    steps::access_token_hash(&claims, expected)?;
    Ok(claims)
}

impl From<JwsError> for IdTokenError {
    fn from(error: JwsError) -> Self {
        match error {
            // Step 1: if the token is encrypted, decrypt it as agreed. We agree with nobody to do so.
            JwsError::Encrypted => Self::Encrypted,
            JwsError::Header => Self::Header,
            JwsError::Critical => Self::Critical,
            JwsError::NoKid => Self::NoKid,
            JwsError::Signature => Self::Signature,
            _ => Self::NotCompact,
        }
    }
}

#[cfg(test)]
mod tests;
