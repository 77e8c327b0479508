//! RP-Initiated Logout 1.0: an application sends the browser to be signed out, and perhaps on.

use secrets::Secret;

use crate::authorization::with_query;
use crate::claims::IdTokenHint;
use crate::{Client, Name, Parameters};

/// What an application asks.
#[derive(Clone, Debug)]
pub struct LogoutRequest {
    /// Whose session it is about; see [`verify_id_token_hint`](crate::claims::verify_id_token_hint).
    pub id_token_hint: Option<Secret>,
    /// Who asks, if it says so.
    pub client_id: Option<String>,
    /// Where the browser is to go on to.
    pub post_logout_redirect_uri: Option<String>,
    /// Echoed.
    pub state: Option<String>,
    /// Languages of the page, the most wanted first.
    pub ui_locales: Option<String>,
}

/// Where the browser goes on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Registered for the client.
    pub uri: String,
    /// Echoed.
    pub state: Option<String>,
}

/// The browser goes nowhere: a page tells the person. Whether the session ends is another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogoutError {
    /// `id_token_hint` and `client_id` name two clients.
    #[error("id_token_hint was issued to another application than client_id")]
    TwoClients,
    /// Neither names a client, so nothing is registered (§3).
    #[error("no application is named for post_logout_redirect_uri")]
    NoClient,
    /// It is not registered for this client, to the character.
    #[error("post_logout_redirect_uri is not registered for this application")]
    RedirectUri,
}

/// What is asked. Nothing of it must be there.
pub fn request(p: &Parameters) -> LogoutRequest {
    LogoutRequest {
        id_token_hint: p.secret(Name::IdTokenHint),
        client_id: p.owned(Name::ClientId),
        post_logout_redirect_uri: p.owned(Name::PostLogoutRedirectUri),
        state: p.owned(Name::State),
        ui_locales: p.owned(Name::UiLocales),
    }
}

impl LogoutRequest {
    /// Which client is to be looked up: that of the verified hint, or the one that is named.
    ///
    /// # Errors
    ///
    /// [`LogoutError::TwoClients`].
    pub fn client_id<'a>(
        &'a self,
        hint: Option<&'a IdTokenHint>,
    ) -> Result<Option<&'a str>, LogoutError> {
        match (self.client_id.as_deref(), hint.map(|hint| hint.client_id.as_str())) {
            (Some(named), Some(hinted)) if named != hinted => Err(LogoutError::TwoClients),
            (named, hinted) => Ok(hinted.or(named)),
        }
    }

    /// Where the browser goes on to; `None` when nothing was asked. `client` is the enabled one with
    /// [`LogoutRequest::client_id`], if there is one.
    ///
    /// # Errors
    ///
    /// See [`LogoutError`].
    pub fn destination(&self, client: Option<&Client>) -> Result<Option<Destination>, LogoutError> {
        let Some(uri) = &self.post_logout_redirect_uri else { return Ok(None) };
        let settings = &client.ok_or(LogoutError::NoClient)?.settings;
        if !settings.post_logout_redirect_uris.contains(uri) {
            return Err(LogoutError::RedirectUri);
        }
        Ok(Some(Destination { uri: uri.clone(), state: self.state.clone() }))
    }
}

impl Destination {
    /// The address, with `state` if one came.
    pub fn url(&self) -> String {
        match self.state.as_deref() {
            None => self.uri.clone(),
            Some(state) => with_query(&self.uri, &[("state", state)]),
        }
    }
}

#[cfg(test)]
mod tests;
