use agent_protocol::{ClaimAnswer, ClaimRequest, Refused};
use axum::Json;
use axum::extract::State;
use identity::Person;
use login::{Challenge, Event, Login, Waiting};
use store::{Ticket, TicketState, Writing};

use crate::agents::caller::AgentCall;
use crate::agents::refusal::CallError;
use crate::agents::request::{self, Asking};
use crate::agents::{away, reason_name, ticket_to_claim};
use crate::app::App;
use crate::entropy;
use crate::hallway::ceremony;
use crate::hallway::events::{PageState, Prompt};
use crate::hallway::execute::waiting_of;
use crate::hallway::step;
use crate::http::peer::Peer;
use crate::http::problem::Problem;

/// `POST /agent/v1/claim`: trades a ticket for the signed request. Once, within a minute, and by
/// the device that it was made for; a link's by the first device of the tenant that has its secret,
/// and from then on it is for that device.
///
/// # Security
///
/// What a link shows is what a push shows: whose account, for what, in which browser, and the number
/// that stands on that page. Whoever has the link has seen that page, or was sent it by somebody who
/// wants to sign in as them: their own browser, which has to come back, does not hold that login.
pub(crate) async fn handler(
    State(app): State<App>,
    peer: Peer,
    call: AgentCall<ClaimRequest>,
) -> Result<Json<ClaimAnswer>, Problem> {
    let call = call.confirmed()?;
    let mut rows = app.store.read(call.tenant.id).await?;
    let ticket = ticket_to_claim(&mut rows, &call.device, &call.body.ticket).await?;
    match ticket.state {
        TicketState::Waiting => {}
        TicketState::Claimed => return Err(call.refuse(CallError::Claimed)),
        TicketState::Held | TicketState::Proved | TicketState::Refused { .. } => {
            return Err(call.refuse(CallError::TicketOver));
        }
    }
    let waiting = rows.login(ticket.login).await?;
    let waiting = waiting.ok_or_else(|| call.refuse(CallError::LoginOver))?;
    let person = rows.person(waiting.person).await?;
    let person = person.ok_or_else(|| call.refuse(CallError::LoginOver))?;
    drop(rows);
    let claimed = claim(&app, peer, &call, (&ticket, &waiting, &person)).await;
    if let Some(reason) = claimed.as_ref().err().and_then(told) {
        // The agent tries no second time: its page would wait for nothing.
        let told = away::unclaimed(&app, call.tenant.id, &ticket, reason).await;
        told.unwrap_or_else(|error| tracing::warn!(%error, "a page is not told of a failed claim"));
    }
    claimed.map(|request| Json(ClaimAnswer { request }))
}

/// What the page is told of a claim that failed. Nothing of one that only came twice: the other one
/// may be under way.
fn told(problem: &Problem) -> Option<&'static str> {
    match problem {
        Problem::ChallengeGone => Some("challenge-expired"),
        // Unless another claim was first: then it is no longer unclaimed, and goes on.
        Problem::AlreadyUsed => Some(reason_name(Refused::Timeout)),
        problem if problem.status_and_code().0.is_server_error() => {
            Some(reason_name(Refused::Unknown))
        }
        _ => None,
    }
}

async fn claim(
    app: &App,
    peer: Peer,
    call: &AgentCall<ClaimRequest>,
    (ticket, waiting, person): (&Ticket, &Waiting, &Person),
) -> Result<String, Problem> {
    let AgentCall { tenant, device, .. } = call;
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge);
    let challenge = out.ok_or_else(|| call.refuse(CallError::ChallengeOver))?;
    let challenge = ceremony::claimed_from(challenge, peer)?;
    let asking = Asking { tenant, device, ticket, waiting, challenge: &challenge, person };
    let request = request::signed(app, &asking)?;
    let mut tx = app.store.write(tenant.id).await?;
    call.spend(&mut tx).await?;
    if ticket.device.is_none() {
        bind(&mut tx, call, ticket, challenge).await?;
    }
    if !tx.claim_ticket(ticket.id, device.id).await? {
        return Err(call.refuse(CallError::Claimed));
    }
    tx.commit().await?;
    let now = entropy::now();
    let claimed = Ticket { claimed_at: Some(now), device: Some(device.id), ..ticket.clone() };
    app.pages.tell(claimed.login, PageState::Claimed(Prompt::of(&claimed, None, now)));
    Ok(request)
}

/// From now on nobody but this device may answer: said to the login too, before the ticket says it.
/// The challenge goes with what the claim has shown of the agent.
async fn bind<T>(
    tx: &mut Writing,
    call: &AgentCall<T>,
    ticket: &Ticket,
    claimed: Challenge,
) -> Result<(), Problem> {
    let waiting = tx.login(ticket.login).await?;
    let mut waiting = waiting.ok_or_else(|| call.refuse(CallError::LoginOver))?;
    if let Some(out) = waiting.challenge.as_mut().filter(|out| out.id == claimed.id) {
        out.state = claimed.state;
    }
    let event = Event::LinkClaimed { challenge: ticket.challenge, device: call.device.id };
    let (login, _) = step(Login::Waiting(waiting), event, &call.tenant)
        .map_err(|_| call.refuse(CallError::Claimed))?;
    let waiting = waiting_of(login).ok_or(Problem::Internal)?;
    if tx.write_login(&waiting).await? {
        return Ok(());
    }
    Err(call.refuse(CallError::LoginOver))
}
