use serde::Serialize;

use super::AssertionError;
use crate::{ErrorCode, ParametersError};

/// Goes with status 401 when the client tried the header (RFC 6749 §5.2).
pub const WWW_AUTHENTICATE: &str = "Basic realm=\"token endpoint\", charset=\"UTF-8\"";

/// Nothing is issued. The text is for the operator; the client gets [`TokenError::description`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The body is no request.
    #[error("{0}")]
    Parameters(ParametersError),
    /// RFC 6749 §2.3: one way of authentication for each request.
    #[error("client authentication came in more than one way")]
    TwoWays,
    /// The header and `client_id`, or the assertion and `client_id`, name two clients.
    #[error("client authentication and client_id name two applications")]
    TwoClients,
    /// There is no `client_id` in any way.
    #[error("client_id is missing")]
    NoClient,
    /// The header is not of the form of RFC 7617 with the encoding of RFC 6749 §2.3.1.
    #[error("the Authorization header is not Basic with client_id and secret")]
    Header,
    /// Some clients leave out the scheme.
    #[error(
        "the Authorization header lacks the word \"Basic\" before the encoded client_id and secret; let the application send them in the body (\"Payload\") instead"
    )]
    HeaderWithoutBasic,
    /// `client_assertion` and `client_assertion_type` do not go together (RFC 7521 §4.2).
    #[error("client_assertion_type is not that of a JWT, or has no client_assertion")]
    AssertionType,
    /// No enabled client has this `client_id`.
    #[error("no application has this client_id")]
    UnknownClient,
    /// The client is registered with another way of authentication.
    #[error("the application authenticates in another way than it is registered with")]
    OtherWay,
    /// The secret is none of the client's.
    #[error("the client secret is wrong")]
    Secret,
    /// The assertion is refused.
    #[error("client assertion: {0}")]
    Assertion(AssertionError),
    /// The assertion was used before (RFC 7523 §3).
    #[error("client assertion was used before")]
    AssertionAgain,
    /// A parameter that this grant needs is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// `grant_type` is none that we serve.
    #[error("grant_type is not supported")]
    GrantType,
    /// `grant_type` is none that this client may use.
    #[error("this application may not use this grant_type")]
    Unauthorized,
    /// The code cannot be opened, or is over, or nothing can come of it any more.
    #[error("the code is not good, or not any more")]
    Code,
    /// The code was redeemed before; what came of it has ended (RFC 6749 §4.1.2).
    #[error("the code was used before")]
    CodeAgain,
    /// The code is that of another client.
    #[error("the code was issued to another application")]
    CodeOfAnother,
    /// `redirect_uri` is another than the code went to.
    #[error("redirect_uri is not the one that the code was sent to")]
    RedirectUri,
    /// The verifier does not fit the challenge, or there is none.
    #[error("code_verifier does not fit the code_challenge")]
    Verifier,
    /// RFC 9700 §4.8.2: a verifier where no challenge was, which is somebody else's code.
    #[error("code_verifier came, but there was no code_challenge")]
    VerifierUnasked,
    /// The refresh token is unknown, over, or what it stood for has ended.
    #[error("the refresh token is not good, or not any more")]
    RefreshToken,
    /// `scope` is more than was granted (RFC 6749 §6).
    #[error("scope is more than was granted")]
    Scope,
    /// Of two requests with one refresh token in one moment this is the second: it may ask again.
    #[error("the refresh token is being used by another request")]
    JustNow,
    /// The database, or the deadline.
    #[error("not now")]
    Unavailable,
}

impl TokenError {
    /// `error`.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Parameters(_) | Self::TwoWays | Self::TwoClients | Self::Missing(_) => {
                ErrorCode::InvalidRequest
            }
            Self::NoClient
            | Self::Header
            | Self::HeaderWithoutBasic
            | Self::AssertionType
            | Self::UnknownClient
            | Self::OtherWay
            | Self::Secret
            | Self::Assertion(_)
            | Self::AssertionAgain => ErrorCode::InvalidClient,
            Self::GrantType => ErrorCode::UnsupportedGrantType,
            Self::Unauthorized => ErrorCode::UnauthorizedClient,
            Self::Code
            | Self::CodeAgain
            | Self::CodeOfAnother
            | Self::RedirectUri
            | Self::Verifier
            | Self::VerifierUnasked
            | Self::RefreshToken => ErrorCode::InvalidGrant,
            Self::Scope => ErrorCode::InvalidScope,
            Self::JustNow | Self::Unavailable => ErrorCode::TemporarilyUnavailable,
        }
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self.code() {
            ErrorCode::InvalidClient => 401,
            ErrorCode::TemporarilyUnavailable => 503,
            _ if self == Self::Parameters(ParametersError::TooLarge) => 413,
            _ => 400,
        }
    }

    /// `error_description`.
    ///
    /// # Security
    ///
    /// Who fails to authenticate is told the same whether the client exists, how it would have to do
    /// it, and what was wrong; likewise who brings a code or token that is not theirs.
    pub fn description(self) -> String {
        let same = match self {
            Self::UnknownClient
            | Self::OtherWay
            | Self::Secret
            | Self::Assertion(_)
            | Self::AssertionAgain => "client authentication failed",
            Self::CodeAgain | Self::CodeOfAnother => return Self::Code.description(),
            // RFC 6749 §5.2: no double quotes.
            _ => return self.to_string().replace('"', "'"),
        };
        same.to_owned()
    }

    /// The body of the answer (RFC 6749 §5.2).
    pub fn to_json(self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body {
            error: &'static str,
            error_description: String,
        }
        let body = Body { error: self.code().as_str(), error_description: self.description() };
        // Two texts: there is nothing that JSON could not say.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl From<ParametersError> for TokenError {
    fn from(error: ParametersError) -> Self {
        Self::Parameters(error)
    }
}

impl From<AssertionError> for TokenError {
    fn from(error: AssertionError) -> Self {
        Self::Assertion(error)
    }
}

#[cfg(test)]
mod tests;
