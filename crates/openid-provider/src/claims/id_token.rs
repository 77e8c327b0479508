use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::{SessionId, UserId};
use jose::{NumericDate, SignError, SigningKey};
use secrets::{Secret, TokenHash};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{OwnKeys, VerifyError, sign};
use crate::acr::Acr;
use crate::{Client, Issuer};

/// How long an ID token may be taken, in seconds.
pub const LIFE: i64 = 300;

const TYPE: &str = "JWT";

/// An ID token to be signed (Core §2).
#[derive(Clone, Copy, Debug)]
pub struct IdToken<'a> {
    /// Ours.
    pub issuer: &'a Issuer,
    /// To whom it is issued.
    pub client: &'a Client,
    /// About whom.
    pub sub: UserId,
    /// Their session.
    pub session: SessionId,
    /// When they gave their proof.
    pub auth_time: NumericDate,
    /// What is said of it.
    pub acr: Acr,
    /// How it was given (RFC 8176).
    pub amr: &'a [String],
    /// The request's. `None` after a refresh (Core §12.2).
    pub nonce: Option<&'a str>,
    /// What goes out beside it, for `at_hash`.
    pub access_token: &'a Secret,
    /// Of [`PersonFacts::claims`](super::PersonFacts::claims).
    pub person: &'a Map<String, Value>,
    /// When, by our clock.
    pub issued_at: NumericDate,
}

/// An ID token of ours that somebody brings back: it names a person, and proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    /// About whom.
    pub sub: UserId,
    /// To whom it was issued.
    pub client_id: String,
    /// In which session.
    pub session: SessionId,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: UserId,
    aud: &'a str,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    acr: Acr,
    amr: &'a [String],
    sid: SessionId,
    at_hash: String,
    #[serde(flatten)]
    person: &'a Map<String, Value>,
}

impl IdToken<'_> {
    /// Signs the token.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the key is not one for the client's algorithm, or the engine refuses.
    pub fn sign(&self, key: &SigningKey) -> Result<Secret, SignError> {
        let payload = Payload {
            iss: self.issuer.as_str(),
            sub: self.sub,
            aud: &self.client.client_id,
            exp: self.issued_at.plus(LIFE).0,
            iat: self.issued_at.0,
            auth_time: self.auth_time.0,
            nonce: self.nonce,
            acr: self.acr,
            amr: self.amr,
            sid: self.session,
            at_hash: half_hash(self.access_token),
            person: self.person,
        };
        sign(key, self.client.settings.signing_alg, TYPE, &payload)
    }
}

/// `at_hash` (Core §3.1.3.6): the left half of SHA-256, which goes with RS256 and ES256 alike.
fn half_hash(token: &Secret) -> String {
    let hash = TokenHash::of(token.expose());
    let (left, _) = hash.as_bytes().split_at(16);
    URL_SAFE_NO_PAD.encode(left)
}

/// Reads an `id_token_hint`. It may be over: Core §3.1.2.1 and RP-Initiated Logout 1.0 §4 want it taken
/// nevertheless.
///
/// # Errors
///
/// See [`VerifyError`].
pub fn verify_id_token_hint(own: &OwnKeys<'_>, text: &str) -> Result<IdTokenHint, VerifyError> {
    let claims = own.verified(TYPE, text)?;
    Ok(IdTokenHint {
        sub: claims.parsed("sub")?,
        client_id: claims.text("aud")?.to_owned(),
        session: claims.parsed("sid")?,
    })
}

#[cfg(test)]
mod tests;
