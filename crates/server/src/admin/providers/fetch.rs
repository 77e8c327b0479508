//! Asks a provider what it says about itself.

use identity::{ProviderEndpoints, ProviderKind};
use oidc::discovery::{Kind, MetadataAddress, ProviderMetadata};
use url::Url;

use crate::admin::form::{Message, sentence};
use crate::app::App;
use crate::pages::Tone;

/// What was found at a discovery endpoint.
pub(crate) struct Found {
    pub(crate) endpoints: ProviderEndpoints,
    /// Follows the issuer.
    pub(crate) kind: ProviderKind,
    /// What an administrator should know.
    pub(crate) words: Vec<String>,
}

/// Fetches what `pasted` leads to.
///
/// # Errors
///
/// What is wrong with it, and what to do.
pub(crate) async fn fetch(app: &App, pasted: &str) -> Result<Found, String> {
    let address = MetadataAddress::parse(pasted, app.upstream.clouds());
    let address = address.map_err(|error| sentence(&error))?;
    let metadata = app.upstream.fetch_metadata(&address).await;
    // Of an ID or domain alone, it is not plain which address was made.
    let asked = |error| format!("{} Cardea asked {}.", sentence(&error), address.url);
    let metadata = metadata.map_err(asked)?;
    let mut words: Vec<String> = address.notes.iter().map(|note| note.text().into()).collect();
    words.extend(metadata.warnings.iter().map(|warning| warning.text().clone()));
    Ok(found(metadata, words))
}

fn found(metadata: ProviderMetadata, words: Vec<String>) -> Found {
    let kind = match metadata.kind {
        Kind::Entra { .. } => ProviderKind::Entra,
        Kind::Oidc => ProviderKind::Oidc,
    };
    let text = |url: Url| url.to_string();
    let endpoints = ProviderEndpoints {
        discovery: text(metadata.address),
        issuer: metadata.issuer,
        authorization: text(metadata.authorization_endpoint),
        token: text(metadata.token_endpoint),
        jwks: text(metadata.jwks_uri),
        userinfo: metadata.userinfo_endpoint.map(text),
        end_session: metadata.end_session_endpoint.map(text),
    };
    Found { endpoints, kind, words }
}

/// Says what was found.
pub(crate) fn message(found: &Found) -> Message {
    let title = match found.kind {
        ProviderKind::Entra => "This is a directory of Microsoft Entra ID",
        ProviderKind::Oidc => "This is an OpenID provider",
    };
    let mut lines = found.words.clone();
    lines.push("Its endpoints are filled in below. Nothing is saved yet.".into());
    let tone = if found.words.is_empty() { Tone::Good } else { Tone::Info };
    Message { tone, title: title.into(), lines }
}
