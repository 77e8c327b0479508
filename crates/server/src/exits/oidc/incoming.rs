//! One call of an application from its arrival to its answer: what all endpoints have in common.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use ids::Slug;
use openid_provider::Parameters;
use store::Look;

use super::Call;
use super::caller::Caller;
use super::refused::{Refused, Who, of_problem};
use crate::app::App;
use crate::http::body;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::SlugPath;
use crate::limits::{self, Attempt};

const FORM: &str = "application/x-www-form-urlencoded";

/// A call that has arrived.
pub(crate) struct Incoming {
    app: App,
    slug: Slug,
    /// What holds; looked at once, when the body is there.
    look: Option<Look>,
    peer: Peer,
    headers: HeaderMap,
    request: Request,
    who: Who,
}

impl FromRequest<App> for Incoming {
    type Rejection = Response;

    /// A path whose slug is none is refused in the form of the standards; a tenant that is not there, by
    /// [`Self::call`].
    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let slug = SlugPath::from_request_parts(&mut parts, app).await;
        let SlugPath(slug) = slug.map_err(|problem| of_problem(&problem))?;
        let Ok(peer) = Peer::from_request_parts(&mut parts, app).await;
        let (app, headers) = (app.clone(), parts.headers.clone());
        let (request, who) = (Request::from_parts(parts, body), Who::default());
        Ok(Self { app, slug, look: None, peer, headers, request, who })
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

    /// The parameters in the body.
    ///
    /// # Errors
    ///
    /// [`Refused`] for a body that is no form, or none that we would read.
    pub(crate) async fn form(&mut self) -> Result<Parameters, Refused> {
        let sent = body::read(&self.app, std::mem::take(&mut self.request), FORM).await?;
        Ok(Parameters::parse(&sent)?)
    }

    /// The call, as all holds now; who calls is still to be found out. To be called behind
    /// [`Self::form`]: the body may take its time.
    ///
    /// # Errors
    ///
    /// [`Refused`] for a tenant that is not there, and when the store fails.
    pub(crate) async fn call(&mut self) -> Result<(Call<'_>, &mut Who), Refused> {
        let look = self.app.store.look(&self.slug).await?.ok_or(Problem::NotFound)?;
        let Self { app, look: known, headers, who, .. } = self;
        Ok((Call::of(app, known.insert(look), headers)?, who))
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
        let (call, who) = self.call().await?;
        let caller = Caller::of(&call, &p, who).await?;
        Ok((call, p, caller))
    }

    /// The answer: what was done, or why not, and a line about that.
    pub(crate) async fn answer(self, done: Result<Response, Refused>) -> Response {
        match done {
            Ok(response) => response,
            // Who asks too often costs no look.
            Err(Refused::Problem(problem @ Problem::TooMany)) => of_problem(&problem),
            Err(refused) => {
                self.refuse(refused).await.unwrap_or_else(|problem| of_problem(&problem))
            }
        }
    }

    /// Why not; in a tenant that is not there, that.
    async fn refuse(self, refused: Refused) -> Result<Response, Problem> {
        let look = match self.look {
            Some(look) => look,
            None => self.app.store.look(&self.slug).await?.ok_or(Problem::NotFound)?,
        };
        Ok(refused.answer(&self.app, look.tenant(), &self.who))
    }
}
