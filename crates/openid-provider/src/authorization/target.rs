use serde::{Deserialize, Serialize};

use crate::{Client, Name, Parameters, redirect_uri};

/// Where the answer goes, and what goes back with it. Whoever holds one may redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Who asks.
    pub client_id: String,
    /// Registered for this client.
    pub redirect_uri: String,
    /// How the answer goes there.
    pub mode: ResponseMode,
    /// `state`, echoed; `None` when none came.
    pub state: Option<String>,
}

/// How an answer goes to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// By a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// The request has nobody to whom an answer could go: a page tells the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// `client_id` is missing.
    #[error("client_id is missing")]
    NoClientId,
    /// `client_id` is none of an enabled client.
    #[error("client_id is not that of an application")]
    UnknownClient,
    /// `redirect_uri` is missing.
    #[error("redirect_uri is missing")]
    NoRedirectUri,
    /// `redirect_uri` is not registered for this client, to the character.
    #[error("redirect_uri is not registered for this application")]
    RedirectUri,
}

impl ResponseMode {
    /// Reads the word of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "query" => Some(Self::Query),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }
}

/// Where an answer may go. `client` is the enabled one with this `client_id`, if there is one.
///
/// # Errors
///
/// See [`TargetError`].
///
/// # Security
///
/// Until this succeeds nothing is redirected: the address would be a stranger's choice (RFC 9700 §4.11.2).
pub fn target(p: &Parameters, client: Option<&Client>) -> Result<Target, TargetError> {
    let client_id = p.get(Name::ClientId).ok_or(TargetError::NoClientId)?;
    let client = client.filter(|client| client.client_id == client_id);
    let client = client.ok_or(TargetError::UnknownClient)?;
    let uri = p.get(Name::RedirectUri).ok_or(TargetError::NoRedirectUri)?;
    if !redirect_uri::is_registered(uri, &client.settings) {
        return Err(TargetError::RedirectUri);
    }
    // An unknown mode is refused by the request, and that is told in the way that everybody has.
    let mode = p.get(Name::ResponseMode).and_then(ResponseMode::parse).unwrap_or_default();
    Ok(Target {
        client_id: client_id.to_owned(),
        redirect_uri: uri.to_owned(),
        mode,
        state: p.owned(Name::State),
    })
}
