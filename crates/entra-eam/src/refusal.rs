use crate::{AddresseeError, FormError, HintError, MethodError, RequestError};

/// Why a login by EAM ends without a token, and who is told what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule that was broken, such as `EAM-13`; for logs, audit and the page's reference.
    pub rule: &'static str,
    /// What is wrong, in words that repeat nothing of what came.
    pub reason: String,
    /// Who is told.
    pub reply: Reply,
}

/// Who is told of a failure: Entra, once it is known where an answer may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The person, on a page of ours. Nothing is posted: nobody knows where to.
    Page,
    /// Entra.
    Post(ErrorCode),
}

/// `error` of an answer (RFC 6749 §4.1.2.1). Entra counts only a good `id_token` as success
/// (EAM-31); the word is for its logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// `access_denied`: hint, person, card or method.
    AccessDenied,
    /// `invalid_request`.
    InvalidRequest,
    /// `invalid_scope`.
    InvalidScope,
    /// `temporarily_unavailable`: Entra's keys, our database, or the deadline.
    TemporarilyUnavailable,
    /// `unsupported_response_type`.
    UnsupportedResponseType,
}

impl ErrorCode {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        // EAM-44: the limits of a body.
        Self { rule: "EAM-44", reason: error.to_string(), reply: Reply::Page }
    }
}

impl From<AddresseeError> for Refusal {
    fn from(error: AddresseeError) -> Self {
        Self { rule: error.rule(), reason: error.to_string(), reply: Reply::Page }
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        let reply = Reply::Post(error.code());
        Self { rule: error.rule(), reason: error.to_string(), reply }
    }
}

impl From<HintError> for Refusal {
    fn from(error: HintError) -> Self {
        let reply = Reply::Post(ErrorCode::AccessDenied);
        Self { rule: error.rule(), reason: error.to_string(), reply }
    }
}

impl From<MethodError> for Refusal {
    fn from(error: MethodError) -> Self {
        let reply = Reply::Post(ErrorCode::AccessDenied);
        Self { rule: error.rule(), reason: error.to_string(), reply }
    }
}
