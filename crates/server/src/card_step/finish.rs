use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use ids::ChallengeId;
use login::{Channel, Then};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::card_step::answer::{self, Outcome};
use crate::card_step::{Location, late, next};
use crate::exits;
use crate::hallway::ceremony::{Answer, Response as CardResponse};
use crate::hallway::waiting::{self, session_token};
use crate::http::body::JsonBody;
use crate::http::cookies::CardCookie;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;

#[derive(Deserialize)]
pub(crate) struct Request {
    challenge: ChallengeId,
    credential: Box<RawValue>,
    label: Option<String>,
}

/// `POST /realms/{slug}/login/card/finish`: the browser's answer. Proof, exit and audit event are
/// one commit; a wrong answer spends the challenge and nothing else. One that comes too late or a
/// second time is on record.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(request): JsonBody<Request>,
) -> Result<Response, Problem> {
    // Not `AtCard`, which would look the tenant up a second time: who comes too late is refused in it, too.
    let waiting = match waiting::of_browser(&app, &tenant, &headers).await {
        Ok(waiting) => waiting,
        Err(Problem::LoginGone) => return Err(late::refuse(&app, &tenant, &headers, peer).await),
        Err(other) => return Err(other),
    };
    let given = Answer {
        channel: Channel::Browser,
        handle: Some(waiting.handle),
        challenge: request.challenge,
        response: CardResponse::Passkey(request.credential.get().as_bytes()),
        back: None,
        label: request.label,
        agent: None,
    };
    let user_agent = exits::user_agent(&headers);
    let outcome = Box::pin(answer::take(&app, &tenant, &waiting, given, user_agent, None)).await?;
    let location = next(&tenant, &waiting, outcome);
    let mut response = Json(Location { location }).into_response();
    if outcome == Outcome::Ended {
        response.headers_mut().append(SET_COOKIE, CardCookie::clear(&tenant.slug));
        let kind = exits::kind(waiting.started.request.door);
        if let Some(kind) = kind.filter(|_| matches!(waiting.then, Then::Confirm | Then::Exit)) {
            let token = session_token(&app.ring, &waiting.handle)?;
            response.headers_mut().append(SET_COOKIE, exits::cookie(&tenant, kind, token));
        }
    }
    Ok(response)
}
