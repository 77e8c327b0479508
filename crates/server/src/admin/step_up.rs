//! Asks an administrator for a fresh proof before a change, and sends them to their card.

use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use login::{Door, LoginRequest, Then};
use serde::Deserialize;

use crate::admin::form::Head;
use crate::admin::frame::frame;
use crate::admin::session::{self, Administrator};
use crate::app::App;
use crate::hallway::ceremony::Asked;
use crate::hallway::change::{self, Change};
use crate::http::body::FormBody;
use crate::http::page::Html;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section};

/// The longest address of a page of the console that somebody comes back to, in bytes.
const LONGEST: usize = 2048;

#[derive(Template)]
#[template(path = "console/step-up.html")]
pub(crate) struct StepUpPage {
    console: ConsoleFrame,
    head: Head,
    /// The page with the form that was sent.
    to: String,
    /// Whether that form may have had a secret in it.
    secret: bool,
}

/// The answer to a form that needs a fresh proof and comes without: nothing was read of it, and it
/// is not sent again by itself.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(super) async fn ask(
    app: &App,
    parts: &mut Parts,
    administrator: &Administrator,
) -> Result<Response, Problem> {
    let tenant = match TenantPath::from_request_parts(parts, app).await {
        Ok(path) => Some(path.0),
        // A page about all tenants, or about one that is gone.
        Err(Problem::NotFound) => None,
        Err(problem) => return Err(problem),
    };
    let section = section(parts.uri.path());
    let page = StepUpPage {
        console: frame(app, administrator, tenant.as_ref(), section).await?,
        head: head(),
        to: form_of(&parts.uri),
        secret: has_secret(parts.uri.path()),
    };
    Ok((StatusCode::FORBIDDEN, Html(page)).into_response())
}

fn head() -> Head {
    Head { title: "Confirm with your card".into(), ..Head::default() }
}

fn section(path: &str) -> Section {
    match path.split('/').nth(4) {
        Some("providers") => Section::IdentityProviders,
        Some("external-mfa") => Section::ExternalMfa,
        Some("clients") => Section::Clients,
        Some("users") => Section::Users,
        Some("smart-cards") => Section::SmartCards,
        Some("settings") => Section::Policy,
        _ => Section::Tenants,
    }
}

/// The page with the form that was sent to `uri`: the same address, where that shows it.
fn form_of(uri: &Uri) -> String {
    let (path, query) = (uri.path(), uri.query());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let shown_above = path
        .strip_suffix("/enable")
        .or_else(|| path.strip_suffix("/code"))
        .or_else(|| path.strip_suffix("/sessions/end"))
        .or_else(|| path.strip_suffix("/groups"))
        .or_else(|| path.strip_suffix("/secrets"))
        .or_else(|| Some(path.strip_suffix("/rename")?.rsplit_once("/agents/")?.0));
    match (shown_above, path) {
        (Some(page), _) => page.to_owned(),
        (None, "/admin/tenants") => "/admin/".to_owned(),
        (None, path)
            if ["/providers", "/mappers", "/clients"].iter().any(|end| path.ends_with(end)) =>
        {
            format!("{path}/new{query}")
        }
        (None, path) => format!("{path}{query}"),
    }
}

/// Whether the form that goes to `path` has a field for a secret: that of a provider.
fn has_secret(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(4).collect();
    matches!(segments.as_slice(), ["providers"] | ["providers", _])
}

/// The page with the form that is sent to `action`, for who confirms before they send it.
pub(super) fn page_of(action: &str) -> String {
    action.parse().map_or_else(|_| "/admin/".to_owned(), |uri| form_of(&uri))
}

#[derive(Deserialize)]
pub(crate) struct Form {
    to: String,
}

