use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use identity::{Person, Tenant};
use ids::Slug;
use store::{Session, SessionKind};

use crate::app::App;
use crate::http::cookies::AdminCookie;
use crate::http::page::see_other;
use crate::http::problem::{Problem, accepts_html};
use crate::start::OPERATORS;

/// An administrator who is signed in to the console.
pub(crate) struct Operator {
    pub(crate) session: Session,
    pub(crate) person: Person,
}

impl FromRequestParts<App> for Operator {
    type Rejection = Response;

    /// A browser that asks for a page without a session goes to where it signs in.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match of(app, &parts.headers).await {
            Ok(Some(operator)) => Ok(operator),
            Ok(None) if parts.method == Method::GET && accepts_html(&parts.headers) => {
                Err(see_other("/admin/"))
            }
            Ok(None) => Err(Problem::Unauthenticated.into_response()),
            Err(problem) => Err(problem.into_response()),
        }
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
