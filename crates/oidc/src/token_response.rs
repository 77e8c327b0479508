//! The token request and its answers: OpenID Connect Core 1.0 §3.1.3.1 to §3.1.3.4, RFC 6749 §5.

use jose::json;
use secrets::{Secret, Token};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::MAX_BODY;
use crate::aadsts::Report;
use crate::callback::ErrorCode;

/// Longest ID token, in bytes. Entra keeps its own below 16 KiB, 200 groups included.
const MAX_ID_TOKEN: usize = 128 * 1024;

/// Redeems a code.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'a> {
    /// Our id at the upstream.
    pub client_id: &'a str,
    /// Our secret there (`client_secret_post`); `None` for a public client.
    pub client_secret: Option<&'a Secret>,
    /// The code that came.
    pub code: &'a Secret,
    /// The redirect URI of the authentication request, unchanged.
    pub redirect_uri: &'a str,
    /// The PKCE verifier whose challenge was sent.
    pub verifier: &'a Token,
}

impl TokenRequest<'_> {
    /// The body, `application/x-www-form-urlencoded`.
    pub fn form(&self) -> Secret {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("client_id", self.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("code", self.code.expose_text().unwrap_or_default())
            .append_pair("code_verifier", &self.verifier.reveal());
        if let Some(secret) = self.client_secret.and_then(Secret::expose_text) {
            form.append_pair("client_secret", secret);
        }
        Secret::from(form.finish())
    }
}

/// A good answer. The access token is opaque to us: it is never parsed, only hashed.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    /// The ID token, compact.
    pub id_token: Secret,
    /// The access token, if one came.
    pub access_token: Option<Secret>,
}

/// The upstream says no, in the words of RFC 6749 §5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRefusal {
    /// Why.
    pub error: ErrorCode,
    /// What it says to people.
    pub report: Report,
}

/// The token endpoint did not give an ID token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenResponseError {
    /// It says no.
    #[error("token endpoint refuses: {}", .0.error.as_str())]
    Refused(Box<TokenRefusal>),
    /// The answer is larger than 512 KiB.
    #[error("answer of the token endpoint is larger than 512 KiB")]
    TooLarge,
    /// The answer is not one JSON object.
    #[error("answer of the token endpoint is not a JSON object")]
    NotJson,
    /// The status says error, and the body does not say which.
    #[error("token endpoint answers with status {0}")]
    Status(u16),
    /// `token_type` is missing or not `Bearer`.
    #[error("token_type is not Bearer")]
    TokenType,
    /// There is no `id_token`.
    #[error("id_token is missing")]
    MissingIdToken,
    /// `id_token` is not a text, or longer than any token.
    #[error("id_token is not a compact token")]
    IdToken,
    /// `access_token` is there and not a text.
    #[error("access_token is not a text")]
    AccessToken,
}

impl TokenResponse {
    /// Reads the answer of a token endpoint with its HTTP status.
    ///
    /// # Errors
    ///
    /// See [`TokenResponseError`].
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, TokenResponseError> {
        read_tokens(&granted(status, body)?)
    }
}

/// The answer of a token endpoint that grants what was asked for, whatever that is (RFC 6749 §5.1).
pub(crate) fn granted(status: u16, body: &[u8]) -> Result<Map<String, Value>, TokenResponseError> {
    if body.len() > MAX_BODY {
        return Err(TokenResponseError::TooLarge);
    }
    let answer = match (status, json::object(body)) {
        (200, Some(answer)) if answer.contains_key("error") => Err(refusal(&answer, status)),
        (200, Some(answer)) => Ok(answer),
        (200, None) => Err(TokenResponseError::NotJson),
        (_, Some(answer)) => Err(refusal(&answer, status)),
        (_, None) => Err(TokenResponseError::Status(status)),
    }?;
    // §3.1.3.3: Bearer, in any case (RFC 6749 §5.1).
    let bearer =
        json::text(&answer, "token_type").is_some_and(|t| t.eq_ignore_ascii_case("bearer"));
    if bearer { Ok(answer) } else { Err(TokenResponseError::TokenType) }
}

fn read_tokens(answer: &Map<String, Value>) -> Result<TokenResponse, TokenResponseError> {
    let id_token = answer.get("id_token").ok_or(TokenResponseError::MissingIdToken)?;
    let id_token = id_token.as_str().filter(|text| text.len() <= MAX_ID_TOKEN && !text.is_empty());
    let id_token = Secret::from(id_token.ok_or(TokenResponseError::IdToken)?.to_owned());
    let access_token = match answer.get("access_token") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(Secret::from(text.clone())),
        Some(_) => return Err(TokenResponseError::AccessToken),
    };
    Ok(TokenResponse { id_token, access_token })
}

fn refusal(answer: &Map<String, Value>, status: u16) -> TokenResponseError {
    let Some(error) = json::text(answer, "error").filter(|text| is_error_code(text)) else {
        return TokenResponseError::Status(status);
    };
    let mut report = Report::parse(json::text(answer, "error_description").unwrap_or_default());
    report.add_fields(answer);
    TokenResponseError::Refused(Box::new(TokenRefusal { error: ErrorCode::from(error), report }))
}

/// `error` of RFC 6749 A.7, and of a length that can be printed.
fn is_error_code(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7E).contains(&byte))
}

#[cfg(test)]
mod tests;
