//! Adding and removing cards: a fresh tap first, on the card step's own page.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use ids::{CredentialId, LoginId};
use login::{
    Channel, Door, Event, LOGIN_LIFE, Login, LoginRequest, Started, Stranger, StrangerAt, Then,
};
use serde::Deserialize;

use crate::account::session::SignedIn;
use crate::app::App;
use crate::entropy;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{Material, execute, waiting_of};
use crate::hallway::step;
use crate::http::cookies::CardCookie;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// `POST /realms/{slug}/account/cards/add`: one more card. A second click begins a second login;
/// the first one expires.
pub(crate) async fn add(
    State(app): State<App>,
    signed_in: SignedIn,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    begin(&app, signed_in, Then::AddCard, Asked::by(&headers)).await
}

#[derive(Deserialize)]
pub(crate) struct CardParam {
    pub(crate) id: CredentialId,
}

/// `POST /realms/{slug}/account/cards/{id}/remove`: needs a tap of another card.
pub(crate) async fn remove(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(CardParam { id }): Path<CardParam>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(signed_in.tenant.id).await?;
    let card = rows.credential(id).await?;
    let card = card.filter(|card| card.person == signed_in.session.person);
    card.filter(|card| card.revoked_at.is_none()).ok_or(Problem::NotFound)?;
    let mut cards = rows.credentials(signed_in.session.person).await?;
    drop(rows);
    cards.retain(|card| card.revoked_at.is_none());
    if cards.len() < 2 {
        return Err(Problem::Conflict("last card"));
    }
    begin(&app, signed_in, Then::RemoveCard(id), Asked::by(&headers)).await
}

async fn begin(
    app: &App,
    signed_in: SignedIn,
    then: Then,
    asked: Asked,
) -> Result<Response, Problem> {
    let SignedIn { tenant, session } = signed_in;
    let mut rows = app.store.read(tenant.id).await?;
    let person = rows.person_facts(session.person).await?.ok_or(Problem::Unauthenticated)?;
    let handle = entropy::token();
    let event = Event::ChangeAsked { then, person, handle: handle.hash() };
    let (login, mut effects) = step(Login::Stranger(begun(&tenant)), event, &tenant)?;
    let waiting = waiting_of(login).ok_or(Problem::LoginGone)?;
    let challenge =
        ceremony::for_waiting(app, &mut rows, &waiting, Channel::Browser, asked).await?;
    drop(rows);
    let event = Event::ChallengeMade { handle: Some(waiting.handle), challenge };
    let (_, more) = step(Login::Waiting(waiting), event, &tenant)?;
    effects.extend(more);
    execute(app, tenant.id, effects, Material::default()).await?;
    let set = CardCookie(handle).set(&tenant.slug, LOGIN_LIFE);
    let location = format!("/realms/{}/login/card", tenant.slug);
    Ok(([(SET_COOKIE, set)], see_other(&location)).into_response())
}

fn begun(tenant: &Tenant) -> Stranger {
    let now = entropy::now();
    let return_to = format!("/realms/{}/account/", tenant.slug);
    let started = Started {
        id: LoginId(entropy::id()),
        tenant: tenant.id,
        request: LoginRequest { door: Door::Account, return_to },
        started_at: now,
        expires_at: now.plus(LOGIN_LIFE),
    };
    Stranger { started, at: StrangerAt::LoginPage }
}
