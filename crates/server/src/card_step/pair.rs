pub(crate) mod back;

use agent_protocol::EnrolmentCode;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use identity::Tenant;
use login::{Channel, Event, Login, Waiting};
use serde::Serialize;

use crate::app::App;
use crate::card_step::code::{code_hash, tries_left};
use crate::entropy;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{Material, execute};
use crate::hallway::step;
use crate::hallway::waiting::AtCard;
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
