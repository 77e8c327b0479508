use jose::NumericDate;
use secrets::{Secret, TokenHash};

use super::{ClientCredential, Presented, TokenError, assertion};
use crate::Issuer;
use crate::client::{Client, ClientAuthentication, MAX_SECRETS};

/// The caller is the client that it claims to be, once [`Authenticated::assertion`] is spent.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Authenticated {
    /// An assertion counts once (RFC 7523 §3): whoever finds it spent answers
    /// [`TokenError::AssertionAgain`].
    pub assertion: Option<Spent>,
}

/// What must not come again.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// Stands for `jti` of this client.
    pub jti: TokenHash,
    /// After that it would be refused anyway.
    pub until: NumericDate,
}

/// Whether the caller is `client`, the enabled one with [`Presented::client_id`], if there is one;
/// `secrets` are the hashes of its secrets.
///
/// # Errors
///
/// See [`TokenError`].
///
/// # Security
///
/// An unknown client and a wrong secret take the same way and the same time: always as many hashes are
/// compared as a client can have, in constant time.
pub fn check(
    presented: &Presented,
    client: Option<&Client>,
    secrets: &[TokenHash],
    issuer: &Issuer,
    now: NumericDate,
) -> Result<Authenticated, TokenError> {
    check_by(presented, client, secrets, issuer, now, TokenHash::matches)
}

/// The same, with what compares two hashes.
fn check_by(
    presented: &Presented,
    client: Option<&Client>,
    secrets: &[TokenHash],
    issuer: &Issuer,
    now: NumericDate,
    matches: impl Fn(&TokenHash, &TokenHash) -> bool,
) -> Result<Authenticated, TokenError> {
    let client = client.filter(|client| client.client_id == presented.client_id);
    let way = client.map(|client| client.settings.authentication);
    match &presented.credential {
        ClientCredential::Basic(secret) | ClientCredential::Post(secret) => {
            let secrets = if client.is_some() { secrets } else { &[] };
            let right = is_one_of(secret, secrets, matches);
            known(way, ClientAuthentication::ClientSecret)?;
            if right { Ok(Authenticated { assertion: None }) } else { Err(TokenError::Secret) }
        }
        ClientCredential::Assertion(assertion) => {
            known(way, ClientAuthentication::PrivateKeyJwt)?;
            let client = client.ok_or(TokenError::UnknownClient)?;
            let spent = assertion::verify(assertion, client, issuer, now)?;
            Ok(Authenticated { assertion: Some(spent) })
        }
        ClientCredential::None => {
            known(way, ClientAuthentication::None)?;
            Ok(Authenticated { assertion: None })
        }
    }
}

fn known(way: Option<ClientAuthentication>, tried: ClientAuthentication) -> Result<(), TokenError> {
    match way {
        None => Err(TokenError::UnknownClient),
        Some(way) if way != tried => Err(TokenError::OtherWay),
        Some(_) => Ok(()),
    }
}

fn is_one_of(
    secret: &Secret,
    secrets: &[TokenHash],
    matches: impl Fn(&TokenHash, &TokenHash) -> bool,
) -> bool {
    let hash = TokenHash::of(secret.expose());
    // Nothing has this hash.
    let nobody = TokenHash::from_bytes([0; 32]);
    let all = secrets.iter().copied().chain(core::iter::repeat(nobody));
    // No way out before the last.
    all.take(MAX_SECRETS).fold(false, |found, known| found | matches(&known, &hash))
}

#[cfg(test)]
mod tests;
