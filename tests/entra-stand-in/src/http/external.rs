//! External MFA in the browser: the form that leads to a provider, the address at which it answers, and
//! "Security info", where people register a method.
//!
//! Deviation: "Security info" asks nobody to sign in; whoever is signed in in the browser is there.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{any, get};
use uuid::Uuid;

use super::authorize::redirect;
use super::page::{page, refusal};
use super::sign_in::accounts;
use super::{App, browser_of, sent};
use crate::aadsts::Aadsts;
use crate::external::Continues;
use crate::external::challenge::{self, Challenge, Draft, Purpose};
use crate::external::log::ExternalOutcome;
use crate::external::stage::external_done;
use crate::faults::RETURN_ADDRESS;
use crate::request::Parameters;
use crate::world::{Shared, World};

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(RETURN_ADDRESS, any(answer))
        .route("/security-info", get(security_info).post(register))
}

#[derive(Template)]
#[template(path = "sign_in/external.html")]
struct ToProvider {
    action: String,
    fields: Vec<(String, String)>,
    method: String,
}

#[derive(Template)]
#[template(path = "sign_in/external_done.html")]
struct Done {
    next: String,
}

/// The page that posts the request to the provider, or why nobody is sent there.
pub(super) async fn send(shared: &Shared, draft: Draft) -> Response {
    match challenge::send(shared, draft).await {
        Ok(form) => {
            let world = shared.world();
            let method = world.external.methods.get(&draft.method);
            let method = method.map(|method| method.display_name.clone()).unwrap_or_default();
            page(&ToProvider { action: form.action, fields: form.fields, method })
        }
        Err(problem) => {
            let outcome = ExternalOutcome {
                at: shared.clock.now(),
                client_request_id: None,
                user: Some(draft.user),
                refused: Some(problem.code),
                reason: problem.message(),
                error: None,
                id_token: None,
            };
            shared.world().external.log.add(outcome);
            refusal(shared, &problem)
        }
    }
}

/// `POST /common/federation/externalauthprovider`. The browser brings no cookie from another site, so the
/// answer is judged by its `state` alone; the sign-in goes on where the cookie is there.
async fn answer(State(shared): App, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    if method != Method::POST {
        return refusal(&shared, &Aadsts::only_post(method.as_str()));
    }
    let posted = match Parameters::parse(sent(&method, None, &headers, &body)) {
        Ok(posted) => posted,
        Err(problem) => return refusal(&shared, &problem),
    };
    let now = shared.clock.now();
    let state = posted.all("state").next();
    let taken = shared.world().take_challenge(state, now);
    let judged = match &taken {
        None => Err(Aadsts::stale_sign_in()),
        Some(challenge) => challenge::judge(&shared, challenge, &posted).await,
    };
    remember(&shared, taken.as_ref(), &posted, judged.as_ref().err());
    match taken.zip(judged.as_ref().ok()) {
        Some((challenge, ())) => go_on(&shared, &challenge, now),
        None => refusal(&shared, &judged.err().unwrap_or_else(Aadsts::stale_sign_in)),
    }
}

fn remember(
    shared: &Shared,
    challenge: Option<&Challenge>,
    posted: &Parameters,
    problem: Option<&Aadsts>,
) {
    shared.world().external.log.add(ExternalOutcome {
        at: shared.clock.now(),
        client_request_id: challenge.map(|challenge| challenge.id),
        user: challenge.map(|challenge| challenge.user),
        refused: problem.map(|problem| problem.code),
        reason: problem.map(Aadsts::message).unwrap_or_default(),
        error: posted.get("error").map(str::to_owned),
        id_token: posted.get("id_token").map(str::to_owned),
    });
}

/// What a good answer leads to.
fn go_on(shared: &Shared, challenge: &Challenge, now: i64) -> Response {
    let mut world = shared.world();
    if challenge.registers {
        // Person and method were there a moment ago; if they are gone, nothing is registered.
        let _ = world.register_external_method(challenge.user, challenge.method, now);
    }
    let next = match challenge.purpose {
        Purpose::SecurityInfo => "/security-info".to_owned(),
        Purpose::SignIn(id) => match external_done(&mut world, id) {
            Some(()) => format!("/sign-in/{id}"),
            None => return refusal(shared, &Aadsts::stale_sign_in()),
        },
    };
    match world.external.continues {
        Continues::Redirect => redirect(&next),
        Continues::Page => page(&Done { next }),
    }
}

/// Somebody who is signed in in this browser.
struct SecurityInfoOf {
    id: Uuid,
    name: String,
    registered: Vec<String>,
    offered: Vec<(Uuid, String)>,
}

#[derive(Template)]
#[template(path = "security_info.html")]
struct SecurityInfo {
    people: Vec<SecurityInfoOf>,
}

/// `GET /security-info`.
async fn security_info(State(shared): App, headers: HeaderMap) -> Response {
    let browser = browser_of(&headers).unwrap_or_default();
    let world = shared.world();
    let people = accounts(&world, &browser).into_iter();
    page(&SecurityInfo {
        people: people.map(|(id, _, name)| of_person(&world, id, name)).collect(),
    })
}

fn of_person(world: &World, id: Uuid, name: String) -> SecurityInfoOf {
    let own = world.external.registrations.iter().filter(|known| known.user == id);
    let registered: Vec<(Uuid, String)> =
        own.map(|known| (known.configuration_id, known.display_name.clone())).collect();
    let user = world.users.get(&id);
    let usable = |method: &&crate::ExternalMethod| user.is_some_and(|user| method.covers(user));
    let offered = world.external.methods.values().filter(usable);
    let offered = offered.filter(|method| registered.iter().all(|(known, _)| *known != method.id));
    SecurityInfoOf {
        id,
        name,
        offered: offered.map(|method| (method.id, method.display_name.clone())).collect(),
        registered: registered.into_iter().map(|(_, name)| name).collect(),
    }
}

/// `POST /security-info`: an ordinary round trip to the provider.
async fn register(State(shared): App, headers: HeaderMap, body: Bytes) -> Response {
    let form = Parameters::parse_lenient(&body);
    let id = |name| Uuid::parse_str(form.text(name)).unwrap_or_default();
    let (user, method) = (id("user"), id("method"));
    let browser = browser_of(&headers).unwrap_or_default();
    let here = accounts(&shared.world(), &browser).into_iter().any(|(known, _, _)| known == user);
    if !here {
        return refusal(&shared, &Aadsts::not_signed_in());
    }
    let purpose = Purpose::SecurityInfo;
    send(&shared, Draft { purpose, user, method, registers: true }).await
}
