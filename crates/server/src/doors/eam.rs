//! The door for Microsoft Entra, which asks for external MFA: discovery, keys, and the request.
//!
//! An issuer of its own, `B/realms/{slug}/eam`. It is there for tenants that have a connection,
//! enabled or not: Entra reads document and keys while the method is set up, and keys stay published
//! while a connection rests. Elsewhere there is nothing, and no stranger makes us draw a key.

pub(crate) mod auth;
pub(crate) mod certs;
pub(crate) mod discovery;
pub(crate) mod go_on;
mod hint;
pub(crate) mod last_refused;
mod person;
mod refused;

use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use entra_eam::{Connection, Issuer};
use identity::Tenant;
use store::{EamConnection, Rows};

use crate::app::App;
use crate::http::problem::Problem;

/// How long the browser keeps the handle of a transaction: longer than Entra waits, since what was
/// proved in it may spare a second tap.
const COOKIE_LIFE: Duration = Duration::from_secs(10 * 60);

/// So long after a request an answer is still posted: Entra gives up after about five minutes.
const ENTRA_WAITS: Duration = Duration::from_secs(290);

/// How long others may keep document and keys.
const KEPT: &str = "public, max-age=3600";

/// The issuer of a tenant, as it is written everywhere.
///
/// # Errors
///
/// [`Problem::Internal`] for a public address that the configuration would not let through.
pub(crate) fn issuer(app: &App, tenant: &Tenant) -> Result<Issuer, Problem> {
    Issuer::new(app.config.origin(), &tenant.slug).map_err(Problem::internal)
}

/// The issuer of a tenant that has a connection.
async fn connected(app: &App, tenant: &Tenant) -> Result<Issuer, Problem> {
    connections(app, tenant).await?;
    issuer(app, tenant)
}

/// The connections of a tenant that has some.
async fn connections(app: &App, tenant: &Tenant) -> Result<Vec<EamConnection>, Problem> {
    let connections = app.store.read(tenant.id).await?.eam_connections().await?;
    if connections.is_empty() { Err(Problem::NotFound) } else { Ok(connections) }
}

/// The enabled connection with this client id.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn connection(
    rows: &mut Rows,
    client_id: &str,
) -> Result<Option<Connection>, Problem> {
    Ok(rows.eam_connection(client_id).await?.and_then(usable))
}

/// What the rules of the protocol need of a connection; none of one that is disabled.
fn usable(row: EamConnection) -> Option<Connection> {
    let EamConnection { client_id, app_id, authority, directories, enabled, .. } = row;
    enabled.then_some(Connection { client_id, app_id, authority, directories })
}

/// A document for Entra: whole, with its length (EAM-03).
fn document(bytes: Vec<u8>) -> Response {
    let json = HeaderValue::from_static("application/json");
    let kept = HeaderValue::from_static(KEPT);
    ([(CONTENT_TYPE, json), (CACHE_CONTROL, kept)], bytes).into_response()
}
