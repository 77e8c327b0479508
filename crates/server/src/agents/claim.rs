use agent_protocol::{ClaimAnswer, ClaimRequest};
use axum::Json;
use axum::extract::State;
use login::{Event, Login};
use store::{Ticket, TicketState, Writing};

use crate::agents::caller::AgentCall;
use crate::agents::refusal::CallError;
use crate::agents::{request, ticket_to_claim};
use crate::app::App;
use crate::entropy;
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
    let AgentCall { tenant, device, body, .. } = &call;
    let mut rows = app.store.read(tenant.id).await?;
    let ticket = ticket_to_claim(&mut rows, device, &body.ticket).await?;
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
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge);
    let challenge = out.ok_or_else(|| call.refuse(CallError::ChallengeOver))?;
    let to = request::To { tenant, device, peer };
    let request = request::signed(&app, &to, &ticket, &waiting, challenge, &person)?;
    let mut tx = app.store.write(tenant.id).await?;
    call.spend(&mut tx).await?;
    if ticket.device.is_none() {
        bind(&mut tx, &call, &ticket).await?;
    }
    if !tx.claim_ticket(ticket.id, device.id).await? {
        return Err(call.refuse(CallError::Claimed));
    }
    tx.commit().await?;
    let now = entropy::now();
    let claimed = Ticket { claimed_at: Some(now), device: Some(device.id), ..ticket };
    app.pages.tell(claimed.login, PageState::Claimed(Prompt::of(&claimed, now)));
    Ok(Json(ClaimAnswer { request }))
}

/// From now on nobody but this device may answer: said to the login too, before the ticket says it.
async fn bind<T>(tx: &mut Writing, call: &AgentCall<T>, ticket: &Ticket) -> Result<(), Problem> {
    let waiting = tx.login(ticket.login).await?;
    let waiting = waiting.ok_or_else(|| call.refuse(CallError::LoginOver))?;
    let event = Event::LinkClaimed { challenge: ticket.challenge, device: call.device.id };
    let (login, _) = step(Login::Waiting(waiting), event, &call.tenant)
        .map_err(|_| call.refuse(CallError::Claimed))?;
    let waiting = waiting_of(login).ok_or(Problem::Internal)?;
    if tx.write_login(&waiting).await? {
        return Ok(());
    }
    Err(call.refuse(CallError::LoginOver))
}
