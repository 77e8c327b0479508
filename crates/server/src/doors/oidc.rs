//! The door for applications that sign people in by OpenID Connect: discovery, keys, the authorization
//! endpoint, pushed requests and logout.
//!
//! The issuer is `B/realms/{slug}`. It is there for tenants that have an application, enabled or not: its
//! developers read document and keys while they set it up. Elsewhere there is nothing, and no stranger
//! makes us draw a key.

pub(crate) mod answer;
pub(crate) mod auth;
pub(crate) mod certs;
pub(crate) mod discovery;
pub(crate) mod go_on;
mod hint;
mod judge;
pub(crate) mod logout;
pub(crate) mod par;
mod refused;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use openid_provider::Client;

use crate::app::App;
use crate::http::problem::Problem;
use crate::paths;

/// How long others may keep document and keys.
const KEPT: &str = "public, max-age=3600";

/// The longest address at which a sign-in goes on, in bytes.
const LONGEST: usize = 4096;

/// Whether the tenant has an application.
///
/// # Errors
///
/// [`Problem::NotFound`] when it has none.
async fn has_applications(app: &App, tenant: &Tenant) -> Result<(), Problem> {
    let any = app.store.read(tenant.id).await?.has_applications().await?;
    if any { Ok(()) } else { Err(Problem::NotFound) }
}

/// The application with this id, if it is served.
///
/// # Errors
///
/// [`Problem`] when the store fails.
async fn served(
    app: &App,
    tenant: &Tenant,
    client_id: Option<&str>,
) -> Result<Option<Client>, Problem> {
    let Some(client_id) = client_id else { return Ok(None) };
    let client = app.store.read(tenant.id).await?.client(client_id).await?;
    Ok(client.and_then(|client| client.served()))
}

/// A document for everybody: there is nothing in it that a cookie would change.
fn document(bytes: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static(KEPT)),
    ];
    (headers, bytes).into_response()
}

/// `text`, if it is the address at which a sign-in of this tenant's goes on.
pub(crate) fn continue_path<'a>(tenant: &Tenant, text: &'a str) -> Option<&'a str> {
    let query = text.strip_prefix(&paths::oidc_continue(&tenant.slug))?;
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (plain && text.len() <= LONGEST && query.starts_with('?')).then_some(text)
}

#[cfg(test)]
mod tests;
