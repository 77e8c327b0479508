use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::{Moment, Person, Tenant};
use login::{Channel, Door, Event, LOGIN_LIFE, Login, LoginRequest};
use secrets::{Token, TokenHash};
use serde::Deserialize;
use store::CodePurpose;

use crate::admin::form::{clean, name};
use crate::admin::session;
use crate::app::App;
use crate::entropy;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{Material, execute, waiting_of};
use crate::hallway::newcomer::{self, unused_name};
use crate::hallway::{step, stranger};
use crate::http::body::FormBody;
use crate::http::cookies::CardCookie;
use crate::http::page::{Html, frame, see_other};
use crate::http::problem::Problem;
use crate::pages::{InvitePage, InviteProblem};
use crate::paths;

/// `GET /admin/invite`: the token is in the fragment, which only the page's script sees.
pub(crate) async fn page(State(app): State<App>) -> Result<Html<InvitePage>, Problem> {
    let tenant = session::tenant(&app).await?;
    let (token, name) = (String::new(), String::new());
    Ok(Html(InvitePage { frame: frame(&tenant), token, name, problem: None }))
}

#[derive(Deserialize)]
pub(crate) struct Form {
    token: String,
    name: String,
}

/// `POST /admin/invite`: takes the invitation. Makes the administrator and the login in which they
/// enrol their card; only that gives a session.
pub(crate) async fn taken(
    State(app): State<App>,
    headers: HeaderMap,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let tenant = session::tenant(&app).await?;
    let again = |problem| {
        let (token, name) = (form.token.clone(), clean(&form.name));
        let page = InvitePage { frame: frame(&tenant), token, name, problem: Some(problem) };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response())
    };
    let Ok(name) = name(&form.name) else {
        return again(InviteProblem::NameMissing);
    };
    let Some((invitation, valid_until)) = invitation(&app, &tenant, &form.token).await? else {
        app.quiet.once("an invitation was refused", None, || {
            tracing::warn!("an invitation was refused");
        });
        return again(InviteProblem::TokenRefused);
    };
    match enter(&app, &tenant, &headers, &name, invitation, valid_until).await {
        Err(Problem::AlreadyUsed | Problem::Refused(_)) => again(InviteProblem::TokenRefused),
        other => other,
    }
}

async fn invitation(
    app: &App,
    tenant: &Tenant,
    token: &str,
) -> Result<Option<(TokenHash, Moment)>, Problem> {
    let Ok(token) = Token::parse(token.trim()) else { return Ok(None) };
    let code = app.store.read(tenant.id).await?.code(&token.hash()).await?;
    let code = code.filter(|code| code.purpose == CodePurpose::Invitation);
    Ok(code.map(|code| (token.hash(), code.expires_at)))
}

async fn enter(
    app: &App,
    tenant: &Tenant,
    headers: &HeaderMap,
    name: &str,
    invitation: TokenHash,
    valid_until: Moment,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let person = administrator(unused_name(&mut rows, name, None).await?, name);
    let handle = entropy::token();
    let request = LoginRequest::new(Door::Console, "/admin/");
    let slot = stranger::begin(headers, &app.ring, tenant, request);
    let event = Event::InvitationShown {
        invitation,
        valid_until,
        person: newcomer::facts(tenant.id, &person),
        handle: handle.hash(),
    };
    let (login, mut effects) = step(Login::Stranger(slot.stranger), event, tenant)?;
    let waiting = waiting_of(login).ok_or(Problem::LoginGone)?;
    let begun = app.passkeys.start_registration(person.id, &person.username, name, &[]);
    let begun = begun.map_err(Problem::internal)?;
    let purpose = login::Purpose::Register;
    let challenge = ceremony::challenge(begun, purpose, Channel::Browser, Asked::by(headers))?;
    let event = Event::ChallengeMade { handle: Some(waiting.handle), challenge };
    let (_, more) = step(Login::Waiting(waiting), event, tenant)?;
    effects.extend(more);
    drop(rows);
    let material = Material { person: Some((person, None)), ..Material::default() };
    execute(app, tenant.id, effects, material).await?;
    let set = CardCookie(handle).set(&tenant.slug, LOGIN_LIFE);
    Ok(([(SET_COOKIE, set)], see_other(&paths::card(&tenant.slug))).into_response())
}

fn administrator(username: String, name: &str) -> Person {
    let display_name = Some(name.to_owned());
    Person { display_name, administrator: true, ..newcomer::person(username) }
}
