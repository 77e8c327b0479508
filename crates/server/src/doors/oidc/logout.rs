//! RP-Initiated Logout 1.0: an application sends the browser to be signed out, and perhaps on.

mod leave;

use axum::extract::{Query, RawQuery, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use identity::Tenant;
use ids::SessionId;
use openid_provider::logout::{self, Destination, LogoutError, LogoutRequest};
use openid_provider::{Client, Parameters};
use serde::{Deserialize, Serialize};

use super::{hint, refused, served};
use crate::app::App;
use crate::http::body::{self, FormBody};
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::{oidc, paths};

use leave::Leave;

/// So long a logout waits for its person, in microseconds: as long as a login.
const LIFE: i64 = 600_000_000;

/// A checked logout, on its way to an address to which the session's cookie comes along. The server
/// seals it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leaving {
    /// The application that asks, if it says which.
    client_id: Option<String>,
    /// The session that its ID token names.
    session: Option<SessionId>,
    /// Where the browser goes on to.
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
    /// When it was asked, in microseconds since 1970.
    asked_at: i64,
}

/// `GET /realms/{slug}/protocol/openid-connect/logout`.
pub(crate) async fn get(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Authorize, peer)?;
    came(&app, &tenant, query.unwrap_or_default().as_bytes()).await
}

/// `POST /realms/{slug}/protocol/openid-connect/logout`: the same by a form, which brings no cookie of
/// ours from another site.
pub(crate) async fn post(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    request: Request,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Authorize, peer)?;
    let sent = body::read(&app, request, "application/x-www-form-urlencoded").await?;
    came(&app, &tenant, &sent).await
}

/// What is wrong with the request is the application's matter: whether somebody is signed out is theirs,
/// and they are asked.
async fn came(app: &App, tenant: &Tenant, sent: &[u8]) -> Result<Response, Problem> {
    let p = Parameters::parse(sent).map_err(|error| refused::unreadable(app, tenant, error))?;
    let asked = logout::request(&p);
    let hint = asked.id_token_hint.as_ref().and_then(|hint| hint.expose_text());
    let hint = hint::read(app, tenant, hint).await?;
    let client_id = asked.client_id(hint.as_ref()).map(|id| id.map(str::to_owned));
    let client = served(app, tenant, client_id.as_ref().ok().and_then(Option::as_deref)).await?;
    let destination = client_id.and_then(|_| asked.destination(client.as_ref()));
    // A request that is wrong in part shows nothing: the person is asked, and goes nowhere (§4).
    let session = hint.filter(|_| destination.is_ok()).map(|hint| hint.session);
    let destination = destination.unwrap_or_else(|error| {
        tell(app, tenant, &asked, error);
        None
    });
    let (post_logout_redirect_uri, state) = destination.map(|to| (to.uri, to.state)).unzip();
    let leaving = Leaving {
        // An application that is not served asks for nobody.
        client_id: client.map(|client| client.client_id),
        session,
        post_logout_redirect_uri,
        state: state.flatten(),
        asked_at: app.store.now().await?.0,
    };
    let sealed = oidc::seal_logout(app, tenant, &leaving)?;
    Ok(see_other(&format!("{}?request={sealed}", paths::oidc_logout_continue(&tenant.slug))))
}

fn tell(app: &App, tenant: &Tenant, asked: &LogoutRequest, error: LogoutError) {
    refused::tell(app, tenant, asked.client_id.as_deref(), &error.to_string());
}

#[derive(Deserialize)]
pub(crate) struct Sealed {
    request: String,
}

/// `GET /realms/{slug}/protocol/openid-connect/logout/continue`: ends the session that the application
/// has named by an ID token of ours, if it is this browser's; otherwise the person is asked.
pub(crate) async fn go_on(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    method: Method,
    Query(sealed): Query<Sealed>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Authorize, peer)?;
    // Who asks for headers alone ends nothing.
    let sealed = Some(sealed).filter(|_| method == Method::GET);
    let sealed = sealed.ok_or(Problem::WrongMethod)?;
    leave(&app, &tenant, &headers, sealed, false).await
}

/// `POST /realms/{slug}/protocol/openid-connect/logout/confirm`: the person wants it. A second time there
/// is no session to end, and the browser goes where it has gone the first time.
pub(crate) async fn confirm(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    headers: HeaderMap,
    FormBody(sealed): FormBody<Sealed>,
) -> Result<Response, Problem> {
    leave(&app, &tenant, &headers, sealed, true).await
}

async fn leave(
    app: &App,
    tenant: &Tenant,
    headers: &HeaderMap,
    Sealed { request }: Sealed,
    confirmed: bool,
) -> Result<Response, Problem> {
    let leaving = oidc::open_logout(app, tenant, &request);
    let leaving = leaving.ok_or_else(|| refused::not_ours(app, tenant))?;
    let now = app.store.now().await?.0;
    let leaving = leaving.remembered(now);
    let client = served(app, tenant, leaving.client_id.as_deref()).await?;
    let destination = leaving.destination(client.as_ref());
    let session = leaving.session;
    Leave { app, tenant, headers, client, destination, session, confirmed, request }.go().await
}

impl Leaving {
    /// After a while only that somebody wants to sign out is left of it.
    fn remembered(self, now: i64) -> Self {
        let is_over = now.saturating_sub(self.asked_at) > LIFE;
        if !is_over {
            return self;
        }
        Self { client_id: None, session: None, post_logout_redirect_uri: None, state: None, ..self }
    }

    /// Where the browser goes on to, as far as it is registered still.
    fn destination(&self, client: Option<&Client>) -> Option<Destination> {
        let asked = LogoutRequest {
            id_token_hint: None,
            client_id: self.client_id.clone(),
            post_logout_redirect_uri: self.post_logout_redirect_uri.clone(),
            state: self.state.clone(),
            ui_locales: None,
        };
        asked.destination(client).ok().flatten()
    }
}
