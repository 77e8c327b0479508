use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse, Response};
use identity::{CardFirst, Provider, Tenant};
use serde::Deserialize;

use crate::app::App;
use crate::card_step::page::has_reader;
use crate::doors::use_agent;
use crate::entropy;
use crate::hallway::stranger::{self, Slot};
use crate::http::headers::Csp;
use crate::http::page::{Html, frame, see_other};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::pages::{Agent, LoginNotice, LoginPage, ProviderChoice};
use crate::paths;

#[derive(Deserialize)]
pub(crate) struct Params {
    /// Which of this browser's logins.
    login: Option<u8>,
    /// Why the person is here again.
    notice: Option<String>,
    /// Keycloak's way to name the provider in a link: its button comes first, and a tenant that
    /// goes straight to providers goes there.
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
    let offer = Offer::of(&providers, params.kc_idp_hint.as_deref());
    let agent = match tenant.policy.card_first {
        CardFirst::Off => Agent::Unavailable,
        _ => use_agent::offered(&app, &mut rows, &tenant, &slot, &headers).await?,
    };
    drop(rows);
    let keep = slot.keep(&headers, &app.ring)?;
    if let Some(provider) = offer.straight_to(&tenant).filter(|_| params.notice.is_none()) {
        let path = paths::broker_login(&tenant.slug, &provider.alias, slot.number);
        return Ok((keep, see_other(&path)).into_response());
    }
    let endpoints: Vec<&str> =
        offer.shown.iter().map(|provider| provider.endpoints.authorization.as_str()).collect();
    let csp = [(CONTENT_SECURITY_POLICY, Csp::with_forms_to(&endpoints).value())];
    let reader = has_reader(&headers);
    let page = page(&tenant, &slot, &offer, (agent, reader), params.notice.as_deref());
    Ok((keep, csp, Html(page)).into_response())
}

/// The providers that the page shows.
struct Offer<'a> {
    /// First the one that the link names, if there is one: also when it is hidden from others.
    shown: Vec<&'a Provider>,
    /// Whether the link names the first.
    named: bool,
}

impl<'a> Offer<'a> {
    fn of(enabled: &'a [Provider], hint: Option<&str>) -> Self {
        let named = |provider: &&Provider| hint == Some(provider.alias.as_str());
        let mut shown: Vec<_> = enabled.iter().filter(named).collect();
        let others = enabled.iter().filter(|provider| !provider.hidden && !named(provider));
        let has_named = !shown.is_empty();
        shown.extend(others);
        Self { shown, named: has_named }
    }

    /// The provider to go to without showing the page, in a tenant that wants it so: the one that
    /// the link names, or the only way in.
    fn straight_to(&self, tenant: &Tenant) -> Option<&'a Provider> {
        let only_way = self.shown.len() == 1 && tenant.policy.card_first == CardFirst::Off;
        let straight = tenant.policy.straight_to_provider && (self.named || only_way);
        self.shown.first().copied().filter(|_| straight)
    }
}

fn page(
    tenant: &Tenant,
    slot: &Slot,
    offer: &Offer<'_>,
    (agent, reader): (Agent, bool),
    notice: Option<&str>,
) -> LoginPage {
    let frame = frame(tenant);
    let left = slot.stranger.started.expires_at.since(entropy::now()).as_secs();
    let left = u32::try_from(left).unwrap_or_default();
    let ceremony = LoginPage::use_card_ceremony(&frame, left, reader);
    let choice = |provider: &&Provider| ProviderChoice {
        alias: provider.alias.to_string(),
        display_name: provider.display_name.clone(),
    };
    LoginPage {
        application: slot.stranger.started.request.application.clone(),
        login: slot.number.to_string(),
        use_card: (tenant.policy.card_first != CardFirst::Off).then_some(ceremony),
        agent,
        // Who cancelled there, has just removed a card or is to be somebody else wants another way than
        // the card.
        more_open: offer.named
            || matches!(notice, Some("cancelled" | "card-removed" | "other-account")),
        providers: offer.shown.iter().map(choice).collect(),
        notice: notice.and_then(notice_of),
        frame,
    }
}

fn notice_of(name: &str) -> Option<LoginNotice> {
    match name {
        "cancelled" => Some(LoginNotice::CancelledAtProvider),
        "other-account" => Some(LoginNotice::OtherAccount),
        "card-removed" => Some(LoginNotice::CardRemoved),
        "card-lifted" => Some(LoginNotice::CardLifted),
        "agent-lost" => Some(LoginNotice::AgentLost),
        "tapped-elsewhere" => Some(LoginNotice::TappedElsewhere),
        "session-over" => Some(LoginNotice::SessionOver),
        _ => None,
    }
}
