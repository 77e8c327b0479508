use agent_protocol::{ClaimAnswer, ClaimRequest};
use axum::Json;
use axum::extract::State;
use store::DeviceState;

use crate::agents::caller::AgentCall;
use crate::agents::{request, ticket_id};
use crate::app::App;
use crate::hallway::events::PageState;
use crate::http::problem::Problem;

/// `POST /agent/v1/claim`: trades a ticket for the signed request. Once, within a minute, and by
/// the device that it was made for.
pub(crate) async fn handler(
    State(app): State<App>,
    AgentCall { tenant, device, body }: AgentCall<ClaimRequest>,
) -> Result<Json<ClaimAnswer>, Problem> {
    let id = ticket_id(&body.ticket).ok_or(Problem::NotFound)?;
    let mut rows = app.store.read(tenant.id).await?;
    let ticket = rows.ticket(id).await?.filter(|ticket| ticket.device == device.id);
    let ticket =
        ticket.filter(|_| device.state == DeviceState::Confirmed).ok_or(Problem::NotFound)?;
    let waiting = rows.login(ticket.login).await?.ok_or(Problem::ChallengeGone)?;
    let person = rows.person(waiting.person).await?.ok_or(Problem::ChallengeGone)?;
    drop(rows);
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge);
    let challenge = out.ok_or(Problem::ChallengeGone)?;
    let request = request::signed(&app, &tenant, &device, &ticket, &waiting, challenge, &person)?;
    let mut tx = app.store.write(tenant.id).await?;
    if !tx.claim_ticket(id, device.id).await? {
        return Err(Problem::AlreadyUsed);
    }
    tx.commit().await?;
    let match_code = Some(format!("{:02}", ticket.match_code));
    let state = PageState { match_code, ..PageState::of("claimed") };
    app.pages.tell(ticket.login, state);
    Ok(Json(ClaimAnswer { request }))
}
