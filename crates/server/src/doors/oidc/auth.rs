//! The authorization endpoint (OpenID Connect Core 1.0 §3.1.2): who asks and where an answer may go, then
//! what is asked, then whether the browser's session is enough.

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use identity::Tenant;
use openid_provider::authorization::{self, Asked, Outcome, RequestError, Target};
use openid_provider::par::Pushed;
use openid_provider::{Client, ErrorCode, Name, Parameters, par};

use super::judge::{Judging, Round, has_room};
use super::{answer, hint, refused, served};
use crate::app::App;
use crate::http::body;
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::oidc;

/// `GET /realms/{slug}/protocol/openid-connect/auth`. The cookie of the tenant's session comes along, from
/// other sites too; none is needed.
pub(crate) async fn get(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Authorize, peer)?;
    // Who asks for headers alone begins nothing.
    let sent = query.filter(|_| method == Method::GET).unwrap_or_default();
    match came(&app, &tenant, sent.as_bytes()).await? {
        Came::Refused(response) => Ok(response),
        Came::Asked(client, asked) => {
            let (app, tenant, headers) = (&app, &tenant, &headers);
            let (client, asked, round) = (&client, &asked, Round::FIRST);
            Box::pin(Judging { app, tenant, client, asked, round, headers, peer }.judge()).await
        }
    }
}

/// `POST /realms/{slug}/protocol/openid-connect/auth`: the same by a form of the application's page. It
/// brings no cookie of ours from another site, so the browser goes on by an address to which it does.
pub(crate) async fn post(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    request: Request,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Authorize, peer)?;
    let sent = body::read(&app, request, "application/x-www-form-urlencoded").await?;
    Ok(match came(&app, &tenant, &sent).await? {
        Came::Refused(response) => response,
        Came::Asked(_, asked) => see_other(&Round::FIRST.path(&app, &tenant, &asked)?),
    })
}

/// What a request has come to.
enum Came {
    /// It may be judged.
    Asked(Box<Client>, Box<Asked>),
    /// Its application is told what is wrong.
    Refused(Response),
}

async fn came(app: &App, tenant: &Tenant, sent: &[u8]) -> Result<Came, Problem> {
    let p = Parameters::parse(sent).map_err(|error| refused::unreadable(app, tenant, error))?;
    let asked_at = app.store.now().await?.0;
    let client = served(app, tenant, p.get(Name::ClientId)).await?;
    if let Some(sealed) = par::sealed(&p) {
        let pushed = oidc::open_pushed(app, tenant, sealed);
        let pushed = pushed.filter(|pushed| !pushed.is_over(asked_at) && pushed.is_of(&p));
        let (Some(Pushed { request, .. }), Some(client)) = (pushed, client) else {
            return Err(refused::not_pushed(app, tenant, &p));
        };
        if !client.settings.redirects_to(&request.redirect_uri) {
            return Err(refused::changed(app, tenant, &client.client_id));
        }
        return Ok(Came::Asked(Box::new(client), Box::new(Asked { request, asked_at })));
    }
    let target = authorization::target(&p, client.as_ref());
    let target = target.map_err(|error| refused::nowhere(app, tenant, &p, error))?;
    let client = client.ok_or(Problem::NotFound)?;
    match checked(app, tenant, &p, &client, &target, asked_at).await? {
        Ok(asked) => Ok(Came::Asked(Box::new(client), Box::new(asked))),
        Err(outcome) => answer::send(app, tenant, &client, &target, outcome).map(Came::Refused),
    }
}

/// What is asked, or what the application is told.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn checked(
    app: &App,
    tenant: &Tenant,
    p: &Parameters,
    client: &Client,
    target: &Target,
    asked_at: i64,
) -> Result<Result<Asked, Outcome>, Problem> {
    let hint = hint::read(app, tenant, p.get(Name::IdTokenHint)).await?;
    let request = match authorization::request(p, client, target, hint.as_ref()) {
        Ok(request) => request,
        Err(error) => return Ok(Err(wrong(app, tenant, client, error))),
    };
    let asked = Asked { request, asked_at };
    if has_room(app, tenant, client, &asked)? {
        return Ok(Ok(asked));
    }
    let reason = "the request is too long for a browser to keep: shorten state, nonce or claims";
    refused::tell(app, tenant, Some(&client.client_id), reason);
    Ok(Err(Outcome::error(ErrorCode::InvalidRequest, reason)))
}

fn wrong(app: &App, tenant: &Tenant, client: &Client, error: RequestError) -> Outcome {
    refused::tell(app, tenant, Some(&client.client_id), &error.to_string());
    error.into()
}
