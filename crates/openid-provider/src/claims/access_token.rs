//! RFC 9068. Deviation: the audience is our own issuer: what resources of the client's own take is their
//! matter, and ours are userinfo and introspection.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::{GrantId, SessionId, UserId};
use jose::{NumericDate, SignError, SigningKey};
use secrets::Secret;
use serde::Serialize;

use super::own::ensure;
use super::{OwnKeys, VerifyError, sign};
use crate::acr::Acr;
use crate::{Client, Issuer, Scope};

/// How long an access token is good, in seconds. That what it stands for may end before is looked at
/// at each use.
pub const LIFE: i64 = 300;

/// RFC 9068 §2.1.
const TYPE: &str = "at+jwt";

/// An access token to be signed.
#[derive(Clone, Copy, Debug)]
pub struct AccessToken<'a> {
    /// Ours.
    pub issuer: &'a Issuer,
    /// To whom it is issued.
    pub client: &'a Client,
    /// For whom it speaks.
    pub holder: &'a Holder,
    /// What it is good for.
    pub scope: &'a Scope,
    /// When, by our clock.
    pub issued_at: NumericDate,
    /// 16 random bytes, for `jti`.
    pub random: [u8; 16],
}

/// For whom a token speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person who has signed in.
    Person {
        /// Who.
        person: UserId,
        /// What came of the code: as long as it lives the token is good.
        grant: GrantId,
        /// The session in which they signed in.
        session: SessionId,
        /// When they gave their proof.
        auth_time: NumericDate,
        /// What is said of it.
        acr: Acr,
        /// How it was given.
        amr: Vec<String>,
    },
    /// The client itself: no person, and nothing about one.
    Client,
}

/// What stands in an access token that we have signed. Whether what it stands for still lives, the
/// store tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// To whom it was issued.
    pub client_id: String,
    /// For whom it speaks.
    pub holder: Holder,
    /// What it is good for.
    pub scope: Scope,
    /// Its name.
    pub jti: String,
    /// When it was issued.
    pub issued_at: NumericDate,
    /// When it ends.
    pub expires_at: NumericDate,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: String,
    aud: [&'a str; 1],
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
    #[serde(flatten)]
    person: Option<OfPerson<'a>>,
}

#[derive(Serialize)]
struct OfPerson<'a> {
    auth_time: i64,
    acr: Acr,
    amr: &'a [String],
    sid: SessionId,
    gid: GrantId,
}

impl AccessToken<'_> {
    /// Signs the token.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the key is not one for the client's algorithm, or the engine refuses.
    pub fn sign(&self, key: &SigningKey) -> Result<Secret, SignError> {
        let (sub, person) = match self.holder {
            Holder::Client => (self.client.client_id.clone(), None),
            Holder::Person { person, grant, session, auth_time, acr, amr } => {
                let (sid, gid) = (*session, *grant);
                let of = OfPerson { auth_time: auth_time.0, acr: *acr, amr, sid, gid };
                (person.to_string(), Some(of))
            }
        };
        let payload = Payload {
            iss: self.issuer.as_str(),
            sub,
            aud: [self.issuer.as_str()],
            exp: self.issued_at.plus(LIFE).0,
            iat: self.issued_at.0,
            jti: URL_SAFE_NO_PAD.encode(self.random),
            client_id: &self.client.client_id,
            scope: Some(self.scope).filter(|scope| !scope.is_empty()),
            person,
        };
        sign(key, self.client.settings.signing_alg, TYPE, &payload)
    }
}

/// Reads an access token that somebody brings.
///
/// # Errors
///
/// See [`VerifyError`].
pub fn verify_access_token(
    own: &OwnKeys<'_>,
    text: &str,
    now: NumericDate,
) -> Result<AccessClaims, VerifyError> {
    let claims = own.verified(TYPE, text)?;
    ensure(claims.texts("aud")? == [own.issuer.as_str()], VerifyError::Audience)?;
    let expires_at = claims.date("exp")?;
    ensure(now < expires_at, VerifyError::Expired)?;
    let client_id = claims.text("client_id")?.to_owned();
    let holder = if claims.has("gid") {
        Holder::Person {
            person: claims.parsed("sub")?,
            grant: claims.parsed("gid")?,
            session: claims.parsed("sid")?,
            auth_time: claims.date("auth_time")?,
            acr: Acr::parse(claims.text("acr")?).ok_or(VerifyError::Claim("acr"))?,
            amr: claims.texts("amr")?,
        }
    } else {
        ensure(claims.text("sub")? == client_id, VerifyError::Claim("gid"))?;
        Holder::Client
    };
    Ok(AccessClaims {
        client_id,
        holder,
        scope: Scope::parse(claims.text("scope").unwrap_or_default()),
        jti: claims.text("jti")?.to_owned(),
        issued_at: claims.date("iat")?,
        expires_at,
    })
}

#[cfg(test)]
mod tests;
