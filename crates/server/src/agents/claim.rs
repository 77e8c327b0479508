use agent_protocol::{ClaimAnswer, ClaimRequest};
use axum::Json;
use axum::extract::State;
use store::{Ticket, TicketState};

use crate::agents::caller::AgentCall;
use crate::agents::refusal::CallError;
use crate::agents::{request, ticket_for};
use crate::app::App;
use crate::entropy;
use crate::hallway::events::{PageState, Prompt};
use crate::http::problem::Problem;

/// `POST /agent/v1/claim`: trades a ticket for the signed request. Once, within a minute, and by
/// the device that it was made for.
pub(crate) async fn handler(
    State(app): State<App>,
    call: AgentCall<ClaimRequest>,
) -> Result<Json<ClaimAnswer>, Problem> {
    let call = call.confirmed()?;
    let AgentCall { tenant, device, body, .. } = &call;
    let mut rows = app.store.read(tenant.id).await?;
    let ticket = ticket_for(&mut rows, device, &body.ticket).await?;
    match ticket.state {
        TicketState::Waiting => {}
        TicketState::Claimed => return Err(call.refuse(CallError::Claimed)),
        TicketState::Proved | TicketState::Refused { .. } => {
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
    let request = request::signed(&app, tenant, device, &ticket, &waiting, challenge, &person)?;
    let mut tx = app.store.write(tenant.id).await?;
    call.spend(&mut tx).await?;
    if !tx.claim_ticket(ticket.id, device.id).await? {
        return Err(call.refuse(CallError::Claimed));
    }
    tx.commit().await?;
    let now = entropy::now();
    let claimed = Ticket { claimed_at: Some(now), ..ticket };
    app.pages.tell(claimed.login, PageState::Claimed(Prompt::of(&claimed, now)));
    Ok(Json(ClaimAnswer { request }))
}
