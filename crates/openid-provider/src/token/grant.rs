use secrets::Secret;

use super::TokenError;
use crate::client::{Client, ClientKind};
use crate::code::Code;
use crate::{Name, Parameters, Scope, pkce};

/// What a client asks the token endpoint for, complete.
#[derive(Clone, Debug)]
pub enum GrantRequest {
    /// `authorization_code` (RFC 6749 §4.1.3).
    AuthorizationCode {
        /// The sealed code.
        code: Secret,
        /// As in the authorization request.
        redirect_uri: String,
        /// RFC 7636 §4.5.
        code_verifier: Option<Secret>,
    },
    /// `refresh_token` (RFC 6749 §6).
    RefreshToken {
        /// The refresh token.
        token: Secret,
        /// Less than was granted; `None`: all of it.
        scope: Option<Scope>,
    },
    /// `client_credentials` (RFC 6749 §4.4).
    ClientCredentials {
        /// Of our words none is about a machine, so it is empty.
        scope: Scope,
    },
}

/// What is asked for, by a client that has shown who it is.
///
/// # Errors
///
/// See [`TokenError`].
pub fn grant_request(p: &Parameters, client: &Client) -> Result<GrantRequest, TokenError> {
    match p.get(Name::GrantType) {
        None => Err(TokenError::Missing(Name::GrantType.as_str())),
        Some("authorization_code") => authorization_code(p, client),
        Some("refresh_token") => refresh_token(p, client),
        Some("client_credentials") => client_credentials(client),
        Some(_) => Err(TokenError::GrantType),
    }
}

fn authorization_code(p: &Parameters, client: &Client) -> Result<GrantRequest, TokenError> {
    ensure(client.settings.signs_people_in(), TokenError::Unauthorized)?;
    Ok(GrantRequest::AuthorizationCode {
        code: needed(p, Name::Code)?,
        redirect_uri: p
            .owned(Name::RedirectUri)
            .ok_or(TokenError::Missing(Name::RedirectUri.as_str()))?,
        code_verifier: p.secret(Name::CodeVerifier),
    })
}

fn refresh_token(p: &Parameters, client: &Client) -> Result<GrantRequest, TokenError> {
    let may = client.settings.signs_people_in() && client.settings.offline_access;
    ensure(may, TokenError::Unauthorized)?;
    let scope = p.get(Name::Scope).map(Scope::parse);
    Ok(GrantRequest::RefreshToken { token: needed(p, Name::RefreshToken)?, scope })
}

/// RFC 6749 §4.4: confidential clients alone.
fn client_credentials(client: &Client) -> Result<GrantRequest, TokenError> {
    let kind = matches!(client.settings.kind, ClientKind::Web | ClientKind::Service);
    let may = kind && client.settings.keeps_a_secret();
    ensure(may, TokenError::Unauthorized)?;
    Ok(GrantRequest::ClientCredentials { scope: Scope::default() })
}

fn needed(p: &Parameters, name: Name) -> Result<Secret, TokenError> {
    p.secret(name).ok_or(TokenError::Missing(name.as_str()))
}

/// Whether a code belongs to who brings it, with what they bring. Whether it was used before, and
/// whether it is over, the store tells.
///
/// # Errors
///
/// See [`TokenError`]; the code is not spent by that.
///
/// # Security
///
/// A verifier where there was no challenge is refused, too: it is what a stolen code looks like that
/// was put into somebody else's browser (RFC 9700 §4.8.2).
pub fn redeem(
    code: &Code,
    client: &Client,
    redirect_uri: &str,
    verifier: Option<&Secret>,
) -> Result<(), TokenError> {
    ensure(code.client_id == client.client_id, TokenError::CodeOfAnother)?;
    ensure(code.redirect_uri == redirect_uri, TokenError::RedirectUri)?;
    match (&code.code_challenge, verifier) {
        (Some(challenge), Some(verifier)) => {
            ensure(pkce::fits(challenge, verifier), TokenError::Verifier)
        }
        (Some(_), None) => Err(TokenError::Verifier),
        (None, Some(_)) => Err(TokenError::VerifierUnasked),
        // The registration may have changed since.
        (None, None) => ensure(!client.settings.needs_pkce(), TokenError::Verifier),
    }
}

fn ensure(holds: bool, error: TokenError) -> Result<(), TokenError> {
    if holds { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests;
