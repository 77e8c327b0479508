//! The console: what administrators see and change.
//!
//! Server-rendered pages and plain forms: a form is answered with a redirect when it did what it
//! says, and with the same page, its values and what is wrong with them (422) when it did not.

mod audit;
mod clients;
mod confirm;
mod events;
mod external_mfa;
pub(crate) mod form;
mod frame;
pub(crate) mod home;
pub(crate) mod invite;
mod overview;
mod place;
pub(crate) mod providers;
pub(crate) mod samples;
pub(crate) mod session;
mod settings;
mod sign_out;
mod smart_cards;
pub(crate) mod step_up;
mod users;

use axum::routing::{get, post};

use crate::http::access::Access::Administrator;
use crate::http::access::Routes;

/// The console's routes. Every one of them asks for an administrator's session.
#[rustfmt::skip]
pub(crate) fn routes() -> Routes {
    use providers::mappers;
    const GET: &[&str] = &["GET"];
    const POST: &[&str] = &["POST"];
    const BOTH: &[&str] = &["GET", "POST"];
    Routes::new()
        .route(GET,  "/admin/events", Administrator, get(events::handler))
        .route(POST, "/admin/sign-out", Administrator, post(sign_out::handler))
        .route(POST, "/admin/step-up", Administrator, post(step_up::handler))
        .route(BOTH, "/admin/tenants", Administrator, get(home::list).post(home::create))
        .route(GET,  "/admin/tenants/{slug}", Administrator, get(overview::slash))
        .route(GET,  "/admin/tenants/{slug}/", Administrator, get(overview::handler))
        // Identity Providers
        .route(BOTH, "/admin/tenants/{slug}/providers", Administrator, get(providers::list::handler).post(providers::new::create))
        .route(GET,  "/admin/tenants/{slug}/providers/new", Administrator, get(providers::new::page))
        .route(BOTH, "/admin/tenants/{slug}/providers/{alias}", Administrator, get(providers::edit::page).post(providers::edit::save))
        .route(BOTH, "/admin/tenants/{slug}/providers/{alias}/delete", Administrator, get(providers::delete::ask).post(providers::delete::handler))
        .route(POST, "/admin/tenants/{slug}/providers/{alias}/groups", Administrator, post(providers::groups::answer))
        .route(BOTH, "/admin/tenants/{slug}/providers/{alias}/mappers", Administrator, get(mappers::list::handler).post(mappers::new::create))
        .route(BOTH, "/admin/tenants/{slug}/providers/{alias}/mappers/new", Administrator, get(mappers::new::page).post(mappers::new::create))
        .route(BOTH, "/admin/tenants/{slug}/providers/{alias}/mappers/{id}", Administrator, get(mappers::edit::page).post(mappers::edit::save))
        .route(BOTH, "/admin/tenants/{slug}/providers/{alias}/mappers/{id}/delete", Administrator, get(mappers::delete::ask).post(mappers::delete::handler))
        .route(GET,  "/admin/tenants/{slug}/providers/{alias}/test", Administrator, get(providers::test::page::handler))
        .route(GET,  "/admin/tenants/{slug}/providers/{alias}/test/start", Administrator, get(providers::test::start::handler))
        // Clients
        .route(BOTH, "/admin/tenants/{slug}/clients", Administrator, get(clients::list::handler).post(clients::new::create))
        .route(GET,  "/admin/tenants/{slug}/clients/new", Administrator, get(clients::new::page))
        .route(GET,  "/admin/tenants/{slug}/clients/{client_id}", Administrator, get(clients::page::handler))
        .route(BOTH, "/admin/tenants/{slug}/clients/{client_id}/settings", Administrator, get(clients::edit::page).post(clients::edit::save))
        .route(POST, "/admin/tenants/{slug}/clients/{client_id}/secrets", Administrator, post(clients::secrets::add))
        .route(BOTH, "/admin/tenants/{slug}/clients/{client_id}/secrets/{secret}/remove", Administrator, get(clients::secrets::ask).post(clients::secrets::remove))
        .route(BOTH, "/admin/tenants/{slug}/clients/{client_id}/disable", Administrator, get(clients::state::ask).post(clients::state::disable))
        .route(POST, "/admin/tenants/{slug}/clients/{client_id}/enable", Administrator, post(clients::state::enable))
        .route(BOTH, "/admin/tenants/{slug}/clients/{client_id}/remove", Administrator, get(clients::remove::ask).post(clients::remove::handler))
        // Users
        .route(GET,  "/admin/tenants/{slug}/users", Administrator, get(users::list::handler))
        .route(GET,  "/admin/tenants/{slug}/users/{id}", Administrator, get(users::page::handler))
        .route(BOTH, "/admin/tenants/{slug}/users/{id}/disable", Administrator, get(users::state::ask).post(users::state::disable))
        .route(POST, "/admin/tenants/{slug}/users/{id}/enable", Administrator, post(users::state::enable))
        .route(POST, "/admin/tenants/{slug}/users/{id}/code", Administrator, post(users::code::handler))
        .route(BOTH, "/admin/tenants/{slug}/users/{id}/cards/{card}/revoke", Administrator, get(users::card::ask).post(users::card::revoke))
        .route(POST, "/admin/tenants/{slug}/users/{id}/sessions/end", Administrator, post(users::sessions::end))
        .route(POST, "/admin/tenants/{slug}/users/{id}/agents/{device}/rename", Administrator, post(users::agent::rename))
        .route(BOTH, "/admin/tenants/{slug}/users/{id}/agents/{device}/revoke", Administrator, get(users::agent::ask).post(users::agent::revoke))
        // Tenant
        .route(BOTH, "/admin/tenants/{slug}/settings", Administrator, get(settings::page).post(settings::save))
        .route(GET,  "/admin/tenants/{slug}/smart-cards", Administrator, get(smart_cards::handler))
        .route(BOTH, "/admin/tenants/{slug}/smart-cards/rules", Administrator, get(smart_cards::rules::page).post(smart_cards::rules::save))
        .route(BOTH, "/admin/tenants/{slug}/smart-cards/new", Administrator, get(smart_cards::new::page).post(smart_cards::new::create))
        .route(BOTH, "/admin/tenants/{slug}/smart-cards/{fingerprint}", Administrator, get(smart_cards::authority::page).post(smart_cards::authority::save))
        .route(BOTH, "/admin/tenants/{slug}/smart-cards/{fingerprint}/delete", Administrator, get(smart_cards::delete::ask).post(smart_cards::delete::handler))
        .route(GET,  "/admin/tenants/{slug}/external-mfa", Administrator, get(external_mfa::handler))
        .route(BOTH, "/admin/tenants/{slug}/external-mfa/new", Administrator, get(external_mfa::new::page).post(external_mfa::new::create))
        .route(BOTH, "/admin/tenants/{slug}/external-mfa/rotate", Administrator, get(external_mfa::rotate::ask).post(external_mfa::rotate::handler))
        .route(BOTH, "/admin/tenants/{slug}/external-mfa/{client_id}", Administrator, get(external_mfa::edit::page).post(external_mfa::edit::save))
        .route(BOTH, "/admin/tenants/{slug}/external-mfa/{client_id}/delete", Administrator, get(external_mfa::delete::ask).post(external_mfa::delete::handler))
        .route(GET,  "/admin/tenants/{slug}/audit", Administrator, get(audit::handler))
}
