//! One call of an application from its arrival to its answer: what all endpoints have in common.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::response::Response;
use openid_provider::Parameters;
use store::Look;

use super::Call;
use super::caller::Caller;
use super::refused::{Refused, Who, of_problem};
use crate::app::App;
use crate::http::peer::Peer;
use crate::http::tenant::TenantLook;

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
    /// Counts the call. The request is still to be read, and who calls to be found out.
    ///
    /// # Errors
    ///
    /// [`Refused`] for one call too many.
    pub(crate) fn begin(&mut self) -> Result<(Call<'_>, Request, &mut Who), Refused> {
        let Self { app, look, peer, headers, request, who } = self;
        let call = Call::begin(app, look, *peer, headers)?;
        Ok((call, std::mem::take(request), who))
    }

    /// The same, where applications alone call, with a form: what it says, and who has shown that it is
    /// itself.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(crate) async fn of_client(&mut self) -> Result<(Call<'_>, Parameters, Caller), Refused> {
        let (call, request, who) = self.begin()?;
        let p = call.parameters(request).await?;
        let caller = Caller::of(&call, &p, who).await?;
        Ok((call, p, caller))
    }

    /// The answer: what was done, or why not, and a line about that.
    pub(crate) fn answer(self, done: Result<Response, Refused>) -> Response {
        let Self { app, look, who, .. } = self;
        done.unwrap_or_else(|refused| refused.answer(&app, look.tenant(), &who))
    }
}
