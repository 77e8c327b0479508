//! What Entra posts to the authorization endpoint (OpenID Connect Core 1.0 §3.2.2.1), in the order
//! of EAM-17: where an answer may go, then who asks, then what is asked.

mod form;

pub use form::{Form, FormError};

use ids::guid;
use secrets::Secret;

use crate::{Cloud, Connection, ErrorCode, ReturnAddress};
use form::Name;

/// Where the answer goes, and what goes back with it. Whoever holds one may post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// A constant of the cloud.
    pub return_address: ReturnAddress,
    /// `state`, echoed; `None` when none came.
    pub state: Option<String>,
}

/// The request has nobody to whom anything could be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddresseeError {
    /// `redirect_uri` is missing, or of no cloud that we know.
    #[error("redirect_uri is not a return address of Microsoft Entra")]
    RedirectUri,
    /// `client_id` is missing, or of no connection.
    #[error("client_id is not that of a connection")]
    ClientId,
    /// The connection is at another cloud (EAM-11).
    #[error("redirect_uri is that of another cloud than the connection's")]
    OtherCloud,
}

impl AddresseeError {
    /// The rule that is broken.
    pub fn rule(self) -> &'static str {
        match self {
            Self::RedirectUri | Self::ClientId => "EAM-17",
            Self::OtherCloud => "EAM-11",
        }
    }
}

/// What Entra asks, complete; hint and claims are still to be looked at.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Who vouches for whom; see [`hint::verify`](crate::hint::verify).
    pub id_token_hint: Secret,
    /// What is demanded; see [`Demand::parse`](crate::Demand::parse). `None` when none came.
    pub claims: Option<String>,
    /// Echoed in the ID token; `None` when none came.
    pub nonce: Option<String>,
}

/// Entra asks for something that we do not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// `response_type` is not `id_token`.
    #[error("response_type is not id_token")]
    ResponseType,
    /// `response_mode` is not `form_post`.
    #[error("response_mode is not form_post")]
    ResponseMode,
    /// `scope` does not contain `openid`.
    #[error("scope has no openid")]
    Scope,
    /// There is no `id_token_hint`.
    #[error("id_token_hint is missing")]
    NoHint,
}

impl RequestError {
    /// The rule that is broken.
    pub fn rule(self) -> &'static str {
        match self {
            Self::ResponseType | Self::ResponseMode | Self::Scope => "EAM-17",
            Self::NoHint => "EAM-10",
        }
    }

    /// What Entra is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::ResponseType => ErrorCode::UnsupportedResponseType,
            Self::ResponseMode => ErrorCode::InvalidRequest,
            Self::Scope => ErrorCode::InvalidScope,
            Self::NoHint => ErrorCode::AccessDenied,
        }
    }
}

impl Form {
    /// `client_id`, by which the caller finds the connection.
    pub fn client_id(&self) -> Option<&str> {
        self.get(Name::ClientId)
    }

    /// `client-request-id` in lower case, to be logged; `None` when none came or it is no GUID.
    pub fn client_request_id(&self) -> Option<String> {
        self.get(Name::ClientRequestId).and_then(guid::parse)
    }

    /// Where an answer may go: `redirect_uri` is a constant, and that of the connection's cloud.
    /// `connection` is the enabled one with this [`Form::client_id`], if there is one.
    ///
    /// # Errors
    ///
    /// See [`AddresseeError`]: nothing may be posted.
    pub fn addressee(
        &self,
        clouds: &[Cloud],
        connection: Option<&Connection>,
    ) -> Result<Addressee, AddresseeError> {
        let cloud = self.get(Name::RedirectUri).and_then(|uri| Cloud::returning_to(clouds, uri));
        let cloud = cloud.ok_or(AddresseeError::RedirectUri)?;
        let connection = connection
            .filter(|connection| self.client_id() == Some(&connection.client_id))
            .ok_or(AddresseeError::ClientId)?;
        if connection.authority != cloud.authority() {
            return Err(AddresseeError::OtherCloud);
        }
        let state = self.get(Name::State).map(str::to_owned);
        Ok(Addressee { return_address: cloud.return_address().clone(), state })
    }

    /// What is asked.
    ///
    /// # Errors
    ///
    /// See [`RequestError`].
    pub fn request(&self) -> Result<AuthorizationRequest, RequestError> {
        let is = |name, word: &str| self.get(name).is_some_and(|it| it.eq_ignore_ascii_case(word));
        // Seen as `Id_token` too.
        if !is(Name::ResponseType, "id_token") {
            return Err(RequestError::ResponseType);
        }
        if self.get(Name::ResponseMode) != Some("form_post") {
            return Err(RequestError::ResponseMode);
        }
        let scope = self.get(Name::Scope).unwrap_or_default();
        if !scope.split(' ').any(|word| word == "openid") {
            return Err(RequestError::Scope);
        }
        let hint = self.get(Name::IdTokenHint).ok_or(RequestError::NoHint)?;
        Ok(AuthorizationRequest {
            id_token_hint: Secret::from(hint.to_owned()),
            claims: self.get(Name::Claims).map(str::to_owned),
            nonce: self.get(Name::Nonce).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests;
