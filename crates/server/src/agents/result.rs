use agent_protocol::{Outcome, Refused, ResultAnswer, ResultRequest};
use axum::Json;
use axum::extract::State;
use identity::Tenant;
use login::{Channel, Waiting};
use serde_json::Value;
use store::{Device, DeviceState, Ticket, TicketState};

use crate::agents::caller::AgentCall;
use crate::agents::ticket_id;
use crate::app::App;
use crate::card_step::{answer, next_by_agent};
use crate::hallway::ceremony::{Answer, Ceremony};
use crate::hallway::events::PageState;
use crate::http::problem::Problem;

/// `POST /agent/v1/result`: what became of a request that the device claimed. A proof ends the
/// login in one commit; the browser that began claims what was issued.
pub(crate) async fn handler(
    State(app): State<App>,
    AgentCall { tenant, device, body }: AgentCall<ResultRequest>,
) -> Result<Json<ResultAnswer>, Problem> {
    let id = ticket_id(&body.ticket).ok_or(Problem::NotFound)?;
    let mut rows = app.store.read(tenant.id).await?;
    let ticket = rows.ticket(id).await?.filter(|ticket| ticket.device == device.id);
    let ticket =
        ticket.filter(|_| device.state == DeviceState::Confirmed).ok_or(Problem::NotFound)?;
    if ticket.state != TicketState::Claimed {
        return Err(Problem::AlreadyUsed);
    }
    let waiting = rows.login(ticket.login).await?.ok_or(Problem::ChallengeGone)?;
    drop(rows);
    match body.outcome {
        Outcome::Refused(reason) => refused(&app, &tenant, &ticket, reason).await?,
        Outcome::Assertion(credential) | Outcome::Registration(credential) => {
            proved(&app, &tenant, &device, &ticket, &waiting, &credential).await?;
        }
    }
    Ok(Json(ResultAnswer::Accepted))
}

async fn refused(
    app: &App,
    tenant: &Tenant,
    ticket: &Ticket,
    reason: Refused,
) -> Result<(), Problem> {
    let name = serde_json::to_value(reason).unwrap_or_default();
    let name = name.as_str().unwrap_or("unknown").to_owned();
    tracing::info!(tenant = %tenant.slug, login = %ticket.login, reason = name, "agent refused");
    let mut tx = app.store.write(tenant.id).await?;
    tx.finish_ticket(ticket.id, &TicketState::Refused { reason: name.clone() }).await?;
    tx.commit().await?;
    let state = PageState { reason: Some(name), ..PageState::of("refused") };
    app.pages.tell(ticket.login, state);
    Ok(())
}

async fn proved(
    app: &App,
    tenant: &Tenant,
    device: &Device,
    ticket: &Ticket,
    waiting: &Waiting,
    credential: &Value,
) -> Result<(), Problem> {
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge);
    let out = out.ok_or(Problem::ChallengeGone)?;
    let asked = Ceremony::of(out)?.asked;
    let response = serde_json::to_vec(credential).map_err(Problem::internal)?;
    let given = Answer {
        channel: Channel::Agent(device.id),
        handle: None,
        challenge: out.id,
        response: &response,
        label: asked.label.clone(),
    };
    let taken = answer::take(app, tenant, waiting, given, asked.user_agent()).await;
    let state = match &taken {
        Ok(outcome) => {
            let location = next_by_agent(tenant, waiting, *outcome);
            PageState { location: Some(location), ..PageState::of("done") }
        }
        Err(problem) => {
            let reason = problem.status_and_code().1.to_owned();
            PageState { reason: Some(reason), ..PageState::of("refused") }
        }
    };
    app.pages.tell(ticket.login, state);
    taken.map(drop)
}
