pub(crate) mod wait;

use agent_protocol::{EnrolAnswer, EnrolRequest, PublicJwk, ReturnToken, limits, paths};
use axum::Json;
use axum::extract::{Request, State};
use identity::{Person, Tenant};
use ids::DeviceId;
use login::Waiting;
use secrets::TokenHash;
use store::{AuditEntry, Device, DeviceState, StoreError};

use crate::agents::caller::{self, Received};
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

/// The login to which an agent offers itself.
struct Offered {
    tenant: Tenant,
    waiting: Waiting,
    person: Person,
    /// The browser that has begun it.
    asked: Asked,
}

/// `POST /agent/v1/enrol`: an agent offers itself to the login whose page shows the code. Until
/// that page confirms, nothing of it holds.
pub(crate) async fn handler(
    State(app): State<App>,
    peer: Peer,
    request: Request,
) -> Result<Json<EnrolAnswer>, Problem> {
    rate::count(&app, Attempt::Enrol, peer)?;
    let (asked, call) = read(&app, request).await?;
    let hash = code_hash(&app, asked.code.as_str())?.ok_or_else(|| unknown(&app))?;
    let offered = login_of(&app, &hash).await?;
    let device = device(&asked, &offered.waiting)?;
    let return_token = token_of(&app, device.id)?;
    let withdrawn = offer(&app, &call, &hash, &offered, &device).await?;
    for older in withdrawn {
        app.agents.waiters.wake(older);
    }
    app.pages.tell(offered.waiting.started.id, PageState::enrolled(&device));
    Ok(Json(answer(&app, offered, &device, return_token)))
}

/// What the call says, by the key that it names.
async fn read(app: &App, request: Request) -> Result<(EnrolRequest, OneCall), Problem> {
    let headers = request.headers().clone();
    let body = body::read(app, request, body::JSON)
        .await
        .inspect_err(|problem| caller::unread(app, problem))?;
    let asked: EnrolRequest = caller::parse(&body).map_err(|error| error.refuse_stranger(app))?;
    let (headers, path) = (&headers, paths::ENROL);
    let received = Received { headers, method: "POST", path, body: &body, nonce: None };
    let proof = received.verify(app, &asked.device_key)?;
    Ok((asked, OneCall::of(&proof)))
}

/// No login has this code.
fn unknown(app: &App) -> Problem {
    CallError::Code.refuse_stranger(app)
}

/// The login whose page shows the code.
async fn login_of(app: &App, hash: &TokenHash) -> Result<Offered, Problem> {
    // Looked up first: a code that is out is never refused because of those that others guess.
    let Some((tenant, login)) = app.store.login_by_agent_code(hash).await? else {
        rate::count_wrong_code(app)?;
        return Err(unknown(app));
    };
    let mut rows = app.store.read(tenant).await?;
    let tenant = rows.tenant().await?.ok_or_else(|| unknown(app))?;
    let waiting = rows.login(login).await?.ok_or_else(|| unknown(app))?;
    let person = rows.person(waiting.person).await?.ok_or_else(|| unknown(app))?;
    let out = waiting.challenge.as_ref().map(Ceremony::of).transpose()?;
    let asked = out.map(|ceremony| ceremony.asked).unwrap_or_default();
    Ok(Offered { tenant, waiting, person, asked })
}

/// Writes the offer; the code is spent. Gives the offers that it takes the place of.
async fn offer(
    app: &App,
    call: &OneCall,
    hash: &TokenHash,
    offered: &Offered,
    device: &Device,
) -> Result<Vec<DeviceId>, Problem> {
    let login = offered.waiting.started.id;
    let mut tx = app.store.write(offered.tenant.id).await?;
    if !call.spend(&mut tx).await? {
        return Err(CallError::Replay.refuse_stranger(app));
    }
    if !tx.take_agent_code(login, hash).await? {
        return Err(unknown(app));
    }
    let withdrawn = tx.offer_device(device).await.map_err(|error| match error {
        StoreError::Conflict(_) => CallError::KeyTaken.refuse_stranger(app),
        other => other.into(),
    })?;
    tx.audit(&AuditEntry {
        kind: "agent.offered",
        person: Some(offered.waiting.person),
        actor: None,
        login: Some(login),
        detail: serde_json::json!({ "device": device.id, "name": device.name }),
    })
    .await?;
    tx.commit().await?;
    Ok(withdrawn)
}

fn answer(app: &App, offered: Offered, device: &Device, return_token: ReturnToken) -> EnrolAnswer {
    let Offered { tenant, waiting, person, asked: Asked { browser, os, .. } } = offered;
    EnrolAnswer {
        device_id: device.id.to_string(),
        tenant: tenant.slug.to_string(),
        tenant_name: tenant.display_name,
        account: person.username,
        browser,
        os,
        return_token,
        origin: app.config.origin().to_owned(),
        rp_id: app.config.rp_id.clone(),
        request_keys: vec![app.request_key.public().to_jwk()],
        expires_in: waiting.started.expires_at.since(entropy::now()).as_secs(),
    }
}

fn device(asked: &EnrolRequest, waiting: &Waiting) -> Result<Device, Problem> {
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
