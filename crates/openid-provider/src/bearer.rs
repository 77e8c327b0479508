//! How a client shows an access token (RFC 6750 §2), and what it is told when it is not good (§3).

use secrets::Secret;

use crate::claims::VerifyError;
use crate::{ErrorCode, Name, Parameters, ParametersError};

/// The endpoint about the person who signed in says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BearerError {
    /// No token came.
    #[error("there is no access token")]
    Missing,
    /// The header has another scheme, or the token came in two ways (RFC 6750 §2).
    #[error("the access token came in more than one way, or not as Bearer")]
    Request,
    /// The body is no request.
    #[error("{0}")]
    Parameters(ParametersError),
    /// The token is none of ours, or over.
    #[error("access token: {0}")]
    Token(VerifyError),
    /// What it stood for has ended.
    #[error("what the access token stood for has ended")]
    Ended,
    /// The token of a machine, where a person is asked about.
    #[error("the access token speaks for no person")]
    NoPerson,
    /// The token was narrowed to a scope without `openid` (RFC 6750 §3.1).
    #[error("the access token has not the scope openid")]
    NoOpenid,
}

impl BearerError {
    /// `error`; `None` where none came: then nothing is said but how (RFC 6750 §3.1).
    pub fn code(self) -> Option<ErrorCode> {
        match self {
            Self::Missing => None,
            Self::Request | Self::Parameters(_) => Some(ErrorCode::InvalidRequest),
            Self::Token(_) | Self::Ended => Some(ErrorCode::InvalidToken),
            Self::NoPerson | Self::NoOpenid => Some(ErrorCode::InsufficientScope),
        }
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self.code() {
            None | Some(ErrorCode::InvalidToken) => 401,
            Some(ErrorCode::InsufficientScope) => 403,
            Some(_) => 400,
        }
    }

    /// `WWW-Authenticate`. Why a token is not good is not told: only whether it is.
    pub fn www_authenticate(self) -> String {
        let Some(code) = self.code() else { return "Bearer".to_owned() };
        let description = match self {
            Self::Token(_) | Self::Ended => "the access token is not good, or not any more",
            Self::NoPerson => "the access token speaks for no person",
            Self::NoOpenid => "the access token has not the scope openid",
            _ => "the access token did not come in one of the ways of RFC 6750",
        };
        format!("Bearer error=\"{}\", error_description=\"{description}\"", code.as_str())
    }
}

/// The token of a request: of its header, or of its form body, `p`. Never of a query.
///
/// # Errors
///
/// [`BearerError::Missing`], [`BearerError::Request`].
pub fn presented(
    authorization: Option<&str>,
    p: Option<&Parameters>,
) -> Result<Secret, BearerError> {
    let of_body = p.and_then(|p| p.secret(Name::AccessToken));
    match (authorization, of_body) {
        (None, None) => Err(BearerError::Missing),
        (None, Some(token)) => Ok(token),
        (Some(_), Some(_)) => Err(BearerError::Request),
        (Some(header), None) => {
            let (scheme, token) = header.trim().split_once(' ').ok_or(BearerError::Request)?;
            let token = token.trim();
            let good = scheme.eq_ignore_ascii_case("bearer")
                && (1..=Name::AccessToken.most()).contains(&token.len());
            if good { Ok(Secret::from(token.to_owned())) } else { Err(BearerError::Request) }
        }
    }
}

#[cfg(test)]
mod tests;
