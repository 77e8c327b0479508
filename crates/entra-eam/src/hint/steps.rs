//! The rules, one function each.

use ids::guid;
use jose::{Alg, Header, Key, KeySet};

use super::{Claims, Expected, HintError, LEEWAY, MAX_AGE};

/// EAM-10: the key that `kid` names, if both it and the header sign with RS256.
pub(super) fn eam_10_key<'k>(header: &Header, keys: &'k KeySet) -> Result<&'k Key, HintError> {
    ensure(header.alg == Some(Alg::Rs256), HintError::Algorithm)?;
    let key = keys.find(&header.kid).ok_or(HintError::NoSuchKey)?;
    ensure(key.alg() == Alg::Rs256, HintError::Algorithm).map(|()| key)
}

/// EAM-10: the hint is of version 2.0, whose issuer and claims these rules are about.
pub(super) fn eam_10_version(claims: &Claims) -> Result<(), HintError> {
    ensure(claims.ver == "2.0", HintError::Version)
}

/// EAM-10: a key that names a directory serves that one alone.
pub(super) fn eam_10_key_issuer(key: &Key, tid: &str, claims: &Claims) -> Result<(), HintError> {
    ensure(key.serves(tid, &claims.iss), HintError::KeyIssuer)
}

/// EAM-11: `iss` is to the letter the issuer of `tid`, at the cloud of the connection. Microsoft's
/// example of a guest has an `iss` of another directory than `tid`; it is refused (EAM-16).
pub(super) fn eam_11_issuer(claims: &Claims, expected: &Expected<'_>) -> Result<String, HintError> {
    let tid = guid::parse(&claims.tid).ok_or(HintError::Directory)?;
    let issuer = format!("{}/{tid}/v2.0", expected.connection.authority);
    ensure(claims.iss == issuer, HintError::Issuer).map(|()| tid)
}

/// EAM-11: the connection serves the directory.
pub(super) fn eam_11_directory(tid: &str, expected: &Expected<'_>) -> Result<(), HintError> {
    let mut allowed = expected.connection.directories.iter();
    ensure(allowed.any(|directory| directory == tid), HintError::Directory)
}

/// EAM-12: for us, by one of the two names that we have at Entra.
pub(super) fn eam_12_audience(claims: &Claims, expected: &Expected<'_>) -> Result<(), HintError> {
    let connection = expected.connection;
    let ours = claims.aud == connection.app_id || claims.aud == connection.client_id;
    ensure(ours, HintError::Audience)
}

/// EAM-13: issued lately. `exp` is never judged, so this alone makes a hint fresh.
pub(super) fn eam_13_time(claims: &Claims, expected: &Expected<'_>) -> Result<(), HintError> {
    let latest = expected.now.plus(LEEWAY);
    ensure(claims.iat.plus(MAX_AGE) >= expected.now, HintError::TooOld)?;
    ensure(claims.iat <= latest, HintError::IssuedInFuture)?;
    ensure(claims.nbf.is_none_or(|nbf| nbf <= latest), HintError::NotYetValid)
}

/// EAM-15: who it is.
pub(super) fn eam_15_person(claims: &Claims) -> Result<String, HintError> {
    guid::parse(&claims.oid).ok_or(HintError::Oid)
}

fn ensure(holds: bool, error: HintError) -> Result<(), HintError> {
    if holds { Ok(()) } else { Err(error) }
}
