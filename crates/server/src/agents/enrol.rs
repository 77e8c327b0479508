use agent_protocol::{
    EnrolAnswer, EnrolRequest, EnrolmentState, PublicJwk, WaitAnswer, limits, paths,
};
use axum::Json;
use axum::extract::{Request, State};
use ids::DeviceId;
use serde::Deserialize;
use store::{AuditEntry, Device, DeviceState, StoreError};

use crate::agents::caller::{self, AgentCall};
use crate::agents::refusal::CallError;
use crate::app::App;
use crate::card_step::code::code_hash;
use crate::card_step::pair::back::token_of;
use crate::entropy;
use crate::hallway::ceremony::{Asked, Ceremony};
use crate::hallway::events::PageState;
use crate::hallway::one_call::OneCall;
use crate::http::body;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self as rate, Attempt};

/// `POST /agent/v1/enrol`: an agent offers itself to the login whose page shows the code. Until
/// that page confirms, nothing of it holds.
pub(crate) async fn handler(
    State(app): State<App>,
    peer: Peer,
    request: Request,
) -> Result<Json<EnrolAnswer>, Problem> {
    rate::count(&app, Attempt::Enrol, peer)?;
    let headers = request.headers().clone();
    let body = body::read(&app, request, body::JSON)
        .await
        .inspect_err(|problem| caller::unread(&app, problem))?;
    let asked: EnrolRequest = caller::parse(&body).map_err(|error| error.refuse_stranger(&app))?;
    let proof = caller::proof_of(&app, &headers)?;
    let proof = caller::verify(&app, proof, &asked.device_key, "POST", paths::ENROL, &body, None)?;
    let unknown = || CallError::Code.refuse_stranger(&app);
    let hash = code_hash(&app, asked.code.as_str())?.ok_or_else(unknown)?;
    // Looked up first: a code that is out is never refused because of those that others guess.
    let Some((tenant, login)) = app.store.login_by_agent_code(&hash).await? else {
        rate::count_wrong_code(&app)?;
        return Err(unknown());
    };
    let mut rows = app.store.read(tenant).await?;
    let tenant = rows.tenant().await?.ok_or_else(unknown)?;
    let waiting = rows.login(login).await?.ok_or_else(unknown)?;
    let person = rows.person(waiting.person).await?.ok_or_else(unknown)?;
    let out = waiting.challenge.as_ref().map(Ceremony::of).transpose()?;
    let Asked { browser, os, .. } = out.map(|ceremony| ceremony.asked).unwrap_or_default();
    drop(rows);
    let device = device(&asked, &waiting)?;
    let return_token = token_of(&app, device.id)?;
    let mut tx = app.store.write(tenant.id).await?;
    if !OneCall::of(&proof).spend(&mut tx).await? {
        return Err(CallError::Replay.refuse_stranger(&app));
    }
    if !tx.take_agent_code(login, &hash).await? {
        return Err(unknown());
    }
    let withdrawn = tx.offer_device(&device).await.map_err(|error| match error {
        StoreError::Conflict(_) => CallError::KeyTaken.refuse_stranger(&app),
        other => other.into(),
    })?;
    tx.audit(&AuditEntry {
        kind: "agent.offered",
        person: Some(waiting.person),
        actor: None,
        login: Some(login),
        detail: serde_json::json!({ "device": device.id, "name": device.name }),
    })
    .await?;
    tx.commit().await?;
    for older in withdrawn {
        app.agents.waiters.wake(older);
    }
    app.pages.tell(login, PageState::enrolled(&device));
    let left = waiting.started.expires_at.since(entropy::now()).as_secs();
    Ok(Json(EnrolAnswer {
        device_id: device.id.to_string(),
        tenant: tenant.slug.to_string(),
        tenant_name: tenant.display_name.clone(),
        account: person.username,
        browser,
        os,
        return_token,
        origin: app.config.origin().to_owned(),
        rp_id: app.config.rp_id.clone(),
        request_keys: vec![app.request_key.public().to_jwk()],
        expires_in: left,
    }))
}

fn device(asked: &EnrolRequest, waiting: &login::Waiting) -> Result<Device, Problem> {
    let key = asked.device_key.key().map_err(|_| Problem::Malformed("device key"))?;
    let jwk: PublicJwk = key.to_jwk();
    let plain = |text: &str| -> String {
        text.chars().filter(|c| !c.is_control()).take(limits::MAX_DEVICE_NAME).collect()
    };
    Ok(Device {
        id: DeviceId(entropy::id()),
        thumbprint: key.thumbprint().as_str().to_owned(),
        jwk: serde_json::to_string(&jwk).map_err(Problem::internal)?,
        name: plain(&asked.device_name),
        os: plain(asked.os.as_deref().unwrap_or_default()),
        person: waiting.person,
        state: DeviceState::Pending,
        login: Some(waiting.started.id),
        created_at: entropy::now(),
        last_seen_at: None,
    })
}

/// An empty object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `POST /agent/v1/enrol/wait`: has the page confirmed? Held until it has, at most 25 seconds.
pub(crate) async fn wait(
    State(app): State<App>,
    call: AgentCall<Nothing>,
) -> Result<Json<WaitAnswer>, Problem> {
    let mut tx = app.store.write(call.tenant.id).await?;
    call.spend(&mut tx).await?;
    tx.commit().await?;
    // Who waits for nothing takes no place: of each login there is one offer, and so one place.
    if call.device.state != DeviceState::Pending {
        return Ok(Json(WaitAnswer { state: state(&app, &call).await? }));
    }
    // Before the look, so that nothing is missed between the two.
    let mut waiter = app.agents.waiters.wait(call.device.id).ok_or(Problem::Busy)?;
    let pending = state(&app, &call).await?;
    if pending != EnrolmentState::Pending {
        return Ok(Json(WaitAnswer { state: pending }));
    }
    match tokio::time::timeout(limits::LONG_POLL, waiter.woken()).await {
        Ok(()) => Ok(Json(WaitAnswer { state: state(&app, &call).await? })),
        Err(_) => Ok(Json(WaitAnswer { state: pending })),
    }
}

async fn state(app: &App, call: &AgentCall<Nothing>) -> Result<EnrolmentState, Problem> {
    let mut rows = app.store.read(call.tenant.id).await?;
    let Some(device) = rows.device(call.device.id).await? else {
        return Ok(EnrolmentState::Refused);
    };
    Ok(match device.state {
        DeviceState::Confirmed => EnrolmentState::Confirmed,
        DeviceState::Revoked => EnrolmentState::Refused,
        DeviceState::Pending => match device.login {
            Some(login) if rows.login(login).await?.is_some() => EnrolmentState::Pending,
            _ => EnrolmentState::Refused,
        },
    })
}
