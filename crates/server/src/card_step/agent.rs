use std::time::Duration;

use agent_protocol::{MatchCode, ServerMessage};
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse;
use identity::{ReturnStep, Tenant};
use ids::{DeviceId, TicketId};
use login::{Challenge, Channel, Waiting};
use serde::{Deserialize, Serialize};
use store::{Device, Rows, Ticket, TicketState};
use uuid::Uuid;

use crate::agents;
use crate::agents::patience::Asks;
use crate::app::App;
use crate::card_step::hand_out::hand_out;
use crate::card_step::page::{Paired, paired};
use crate::entropy;
use crate::hallway::ceremony::{self, Asked, Ceremony, label_text};
use crate::hallway::events::{PageState, Prompt};
use crate::hallway::execute::{Material, Rotation};
use crate::hallway::waiting::AtCard;
use crate::http::body::JsonBody;
use crate::http::cookies::{DeviceCookie, PAIRING_LIFE};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};
use crate::pages::{AgentProgress, AgentPrompt};

#[derive(Deserialize)]
pub(crate) struct Request {
    /// What the person calls a new card.
    label: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(crate) enum Response {
    /// The request is on its way.
    Pushed {
        #[serde(flatten)]
        prompt: Prompt,
        device: String,
    },
    /// This browser is paired with no agent.
    NoAgent,
    /// The agent is not connected.
    Offline { device: String },
    /// The person at the agent has said no twice, and is left alone for a while.
    Declined,
}

/// `POST /realms/{slug}/login/card/agent`: asks the agent that this browser is paired with.
pub(crate) async fn push(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(request): JsonBody<Request>,
) -> Result<axum::response::Response, Problem> {
    limits::count(&app, Attempt::Challenge, peer)?;
    let mut rows = app.store.read(tenant.id).await?;
    let Some(paired) = paired(&mut rows, &tenant, &headers).await? else {
        return Ok(Json(Response::NoAgent).into_response());
    };
    let renewed = Renewed::when_due(&paired);
    let device = paired.device;
    if !app.agents.is_online(device.id) {
        return Ok(Json(Response::Offline { device: device.name }).into_response());
    }
    if app.agents.patience.is_spent(device.id, Asks::Paired, entropy::now()) {
        return Ok(Json(Response::Declined).into_response());
    }
    let other_network = app.agents.is_elsewhere(device.id, peer);
    // Somebody may have taken the pairing's cookie to another place: then it is not enough.
    let must_return = other_network || tenant.policy.return_step == ReturnStep::Always;
    let channel =
        if must_return { Channel::Returning(Some(device.id)) } else { Channel::Agent(device.id) };
    let label = request.label.as_deref().and_then(label_text);
    let asked = Asked { label, other_network, ..Asked::by(&headers) };
    let challenge = ceremony::for_waiting(&app, &mut rows, &waiting, channel, asked).await?;
    drop(rows);
    let id = TicketId(Uuid::from_bytes(entropy::bytes()));
    let ticket = ticket(&waiting, id, Some(device.id), &challenge);
    let login = waiting.started.id;
    let (cookie, rotation) = renewed.map(|r| (r.cookie, r.rotation)).unzip();
    ask(&app, &tenant, waiting, challenge, ticket.clone(), rotation).await?;
    let pushed = app.agents.push(device.id, ServerMessage::Ticket { id: agents::wire(ticket.id)? });
    let answer = if pushed {
        let prompt = Prompt::of(&ticket, None, entropy::now());
        app.pages.tell(login, PageState::Pushed(prompt.clone()));
        Response::Pushed { prompt, device: device.name }
    } else {
        Response::Offline { device: device.name }
    };
    let mut response = Json(answer).into_response();
    if let Some(set) = set_cookie(&app, &tenant, cookie).await? {
        response.headers_mut().append(SET_COOKIE, set);
    }
    Ok(response)
}

/// Hands out a challenge for an agent, with its ticket, in place of what was out.
pub(super) async fn ask(
    app: &App,
    tenant: &Tenant,
    waiting: Waiting,
    challenge: Challenge,
    ticket: Ticket,
    rotation: Option<Rotation>,
) -> Result<(), Problem> {
    // Nothing of this person's may answer: an agent that is asked for nothing would look for any.
    if !Ceremony::of(&challenge)?.takes_passkeys() && !tenant.policy.x509.enabled {
        return Err(Problem::CardRefused("x509-off"));
    }
    app.agents.withdraw(app, tenant, &waiting).await?;
    let material = Material { ticket: Some(ticket), rotation, ..Material::default() };
    hand_out(app, tenant, waiting, challenge, material).await.map(drop)
}

/// What is out at the agent of this browser: a page that is loaded again goes on with it.
pub(super) async fn running(
    app: &App,
    rows: &mut Rows,
    waiting: &Waiting,
    device: Option<&Device>,
) -> Result<Option<AgentPrompt>, Problem> {
    let paired = device.map(|device| device.id).filter(|device| app.agents.is_online(*device));
    let ticket = rows.ticket_of_login(waiting.started.id).await?;
    // A link's may be at an agent that this browser is not paired with.
    let by_link = |out: &Challenge| matches!(out.channel, Channel::Returning(_));
    let by_link = waiting.challenge.as_ref().is_some_and(by_link);
    let ticket = ticket.filter(|ticket| by_link || (paired.is_some() && ticket.device == paired));
    Ok(ticket.and_then(|ticket| still_out(&ticket, waiting)))
}

/// A ticket as the page shows it, if its agent may still answer.
fn still_out(ticket: &Ticket, waiting: &Waiting) -> Option<AgentPrompt> {
    let progress = match ticket.state {
        TicketState::Waiting => AgentProgress::Pushed,
        TicketState::Claimed | TicketState::Held => AgentProgress::Claimed,
        TicketState::Proved | TicketState::Refused { .. } => return None,
    };
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge)?;
    let Prompt { ticket, match_code, expires_in } = Prompt::of(ticket, Some(out), entropy::now());
    let expires_in = u32::try_from(expires_in).ok().filter(|left| *left > 0)?;
    let (ticket, match_code) = (ticket.to_string(), match_code.to_string());
    Some(AgentPrompt { ticket, progress, match_code, expires_in })
}

