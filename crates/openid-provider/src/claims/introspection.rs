//! The answers of the introspection endpoint (RFC 7662 §2.2).

use ids::{SessionId, UserId};
use jose::NumericDate;
use serde::Serialize;

use super::{AccessClaims, Holder};
use crate::acr::Acr;
use crate::{Issuer, Scope};

#[derive(Serialize)]
struct Body<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<[&'a str; 1]>,
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
    #[serde(flatten)]
    person: Option<OfPerson<'a>>,
}

#[derive(Serialize)]
struct OfPerson<'a> {
    auth_time: i64,
    acr: Acr,
    amr: &'a [String],
    sid: SessionId,
}

/// The answer for whatever is not good, or not the caller's: the same for all (RFC 7662 §2.2).
pub fn inactive() -> Vec<u8> {
    br#"{"active":false}"#.to_vec()
}

/// The answer for an access token that lives. `username` is that of its person.
pub fn introspection(issuer: &Issuer, claims: &AccessClaims, username: Option<&str>) -> Vec<u8> {
    let (sub, person) = match &claims.holder {
        Holder::Client => (claims.client_id.clone(), None),
        Holder::Person { person, session, auth_time, acr, amr, .. } => {
            let of = OfPerson { auth_time: auth_time.0, acr: *acr, amr, sid: *session };
            (person.to_string(), Some(of))
        }
    };
    written(&Body {
        active: true,
        scope: Some(&claims.scope).filter(|scope| !scope.is_empty()),
        client_id: &claims.client_id,
        username,
        token_type: Some("Bearer"),
        exp: claims.expires_at.0,
        iat: Some(claims.issued_at.0),
        sub,
        aud: Some([issuer.as_str()]),
        iss: issuer.as_str(),
        jti: Some(&claims.jti),
        person,
    })
}

/// The answer for a refresh token that lives, until `expires_at`.
pub fn refresh_introspection(
    issuer: &Issuer,
    client_id: &str,
    scope: &Scope,
    person: UserId,
    username: Option<&str>,
    expires_at: NumericDate,
) -> Vec<u8> {
    written(&Body {
        active: true,
        scope: Some(scope),
        client_id,
        username,
        token_type: None,
        exp: expires_at.0,
        iat: None,
        sub: person.to_string(),
        aud: None,
        iss: issuer.as_str(),
        jti: None,
        person: None,
    })
}

fn written(body: &Body<'_>) -> Vec<u8> {
    // Texts and numbers: there is nothing that JSON could not say.
    serde_json::to_vec(body).unwrap_or_default()
}

#[cfg(test)]
mod tests;
