//! What is posted back: a signed ID token, or an error.

use jose::{Alg, NumericDate, SigningKey};
use secrets::Secret;
use serde::Serialize;

use crate::{Addressee, Choice, ErrorCode, Issuer};

/// How long a token is valid, in seconds.
pub const LIFE: i64 = 300;

/// What a token says of a tap.
#[derive(Clone, Copy, Debug)]
pub struct IdToken<'a> {
    /// Ours, as the discovery document has it.
    pub issuer: &'a Issuer,
    /// The request's `client_id`, for `aud`.
    pub client_id: &'a str,
    /// The hint's `sub`, never an id of ours.
    pub sub: &'a str,
    /// The request's `nonce`, if one came.
    pub nonce: Option<&'a str>,
    /// What is said of the tap.
    pub choice: Choice,
    /// When the proof was made: so the same tap gives the same token, however often it is asked for.
    pub proved_at: NumericDate,
}

/// The token cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// Entra takes RS256 alone (EAM-05).
    #[error("the key does not sign with RS256")]
    Algorithm,
    /// The engine refused.
    #[error("cannot sign")]
    Sign,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    iat: i64,
    nbf: i64,
    exp: i64,
    acr: &'static str,
    /// Exactly one (EAM-20).
    amr: [&'static str; 1],
}

impl IdToken<'_> {
    /// Signs the token. The same fields and the same key give the same bytes.
    ///
    /// # Errors
    ///
    /// See [`IdTokenError`].
    pub fn sign(&self, key: &SigningKey) -> Result<Secret, IdTokenError> {
        if key.alg() != Alg::Rs256 {
            return Err(IdTokenError::Algorithm);
        }
        let payload = Payload {
            iss: self.issuer.as_str(),
            aud: self.client_id,
            sub: self.sub,
            nonce: self.nonce,
            iat: self.proved_at.0,
            nbf: self.proved_at.0,
            exp: self.proved_at.plus(LIFE).0,
            acr: self.choice.acr.as_str(),
            amr: [self.choice.amr.as_str()],
        };
        let payload = serde_json::to_vec(&payload).map_err(|_| IdTokenError::Sign)?;
        key.sign("JWT", &payload).map_err(|_| IdTokenError::Sign)
    }
}

/// The form that the browser posts to Entra.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Where to, and the `state` that goes along.
    pub addressee: Addressee,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The person has proven the factor.
    IdToken(Secret),
    /// They have not.
    Error(ErrorCode),
}

impl Answer {
    /// Names and values of the hidden fields, not escaped. `state` only if one came.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let outcome = match &self.outcome {
            Outcome::IdToken(token) => ("id_token", token.expose_text().unwrap_or_default()),
            Outcome::Error(code) => ("error", code.as_str()),
        };
        let state = self.addressee.state.as_deref().map(|state| ("state", state));
        [Some(outcome), state].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests;
