use agent_protocol::{Outcome, Refused, ResultAnswer, ResultRequest};
use axum::Json;
use axum::extract::State;
use login::{Channel, Purpose, Waiting};
use secrets::Token;
use serde_json::Value;
use store::{AuditEntry, Ticket, TicketState};

use crate::agents::caller::AgentCall;
use crate::agents::patience::Asks;
use crate::agents::refusal::CallError;
use crate::agents::{reason_name, ticket_for};
use crate::app::App;
use crate::card_step::answer::{self, Refusing};
use crate::card_step::next_by_agent;
use crate::entropy;
use crate::hallway::ceremony::{Answer, Asked, Ceremony, Response};
use crate::hallway::events::{PageState, Prompt};
use crate::hallway::execute::FromAgent;
use crate::http::problem::Problem;

type Call = AgentCall<ResultRequest>;

/// `POST /agent/v1/result`: what became of a request that the device claimed. A proof ends the
/// login in one commit; the browser that began claims what was issued.
pub(crate) async fn handler(
    State(app): State<App>,
    call: Call,
) -> Result<Json<ResultAnswer>, Problem> {
    let call = call.confirmed()?;
    let mut rows = app.store.read(call.tenant.id).await?;
    let ticket = ticket_for(&mut rows, &call.device, &call.body.ticket).await?;
    match ticket.state {
        TicketState::Claimed => {}
        TicketState::Waiting => return Err(call.refuse(CallError::NotClaimed)),
        TicketState::Held | TicketState::Proved | TicketState::Refused { .. } => {
            return Err(call.refuse(CallError::TicketOver));
        }
    }
    let waiting = rows.login(ticket.login).await?;
    let waiting = waiting.ok_or_else(|| call.refuse(CallError::LoginOver))?;
    drop(rows);
    let json = |credential: &Value| serde_json::to_vec(credential).map_err(Problem::internal);
    let passkey;
    let (response, purpose) = match &call.body.outcome {
        Outcome::Refused(reason) => return refused(&app, &call, &ticket, &waiting, *reason).await,
        Outcome::Assertion(credential) => {
            passkey = json(credential)?;
            (Response::Passkey(&passkey), Purpose::Authenticate)
        }
        Outcome::Registration(credential) => {
            passkey = json(credential)?;
            (Response::Passkey(&passkey), Purpose::Register)
        }
        Outcome::X509Assertion(it) => (Response::Certificate(it), Purpose::Authenticate),
        Outcome::X509Registration(it) => (Response::Certificate(it), Purpose::Register),
    };
    // For an answer that must wait; any other is taken at once.
    let token = entropy::token();
    let outcome = proved(&app, &call, &ticket, &waiting, response, purpose, &token).await;
    if let Some(state) = page_state(&call, &ticket, &waiting, &outcome) {
        app.pages.tell(ticket.login, state);
    }
    Ok(Json(match outcome? {
        answer::Outcome::Held => {
            let token = token.reveal().try_into().map_err(Problem::internal)?;
            ResultAnswer::Return { token }
        }
        answer::Outcome::Waits | answer::Outcome::Ended => ResultAnswer::Accepted,
    }))
}

async fn refused(
    app: &App,
    call: &Call,
    ticket: &Ticket,
    waiting: &Waiting,
    reason: Refused,
) -> Result<Json<ResultAnswer>, Problem> {
    let name = reason_name(reason);
    let tenant = &call.tenant;
    tracing::info!(tenant = %tenant.slug, login = %ticket.login, reason = name, "agent refused");
    let mut tx = app.store.write(tenant.id).await?;
    call.spend(&mut tx).await?;
    if !tx.finish_ticket(ticket.id, &TicketState::Refused { reason: name.to_owned() }).await? {
        return Err(call.refuse(CallError::TicketOver));
    }
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge);
    let asked = out.map(Ceremony::of).transpose()?.map(|ceremony| ceremony.asked);
    let asks = asked.as_ref().map_or(Asks::ByLink, Asked::asks);
    let had_enough = reason == Refused::Cancelled
        && app.agents.patience.declined(call.device.id, asks, entropy::now());
    if had_enough {
        tx.audit(&left_alone(call, waiting)).await?;
    }
    tx.commit().await?;
    if had_enough {
        let device = call.device.id;
        tracing::warn!(tenant = %tenant.slug, %device, "declined twice, and asked nothing for a minute");
    }
    app.pages.tell(ticket.login, PageState::refused(ticket.id, name));
    Ok(Json(ResultAnswer::Accepted))
}

