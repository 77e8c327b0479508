//! The authentication response at our redirect endpoint: OpenID Connect Core 1.0 §3.1.2.5 and
//! §3.1.2.6, with `iss` of RFC 9207.
//!
//! The whole query becomes one of two legal answers, or a named error, before anything is loaded.

use secrets::{Secret, Token};
use url::form_urlencoded;

use crate::aadsts::Report;

/// Longest query that is read. Entra's codes have about 1 KiB, its descriptions about 2.
const MAX_QUERY: usize = 32 * 1024;
/// Longest authorization code, in bytes.
const MAX_CODE: usize = 8 * 1024;
/// Most parameters of one answer.
const MAX_PARAMETERS: usize = 64;
/// Longest `error` and longest `iss`, in bytes.
const MAX_WORD: usize = 1024;

/// A legal answer of an upstream.
#[derive(Clone, Debug)]
pub enum Callback {
    /// The person signed in.
    Code {
        /// To be redeemed at the token endpoint.
        code: Secret,
        /// The `state` of our request.
        state: Token,
        /// Who says so (RFC 9207), when it does.
        iss: Option<String>,
    },
    /// They did not.
    Error {
        /// Why.
        error: ErrorCode,
        /// What the upstream says to people.
        report: Report,
        /// The `state` of our request.
        state: Token,
        /// Who says so (RFC 9207), when it does.
        iss: Option<String>,
    },
}

impl Callback {
    /// Reads the query of the redirect endpoint, without its question mark.
    ///
    /// # Errors
    ///
    /// See [`CallbackError`].
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        let parameters = Parameters::parse(query)?;
        let state = parameters.state.as_deref().ok_or(CallbackError::MissingState)?;
        let state = Token::parse(state).map_err(|_| CallbackError::State)?;
        let iss = parameters.iss.map(|iss| word(iss, CallbackError::Issuer)).transpose()?;
        match (parameters.code, parameters.error) {
            (Some(_), Some(_)) => Err(CallbackError::CodeAndError),
            (None, None) => Err(CallbackError::NeitherCodeNorError),
            (Some(code), None) => Ok(Self::Code { code: checked_code(code)?, state, iss }),
            (None, Some(error)) => {
                let error = ErrorCode::from(word(error, CallbackError::ErrorCode)?.as_str());
                let report = Report::parse(&parameters.error_description.unwrap_or_default());
                Ok(Self::Error { error, report, state, iss })
            }
        }
    }

    /// The `state` that came.
    pub fn state(&self) -> &Token {
        match self {
            Self::Code { state, .. } | Self::Error { state, .. } => state,
        }
    }

    /// Whether the answer can be that of `issuer` (RFC 9207 §2.4): it names that issuer or none.
    pub fn may_come_from(&self, issuer: &str) -> bool {
        match self {
            Self::Code { iss, .. } | Self::Error { iss, .. } => {
                iss.as_deref().is_none_or(|iss| iss == issuer)
            }
        }
    }
}

/// The query is not an answer to an authentication request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The query is longer than any provider's.
    #[error("query is longer than 32 KiB")]
    QueryTooLong,
    /// More parameters than any provider sends.
    #[error("more than 64 parameters")]
    TooManyParameters,
    /// RFC 6749 §3.1: a parameter must not stand twice.
    #[error("parameter {0} stands twice")]
    Duplicate(&'static str),
    /// No `state`: nothing tells which request is answered.
    #[error("state is missing")]
    MissingState,
    /// `state` is none of ours.
    #[error("state is not one of ours")]
    State,
    /// The code is longer than 8 KiB.
    #[error("code is longer than 8 KiB")]
    CodeTooLong,
    /// The code is empty or has characters that no code has (RFC 6749 A.11).
    #[error("code is empty or has characters that no code has")]
    Code,
    /// Both an error and a code.
    #[error("both code and error")]
    CodeAndError,
    /// Neither an error nor a code.
    #[error("neither code nor error")]
    NeitherCodeNorError,
    /// `error` is empty, too long or has characters that no error has (RFC 6749 A.7).
    #[error("error is not an error code")]
    ErrorCode,
    /// `iss` is empty, too long or not text.
    #[error("iss is not an issuer")]
    Issuer,
}

