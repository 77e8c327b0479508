use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use openid_provider::authorization::{Asked, Outcome};
use openid_provider::{Client, ErrorCode};
use serde::Deserialize;

use super::judge::{Judging, Round};
use super::{answer, refused, served};
use crate::app::App;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::oidc;
use crate::pages::{ApplicationStep, ApplicationWord};

#[derive(Deserialize)]
pub(crate) struct Params {
    /// How often the browser was sent away for it.
    #[serde(default)]
    round: u8,
    /// The request, sealed.
    request: String,
}

/// `GET /realms/{slug}/protocol/openid-connect/auth/continue`: where the browser comes back from a login
/// or from its card. The request is judged again; what was registered may have changed meanwhile.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    method: Method,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Authorize, peer)?;
    let asked = oidc::open_request(&app, &tenant, &params.request);
    // Who asks for headers alone begins nothing.
    let asked = asked.filter(|_| method == Method::GET);
    let asked = asked.ok_or_else(|| refused::not_ours(&app, &tenant))?;
    let client_id = &asked.request.client_id;
    let client = served(&app, &tenant, Some(client_id)).await?;
    let client = client.filter(|client| still_answers(client, &asked));
    let client = client.ok_or_else(|| refused::changed(&app, &tenant, client_id))?;
    let (app, tenant) = (&app, &tenant);
    if asked.is_over(app.store.now().await?.0) {
        let error = Outcome::error(ErrorCode::AccessDenied, "the sign-in took too long");
        let over = (ApplicationStep::Told(ApplicationWord::TooLate), error);
        return answer::told(app, tenant, &client, &asked.request.target(), over);
    }
    let (client, asked, headers, round) = (&client, &asked, &headers, Round(params.round));
    Box::pin(Judging { app, tenant, client, asked, round, headers, peer }.judge()).await
}

/// Whether answers to this request may still go where it said.
fn still_answers(client: &Client, asked: &Asked) -> bool {
    client.settings.redirects_to(&asked.request.redirect_uri)
}
