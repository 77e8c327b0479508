use secrets::Secret;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Scope;
use crate::claims::ACCESS_TOKEN_LIFE;

/// What a client gets (RFC 6749 §5.1; Core §3.1.3.3).
#[derive(Clone, Debug)]
pub struct TokenResponse {
    /// See [`AccessToken`](crate::claims::AccessToken).
    pub access_token: Secret,
    /// `None` where no person is.
    pub id_token: Option<Secret>,
    /// `None` without `offline_access`.
    pub refresh_token: Option<Secret>,
    /// What was granted.
    pub scope: Scope,
}

#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
}

impl TokenResponse {
    /// The body; never to be stored by anybody (RFC 6749 §5.1).
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let body = Body {
            access_token: self.access_token.expose_text().unwrap_or_default(),
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_LIFE,
            refresh_token: self.refresh_token.as_ref().and_then(Secret::expose_text),
            id_token: self.id_token.as_ref().and_then(Secret::expose_text),
            scope: Some(&self.scope).filter(|scope| !scope.is_empty()),
        };
        // Texts and a number: there is nothing that JSON could not say.
        Zeroizing::new(serde_json::to_vec(&body).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