/// That the person at an agent has said no twice: somebody may be asking in their name.
fn left_alone(call: &Call, waiting: &Waiting) -> AuditEntry {
    AuditEntry {
        kind: "agent.declined-twice",
        person: Some(waiting.person),
        actor: None,
        login: Some(waiting.started.id),
        detail: serde_json::json!({ "device": call.device.id, "name": call.device.name }),
    }
}

async fn proved(
    app: &App,
    call: &Call,
    ticket: &Ticket,
    waiting: &Waiting,
    response: Response<'_>,
    purpose: Purpose,
    token: &Token,
) -> Result<answer::Outcome, Problem> {
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge);
    let out = out.ok_or_else(|| call.refuse(CallError::ChallengeOver))?;
    let asked = Ceremony::of(out)?.asked;
    let agent = FromAgent {
        call: Some(call.call),
        device: call.device.id,
        ticket: ticket.id,
        other_network: asked.other_network,
        tapped: false,
    };
    if purpose != out.purpose {
        // An answer all the same: it spends the challenge like any other that does not verify.
        let refusing = Refusing { challenge: out.id, agent: Some(agent) };
        return Err(answer::refuse(app, &call.tenant, waiting, refusing, "other-ceremony").await);
    }
    app.agents.patience.accepted(call.device.id, asked.asks(), entropy::now());
    // Whoever may answer a ticket is the one device that has claimed it.
    let (channel, back) = match out.channel {
        Channel::Returning(_) => (Channel::Returning(Some(call.device.id)), Some(token.hash())),
        Channel::Agent(_) | Channel::Browser => (Channel::Agent(call.device.id), None),
    };
    let given = Answer {
        channel,
        handle: None,
        back,
        challenge: out.id,
        response,
        label: asked.label.clone(),
        agent: Some(agent),
    };
    Box::pin(answer::take(app, &call.tenant, waiting, given, asked.user_agent(), None)).await
}

/// What the page hears of it.
fn page_state(
    call: &Call,
    ticket: &Ticket,
    waiting: &Waiting,
    taken: &Result<answer::Outcome, Problem>,
) -> Option<PageState> {
    match taken {
        Ok(answer::Outcome::Held) => {
            Some(PageState::Returning(Prompt::returning(ticket, entropy::now())))
        }
        Ok(outcome) => {
            let location = next_by_agent(&call.tenant, waiting, *outcome);
            Some(PageState::Done { location })
        }
        Err(problem) => refusal(problem).map(|reason| PageState::refused(ticket.id, reason)),
    }
}

/// Why the card was refused, if that is what the problem says. After any other the prompt stands
/// as it is: the same answer may be taken the next time, or another was before it.
fn refusal(problem: &Problem) -> Option<&'static str> {
    matches!(problem, Problem::CardRefused(_) | Problem::GivenUp | Problem::Refused(_))
        .then(|| problem.status_and_code().1)
}

#[cfg(test)]
mod tests {
    use store::StoreError;

    use super::*;

    #[test]
    fn the_page_is_told_of_refused_cards_and_of_nothing_that_may_pass() {
        let refused = [
            (Problem::CardRefused("counter-went-back"), "counter-went-back"),
            (Problem::GivenUp, "too-many-refused"),
            (Problem::Refused(login::Refusal::Revoked), "card-revoked"),
        ];
        for (problem, reason) in refused {
            assert_eq!(refusal(&problem), Some(reason));
        }
        let passing = [
            StoreError::Busy.into(),
            Problem::Internal,
            Problem::Conflict("card"),
            // Of an answer that came twice; the page has heard of the first.
            Problem::AlreadyUsed,
            Problem::Unauthenticated,
        ];
        for problem in passing {
            assert_eq!(refusal(&problem), None, "{problem}");
        }
    }
}
