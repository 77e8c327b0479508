//! What the doors and the exits for applications share: the tenant's issuer, and what is sealed into
//! the browser's hands instead of being kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Tenant;
use openid_provider::Issuer;
use openid_provider::authorization::Asked;
use openid_provider::code::Code;
use openid_provider::par::Pushed;
use secrets::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::doors::oidc::logout::Leaving;
use crate::entropy;
use crate::http::problem::Problem;

/// What is sealed. One opens as nothing else, and in no other tenant.
#[derive(Clone, Copy)]
enum Kind {
    Code,
    Logout,
    Pushed,
    Request,
}

impl Kind {
    fn place(self, tenant: &Tenant) -> String {
        let kind = match self {
            Self::Code => "oidc-code",
            Self::Logout => "oidc-logout",
            Self::Pushed => "oidc-pushed",
            Self::Request => "oidc-request",
        };
        format!("{kind}|{}", tenant.id)
    }
}

/// The issuer of a tenant, as it is written everywhere.
///
/// # Errors
///
/// [`Problem::Internal`] for a public address that the configuration would not let through.
pub(crate) fn issuer(app: &App, tenant: &Tenant) -> Result<Issuer, Problem> {
    Issuer::new(app.config.origin(), &tenant.slug).map_err(Problem::internal)
}

/// The text of a code.
///
/// # Errors
///
/// [`Problem::Internal`].
pub(crate) fn seal_code(app: &App, tenant: &Tenant, code: &Code) -> Result<Secret, Problem> {
    seal(app, tenant, Kind::Code, code).map(Secret::from)
}

/// What stands in a code of this tenant; `None` for any other text. Whether it was redeemed, and
/// whether it is over, the store tells.
pub(crate) fn open_code(app: &App, tenant: &Tenant, text: &Secret) -> Option<Code> {
    open(app, tenant, Kind::Code, text.expose_text()?)
}

/// A checked request, as the browser carries it through the login.
///
/// # Errors
///
/// [`Problem::Internal`].
pub(crate) fn seal_request(app: &App, tenant: &Tenant, asked: &Asked) -> Result<String, Problem> {
    seal(app, tenant, Kind::Request, asked)
}

/// A request that was checked here; `None` for any other text. Whether it is over is the caller's
/// matter.
pub(crate) fn open_request(app: &App, tenant: &Tenant, text: &str) -> Option<Asked> {
    open(app, tenant, Kind::Request, text)
}

/// A pushed request, as its client carries it.
///
/// # Errors
///
/// [`Problem::Internal`].
pub(crate) fn seal_pushed(app: &App, tenant: &Tenant, pushed: &Pushed) -> Result<String, Problem> {
    seal(app, tenant, Kind::Pushed, pushed)
}

/// A request that was pushed here; `None` for any other text. Whether it is over is the caller's
/// matter.
pub(crate) fn open_pushed(app: &App, tenant: &Tenant, text: &str) -> Option<Pushed> {
    open(app, tenant, Kind::Pushed, text)
}

/// A checked logout, as the browser carries it to where its cookie comes along.
///
/// # Errors
///
/// [`Problem::Internal`].
pub(crate) fn seal_logout(
    app: &App,
    tenant: &Tenant,
    leaving: &Leaving,
) -> Result<String, Problem> {
    seal(app, tenant, Kind::Logout, leaving)
}

/// A logout that was checked here; `None` for any other text.
pub(crate) fn open_logout(app: &App, tenant: &Tenant, text: &str) -> Option<Leaving> {
    open(app, tenant, Kind::Logout, text)
}

fn seal(app: &App, tenant: &Tenant, kind: Kind, value: &impl Serialize) -> Result<String, Problem> {
    let plain = serde_json::to_vec(value).map_err(Problem::internal)?;
    let sealed = app.ring.seal(&kind.place(tenant), entropy::bytes(), &plain);
    sealed.map(|sealed| URL_SAFE_NO_PAD.encode(sealed)).map_err(Problem::internal)
}

fn open<T: DeserializeOwned>(app: &App, tenant: &Tenant, kind: Kind, text: &str) -> Option<T> {
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let plain = app.ring.open(&kind.place(tenant), &sealed).ok()?;
    serde_json::from_slice(plain.expose()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_app::test_app;
    use crate::test_rows::tenant;

    #[tokio::test]
    async fn what_is_sealed_opens_as_what_it_is_where_it_was_sealed() {
        let (app, _data) = test_app().await;
        let (acme, rival) = (tenant("acme"), tenant("rival"));
        let all = [Kind::Code, Kind::Pushed, Kind::Request, Kind::Logout];
        for (number, kind) in all.into_iter().enumerate() {
            let sealed = seal(&app, &acme, kind, &"what it is").unwrap();
            assert_eq!(open::<String>(&app, &rival, kind, &sealed), None);
            for (other, as_kind) in all.into_iter().enumerate() {
                let opened = open::<String>(&app, &acme, as_kind, &sealed);
                assert_eq!(opened.is_some(), other == number);
            }
            assert_eq!(open::<String>(&app, &acme, kind, &sealed[1..]), None);
        }
    }
}