/// A pairing's token serves for a day, and what somebody copied longer ago opens nothing.
const ROTATE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A new token for a pairing. It counts once it is written, with the ticket.
struct Renewed {
    cookie: DeviceCookie,
    rotation: Rotation,
}

impl Renewed {
    fn when_due(paired: &Paired) -> Option<Self> {
        (entropy::now() >= paired.pairing.rotated_at.plus(ROTATE_AFTER)).then(|| {
            let cookie = DeviceCookie(entropy::token());
            let rotation = Rotation { old: paired.token, new: cookie.0.hash() };
            Self { cookie, rotation }
        })
    }
}

/// The header for a new token, unless another request of this browser was first with one of its
/// own.
async fn set_cookie(
    app: &App,
    tenant: &Tenant,
    cookie: Option<DeviceCookie>,
) -> Result<Option<HeaderValue>, Problem> {
    let Some(cookie) = cookie else { return Ok(None) };
    let written = app.store.read(tenant.id).await?.pairing(&cookie.0.hash()).await?;
    Ok(written.map(|_| cookie.set(&tenant.slug, PAIRING_LIFE)))
}

/// A new ticket; without a device, for the link that says its id.
pub(super) fn ticket(
    waiting: &Waiting,
    id: TicketId,
    device: Option<DeviceId>,
    challenge: &Challenge,
) -> Ticket {
    let now = entropy::now();
    Ticket {
        id,
        login: waiting.started.id,
        device,
        challenge: challenge.id,
        purpose: challenge.purpose,
        match_code: MatchCode::from_random(entropy::bytes()),
        state: TicketState::Waiting,
        created_at: now,
        claimed_at: None,
        // It may be claimed for a minute; its answer may take as long as its challenge lives.
        expires_at: waiting.started.expires_at,
        held: None,
    }
}

#[derive(Serialize)]
pub(crate) struct Cancelled {
    state: &'static str,
}

/// `POST /realms/{slug}/login/card/agent/cancel`: the page gives up; the agent's dialog goes away.
pub(crate) async fn cancel(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
) -> Result<Json<Cancelled>, Problem> {
    app.agents.withdraw(&app, &tenant, &waiting).await?;
    Ok(Json(Cancelled { state: "cancelled" }))
}
