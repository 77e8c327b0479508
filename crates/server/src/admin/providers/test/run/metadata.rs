use identity::{Provider, ProviderEndpoints};

use crate::admin::providers::fetch::fetch;
use crate::app::App;

/// What the provider says about itself, now and when it was saved.
pub(super) async fn outcome(app: &App, provider: &Provider) -> Result<String, String> {
    match fetch(app, &provider.endpoints.discovery).await {
        Ok(found) if is_same(&found.endpoints, &provider.endpoints) => {
            Ok(provider.endpoints.issuer.clone())
        }
        Ok(_) => Err("The provider says something else about itself than what is saved. Press \
                      Fetch in the settings, look at it, and save."
            .to_owned()),
        Err(text) => Err(text),
    }
}

/// Whether a sign-in goes the same way with both.
fn is_same(found: &ProviderEndpoints, saved: &ProviderEndpoints) -> bool {
    let way =
        |e: &ProviderEndpoints| [&e.issuer, &e.authorization, &e.token, &e.jwks].map(String::clone);
    way(found) == way(saved)
}
