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
