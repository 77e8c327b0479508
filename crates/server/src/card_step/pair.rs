use agent_protocol::EnrolmentCode;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use login::{Channel, Event, Login, Waiting};
use serde::{Deserialize, Serialize};
use store::{AuditEntry, Device, DeviceState, Pairing};

use crate::app::App;
use crate::card_step::code::{code_hash, tries_left};
use crate::entropy;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{Material, execute};
use crate::hallway::step;
use crate::hallway::waiting::AtCard;
use crate::http::body::JsonBody;
use crate::http::cookies::{DeviceCookie, PAIRING_LIFE};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};

#[derive(Serialize)]
pub(crate) struct Code {
    code: String,
    expires_in: u64,
}

/// `POST /realms/{slug}/login/card/pair`: "Set up Cardea on this computer". A code that lets an
/// agent offer itself to this login, and nothing more.
pub(crate) async fn code(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Json<Code>, Problem> {
    limits::count(&app, Attempt::Challenge, peer)?;
    let tries = app.store.read(tenant.id).await?.code_tries(waiting.started.id).await?;
    if tries_left(tries) == 0 {
        return Err(Problem::CardRefused("pairing-too-often"));
    }
    let code = EnrolmentCode::from_random(entropy::bytes());
    let hash = code_hash(&app, code.as_str())?.ok_or(Problem::Internal)?;
    if waiting.challenge.is_none() {
        // With a challenge goes the browser that asked, which the agent shows to the person.
        make_challenge(&app, &tenant, &waiting, Asked::by(&headers)).await?;
    }
    let mut tx = app.store.write(tenant.id).await?;
    tx.put_agent_code(waiting.started.id, &hash, waiting.started.expires_at).await?;
    tx.commit().await?;
    let left = waiting.started.expires_at.since(entropy::now()).as_secs();
    Ok(Json(Code { code: code.shown(), expires_in: left }))
}

async fn make_challenge(
    app: &App,
    tenant: &Tenant,
    waiting: &Waiting,
    asked: Asked,
) -> Result<(), Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let challenge = ceremony::for_waiting(app, &mut rows, waiting, Channel::Browser, asked).await?;
    drop(rows);
    let event = Event::ChallengeMade { handle: Some(waiting.handle), challenge };
    let (_, effects) = step(Login::Waiting(waiting.clone()), event, tenant)?;
    let material = Material { on: Some(waiting.clone()), ..Material::default() };
    Ok(execute(app, tenant.id, effects, material).await?)
}

#[derive(Deserialize)]
pub(crate) struct Number {
    number: String,
}

#[derive(Serialize)]
struct Paired {
    state: &'static str,
    device: String,
}

/// `POST /realms/{slug}/login/card/pair/confirm`: the page that showed the code confirms the
/// device that shows this number. Only now does anything of it hold.
pub(crate) async fn confirm(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
    peer: Peer,
    JsonBody(given): JsonBody<Number>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Code, peer)?;
    let login = waiting.started.id;
    let mut tx = app.store.write(tenant.id).await?;
    // Two digits: one wrong number ends the offer.
    let offered = tx.device_of_login(login).await?;
    let offered = offered.filter(|device| device.state == DeviceState::Pending);
    let device = offered.ok_or(Problem::CardRefused("pairing-expired"))?;
    if given.number.trim().parse() != Ok(device.number) {
        tx.revoke_device(device.id).await?;
        // It counts with the wrong codes of this login: whatever is guessed, five times.
        tx.count_code_try(login).await?;
        tx.audit(&event("agent.number-wrong", &waiting, &device)).await?;
        tx.commit().await?;
        app.agents.waiters.wake(device.id);
        tracing::warn!(tenant = %tenant.slug, %login, "wrong number for an agent");
        return Err(Problem::CardRefused("number-wrong"));
    }
    let cookie = DeviceCookie(entropy::token());
    if !tx.confirm_device(device.id).await? {
        return Err(Problem::CardRefused("pairing-expired"));
    }
    let pairing = Pairing {
        device: device.id,
        person: waiting.person,
        expires_at: entropy::now().plus(PAIRING_LIFE),
    };
    tx.insert_pairing(&cookie.0.hash(), &pairing).await?;
    tx.audit(&event("agent.paired", &waiting, &device)).await?;
    tx.commit().await?;
    app.agents.waiters.wake(device.id);
    let set = cookie.set(&tenant.slug, PAIRING_LIFE);
    let paired = Paired { state: "paired", device: device.name };
    Ok(([(SET_COOKIE, set)], Json(paired)).into_response())
}

fn event(kind: &'static str, waiting: &Waiting, device: &Device) -> AuditEntry {
    AuditEntry {
        kind,
        person: Some(waiting.person),
        actor: Some(waiting.person),
        login: Some(waiting.started.id),
        detail: serde_json::json!({ "device": device.id, "name": device.name }),
    }
}
