//! The steps of §3.1.3.7, one function each.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::guid;
use jose::{Alg, Compact, Header, Key, KeySet};
use secrets::Secret;

use super::{Claims, Expected, IdTokenError, LEEWAY};
use crate::discovery::Kind;
use crate::sha256;

/// Step 2: the issuer of the provider must be exactly the `iss` claim.
pub(super) fn step_02_issuer(claims: &Claims, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    ensure(claims.iss == expected.issuer, IdTokenError::Issuer)
}

/// Step 2, for Entra: `tid` names the same directory, the token is of version 2.0, and `oid` is
/// there, because a person is linked by `(tid, oid)`.
///
/// Deviation: stricter. The standard knows none of the three.
pub(super) fn step_02_directory(
    mut claims: Claims,
    expected: &Expected<'_>,
) -> Result<Claims, IdTokenError> {
    let Kind::Entra { tid: directory } = expected.kind else { return Ok(claims) };
    let tid = claims.tid.as_deref().and_then(guid::parse).ok_or(IdTokenError::Tid)?;
    ensure(tid == *directory, IdTokenError::Tid)?;
    ensure(claims.ver.as_deref() == Some("2.0"), IdTokenError::Version)?;
    let oid = claims.oid.as_deref().and_then(guid::parse).ok_or(IdTokenError::Oid)?;
    claims.tid = Some(tid);
    claims.oid = Some(oid);
    Ok(claims)
}

/// Step 3: `aud` must contain our `client_id` and no audience that we do not trust.
///
/// Deviation: stricter. We trust no other audience, so ours must be the only one.
pub(super) fn step_03_audience(
    claims: &Claims,
    expected: &Expected<'_>,
) -> Result<(), IdTokenError> {
    ensure(claims.aud == [expected.client_id], IdTokenError::Audience)
}

/// Step 5: when `azp` is present, it should be our `client_id`.
pub(super) fn step_05_authorized_party(
    claims: &Claims,
    expected: &Expected<'_>,
) -> Result<(), IdTokenError> {
    let azp = claims.azp.as_deref().unwrap_or(expected.client_id);
    ensure(azp == expected.client_id, IdTokenError::AuthorizedParty)
}

/// Step 6: the signature is made by a key of the issuer: the one that `kid` names.
///
/// Deviation: stricter. The standard lets the TLS connection to the token endpoint stand in for
/// the signature; we always verify it. `kid` is required, and a key of Entra that names a
/// directory serves that directory only.
pub(super) fn step_06_key<'k>(
    header: &Header,
    keys: &'k KeySet,
    alg: Alg,
    expected: &Expected<'_>,
) -> Result<&'k Key, IdTokenError> {
    let key = keys.find(&header.kid).ok_or(IdTokenError::NoSuchKey)?;
    ensure(key.alg() == alg, IdTokenError::Algorithm)?;
    let serves = match expected.kind {
        Kind::Entra { tid } => key.serves(tid, expected.issuer),
        Kind::Oidc => true,
    };
    ensure(serves, IdTokenError::KeyIssuer).map(|()| key)
}

/// Step 6: the signature itself; then what it is about.
pub(super) fn step_06_signature(compact: &Compact<'_>, key: &Key) -> Result<Vec<u8>, IdTokenError> {
    Ok(compact.verified_payload(key)?)
}

/// Step 7: `alg` is RS256 or what we registered for. Entra signs with RS256; of any other provider
/// we take ES256 too.
pub(super) fn step_07_algorithm(
    header: &Header,
    expected: &Expected<'_>,
) -> Result<Alg, IdTokenError> {
    let alg = header.alg.ok_or(IdTokenError::Algorithm)?;
    let accepted = alg == Alg::Rs256 || *expected.kind == Kind::Oidc;
    ensure(accepted, IdTokenError::Algorithm).map(|()| alg)
}

/// Step 9: the present must be before `exp`, and not before `nbf` (RFC 7519 §4.1.5), with a small
/// leeway for clock skew.
pub(super) fn step_09_time(claims: &Claims, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    ensure(expected.now < claims.exp.plus(LEEWAY), IdTokenError::Expired)?;
    let begun = claims.nbf.is_none_or(|nbf| nbf <= expected.now.plus(LEEWAY));
    ensure(begun, IdTokenError::NotYetValid)
}

/// Step 10: `iat` can be used to reject tokens that were issued too far away from the present.
///
/// We reject the future only. An old token is no danger, because its `nonce` is used once; and
/// Entra dates its tokens back by five minutes.
pub(super) fn step_10_issued_at(
    claims: &Claims,
    expected: &Expected<'_>,
) -> Result<(), IdTokenError> {
    ensure(claims.iat <= expected.now.plus(LEEWAY), IdTokenError::IssuedInFuture)
}

/// Step 11: when we sent a `nonce`, the claim must be present and equal. We always send one.
pub(super) fn step_11_nonce(claims: &Claims, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let same = claims.nonce.as_ref().is_some_and(|nonce| nonce.matches(expected.nonce));
    ensure(same, IdTokenError::Nonce)
}

/// §3.1.3.8: `at_hash`, when it is there, is the left half of the hash of the access token. Both
/// of our algorithms hash with SHA-256.
pub(super) fn access_token_hash(
    claims: &Claims,
    expected: &Expected<'_>,
) -> Result<(), IdTokenError> {
    let (Some(at_hash), Some(token)) = (claims.at_hash.as_deref(), expected.access_token) else {
        return Ok(());
    };
    ensure(at_hash == left_half(token), IdTokenError::AccessTokenHash)
}

fn left_half(token: &Secret) -> String {
    let hash = sha256(token.expose());
    URL_SAFE_NO_PAD.encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))
}

fn ensure(holds: bool, error: IdTokenError) -> Result<(), IdTokenError> {
    if holds { Ok(()) } else { Err(error) }
}
