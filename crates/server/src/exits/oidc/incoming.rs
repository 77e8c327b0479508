//! One call of an application from its arrival to its answer: what all endpoints have in common.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use openid_provider::Parameters;
use store::Look;

use super::Call;
use super::caller::Caller;
use super::refused::{Refused, Who, of_problem};
use crate::app::App;
use crate::http::body;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantLook;
use crate::limits::{self, Attempt};

const FORM: &str = "application/x-www-form-urlencoded";

/// A call that has arrived in a tenant that is there.
pub(crate) struct Incoming {
    app: App,
    look: Look,
    peer: Peer,
    headers: HeaderMap,
    request: Request,
    who: Who,
}

impl FromRequest<App> for Incoming {
    type Rejection = Response;

    /// Who calls a tenant that is not there is told so in the form of the standards.
    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let look = TenantLook::from_request_parts(&mut parts, app).await;
        let TenantLook(look) = look.map_err(|problem| of_problem(&problem))?;
        let Ok(peer) = Peer::from_request_parts(&mut parts, app).await;
        let (app, headers) = (app.clone(), parts.headers.clone());
        let (request, who) = (Request::from_parts(parts, body), Who::default());
        Ok(Self { app, look, peer, headers, request, who })
    }
}

impl Incoming {
    /// Counts the call.
    ///
    /// # Errors
    ///
    /// [`Problem`] for one too many.
    pub(crate) fn count(&self) -> Result<(), Problem> {
        limits::count(&self.app, Attempt::Token, self.peer)
    }

    /// Whether it brings a body of some kind, where it need not.
    pub(crate) fn has_body(&self) -> bool {
        self.request.method() == Method::POST && self.headers.contains_key(CONTENT_TYPE)
    }

    /// The parameters in the body. Whoever calls may have taken their time with it: what holds is looked
    /// at behind it.
    ///
    /// # Errors
    ///
    /// [`Refused`] for a body that is no form, or none that we would read.
    pub(crate) async fn form(&mut self) -> Result<Parameters, Refused> {
        let sent = body::read(&self.app, std::mem::take(&mut self.request), FORM).await?;
        let look = self.app.store.look(&self.look.tenant().slug).await?;
        self.look = look.ok_or(Problem::NotFound)?;
        Ok(Parameters::parse(&sent)?)
    }

    /// The call, as all holds now; who calls is still to be found out.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`].
    pub(crate) fn call(&mut self) -> Result<(Call<'_>, &mut Who), Problem> {
        let Self { app, look, headers, who, .. } = self;
        Ok((Call::of(app, look, headers)?, who))
    }

    /// All of this where applications alone call, with a form: what it says, and who has shown that it is
    /// itself.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(crate) async fn of_client(&mut self) -> Result<(Call<'_>, Parameters, Caller), Refused> {
        self.count()?;
        let p = self.form().await?;
        let (call, who) = self.call()?;
        let caller = Caller::of(&call, &p, who).await?;
        Ok((call, p, caller))
    }

    /// The answer: what was done, or why not, and a line about that.
    pub(crate) fn answer(self, done: Result<Response, Refused>) -> Response {
        let Self { app, look, who, .. } = self;
        done.unwrap_or_else(|refused| refused.answer(&app, look.tenant(), &who))
    }
}
