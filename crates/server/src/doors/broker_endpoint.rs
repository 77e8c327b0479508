use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use identity::{Provider, Tenant};
use jose::NumericDate;
use login::{Event, LOGIN_LIFE, Login, Stranger, StrangerAt};
use oidc::callback::{Callback, ErrorCode};
use oidc::discovery::Kind;
use oidc::id_token::{Claims, Expected};
use oidc::token_response::TokenRequest;
use secrets::{Secret, Token};
use upstream::UpstreamError;

use crate::admin::providers::test;
use crate::app::App;
use crate::doors::admit::{self, Arrival};
use crate::doors::broker_login::{AliasParam, redirect_uri, registration};
use crate::doors::{one_tap, trouble};
use crate::entropy;
use crate::hallway::ceremony::Asked;
use crate::hallway::step;
use crate::hallway::stranger::{self, Slot};
use crate::http::cookies::CardCookie;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::paths;

/// `GET /realms/{slug}/broker/{alias}/endpoint`: the upstream sends the browser back. First it is
/// shown that this browser began this login at this provider; only then is the code redeemed.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    Params(AliasParam { alias }): Params<AliasParam>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Callback, peer)?;
    let callback = parse(&app, &tenant, query.as_deref().unwrap_or_default())?;
    let provider = app.store.read(tenant.id).await?.provider(&alias).await?;
    let provider = provider.ok_or(Problem::NotFound)?;
    // An administrator's test: recognised by its state, and before the provider is enabled too.
    let test = test::result::answer(&app, &tenant, &provider, &headers, &callback).await?;
    if let Some(page) = test {
        return Ok(page);
    }
    if !provider.enabled {
        return Err(Problem::NotFound);
    }
    let slot = slot_of(&app, &headers, &callback).ok_or(Problem::OtherBrowser)?;
    arrived(&app, &tenant, &provider, &slot, &callback)?;
    if !callback.may_come_from(&provider.endpoints.issuer) {
        return Err(trouble::invalid(&app, &tenant, &provider, "issuer of the answer"));
    }
    match callback {
        Callback::Error { error: ErrorCode::AccessDenied, report, .. }
            if report.aadsts.is_none_or(|code| code == DECLINED) =>
        {
            Ok(cancelled(&tenant, &slot))
        }
        Callback::Error { error, report, .. } => {
            Err(trouble::refused(&app, &tenant, &provider, &error, &report))
        }
        Callback::Code { code, state, .. } => {
            limits::first_try(&app, &tenant, &state)?;
            let deadline = app.upstream.deadline();
            let claims = claims(&app, &tenant, &provider, &slot.stranger, &code).await?;
            let arrival = Arrival {
                tenant: &tenant,
                provider: &provider,
                stranger: &slot.stranger,
                claims: &claims,
                deadline,
            };
            let handle = admit::admit(&app, arrival, Asked::by(&headers)).await?;
            let mut response = match one_tap::spared(&app, &tenant, &handle, &headers).await {
                Some(exit) => exit,
                None => to_card_step(&tenant, handle),
            };
            response.headers_mut().append(SET_COOKIE, slot.forget());
            Ok(response)
        }
    }
}

/// To the card step, with the login's handle.
fn to_card_step(tenant: &Tenant, handle: Token) -> Response {
    let mut response = see_other(&paths::card(&tenant.slug));
    let set = CardCookie(handle).set(&tenant.slug, LOGIN_LIFE);
    response.headers_mut().append(SET_COOKIE, set);
    response
}

/// The answer, if it is one.
fn parse(app: &App, tenant: &Tenant, query: &str) -> Result<Callback, Problem> {
    Callback::parse(query).map_err(|error| {
        app.quiet.once("malformed answer of a provider", Some(tenant), || {
            tracing::info!(tenant = %tenant.slug, %error, "malformed answer of a provider");
        });
        Problem::Malformed("answer of the provider")
    })
}

/// Asks the hallway whether the answer is for this login.
fn arrived(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    slot: &Slot,
    callback: &Callback,
) -> Result<(), Problem> {
    let event = Event::CallbackArrived {
        tenant: tenant.id,
        provider: provider.alias.clone(),
        registration: registration(provider),
        state: callback.state().clone(),
    };
    let arrived = step(Login::Stranger(slot.stranger.clone()), event, tenant);
    arrived.map(drop).map_err(|refusal| {
        app.quiet.once(refusal.code(), Some(tenant), || {
            tracing::warn!(
                tenant = %tenant.slug, provider = %provider.alias, login = %slot.stranger.started.id,
                reason = refusal.code(), "callback refused"
            );
        });
        refusal.into()
    })
}

/// AADSTS65004: the person declined to consent.
const DECLINED: u32 = 65004;

/// The login of this browser whose `state` came back.
fn slot_of(app: &App, headers: &HeaderMap, callback: &Callback) -> Option<Slot> {
    stranger::all(headers, &app.ring).into_iter().find(|slot| match &slot.stranger.at {
        StrangerAt::Upstream { state, .. } => state.matches(callback.state()),
        _ => false,
    })
}

/// The person chose "Cancel": the login goes on at its first page.
fn cancelled(tenant: &Tenant, slot: &Slot) -> Response {
    see_other(&paths::login(&tenant.slug, slot.number, Some("cancelled")))
}

/// Redeems the code and verifies the ID token.
async fn claims(
    app: &App,
    tenant: &Tenant,
    provider: &Provider,
    stranger: &Stranger,
    code: &Secret,
) -> Result<Claims, Problem> {
    let StrangerAt::Upstream { state, nonce, verifier, .. } = &stranger.at else {
        return Err(Problem::OtherBrowser);
    };
    let redirect_uri = redirect_uri(app, tenant, &provider.alias);
    let request = TokenRequest {
        client_id: &provider.client_id,
        client_secret: provider.client_secret.as_ref(),
        code,
        redirect_uri: &redirect_uri,
        verifier,
    };
    let kind = kind(provider);
    let expected = Expected {
        issuer: &provider.endpoints.issuer,
        client_id: &provider.client_id,
        nonce,
        kind: &kind,
        access_token: None, // that of the answer
        now: NumericDate(entropy::now().unix_seconds()),
    };
    let (token, jwks) = (&provider.endpoints.token, &provider.endpoints.jwks);
    // Both calls before one deadline: the person waits for the sum of them.
    let claims = app.upstream.sign_in(tenant.id, token, jwks, &request, &expected).await;
    claims.map_err(|error| {
        if error == UpstreamError::Busy {
            limits::not_tried(app, tenant, state);
        }
        trouble::failed(app, tenant, provider, &error)
    })
}

/// What the provider's people are linked by follows its issuer.
pub(crate) fn kind(provider: &Provider) -> Kind {
    match provider.kind {
        identity::ProviderKind::Entra => {
            Kind::entra(&provider.endpoints.issuer).unwrap_or(Kind::Oidc)
        }
        identity::ProviderKind::Oidc => Kind::Oidc,
    }
}
