//! Back-Channel Logout 1.0 §2.4: a token that tells an application of a session's end.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::{SessionId, UserId};
use jose::{NumericDate, SignError, SigningKey};
use secrets::Secret;
use serde::Serialize;

use super::sign;
use crate::{Client, Issuer};

/// How long a logout token may be taken, in seconds: two minutes, as §4 recommends.
pub const LIFE: i64 = 120;

/// §2.4: by its own type it is taken for no other token, and no other for it.
const TYPE: &str = "logout+jwt";

/// A logout token to be signed.
#[derive(Clone, Copy, Debug)]
pub struct LogoutToken<'a> {
    /// Ours.
    pub issuer: &'a Issuer,
    /// Who is told.
    pub client: &'a Client,
    /// Who is signed out.
    pub sub: UserId,
    /// Of which session. Left out for an application that does not want to know: to it all that it has
    /// of the person has ended.
    pub sid: SessionId,
    /// When, by our clock.
    pub issued_at: NumericDate,
    /// 16 random bytes, for `jti`.
    pub random: [u8; 16],
}

/// There is no `nonce`: §2.4 forbids it, so that this is never taken for an ID token.
#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: UserId,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    events: Events,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
}

#[derive(Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Empty,
}

#[derive(Serialize)]
struct Empty {}

impl LogoutToken<'_> {
    /// Signs the token.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the key is not one for the client's algorithm, or the engine refuses.
    pub fn sign(&self, key: &SigningKey) -> Result<Secret, SignError> {
        let settings = &self.client.settings;
        let payload = Payload {
            iss: self.issuer.as_str(),
            sub: self.sub,
            aud: &self.client.client_id,
            iat: self.issued_at.0,
            exp: self.issued_at.plus(LIFE).0,
            jti: URL_SAFE_NO_PAD.encode(self.random),
            events: Events { logout: Empty {} },
            sid: settings.backchannel_logout_session_required.then_some(self.sid),
        };
        sign(key, settings.signing_alg, TYPE, &payload)
    }
}

#[cfg(test)]
mod tests;
