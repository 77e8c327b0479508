use axum::http::HeaderMap;
use axum::http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use ids::SessionId;
use openid_provider::Client;
use openid_provider::logout::Destination;
use store::Session;

use crate::account::session;
use crate::account::sign_out::{sign_out, signed_out};
use crate::app::App;
use crate::http::cookies::SessionCookie;
use crate::http::headers::Csp;
use crate::http::page::{Html, frame, see_other};
use crate::http::problem::Problem;
use crate::pages::{LogoutPage, SignedOutPage};
use crate::paths;

/// A logout at the browser that it is about.
pub(super) struct Leave<'a> {
    pub(super) app: &'a App,
    pub(super) tenant: &'a Tenant,
    pub(super) headers: &'a HeaderMap,
    /// Who asks.
    pub(super) client: Option<Client>,
    /// Where the browser goes on to.
    pub(super) destination: Option<Destination>,
    /// The session that the application knows, by its `sid`.
    pub(super) session: Option<SessionId>,
    /// Whether the person has said that they want it.
    pub(super) confirmed: bool,
    /// All of it, sealed, to be sent with the button.
    pub(super) request: String,
}

impl Leave<'_> {
    pub(super) async fn go(self) -> Result<Response, Problem> {
        let signed_in = session::of(self.app, self.tenant, self.headers).await?;
        let Some(signed_in) = signed_in else { return Ok(self.nobody()) };
        let session = signed_in.session;
        if self.confirmed || self.session == Some(session.sid) {
            return self.end(&session).await;
        }
        self.ask(&session).await
    }

    /// Nobody is signed in. An application that knew a session is told so; another must not send the
    /// browser wherever it likes through us.
    fn nobody(self) -> Response {
        let may_go_on = self.confirmed || self.session.is_some();
        if let Some(destination) = self.destination.filter(|_| may_go_on) {
            return see_other(&destination.url());
        }
        let sign_in = paths::account(&self.tenant.slug);
        Html(SignedOutPage { frame: frame(self.tenant), sign_in, provider: None }).into_response()
    }

    async fn end(self, session: &Session) -> Result<Response, Problem> {
        let Self { app, tenant, .. } = self;
        let page = signed_out(app, tenant, session, paths::account(&tenant.slug)).await?;
        let client = self.client.as_ref().map(|client| client.client_id.as_str());
        sign_out(app, tenant, session, client).await?;
        let mut response = match self.destination {
            Some(destination) => see_other(&destination.url()),
            None => Html(page).into_response(),
        };
        response.headers_mut().append(SET_COOKIE, SessionCookie::clear(&tenant.slug));
        Ok(response)
    }

    async fn ask(self, session: &Session) -> Result<Response, Problem> {
        let mut rows = self.app.store.read(self.tenant.id).await?;
        let person = rows.person(session.person).await?.ok_or(Problem::Unauthenticated)?;
        let page = LogoutPage {
            frame: frame(self.tenant),
            name: person.name().to_owned(),
            application: self.client.map(|client| client.name),
            request: self.request,
        };
        // The redirect that follows the form is its target, too.
        let target = self.destination.map(|destination| destination.uri);
        let targets: Vec<&str> = target.as_deref().into_iter().collect();
        let csp = [(CONTENT_SECURITY_POLICY, Csp::with_forms_to(&targets).value())];
        Ok((csp, Html(page)).into_response())
    }
}
