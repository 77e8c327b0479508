use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use identity::{Moment, Person, Tenant};
use ids::{Slug, UserId};
use serde_json::Value as Json;
use store::{AuditEntry, Session, SessionKind, Writing};

use crate::admin::step_up;
use crate::app::App;
use crate::http::cookies::AdminCookie;
use crate::http::page::see_other;
use crate::http::problem::Problem;
use crate::http::problem_page::accepts_html;
use crate::start::OPERATORS;

/// How long after a proof changes may be made without another one.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// An administrator who is signed in to the console.
#[derive(Clone)]
pub(crate) struct Operator {
    pub(crate) session: Session,
    pub(crate) person: Person,
    /// Whether they come from a confirmation with their card.
    pub(crate) confirmed: bool,
}

impl FromRequestParts<App> for Operator {
    type Rejection = Response;

    /// A browser that asks for a page without a session goes to where it signs in.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        match of(app, &parts.headers).await {
            Ok(Some(mut operator)) => {
                operator.confirmed = step_up::says_confirmed(&parts.uri);
                parts.extensions.insert(operator.clone());
                Ok(operator)
            }
            Ok(None) if parts.method == Method::GET && accepts_html(&parts.headers) => {
                Err(see_other("/admin/"))
            }
            Ok(None) => Err(Problem::Unauthenticated.into_response()),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

impl Operator {
    /// Whether the proof of their session is fresh at `now`.
    pub(crate) fn is_fresh(&self, now: Moment) -> bool {
        now < self.session.auth_time.plus(FRESH)
    }
}

/// An administrator whose session rests on a proof of the last five minutes. Only they change
/// anything: there is no way to write from the console that does not go through this.
///
/// # Security
///
/// The session is the only one that counts here: a proof of somebody else, or of another session
/// of theirs, makes this one no fresher.
pub(crate) struct FreshOperator(Operator);

impl FromRequestParts<App> for FreshOperator {
    type Rejection = Response;

    /// Somebody whose proof is older is asked for their card; their form is not read.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let operator = Operator::from_request_parts(parts, app).await?;
        let now = app.store.now().await.map_err(|error| Problem::from(error).into_response())?;
        if operator.is_fresh(now) {
            return Ok(Self(operator));
        }
        if !accepts_html(&parts.headers) {
            return Err(Problem::ProofTooOld.into_response());
        }
        let page = step_up::ask(app, parts, &operator).await;
        Err(page.unwrap_or_else(IntoResponse::into_response))
    }
}

impl FreshOperator {
    /// Who it is.
    pub(crate) fn id(&self) -> UserId {
        self.0.person.id
    }

    /// Opens a transaction in a tenant.
    pub(crate) async fn write(&self, app: &App, tenant: &Tenant) -> Result<Writing, Problem> {
        Ok(app.store.write(tenant.id).await?)
    }

    /// Writes down what this administrator does, and keeps all of it.
    pub(crate) async fn commit(
        &self,
        mut tx: Writing,
        kind: &'static str,
        person: Option<UserId>,
        detail: Json,
    ) -> Result<(), Problem> {
        let actor = Some(self.id());
        tx.audit(&AuditEntry { kind, person, actor, login: None, detail }).await?;
        Ok(tx.commit().await?)
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
    let person = person.filter(|person| person.administrator);
    Ok(person.map(|person| Operator { session, person, confirmed: false }))
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
