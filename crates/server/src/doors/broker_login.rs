use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{Provider, Tenant};
use ids::Alias;
use login::{Event, Login, StrangerAt};
use oidc::authorization::{AuthorizationRequest, Prompt};
use serde::Deserialize;

use crate::app::App;
use crate::entropy;
use crate::hallway::step;
use crate::hallway::stranger::{self, Slot};
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::paths;

/// Which of this browser's logins goes to the provider.
#[derive(Deserialize)]
pub(crate) struct Choice {
    login: Option<u8>,
}

/// The provider that the path names.
#[derive(Deserialize)]
pub(crate) struct AliasParam {
    pub(crate) alias: Alias,
}

/// `GET /realms/{slug}/broker/{alias}/login`: a link to the provider.
pub(crate) async fn handler(
    app: State<App>,
    tenant: TenantPath,
    alias: Params<AliasParam>,
    peer: Peer,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Choose, peer)?;
    go(app, tenant, alias, choice, headers).await
}

/// `POST /realms/{slug}/broker/{alias}/login`: the button "Sign in with …".
pub(crate) async fn chosen(
    app: State<App>,
    tenant: TenantPath,
    alias: Params<AliasParam>,
    peer: Peer,
    headers: HeaderMap,
    FormBody(choice): FormBody<Choice>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Choose, peer)?;
    go(app, tenant, alias, choice, headers).await
}

async fn go(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    Params(AliasParam { alias }): Params<AliasParam>,
    choice: Choice,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let provider = app.store.read(tenant.id).await?.provider(&alias).await?;
    let provider = provider.filter(|provider| provider.enabled).ok_or(Problem::NotFound)?;
    let slot = stranger::named_or_new(&headers, &app.ring, &tenant, choice.login);
    let event = Event::ProviderChosen {
        provider: provider.alias.clone(),
        registration: registration(&provider),
        state: entropy::token(),
        nonce: entropy::token(),
        verifier: entropy::token(),
        left_at: app.store.now().await?,
    };
    let (login, _) = step(Login::Stranger(slot.stranger), event, &tenant)?;
    let Some(Login::Stranger(stranger)) = login else { return Err(Problem::LoginGone) };
    let slot = Slot { stranger, ..slot };
    let location = authorization_url(&app, &tenant, &provider, &slot)?;
    Ok((slot.keep(&headers, &app.ring)?, see_other(&location)).into_response())
}

/// Digest of who a provider's settings say that it is, and who we are there.
pub(crate) fn registration(provider: &Provider) -> String {
    // An issuer is a URL and has no NUL, so no two pairs give one text.
    let text = format!("{}\0{}", provider.endpoints.issuer, provider.client_id);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The redirect URI of a provider: what the administrator copied into its registration.
pub(crate) fn redirect_uri(app: &App, tenant: &Tenant, alias: &Alias) -> String {
    app.config.address(&paths::broker_endpoint(&tenant.slug, alias))
}

fn authorization_url(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    slot: &Slot,
) -> Result<String, Problem> {
    let StrangerAt::Upstream { state, nonce, verifier, prompt_login, .. } = &slot.stranger.at
    else {
        return Err(Problem::LoginGone);
    };
    let redirect_uri = redirect_uri(app, tenant, &provider.alias);
    let request = AuthorizationRequest {
        endpoint: &provider.endpoints.authorization,
        client_id: &provider.client_id,
        redirect_uri: &redirect_uri,
        state,
        nonce,
        verifier,
        prompt: prompt_login.then_some(Prompt::Login),
        login_hint: slot.stranger.started.request.login_hint.as_deref(),
    };
    let url = request.url().map_err(Problem::internal)?;
    Ok(url.to_string())
}