/// `POST /admin/step-up`: to the card, and back to the page that `to` names with a session on the
/// new proof. Another one that is under way in this session ends.
pub(crate) async fn handler(
    State(app): State<App>,
    administrator: Administrator,
    headers: HeaderMap,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let tenant = session::tenant(&app).await?;
    let return_to = console_path(&form.to).unwrap_or("/admin/").to_owned();
    let request = LoginRequest::new(Door::Console, return_to);
    let change = Change { tenant, session: administrator.session, request, then: Then::Confirm };
    change::begin(&app, change, Asked::by(&headers)).await
}

/// `text`, if it is the address of a page of the console.
pub(crate) fn console_path(text: &str) -> Option<&str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (plain && text.len() <= LONGEST && text.starts_with("/admin/")).then_some(text)
}

/// The page that somebody comes back to, which says that they have confirmed.
pub(crate) fn confirmed(path: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{CONFIRMED}")
}

/// What says so in an address.
const CONFIRMED: &str = "done=confirmed";

/// Whether an address says so.
pub(crate) fn says_confirmed(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|part| part == CONFIRMED))
}

pub(super) fn samples(text: Text<'_>) -> Rendered {
    let page = |secret| StepUpPage {
        console: ConsoleFrame::sample(text, Section::Policy),
        head: head(),
        to: text("/admin/tenants/acme/settings"),
        secret,
    };
    rendered(vec![("asked", page(false)), ("asked-with-secret", page(true))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_the_page_with_the_form() {
        for (sent, shown) in [
            ("/admin/tenants", "/admin/"),
            ("/admin/tenants/acme/settings", "/admin/tenants/acme/settings"),
            (
                "/admin/tenants/acme/providers?template=entra",
                "/admin/tenants/acme/providers/new?template=entra",
            ),
            ("/admin/tenants/acme/providers/azure", "/admin/tenants/acme/providers/azure"),
            (
                "/admin/tenants/acme/providers/azure/mappers",
                "/admin/tenants/acme/providers/azure/mappers/new",
            ),
            ("/admin/tenants/acme/users/1/sessions/end", "/admin/tenants/acme/users/1"),
            ("/admin/tenants/acme/users/1/enable", "/admin/tenants/acme/users/1"),
            (
                "/admin/tenants/acme/clients?preset=grafana",
                "/admin/tenants/acme/clients/new?preset=grafana",
            ),
            ("/admin/tenants/acme/clients/files/secrets", "/admin/tenants/acme/clients/files"),
            (
                "/admin/tenants/acme/clients/files/settings",
                "/admin/tenants/acme/clients/files/settings",
            ),
            ("/admin/tenants/acme/users/1/disable", "/admin/tenants/acme/users/1/disable"),
        ] {
            assert_eq!(form_of(&sent.parse().unwrap()), shown);
        }
    }

    #[test]
    fn only_the_form_of_a_provider_has_a_secret() {
        for (path, secret) in [
            ("/admin/tenants/acme/providers", true),
            ("/admin/tenants/acme/providers/azure", true),
            ("/admin/tenants/acme/providers/azure/mappers", false),
            ("/admin/tenants/acme/providers/azure/delete", false),
            ("/admin/tenants/acme/settings", false),
            ("/admin/tenants", false),
        ] {
            assert_eq!(has_secret(path), secret, "{path}");
        }
    }

    #[test]
    fn one_comes_back_to_the_console_and_nowhere_else() {
        for good in ["/admin/", "/admin/tenants/acme/users?filter=all"] {
            assert_eq!(console_path(good), Some(good));
        }
        let long = format!("/admin/{}", "x".repeat(LONGEST));
        for bad in
            ["", "//evil.test/admin/", "https://evil.test/", "/realms/acme/", "/admin", &long]
        {
            assert_eq!(console_path(bad), None, "{bad}");
        }
        for bad in ["/admin/\\evil", "/admin/\r\nset-cookie: x", "/admin/ x", "/admin/é"] {
            assert_eq!(console_path(bad), None, "{bad}");
        }
    }
}
