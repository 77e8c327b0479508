pub(crate) mod back;

use agent_protocol::EnrolmentCode;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use identity::Tenant;
use ids::DeviceId;
use login::{Channel, Waiting};
use serde::Serialize;
use store::{AuditEntry, Pairing};

use crate::app::App;
use crate::card_step::code::{code_hash, tries_left};
use crate::card_step::hand_out::hand_out;
use crate::entropy;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{Material, NewPairing};
use crate::hallway::waiting::AtCard;
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
    hand_out(app, tenant, waiting.clone(), challenge, Material::default()).await.map(drop)
}

/// Makes the browser of a login and an agent a pair: what the browser gets, and what is kept of it.
/// `detail`: of the event that tells of it.
pub(super) fn new_pairing(
    waiting: &Waiting,
    device: DeviceId,
    detail: serde_json::Value,
) -> (DeviceCookie, NewPairing) {
    let cookie = DeviceCookie(entropy::token());
    let now = entropy::now();
    let pairing = Pairing {
        device,
        person: waiting.person,
        rotated_at: now,
        used_at: None,
        expires_at: now.plus(PAIRING_LIFE),
    };
    let entry = AuditEntry {
        kind: "agent.paired",
        person: Some(waiting.person),
        actor: Some(waiting.person),
        login: Some(waiting.started.id),
        detail,
    };
    let token = cookie.0.hash();
    (cookie, NewPairing { token, pairing, entry })
}
