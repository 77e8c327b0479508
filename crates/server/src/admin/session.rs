use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use identity::{Person, Tenant};
use ids::Slug;
use store::{Session, SessionKind};

use crate::app::App;
use crate::http::cookies::AdminCookie;
use crate::http::problem::Problem;
use crate::start::OPERATORS;

/// An administrator who is signed in to the console.
pub(crate) struct Operator {
    pub(crate) session: Session,
    pub(crate) person: Person,
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        of(app, &parts.headers).await?.ok_or(Problem::Unauthenticated)
    }
}

/// The administrator whose session the browser holds, if any.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn of(app: &App, headers: &HeaderMap) -> Result<Option<Operator>, Problem> {
    let Some(cookie) = AdminCookie::read(headers) else { return Ok(None) };
    let mut rows = app.store.read(tenant(app).await?.id).await?;
    let session = rows.session(&cookie.0.hash(), SessionKind::Administrator).await?;
    let Some(session) = session else { return Ok(None) };
    let person = rows.person(session.person).await?;
    Ok(person.filter(|person| person.administrator).map(|person| Operator { session, person }))
}

/// The operators' tenant.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn tenant(app: &App) -> Result<Tenant, Problem> {
    let slug = Slug::try_from(OPERATORS.to_owned()).map_err(Problem::internal)?;
    app.store.tenant(&slug).await?.ok_or(Problem::Internal)
}
