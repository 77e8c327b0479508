//! What a client signs to show who it is: RFC 7523 §3, OpenID Connect Core 1.0 §9.

use jose::{Alg, Compact, JwsError, KeySet, NumericDate, json};
use secrets::{Secret, TokenHash};
use serde_json::{Map, Value};

use super::Spent;
use crate::Issuer;
use crate::client::Client;

/// How far ahead an assertion may end, in seconds: so long its `jti` is kept.
const MAX_LIFE: i64 = 300;
/// Skew of other people's clocks, in seconds.
const LEEWAY: i64 = 120;
/// Most objects and lists inside of each other.
const DEPTH: usize = 8;
/// Longest `jti`, in bytes.
const MAX_JTI: usize = 256;

/// The assertion is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssertionError {
    /// Not a signed token, or with a header that we do not read.
    #[error("not a signed token")]
    NotCompact,
    /// It names no key.
    #[error("its header names no key")]
    NoKid,
    /// The client has no key of this name.
    #[error("the application has no key of this name")]
    NoSuchKey,
    /// `alg` is not what the key signs with, `none` and HMAC among them.
    #[error("its algorithm is not that of the key")]
    Algorithm,
    /// Not the key's signature.
    #[error("its signature does not verify")]
    Signature,
    /// Not a JSON object.
    #[error("its payload is not a JSON object")]
    Payload,
    /// `iss` or `sub` is not the client.
    #[error("iss and sub are not the client_id")]
    Client,
    /// `aud` is neither the issuer nor the token endpoint, or somebody else's, too.
    #[error("aud is neither the issuer nor the token endpoint alone")]
    Audience,
    /// `exp` is missing or past.
    #[error("it has ended, or has no exp")]
    Expired,
    /// `exp` is more than five minutes ahead.
    #[error("exp is more than five minutes ahead")]
    TooLong,
    /// `nbf` or `iat` is in the future, or no date.
    #[error("it is not valid yet")]
    NotYetValid,
    /// `jti` is missing or too long.
    #[error("jti is missing or too long")]
    Jti,
}

impl From<JwsError> for AssertionError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::NoKid => Self::NoKid,
            JwsError::Signature => Self::Signature,
            _ => Self::NotCompact,
        }
    }
}

/// Verifies an assertion. What comes back is to be spent.
pub(super) fn verify(
    assertion: &Secret,
    client: &Client,
    issuer: &Issuer,
    now: NumericDate,
) -> Result<Spent, AssertionError> {
    let compact = assertion.expose_text().ok_or(AssertionError::NotCompact)?;
    let compact = Compact::split(compact)?;
    let claims = signed_by_the_client(&compact, client)?;
    let word = |name| json::text(&claims, name);
    ensure(word("iss") == Some(&client.client_id), AssertionError::Client)?;
    ensure(word("sub") == Some(&client.client_id), AssertionError::Client)?;
    audience(&claims, issuer)?;
    let exp = time(&claims, now)?;
    let jti = word("jti").filter(|jti| (1..=MAX_JTI).contains(&jti.len()));
    let jti = jti.ok_or(AssertionError::Jti)?;
    let jti = TokenHash::of(format!("{}\0{jti}", client.client_id).as_bytes());
    Ok(Spent { jti, until: exp.plus(LEEWAY) })
}

fn signed_by_the_client(
    compact: &Compact<'_>,
    client: &Client,
) -> Result<Map<String, Value>, AssertionError> {
    let header = compact.header()?;
    let keys = client.settings.jwks.as_deref().and_then(|keys| KeySet::parse(keys.as_bytes()).ok());
    let key = keys.as_ref().and_then(|keys| keys.find(&header.kid));
    let alg: Option<Alg> = header.alg;
    ensure(alg.is_some(), AssertionError::Algorithm)?;
    let key = key.ok_or(AssertionError::NoSuchKey)?;
    ensure(alg == Some(key.alg()), AssertionError::Algorithm)?;
    let payload = compact.verified_payload(key)?;
    json::strict_object(&payload, DEPTH).ok_or(AssertionError::Payload)
}

/// Deviation: exactly one, though RFC 7519 §4.1.3 allows more: an assertion for somebody else, too,
/// could be theirs to replay.
fn audience(claims: &Map<String, Value>, issuer: &Issuer) -> Result<(), AssertionError> {
    let aud = match claims.get("aud") {
        Some(Value::Array(list)) if list.len() == 1 => list.first(),
        other => other,
    };
    let aud = aud.and_then(Value::as_str).ok_or(AssertionError::Audience)?;
    let ours = aud == issuer.as_str() || aud == issuer.token_endpoint();
    ensure(ours, AssertionError::Audience)
}

fn time(claims: &Map<String, Value>, now: NumericDate) -> Result<NumericDate, AssertionError> {
    let exp = claims.get("exp").and_then(NumericDate::from_json).ok_or(AssertionError::Expired)?;
    ensure(now < exp.plus(LEEWAY), AssertionError::Expired)?;
    ensure(exp <= now.plus(MAX_LIFE).plus(LEEWAY), AssertionError::TooLong)?;
    for name in ["nbf", "iat"] {
        let begun = |value| NumericDate::from_json(value).is_some_and(|at| at <= now.plus(LEEWAY));
        ensure(claims.get(name).is_none_or(begun), AssertionError::NotYetValid)?;
    }
    Ok(exp)
}

/// Who an assertion claims to be from.
///
/// # Security
///
/// Read from what nobody has verified: it says which client's keys are to be tried, and nothing else.
pub(super) fn claimed_by(assertion: &Secret) -> Option<String> {
    let payload = Compact::split(assertion.expose_text()?).ok()?.unverified_payload().ok()?;
    let claims = json::strict_object(&payload, DEPTH)?;
    json::text(&claims, "sub").filter(|sub| sub.len() <= 256).map(str::to_owned)
}

fn ensure(holds: bool, error: AssertionError) -> Result<(), AssertionError> {
    if holds { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests;
