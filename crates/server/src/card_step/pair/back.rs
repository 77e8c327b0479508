//! The return step of pairing: an agent that was offered to a login has the person's browser come
//! back here, and only the browser that holds that very login confirms it.
//!
//! # Security
//!
//! Whoever relays a sign-in holds the login, and never sees the return token: the agent gives it to
//! the browser at its own desk, at the address that the person typed. That browser has the token,
//! and not the login. Neither of the two alone pairs anything.

use agent_protocol::ReturnToken;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use ids::DeviceId;
use login::Waiting;
use secrets::Token;
use serde::Deserialize;
use serde_json::json;
use store::{AuditEntry, Device, DeviceState, Rows, Writing};
use uuid::Uuid;

use crate::app::App;
use crate::card_step::account::account;
use crate::card_step::pair::new_pairing;
use crate::hallway::ceremony::Asked;
use crate::hallway::events::PageState;
use crate::http::body::FormBody;
use crate::http::cookies::{CardCookie, PAIRING_LIFE};
use crate::http::page::{Html, frame};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::pages::{PairPage, PairStep};

/// The token by which the browser of an offered agent comes back: the device's id, and what only
/// this installation can compute of it. Nothing of it is kept; it counts as long as its device is
/// the offer of a login that waits, and so once.
///
/// # Errors
///
/// [`Problem::Internal`], which a ring with a key does not give.
pub(crate) fn token_of(app: &App, device: DeviceId) -> Result<ReturnToken, Problem> {
    let text = format!("{}{}", device.0.simple(), mac(app, device)?.reveal());
    text.try_into().map_err(Problem::internal)
}

fn mac(app: &App, device: DeviceId) -> Result<Token, Problem> {
    app.ring.derive("return of an agent", device.0.as_bytes()).map_err(Problem::internal)
}

/// The device that a token names, if we made it.
fn device_of(app: &App, token: &str) -> Result<Option<DeviceId>, Problem> {
    let Some((id, given)) = token.trim().split_at_checked(32) else { return Ok(None) };
    let (Ok(id), Ok(given)) = (Uuid::try_parse(id), Token::parse(given)) else { return Ok(None) };
    Ok(mac(app, DeviceId(id))?.matches(&given).then_some(DeviceId(id)))
}

/// `GET /realms/{slug}/login/card/pair/return`: shows the browser that holds the login what it is
/// about to confirm. The token is in the fragment, which only the page's script sees. Changes
/// nothing.
pub(crate) async fn page(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    headers: HeaderMap,
) -> Result<Html<PairPage>, Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let step = match offered_here(&mut rows, &tenant, &headers).await? {
        Some((waiting, device)) => {
            let person = rows.person(waiting.person).await?.ok_or(Problem::LoginGone)?;
            let account = account(&mut rows, &tenant, &waiting, &person).await?;
            PairStep::Confirm { account, device: device.name }
        }
        None => PairStep::NotHere,
    };
    Ok(Html(PairPage { frame: frame(&tenant), step }))
}

/// The offer to the login that this browser holds.
async fn offered_here(
    rows: &mut Rows,
    tenant: &Tenant,
    headers: &HeaderMap,
) -> Result<Option<(Waiting, Device)>, Problem> {
    let Some(cookie) = CardCookie::read(headers, &tenant.slug) else { return Ok(None) };
    let Some(waiting) = rows.login_by_handle(&cookie.0.hash()).await? else { return Ok(None) };
    let device = rows.device_of_login(waiting.started.id).await?;
    let device = device.filter(|device| device.state == DeviceState::Pending);
    Ok(device.map(|device| (waiting, device)))
}

#[derive(Deserialize)]
pub(crate) struct Form {
    token: String,
}

/// `POST /realms/{slug}/login/card/pair/return`: pairs the browser that holds the login with the
/// agent whose token it brings. From any other browser, it ends the offer.
pub(crate) async fn confirm(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    headers: HeaderMap,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Challenge, peer)?;
    let over = || shown(&tenant, StatusCode::GONE, PairStep::Over);
    let Some(id) = device_of(&app, &form.token)? else { return Ok(over()) };
    let mut tx = app.store.write(tenant.id).await?;
    let Some((waiting, device)) = offer(&mut tx, id).await? else { return Ok(over()) };
    let cookie = CardCookie::read(&headers, &tenant.slug);
    if cookie.is_some_and(|cookie| cookie.0.hash().matches(&waiting.handle)) {
        paired(&app, &tenant, tx, &waiting, device).await
    } else {
        opened_elsewhere(&app, &tenant, tx, &waiting, device, &Asked::by(&headers)).await
    }
}

/// The login that waits, and this device if it is what was last offered to it.
async fn offer(tx: &mut Writing, id: DeviceId) -> Result<Option<(Waiting, Device)>, Problem> {
    let login = tx.device(id).await?.and_then(|device| device.login);
    let Some(login) = login else { return Ok(None) };
    let Some(waiting) = tx.login(login).await? else { return Ok(None) };
    let device = tx.device_of_login(login).await?;
    let device = device.filter(|last| last.id == id && last.state == DeviceState::Pending);
    Ok(device.map(|device| (waiting, device)))
}

async fn paired(
    app: &App,
    tenant: &Tenant,
    mut tx: Writing,
    waiting: &Waiting,
    device: Device,
) -> Result<Response, Problem> {
    if !tx.confirm_device(device.id).await? {
        return Ok(shown(tenant, StatusCode::GONE, PairStep::Over));
    }
    let detail = json!({ "device": device.id, "name": device.name });
    let (cookie, pair) = new_pairing(waiting, device.id, detail);
    tx.insert_pairing(&pair.token, &pair.pairing).await?;
    tx.audit(&pair.entry).await?;
    tx.commit().await?;
    app.agents.waiters.wake(device.id);
    app.pages.tell(waiting.started.id, PageState::paired(&device));
    let set = cookie.set(&tenant.slug, PAIRING_LIFE);
    let step = PairStep::Paired { device: device.name };
    Ok(([(SET_COOKIE, set)], shown(tenant, StatusCode::OK, step)).into_response())
}

/// The agent's desk is not where the login was begun: somebody may sign in as the person there.
async fn opened_elsewhere(
    app: &App,
    tenant: &Tenant,
    mut tx: Writing,
    waiting: &Waiting,
    device: Device,
    here: &Asked,
) -> Result<Response, Problem> {
    let login = waiting.started.id;
    if tx.revoke_device(device.id).await? {
        // It counts with the wrong codes of this login: five times, and it sets up nothing more.
        tx.count_code_try(login).await?;
        let (name, browser) = (&device.name, here.user_agent());
        tx.audit(&AuditEntry {
            kind: "agent.opened-elsewhere",
            person: Some(waiting.person),
            actor: None,
            login: Some(login),
            detail: json!({ "device": device.id, "name": name, "browser": browser }),
        })
        .await?;
        tx.commit().await?;
        tracing::warn!(tenant = %tenant.slug, %login, "an agent's page was opened in another browser");
        app.agents.waiters.wake(device.id);
        app.pages.tell(login, PageState::Elsewhere);
    }
    Ok(shown(tenant, StatusCode::FORBIDDEN, PairStep::Elsewhere))
}

fn shown(tenant: &Tenant, status: StatusCode, step: PairStep) -> Response {
    (status, Html(PairPage { frame: frame(tenant), step })).into_response()
}
