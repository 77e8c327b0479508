//! What is known of a provider: its discovery document and its keys, for 24 hours.

use std::sync::Arc;

use serde_json::Value;

use super::fetch;
use super::jwks::{self, Key};
use super::method::{ExternalMethod, endpoint};
use crate::aadsts::Aadsts;
use crate::world::Shared;

/// How long a provider's metadata and keys are kept, by the stand-in's clock.
const KEPT: i64 = 86_400;

/// A provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    keys: Vec<Key>,
}

impl Provider {
    /// The provider of a method, as it was known at most 24 hours ago.
    pub(crate) async fn of(shared: &Shared, method: &ExternalMethod) -> Result<Arc<Self>, Aadsts> {
        let now = shared.clock.now();
        let known = shared.world().external.providers.get(&method.discovery_url).cloned();
        if let Some((_, known)) = known.filter(|(at, _)| now.saturating_sub(*at) < KEPT) {
            return Ok(known);
        }
        let found = Arc::new(Self::fetch(method).await?);
        let kept = (now, Arc::clone(&found));
        shared.world().external.providers.insert(method.discovery_url.clone(), kept);
        Ok(found)
    }

    async fn fetch(method: &ExternalMethod) -> Result<Self, Aadsts> {
        let document = fetch::json(&method.discovery_url).await;
        let document = document.map_err(|reason| Aadsts::provider_call(&reason))?;
        let (authorization_endpoint, jwks_uri) =
            check(&document, method.issuer()).map_err(|what| Aadsts::provider_call(&what))?;
        let jwks = fetch::json(&jwks_uri).await;
        let jwks = jwks.map_err(|reason| Aadsts::provider_call(&reason))?;
        let keys = jwks::read(&jwks).map_err(|what| Aadsts::external_signature(&what))?;
        Ok(Self { issuer: method.issuer().to_owned(), authorization_endpoint, keys })
    }

    /// Whether the key of that `kid` made that signature; nothing if there is no such key.
    pub(crate) fn verifies(&self, kid: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        let key = self.keys.iter().find(|key| key.kid == kid)?;
        Some(key.verifies(message, signature))
    }
}

/// Everything that the document must say; where to send people, and where the keys are.
fn check(document: &Value, issuer: &str) -> Result<(String, String), String> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let found = text("issuer").unwrap_or_default();
    if found != issuer {
        return Err(format!("the issuer '{found}' is not '{issuer}', as the discovery URL has it"));
    }
    let address = |name: &str| {
        let found = text(name).filter(|text| endpoint(text).is_some());
        found.map(str::to_owned).ok_or_else(|| format!("'{name}' is no address to be used"))
    };
    for (name, value) in [
        ("scopes_supported", "openid"),
        ("response_types_supported", "id_token"),
        ("response_modes_supported", "form_post"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("grant_types_supported", "implicit"),
    ] {
        contains(document, name, value)?;
    }
    if document.get("claim_types_supported").is_some() {
        contains(document, "claim_types_supported", "normal")?;
    }
    for name in ["subject_types_supported", "claims_supported"] {
        let some = document.get(name).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        some.then_some(()).ok_or_else(|| format!("'{name}' is missing"))?;
    }
    Ok((address("authorization_endpoint")?, address("jwks_uri")?))
}

fn contains(document: &Value, name: &str, value: &str) -> Result<(), String> {
    let list = document.get(name).and_then(Value::as_array);
    let found = list.is_some_and(|list| list.iter().any(|entry| entry == value));
    found.then_some(()).ok_or_else(|| format!("'{name}' does not contain '{value}'"))
}
