//! The addresses of a tenant's pages, each written once. The routes of [`crate::app`] take them
//! apart again.

use ids::{Alias, Slug};

/// The account page.
pub(crate) fn account(slug: &Slug) -> String {
    format!("/realms/{slug}/account/")
}

/// The account page, which says what was just done.
pub(crate) fn account_after(slug: &Slug, done: &str) -> String {
    format!("/realms/{slug}/account/?done={done}")
}

/// The login page of one of this browser's logins, with why the person is there again.
pub(crate) fn login(slug: &Slug, number: u8, notice: Option<&str>) -> String {
    let notice = notice.map(|notice| format!("&notice={notice}")).unwrap_or_default();
    format!("/realms/{slug}/login?login={number}{notice}")
}

/// The same for a provider that the application has named.
pub(crate) fn login_hinted(
    slug: &Slug,
    number: u8,
    notice: Option<&str>,
    provider: Option<&Alias>,
) -> String {
    let hint = provider.map(|alias| format!("&kc_idp_hint={alias}")).unwrap_or_default();
    format!("{}{hint}", login(slug, number, notice))
}

/// The card step.
pub(crate) fn card(slug: &Slug) -> String {
    format!("/realms/{slug}/login/card")
}

/// To a provider with one of this browser's logins.
pub(crate) fn broker_login(slug: &Slug, alias: &Alias, number: u8) -> String {
    format!("/realms/{slug}/broker/{alias}/login?login={number}")
}

/// Where a provider sends the browser back to: the path of its redirect URI.
pub(crate) fn broker_endpoint(slug: &Slug, alias: &Alias) -> String {
    format!("/realms/{slug}/broker/{alias}/endpoint")
}

/// Where the browser goes on that Entra has sent for external MFA.
pub(crate) fn eam_continue(slug: &Slug) -> String {
    format!("/realms/{slug}/eam/continue")
}

/// Where a sign-in into an application goes on.
pub(crate) fn oidc_continue(slug: &Slug) -> String {
    format!("/realms/{slug}/protocol/openid-connect/auth/continue")
}

/// Where a logout for an application goes on.
pub(crate) fn oidc_logout_continue(slug: &Slug) -> String {
    format!("/realms/{slug}/protocol/openid-connect/logout/continue")
}

/// The page that answers Entra.
pub(crate) fn eam_answer(slug: &Slug) -> String {
    format!("/realms/{slug}/eam/answer")
}
