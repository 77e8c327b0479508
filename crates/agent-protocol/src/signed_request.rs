//! What a server asks of an agent: a JWS that only an enrolled agent accepts.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::codes::MatchCode;
use crate::device_proof::seconds;
use crate::jws::{self, Jti, Jws, Malformed};
use crate::keys::{KeyError, SigningKey, Thumbprint, VerifyingKey};
use crate::limits;

mod ceremony;
#[cfg(test)]
mod tests;

pub use ceremony::{
    Ceremony, Create, CredentialDescriptor, CredentialParameter, ResidentKey, User,
    UserVerification,
};

/// The kind of FIDO authenticators in [`SignedRequest::kinds`]; of the other kind is
/// [`crate::X509_CARD`].
pub const FIDO2: &str = "fido2";

const TYP: &str = "cardea-req+jwt";

/// What the proof is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A login: an assertion of a credential that the person has.
    Login,
    /// A new credential.
    Enrol,
    /// A stronger proof within a session.
    StepUp,
}

/// Where the request comes from, for the person to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The browser that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// The system it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Whether the server sees the browser in another network than the agent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_network: bool,
}

/// What happens when the card that answers leaves its reader, or the key is unplugged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenLifted {
    /// Nothing; the agent does not watch it.
    #[default]
    Nothing,
    /// The session ends, unless the card was only tapped.
    EndSession,
    /// And the desktop locks.
    EndSessionAndLock,
}

impl WhenLifted {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// The claims of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRequest {
    /// The server's origin.
    pub iss: String,
    /// The device that may answer.
    pub aud: Thumbprint,
    /// The tenant's slug.
    pub tenant: String,
    /// The server's name for the login.
    pub txn: String,
    /// What the proof is for.
    pub purpose: Purpose,
    /// The origin that goes into clientDataJSON.
    pub origin: String,
    /// The RP ID whose hash the card signs.
    #[serde(rename = "rpId")]
    pub rp_id: String,
    /// The challenge, base64url.
    pub challenge: String,
    /// Whether the card must verify its holder.
    #[serde(rename = "userVerification")]
    pub user_verification: UserVerification,
    /// What the card is to do, with which credentials.
    #[serde(flatten)]
    pub ceremony: Ceremony,
    /// The kinds of card that count, such as [`FIDO2`].
    pub kinds: Vec<String>,
    /// Whose login it is, for the person to read.
    pub user: String,
    /// The application that asks, for the person to read.
    pub app: String,
    /// Where it comes from, for the person to read.
    #[serde(default)]
    pub context: Context,
    /// What happens when the card leaves.
    #[serde(default, rename = "whenLifted", skip_serializing_if = "WhenLifted::is_nothing")]
    pub when_lifted: WhenLifted,
    /// The number that also stands on the page.
    #[serde(rename = "match")]
    pub match_code: MatchCode,
    /// When it was made, in seconds since 1970.
    pub iat: u64,
    /// When its challenge ends, in seconds since 1970.
    pub exp: u64,
    /// Its name, unique.
    pub jti: Jti,
}

/// What the agent knows about the server: its record of the enrolment.
#[derive(Clone, Copy, Debug)]
pub struct Enrolled<'a> {
    /// The keys that may sign requests.
    pub request_keys: &'a [VerifyingKey],
    /// The server's origin, which is also the origin of clientDataJSON.
    pub origin: &'a str,
    /// The tenant's slug.
    pub tenant: &'a str,
    /// The installation's RP ID.
    pub rp_id: &'a str,
    /// The agent's own key.
    pub device: &'a Thumbprint,
    /// What the agent answers at all.
    pub purposes: &'a [Purpose],
}

/// A request that passed every check. Only [`SignedRequest::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRequest(SignedRequest);

impl VerifiedRequest {
    /// The claims.
    pub fn claims(&self) -> &SignedRequest {
        &self.0
    }
}

/// Why a request is refused: no prompt, no card, one line in the local log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not a JWS of ours, or not with the members that a request has.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Step 1.
    #[error("request names a key that is not enrolled")]
    Key,
    /// Step 2.
    #[error("request is not signed by the server")]
    Signature,
    /// Step 3.
    #[error("signed object is no request")]
    Type,
    /// Step 4.
    #[error("request is of another server or tenant")]
    Issuer,
    /// Step 5.
    #[error("request is for another device")]
    Audience,
    /// Step 6.
    #[error("request is expired, from the future or lives too long")]
    Expiry,
    /// Step 7.
    #[error("request was used before")]
    Used,
    /// Step 8.
    #[error("request is for another origin or rp id")]
    Origin,
    /// Step 9.
    #[error("request is for a purpose that is not allowed")]
    Purpose,
}

