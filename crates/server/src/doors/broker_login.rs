use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
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
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;

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
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    go(app, tenant, alias, choice, headers).await
}

/// `POST /realms/{slug}/broker/{alias}/login`: the button "Sign in with …".
pub(crate) async fn chosen(
    app: State<App>,
    tenant: TenantPath,
    alias: Params<AliasParam>,
    headers: HeaderMap,
    FormBody(choice): FormBody<Choice>,
) -> Result<Response, Problem> {
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
        state: entropy::token(),
        nonce: entropy::token(),
        verifier: entropy::token(),
    };
    let (login, _) = step(Login::Stranger(slot.stranger), event, &tenant)?;
    let Some(Login::Stranger(stranger)) = login else { return Err(Problem::LoginGone) };
    let slot = Slot { stranger, ..slot };
    let location = authorization_url(&app, &tenant, &provider, &slot)?;
    Ok(([(SET_COOKIE, slot.keep(&app.ring)?)], see_other(&location)).into_response())
}

/// The redirect URI of a provider: what the administrator copied into its registration.
pub(crate) fn redirect_uri(app: &App, tenant: &Tenant, alias: &Alias) -> String {
    app.config.address(&format!("/realms/{}/broker/{alias}/endpoint", tenant.slug))
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
        login_hint: None,
    };
    let url = request.url().map_err(Problem::internal)?;
    Ok(url.to_string())
}
