//! What applications call themselves: tokens for a code, for a refresh token or for the application
//! itself, and what tokens stand for.
//!
//! Such a call brings no cookie. What it may do hangs on who the application shows that it is, and on
//! what it brings; whether that still stands for something, the store tells at each use.

pub(crate) mod caller;
pub(crate) mod incoming;
pub(crate) mod introspect;
mod living;
pub(crate) mod refused;
pub(crate) mod revoke;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod token;
mod tokens;
pub(crate) mod userinfo;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::{Moment, Tenant};
use jose::NumericDate;
use openid_provider::Issuer;
use store::Look;

use crate::app::App;
use crate::http::problem::Problem;
use crate::oidc;

/// One call of an application.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) look: &'a Look,
    pub(crate) tenant: &'a Tenant,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) issuer: Issuer,
    /// When it came, by the database's clock.
    pub(crate) now: Moment,
}

impl<'a> Call<'a> {
    /// A call that comes at the moment of a look.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`].
    pub(crate) fn of(
        app: &'a App,
        look: &'a Look,
        headers: &'a HeaderMap,
    ) -> Result<Self, Problem> {
        let tenant = look.tenant();
        Ok(Self { app, look, tenant, headers, issuer: oidc::issuer(app, tenant)?, now: look.at() })
    }

    /// [`Call::now`] as tokens have it.
    pub(crate) fn date(&self) -> NumericDate {
        NumericDate(self.now.unix_seconds())
    }
}

/// An answer in JSON that nobody keeps (RFC 6749 §5.1).
pub(crate) fn answer(status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (status, headers, body).into_response()
}