impl SignedRequest {
    /// Signs the request; the key's thumbprint is its `kid`.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        jws::sign(TYP, &key.public().thumbprint(), self, key)
    }

    /// Checks a request, in the order in which the checks cost and tell least. `is_used` says
    /// whether a `jti` was accepted before.
    ///
    /// # Errors
    ///
    /// The first step that fails, as a [`RequestError`].
    ///
    /// # Security
    ///
    /// The caller remembers the `jti` of every request that passes until `exp` plus
    /// [`limits::SKEW`], before it touches a card.
    pub fn verify(
        request: &str,
        enrolled: &Enrolled<'_>,
        is_used: &dyn Fn(&Jti) -> bool,
        now: SystemTime,
    ) -> Result<VerifiedRequest, RequestError> {
        let jws = Jws::parse(request, limits::MAX_REQUEST)?;
        let key = step_01_key(&jws, enrolled)?;
        step_02_signature(&jws, key)?;
        step_03_type(&jws)?;
        let claims: Self = jws.claims()?;
        step_04_issuer_and_tenant(&claims, enrolled)?;
        step_05_audience(&claims, enrolled)?;
        step_06_expiry(&claims, now)?;
        step_07_unused(&claims, is_used)?;
        step_08_origin_and_rp_id(&claims, enrolled)?;
        step_09_purpose(&claims, enrolled)?;
        Ok(VerifiedRequest(claims))
    }
}

/// The key is one of the enrolment record.
fn step_01_key<'a>(
    jws: &Jws<'_>,
    enrolled: &Enrolled<'a>,
) -> Result<&'a VerifyingKey, RequestError> {
    let named = |key: &&VerifyingKey| key.thumbprint().as_str() == jws.kid();
    enrolled.request_keys.iter().find(named).ok_or(RequestError::Key)
}

/// That key made the signature.
fn step_02_signature(jws: &Jws<'_>, key: &VerifyingKey) -> Result<(), RequestError> {
    if jws.is_signed_by(key) { Ok(()) } else { Err(RequestError::Signature) }
}

/// Nothing else that the server signs passes for a request.
fn step_03_type(jws: &Jws<'_>) -> Result<(), RequestError> {
    if jws.is_of_type(TYP) { Ok(()) } else { Err(RequestError::Type) }
}

/// Both are those of the enrolment: a server of many tenants does not mix them up for us.
fn step_04_issuer_and_tenant(
    claims: &SignedRequest,
    enrolled: &Enrolled<'_>,
) -> Result<(), RequestError> {
    let ours = claims.iss == enrolled.origin && claims.tenant == enrolled.tenant;
    if ours { Ok(()) } else { Err(RequestError::Issuer) }
}

/// It is for this device.
fn step_05_audience(claims: &SignedRequest, enrolled: &Enrolled<'_>) -> Result<(), RequestError> {
    if claims.aud == *enrolled.device { Ok(()) } else { Err(RequestError::Audience) }
}

/// It lives now, give or take the skew, and never longer than a challenge.
fn step_06_expiry(claims: &SignedRequest, now: SystemTime) -> Result<(), RequestError> {
    let (now, skew) = (seconds(now), limits::SKEW.as_secs());
    let begun = claims.iat <= now.saturating_add(skew);
    let over = now >= claims.exp.saturating_add(skew);
    let life = claims.exp.checked_sub(claims.iat);
    let short = life.is_some_and(|life| life > 0 && life <= limits::CHALLENGE_LIFE.as_secs());
    if begun && !over && short { Ok(()) } else { Err(RequestError::Expiry) }
}

/// Nobody plays it again.
fn step_07_unused(
    claims: &SignedRequest,
    is_used: &dyn Fn(&Jti) -> bool,
) -> Result<(), RequestError> {
    if is_used(&claims.jti) { Err(RequestError::Used) } else { Ok(()) }
}

/// What the card signs names the enrolled server, and the RP ID belongs to its host. The second
/// half was checked when the record was made, and is checked again: a record is a file.
fn step_08_origin_and_rp_id(
    claims: &SignedRequest,
    enrolled: &Enrolled<'_>,
) -> Result<(), RequestError> {
    let ours = claims.origin == enrolled.origin && claims.rp_id == enrolled.rp_id;
    let fits = crate::enrolment::rp_id_fits_host(&claims.rp_id, host(&claims.origin));
    if ours && fits { Ok(()) } else { Err(RequestError::Origin) }
}

/// The purpose is one that the agent answers, and the ceremony is that of the purpose.
fn step_09_purpose(claims: &SignedRequest, enrolled: &Enrolled<'_>) -> Result<(), RequestError> {
    let creates = matches!(claims.ceremony, Ceremony::Create(_));
    let fits = creates == (claims.purpose == Purpose::Enrol);
    let allowed = enrolled.purposes.contains(&claims.purpose);
    if fits && allowed { Ok(()) } else { Err(RequestError::Purpose) }
}

/// The host of an origin: what stands between `://` and the port.
fn host(origin: &str) -> &str {
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}