/// Why the upstream did not sign the person in: RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core
/// 1.0 §3.1.2.6. Branch on this only; numbers and texts change without notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// `access_denied`: the person or the provider said no.
    AccessDenied,
    /// `consent_required`.
    ConsentRequired,
    /// `interaction_required`.
    InteractionRequired,
    /// `invalid_client`: our credential was refused.
    InvalidClient,
    /// `invalid_grant`: the code is spent, expired or another's.
    InvalidGrant,
    /// `invalid_request`.
    InvalidRequest,
    /// `invalid_scope`.
    InvalidScope,
    /// `login_required`: `prompt=none`, and nobody is signed in.
    LoginRequired,
    /// `server_error`.
    ServerError,
    /// `temporarily_unavailable`.
    TemporarilyUnavailable,
    /// `unauthorized_client`.
    UnauthorizedClient,
    /// `unsupported_response_type`.
    UnsupportedResponseType,
    /// Any other word, as it came.
    Other(String),
}

impl From<&str> for ErrorCode {
    fn from(text: &str) -> Self {
        match text {
            "access_denied" => Self::AccessDenied,
            "consent_required" => Self::ConsentRequired,
            "interaction_required" => Self::InteractionRequired,
            "invalid_client" => Self::InvalidClient,
            "invalid_grant" => Self::InvalidGrant,
            "invalid_request" => Self::InvalidRequest,
            "invalid_scope" => Self::InvalidScope,
            "login_required" => Self::LoginRequired,
            "server_error" => Self::ServerError,
            "temporarily_unavailable" => Self::TemporarilyUnavailable,
            "unauthorized_client" => Self::UnauthorizedClient,
            "unsupported_response_type" => Self::UnsupportedResponseType,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl ErrorCode {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::LoginRequired => "login_required",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::Other(text) => text,
        }
    }
}

#[derive(Default)]
struct Parameters {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, CallbackError> {
        if query.len() > MAX_QUERY {
            return Err(CallbackError::QueryTooLong);
        }
        let mut parameters = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if seen.len() >= MAX_PARAMETERS {
                return Err(CallbackError::TooManyParameters);
            }
            if seen.iter().any(|other| *other == name) {
                return Err(CallbackError::Duplicate(known_name(&name)));
            }
            if let Some(slot) = parameters.slot(&name) {
                *slot = Some(value.into_owned());
            }
            seen.push(name.into_owned());
        }
        Ok(parameters)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "code" => Some(&mut self.code),
            "state" => Some(&mut self.state),
            "iss" => Some(&mut self.iss),
            "error" => Some(&mut self.error),
            "error_description" => Some(&mut self.error_description),
            // `session_state`, `error_uri` and whatever else: not used (RFC 6749 §3.1).
            _ => None,
        }
    }
}

/// A name that may stand in an error text, because it is ours and not a stranger's.
fn known_name(name: &str) -> &'static str {
    ["code", "state", "iss", "error", "error_description"]
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("(unknown)")
}

fn checked_code(code: String) -> Result<Secret, CallbackError> {
    if code.len() > MAX_CODE {
        return Err(CallbackError::CodeTooLong);
    }
    if code.is_empty() || !is_printable_ascii(&code) {
        return Err(CallbackError::Code);
    }
    Ok(Secret::from(code))
}

fn word(text: String, error: CallbackError) -> Result<String, CallbackError> {
    let good = !text.is_empty() && text.len() <= MAX_WORD && is_printable_ascii(&text);
    if good { Ok(text) } else { Err(error) }
}

/// `VSCHAR` of RFC 6749 appendix A. Broken percent-encoding becomes U+FFFD and fails here.
fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7E).contains(&byte))
}

#[cfg(test)]
mod tests;
