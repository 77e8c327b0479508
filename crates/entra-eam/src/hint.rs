//! The `id_token_hint`, by which Entra vouches for the person whose second factor it asks for
//! (EAM-10 to EAM-13, EAM-16).
//!
//! Each function in `steps` is one rule, and each has tests with the same id. The signature comes
//! first, because nothing else may be believed before.

mod claims;
mod steps;

use jose::{Compact, JwsError, KeySet, NumericDate, json};
use secrets::{Secret, TokenHash};

use claims::Claims;

/// Longest hint, in bytes (EAM-44).
pub const MAX_HINT: usize = 16 * 1024;
/// How long ago, in seconds, a hint may have been issued (EAM-13).
pub const MAX_AGE: i64 = 10 * 60;
/// How far, in seconds, Entra's clock may be ahead of ours (EAM-13).
pub const LEEWAY: i64 = 120;
/// Most objects and lists inside of each other, in header and claims.
const DEPTH: usize = 8;

/// For which connection a hint must be, and when it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// What is connected; its authority and directories, too.
    pub connection: &'a crate::Connection,
    /// The present, given by the caller.
    pub now: NumericDate,
}

/// Whom Entra vouches for. Exists only verified.
///
/// # Security
///
/// No fresh sign-in: by itself it enrols nothing (EAM-15). A person is
/// found by `(tid, oid)` alone; the names are for people, and belong in no log.
#[derive(Clone)]
pub struct Hint {
    /// Names this hint, to remember it by (EAM-14): SHA-256 of what is signed, so that no other
    /// writing of the same hint has another.
    pub hash: TokenHash,
    /// The directory, a GUID in lower case.
    pub tid: String,
    /// The person in that directory, a GUID in lower case.
    pub oid: String,
    /// The person for the app of the integration, which the answer repeats. Not that of a sign-in.
    pub sub: String,
    /// When it was issued.
    pub iat: NumericDate,
    /// Name to show.
    pub name: Option<String>,
    /// Name to sign in with, to show. Changes hands; never looked up.
    pub preferred_username: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// User principal name. Changes hands; never looked up.
    pub upn: Option<String>,
}

impl core::fmt::Debug for Hint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Hint(of directory {})", self.tid)
    }
}

/// The rule that a hint breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HintError {
    /// EAM-44.
    #[error("hint is longer than 16 KiB")]
    TooLong,
    /// EAM-10.
    #[error("hint is not a signed compact token")]
    NotCompact,
    /// EAM-10.
    #[error("header of the hint is not a JSON object")]
    Header,
    /// EAM-10: `crit` (RFC 7515 §4.1.11).
    #[error("header of the hint demands an extension")]
    Critical,
    /// EAM-10.
    #[error("header of the hint names no key")]
    NoKid,
    /// EAM-10: anything but RS256.
    #[error("hint is not signed with RS256")]
    Algorithm,
    /// EAM-10: the key set has no such key. The one error after which to fetch the keys again.
    #[error("no key of that name")]
    NoSuchKey,
    /// EAM-10.
    #[error("signature of the hint does not verify")]
    Signature,
    /// EAM-10: not a JSON object, nested too deep, or one name twice.
    #[error("hint is not a JSON object of claims")]
    Payload,
    /// EAM-10: missing, of another type than the standard says, or too long.
    #[error("claim {0} is missing, too long or of the wrong type")]
    Claim(&'static str),
    /// EAM-10.
    #[error("ver is not 2.0")]
    Version,
    /// EAM-10: the key serves another directory.
    #[error("key serves another directory")]
    KeyIssuer,
    /// EAM-11, EAM-16: `iss` is not the issuer of `tid` at the cloud of the connection.
    #[error("issuer is not that of the directory at this cloud")]
    Issuer,
    /// EAM-11.
    #[error("tid is not a directory of this connection")]
    Directory,
    /// EAM-12.
    #[error("audience is neither App ID nor Client ID")]
    Audience,
    /// EAM-13.
    #[error("hint was issued more than ten minutes ago")]
    TooOld,
    /// EAM-13.
    #[error("hint was issued in the future")]
    IssuedInFuture,
    /// EAM-13.
    #[error("hint is not valid yet")]
    NotYetValid,
    /// EAM-15: the person is found by it.
    #[error("oid is not a GUID")]
    Oid,
}

impl HintError {
    /// The rule that is broken.
    pub fn rule(self) -> &'static str {
        match self {
            Self::TooLong => "EAM-44",
            Self::NotCompact
            | Self::Header
            | Self::Critical
            | Self::NoKid
            | Self::Algorithm
            | Self::NoSuchKey
            | Self::Signature
            | Self::Payload
            | Self::Claim(_)
            | Self::Version
            | Self::KeyIssuer => "EAM-10",
            Self::Issuer | Self::Directory => "EAM-11",
            Self::Audience => "EAM-12",
            Self::TooOld | Self::IssuedInFuture | Self::NotYetValid => "EAM-13",
            Self::Oid => "EAM-15",
        }
    }
}

impl From<JwsError> for HintError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Header => Self::Header,
            JwsError::Critical => Self::Critical,
            JwsError::NoKid => Self::NoKid,
            JwsError::Signature => Self::Signature,
            _ => Self::NotCompact,
        }
    }
}

/// Verifies a hint, and tells whom it is about. `keys` are those of the directory or of the cloud,
/// see [`directory_to_ask_keys_of`].
///
/// # Errors
///
/// The first rule that is broken; later ones are not looked at. After [`HintError::NoSuchKey`], and
/// only then, the caller may fetch the keys again and try once more.
pub fn verify(compact: &Secret, keys: &KeySet, expected: &Expected<'_>) -> Result<Hint, HintError> {
    let compact = split(compact)?;
    let header = compact.header()?;
    let key = steps::eam_10_key(&header, keys)?;
    let claims = Claims::parse(&compact.verified_payload(key)?)?;
    steps::eam_10_version(&claims)?;
    let tid = steps::eam_11_issuer(&claims, expected)?;
    steps::eam_11_directory(&tid, expected)?;
    steps::eam_10_key_issuer(key, &tid, &claims)?;
    steps::eam_12_audience(&claims, expected)?;
    steps::eam_13_time(&claims, expected)?;
    let oid = steps::eam_15_person(&claims)?;
    let hash = TokenHash::of(compact.signed().as_bytes());
    Ok(claims.into_hint(hash, tid, oid))
}

/// Which of `directories` to ask for keys before a hint can be verified; `None`: those of the
/// whole cloud (`common`).
///
/// # Security
///
/// Read from a hint that nobody has verified: a stranger chooses which of the allowed directories'
/// keys are asked for, and nothing else. Says nothing about who vouches, or for whom.
pub fn directory_to_ask_keys_of<'a>(
    compact: &Secret,
    directories: &'a [String],
) -> Option<&'a str> {
    let payload = split(compact).ok()?.unverified_payload().ok()?;
    let claims = json::strict_object(&payload, DEPTH)?;
    let tid = ids::guid::parse(json::text(&claims, "tid")?)?;
    directories.iter().find(|directory| **directory == tid).map(String::as_str)
}

fn split(compact: &Secret) -> Result<Compact<'_>, HintError> {
    if compact.expose().len() > MAX_HINT {
        return Err(HintError::TooLong);
    }
    Ok(Compact::split(compact.expose_text().ok_or(HintError::NotCompact)?)?)
}

#[cfg(test)]
mod tests;
