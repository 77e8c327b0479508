use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forms::decoded;
use secrets::Secret;
use zeroize::Zeroizing;

use super::{TokenError, assertion};
use crate::{Name, Parameters};

/// RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who a caller claims to be, and what they show for it.
#[derive(Clone, Debug)]
pub struct Presented {
    /// By which the client is found. Until [`check`](super::check()) a claim.
    pub client_id: String,
    /// What is shown.
    pub credential: ClientCredential,
}

/// What a client shows of itself (Core §9).
#[derive(Clone, Debug)]
pub enum ClientCredential {
    /// `client_secret_basic`.
    Basic(Secret),
    /// `client_secret_post`.
    Post(Secret),
    /// `private_key_jwt`.
    Assertion(Secret),
    /// Nothing: a public client.
    None,
}

/// Reads the client authentication of a request: of its `Authorization` header, or of its body.
///
/// # Errors
///
/// See [`TokenError`].
pub fn credential(authorization: Option<&str>, p: &Parameters) -> Result<Presented, TokenError> {
    let named = p.get(Name::ClientId);
    let ways = [Name::ClientSecret, Name::ClientAssertion];
    let in_body = ways.into_iter().filter(|way| p.get(*way).is_some()).count();
    let in_header = usize::from(authorization.is_some());
    if in_body.saturating_add(in_header) > 1 {
        return Err(TokenError::TwoWays);
    }
    let presented = match authorization {
        Some(header) => basic(header)?,
        None => of_body(p)?,
    };
    let same = named.is_none_or(|named| named == presented.client_id);
    if same { Ok(presented) } else { Err(TokenError::TwoClients) }
}

fn of_body(p: &Parameters) -> Result<Presented, TokenError> {
    let is_jwt = match p.get(Name::ClientAssertionType) {
        None => false,
        Some(JWT_BEARER) => true,
        Some(_) => return Err(TokenError::AssertionType),
    };
    let credential = match (p.secret(Name::ClientSecret), p.secret(Name::ClientAssertion)) {
        (_, Some(assertion)) if is_jwt => {
            // RFC 7521 §4.2: `client_id` may be left out.
            let client_id = p.owned(Name::ClientId).or_else(|| assertion::claimed_by(&assertion));
            let client_id = client_id.ok_or(TokenError::NoClient)?;
            let credential = ClientCredential::Assertion(assertion);
            return Ok(Presented { client_id, credential });
        }
        (_, Some(_)) => return Err(TokenError::AssertionType),
        (_, None) if is_jwt => return Err(TokenError::AssertionType),
        (Some(secret), None) => ClientCredential::Post(secret),
        (None, None) => ClientCredential::None,
    };
    let client_id = p.owned(Name::ClientId).ok_or(TokenError::NoClient)?;
    Ok(Presented { client_id, credential })
}

/// RFC 7617, with both parts in the encoding of forms (RFC 6749 §2.3.1).
fn basic(header: &str) -> Result<Presented, TokenError> {
    let Some((scheme, encoded)) = header.trim().split_once(' ') else {
        let like_ours = pair(header.trim()).is_some();
        return Err(if like_ours { TokenError::HeaderWithoutBasic } else { TokenError::Header });
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(TokenError::Header);
    }
    let (client_id, secret) = pair(encoded.trim()).ok_or(TokenError::Header)?;
    let credential = match secret.expose() {
        // RFC 6749 §2.3.1: an empty secret is none.
        [] => ClientCredential::None,
        _ => ClientCredential::Basic(secret),
    };
    Ok(Presented { client_id, credential })
}

/// `client_id` and secret of what stands after `Basic`.
fn pair(encoded: &str) -> Option<(String, Secret)> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let at = bytes.iter().position(|byte| *byte == b':')?;
    let (client_id, secret) = bytes.split_at(at);
    let client_id =
        decoded(client_id).filter(|id| (1..=Name::ClientId.most()).contains(&id.len()))?;
    let secret = decoded(secret.get(1..)?)?;
    let short = secret.len() <= Name::ClientSecret.most();
    short.then(|| (client_id.to_string(), Secret::from(secret.to_string())))
}

#[cfg(test)]
mod tests;
