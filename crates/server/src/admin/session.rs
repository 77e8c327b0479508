use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use identity::{Moment, Person, Tenant};
use ids::{Slug, UserId};
use serde_json::Value as Json;
use store::{AuditEntry, Rows, Session, SessionKind, Writing};

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
pub(crate) struct Administrator {
    pub(crate) session: Session,
    pub(crate) person: Person,
    /// Whether they come from a confirmation with their card.
    pub(crate) confirmed: bool,
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Response;

    /// A browser that asks for a page without a session goes to where it signs in.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        match of(app, &parts.headers).await {
            Ok(Some(mut administrator)) => {
                administrator.confirmed = step_up::says_confirmed(&parts.uri);
                parts.extensions.insert(administrator.clone());
                Ok(administrator)
            }
            Ok(None) if parts.method == Method::GET && accepts_html(&parts.headers) => {
                Err(see_other("/admin/"))
            }
            Ok(None) => Err(Problem::Unauthenticated.into_response()),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

impl Administrator {
    /// Whether the proof of their session is fresh at `now`.
    pub(crate) fn is_fresh(&self, now: Moment) -> bool {
        is_fresh(&self.session, now)
    }

    /// Looks again whether they may change anything. In a transaction the answer holds until its
    /// end.
    async fn still_may(&self, rows: &mut Rows, now: Moment) -> Result<(), Problem> {
        // Holds the person, so that nobody disables them meanwhile.
        rows.person_facts(self.person.id).await?;
        let person = rows.person(self.person.id).await?;
        let mut sessions = rows.sessions(self.person.id).await?.into_iter();
        let session = sessions.find(|session| session.id == self.session.id);
        let session = session.filter(|_| person.is_some_and(|person| person.administrator));
        let session = session.ok_or(Problem::Unauthenticated)?;
        if is_fresh(&session, now) { Ok(()) } else { Err(Problem::ProofTooOld) }
    }
}

fn is_fresh(session: &Session, now: Moment) -> bool {
    now < session.auth_time.plus(FRESH)
}

/// An administrator whose session rests on a proof of the last five minutes. Only they change what
/// the console administers: whatever is written for them goes through [`FreshAdministrator::write`].
///
/// Who comes without such a proof can sign out, begin a confirmation with their card, and test a
/// provider. A test writes down that it took place and whether `auth_time` came, and sets nothing.
///
/// # Security
///
/// The session is the only one that counts here: a proof of somebody else, or of another session
/// of theirs, makes this one no fresher.
pub(crate) struct FreshAdministrator(Administrator);

impl FromRequestParts<App> for FreshAdministrator {
    type Rejection = Response;

    /// Somebody whose proof is older is asked for their card; their form is not read.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let administrator = Administrator::from_request_parts(parts, app).await?;
        let now = app.store.now().await.map_err(|error| Problem::from(error).into_response())?;
        if administrator.is_fresh(now) {
            return Ok(Self(administrator));
        }
        if !accepts_html(&parts.headers) {
            return Err(Problem::ProofTooOld.into_response());
        }
        let page = step_up::ask(app, parts, &administrator).await;
        Err(page.unwrap_or_else(IntoResponse::into_response))
    }
}

impl FreshAdministrator {
    /// Who it is.
    pub(crate) fn id(&self) -> UserId {
        self.0.person.id
    }

    /// Opens a transaction in a tenant, after another look at who asks: since the head of their
    /// request was read, they may have taken their time with its body.
    ///
    /// # Errors
    ///
    /// [`Problem::Unauthenticated`] and [`Problem::ProofTooOld`] for somebody who may not change
    /// anything any more.
    pub(crate) async fn write(&self, app: &App, tenant: &Tenant) -> Result<Writing, Problem> {
        let now = app.store.now().await?;
        let home = self::tenant(app).await?.id;
        if tenant.id == home {
            let mut tx = app.store.write(home).await?;
            self.0.still_may(&mut tx, now).await?;
            return Ok(tx);
        }
        // The transaction of another tenant does not see the operators' rows.
        let mut rows = app.store.read(home).await?;
        self.0.still_may(&mut rows, now).await?;
        drop(rows);
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
pub(crate) async fn of(app: &App, headers: &HeaderMap) -> Result<Option<Administrator>, Problem> {
    let Some(cookie) = AdminCookie::read(headers) else { return Ok(None) };
    let mut rows = app.store.read(tenant(app).await?.id).await?;
    let session = rows.session(&cookie.0.hash(), SessionKind::Administrator).await?;
    let Some(session) = session else { return Ok(None) };
    let person = rows.person(session.person).await?;
    let person = person.filter(|person| person.administrator);
    Ok(person.map(|person| Administrator { session, person, confirmed: false }))
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
