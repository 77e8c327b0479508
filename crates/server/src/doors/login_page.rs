use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use identity::{CardFirst, Provider, Tenant};
use serde::Deserialize;

use crate::app::App;
use crate::entropy;
use crate::hallway::stranger::{self, Slot};
use crate::http::headers::Csp;
use crate::http::page::{Html, frame, see_other};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::pages::{LoginNotice, LoginPage, ProviderChoice};

#[derive(Deserialize)]
pub(crate) struct Params {
    /// Which of this browser's logins.
    login: Option<u8>,
    /// Why the person is here again.
    notice: Option<String>,
    /// Keycloak's way to name the provider in a link.
    kc_idp_hint: Option<String>,
}

/// `GET /realms/{slug}/login`: which way in?
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Page, peer)?;
    let slot = stranger::named_or_new(&headers, &app.ring, &tenant, params.login);
    let mut rows = app.store.read(tenant.id).await?;
    let providers: Vec<_> = rows.providers().await?.into_iter().filter(|p| p.enabled).collect();
    let visible: Vec<&Provider> = providers.iter().filter(|provider| !provider.hidden).collect();
    let keep = [(SET_COOKIE, slot.keep(&app.ring)?)];
    if let Some(alias) = straight_to(&tenant, &params, &providers, &visible) {
        let path = format!("/realms/{}/broker/{alias}/login?login={}", tenant.slug, slot.number);
        return Ok((keep, see_other(&path)).into_response());
    }
    let endpoints: Vec<&str> =
        visible.iter().map(|provider| provider.endpoints.authorization.as_str()).collect();
    let csp = [(CONTENT_SECURITY_POLICY, Csp::with_forms_to(&endpoints).value())];
    let page = page(&tenant, &slot, &visible, params.notice.as_deref());
    Ok((keep, csp, Html(page)).into_response())
}

/// The provider to go to without showing the page: named in the link, or the only way in a tenant
/// that wants it so.
fn straight_to(
    tenant: &Tenant,
    params: &Params,
    all: &[Provider],
    visible: &[&Provider],
) -> Option<String> {
    if let Some(hint) = &params.kc_idp_hint {
        let named = all.iter().find(|provider| provider.alias.as_str() == hint);
        return named.map(|provider| provider.alias.to_string());
    }
    let only_way = tenant.policy.card_first == CardFirst::Off && params.notice.is_none();
    match visible {
        [only] if only_way && tenant.policy.straight_to_provider => Some(only.alias.to_string()),
        _ => None,
    }
}

fn page(tenant: &Tenant, slot: &Slot, providers: &[&Provider], notice: Option<&str>) -> LoginPage {
    let frame = frame(tenant);
    let left = slot.stranger.started.expires_at.since(entropy::now()).as_secs();
    let ceremony = LoginPage::use_card_ceremony(&frame, u32::try_from(left).unwrap_or_default());
    let choice = |provider: &&Provider| ProviderChoice {
        alias: provider.alias.to_string(),
        display_name: provider.display_name.clone(),
    };
    LoginPage {
        login: slot.number.to_string(),
        use_card: (tenant.policy.card_first != CardFirst::Off).then_some(ceremony),
        more_open: notice.is_some(),
        providers: providers.iter().map(choice).collect(),
        notice: notice.and_then(notice_of),
        frame,
    }
}

fn notice_of(name: &str) -> Option<LoginNotice> {
    match name {
        "cancelled" => Some(LoginNotice::CancelledAtProvider),
        "card-removed" => Some(LoginNotice::CardRemoved),
        "expired" => Some(LoginNotice::Expired),
        "session-over" => Some(LoginNotice::SessionOver),
        _ => None,
    }
}
