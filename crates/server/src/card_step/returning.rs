//! The return step of a card's answer: the browser at the agent's desk comes back here, and the
//! answer counts if it is the one that began.
//!
//! # Security
//!
//! Whoever relays a sign-in holds the login, and never sees the return token: the agent gives it to
//! the browser at its own desk. That browser has the token, and not the login. Neither of the two
//! alone makes a session, and until both are there nothing is issued.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use ids::DeviceId;
use login::{Channel, Waiting};
use secrets::{Token, TokenHash};
use serde::Deserialize;
use serde_json::json;
use store::{HeldAnswer, Ticket};

use crate::app::App;
use crate::card_step::answer::{self, Outcome, Refusing};
use crate::card_step::next_by_agent;
use crate::card_step::page::paired;
use crate::card_step::pair::new_pairing;
use crate::hallway::ceremony::{Answer, Asked, Ceremony, Kept};
use crate::hallway::events::PageState;
use crate::hallway::execute::FromAgent;
use crate::http::body::FormBody;
use crate::http::cookies::{CardCookie, PAIRING_LIFE};
use crate::http::page::{Html, frame};
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::pages::{ReturnPage, ReturnStep};

/// `GET /realms/{slug}/login/card/return`: takes the token out of the fragment, which only the
/// page's script sees, and sends it back at once. Changes nothing.
pub(crate) async fn page(TenantPath(tenant): TenantPath) -> Html<ReturnPage> {
    Html(ReturnPage { frame: frame(&tenant), step: ReturnStep::Sending })
}

#[derive(Deserialize)]
pub(crate) struct Form {
    token: String,
}

/// An answer that waits, and all that it takes to go on with it.
struct Held {
    waiting: Waiting,
    ticket: Ticket,
    device: DeviceId,
    answer: HeldAnswer,
    asked: Asked,
}

/// `POST /realms/{slug}/login/card/return`: the answer that waits for this token counts, if this
/// browser holds its login; from any other browser, it is refused.
pub(crate) async fn confirm(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    headers: HeaderMap,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Challenge, peer)?;
    let Some(held) = held(&app, &tenant, &form.token).await? else {
        return Ok(shown(&tenant, StatusCode::GONE, ReturnStep::Over));
    };
    let handle = CardCookie::read(&headers, &tenant.slug).map(|cookie| cookie.0.hash());
    match handle.filter(|handle| handle.matches(&held.waiting.handle)) {
        Some(handle) => Box::pin(back(&app, &tenant, held, handle, &headers)).await,
        None => opened_elsewhere(&app, &tenant, &held).await,
    }
}

/// What waits for a token.
async fn held(app: &App, tenant: &Tenant, token: &str) -> Result<Option<Held>, Problem> {
    let Ok(token) = Token::parse(token.trim()) else { return Ok(None) };
    let mut rows = app.store.read(tenant.id).await?;
    let Some(ticket) = rows.ticket_by_return(&token.hash()).await? else { return Ok(None) };
    let Some(waiting) = rows.login(ticket.login).await? else { return Ok(None) };
    // With the challenge that the answer is to, it is over.
    let out = waiting.challenge.as_ref().filter(|out| out.id == ticket.challenge);
    let Some(out) = out else { return Ok(None) };
    let asked = Ceremony::of(out)?.asked;
    let parts = ticket.device.zip(ticket.held.clone());
    Ok(parts.map(|(device, answer)| Held { waiting, ticket, device, answer, asked }))
}

/// The browser that began is at the agent's desk: all of the answer is judged now, and what it
/// gives is written with what makes the two a pair.
async fn back(
    app: &App,
    tenant: &Tenant,
    Held { waiting, ticket, device, answer, asked }: Held,
    handle: TokenHash,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let known = paired(&mut rows, tenant, headers).await?;
    drop(rows);
    let is_paired = known.is_some_and(|known| known.device.id == device);
    let pair = || new_pairing(&waiting, device, json!({ "device": device }));
    let (cookie, pairing) = (!is_paired).then(pair).unzip();
    let kept: Kept = serde_json::from_str(&answer.answer).map_err(Problem::internal)?;
    let given = Answer {
        channel: Channel::Returning(Some(device)),
        handle: Some(handle),
        challenge: ticket.challenge,
        response: kept.response(),
        back: Some(answer.token),
        label: asked.label.clone(),
        agent: Some(from_agent(&ticket, device, asked.other_network)),
    };
    let taken =
        Box::pin(answer::take(app, tenant, &waiting, given, asked.user_agent(), pairing)).await;
    let outcome = match taken {
        Ok(outcome) => outcome,
        Err(problem) => {
            let (_, code) = problem.status_and_code();
            app.pages.tell(waiting.started.id, PageState::refused(ticket.id, code));
            return Err(problem);
        }
    };
    debug_assert_ne!(outcome, Outcome::Held, "it has waited");
    let location = next_by_agent(tenant, &waiting, outcome);
    app.pages.tell(waiting.started.id, PageState::Done { location: location.clone() });
    let application = waiting.started.request.application.clone();
    let step = ReturnStep::Done { location, application };
    let mut response = shown(tenant, StatusCode::OK, step);
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie.set(&tenant.slug, PAIRING_LIFE));
    }
    Ok(response)
}

fn from_agent(ticket: &Ticket, device: DeviceId, other_network: bool) -> FromAgent {
    let tapped = ticket.held.as_ref().is_some_and(|held| held.tapped);
    FromAgent { call: None, device, ticket: ticket.id, other_network, tapped }
}

/// The desk is not where the login was begun: somebody may sign in as the person there. The answer
/// is spent like any other that is refused.
async fn opened_elsewhere(app: &App, tenant: &Tenant, held: &Held) -> Result<Response, Problem> {
    let Held { waiting, ticket, device, asked, .. } = held;
    let reason = "return-elsewhere";
    let agent = Some(from_agent(ticket, *device, asked.other_network));
    let refusing = Refusing { challenge: ticket.challenge, agent };
    match answer::refuse(app, tenant, waiting, refusing, reason).await {
        Problem::CardRefused(_) | Problem::GivenUp => {}
        failed => return Err(failed),
    }
    app.pages.tell(waiting.started.id, PageState::refused(ticket.id, reason));
    Ok(shown(tenant, StatusCode::FORBIDDEN, ReturnStep::Elsewhere))
}

fn shown(tenant: &Tenant, status: StatusCode, step: ReturnStep) -> Response {
    (status, Html(ReturnPage { frame: frame(tenant), step })).into_response()
}
