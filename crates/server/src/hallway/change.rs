//! Begins what takes a fresh tap of somebody who is signed in: a login of its own, for which their
//! session vouches.

use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use login::{Channel, Event, LOGIN_LIFE, Login, LoginRequest, Stranger, StrangerAt, Then};
use store::{Session, StoreError};

use crate::app::App;
use crate::entropy;
use crate::hallway::ceremony::{self, Asked};
use crate::hallway::execute::{ExecuteError, Material, execute, waiting_of};
use crate::hallway::{step, stranger};
use crate::http::cookies::CardCookie;
use crate::http::page::see_other;
use crate::http::problem::Problem;
use crate::paths;

/// What somebody who is signed in wants.
pub(crate) struct Change {
    /// The tenant of the session.
    pub(crate) tenant: Tenant,
    /// The session in which they ask.
    pub(crate) session: Session,
    /// Where it began and leads back to.
    pub(crate) request: LoginRequest,
    /// What follows the tap.
    pub(crate) then: Then,
}

/// Sends the browser to the card step. What the session has begun before ends.
///
/// # Errors
///
/// [`Problem`]; then nothing is written.
pub(crate) async fn begin(app: &App, change: Change, asked: Asked) -> Result<Response, Problem> {
    let Change { tenant, session, request, then } = change;
    let mut rows = app.store.read(tenant.id).await?;
    let person = rows.person_facts(session.person).await?.ok_or(Problem::Unauthenticated)?;
    let handle = entropy::token();
    let started = stranger::started(&tenant, request);
    let login = Login::Stranger(Stranger { started, at: StrangerAt::LoginPage });
    let event = Event::ChangeAsked { then, session: session.id, person, handle: handle.hash() };
    let (login, mut effects) = step(login, event, &tenant)?;
    let waiting = waiting_of(login).ok_or(Problem::LoginGone)?;
    let challenge =
        ceremony::for_waiting(app, &mut rows, &waiting, Channel::Browser, asked).await?;
    drop(rows);
    let event = Event::ChallengeMade { handle: Some(waiting.handle), challenge };
    let (_, more) = step(Login::Waiting(waiting), event, &tenant)?;
    effects.extend(more);
    let begun = execute(app, tenant.id, effects, Material::default()).await;
    begun.map_err(|error| match error {
        // The login names the session, and that has ended since it was looked at.
        ExecuteError::Store(StoreError::Reference) => Problem::Unauthenticated,
        other => other.into(),
    })?;
    let set = CardCookie(handle).set(&tenant.slug, LOGIN_LIFE);
    Ok(([(SET_COOKIE, set)], see_other(&paths::card(&tenant.slug))).into_response())
}
