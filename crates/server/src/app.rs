//! The server's parts, and the table of all routes.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use identity::Moment;
use passkeys::Passkeys;
use secrets::KeyRing;
use store::Store;
use upstream::Upstream;

use crate::agents::Agents;
use crate::config::Config;
use crate::doors::eam::last_refused::LastRefused;
use crate::hallway::events::Pages;
use crate::http::access::Access::{Agent, Public, Session, Stranger, Waiting};
use crate::http::access::{RouteInfo, Routes};
use crate::http::{around, cors, origin, problem};
use crate::limits::Limits;
use crate::overage::Turns;
use crate::quiet::Quiet;
use crate::signing::Signing;
use crate::tabs::Tabs;
use crate::{account, admin, agents, card_step, doors, exits, health, help, statics};

/// All that the handlers need. Built once, by the program or by a test.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) passkeys: Passkeys,
    pub(crate) upstream: Upstream,
    /// Clouds of Entra that may ask for external MFA.
    pub(crate) clouds: Vec<entra_eam::Cloud>,
    pub(crate) signing: Signing,
    pub(crate) pages: Pages,
    pub(crate) tabs: Tabs,
    pub(crate) agents: Agents,
    pub(crate) limits: Limits,
    pub(crate) graph_turns: Turns,
    pub(crate) quiet: Quiet,
    pub(crate) last_refused: LastRefused,
    pub(crate) request_key: agent_protocol::SigningKey,
    /// When this node was started, by the database's clock.
    pub(crate) up_since: Moment,
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The store, for tools that look at what the server keeps.
    pub fn store(&self) -> &Store {
        &self.0.store
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The router, ready to serve.
pub fn router(app: &App) -> Router {
    let (pages, _) = pages().finish();
    let (calls, _) = agent_calls().finish();
    let (entra, _) = entra_calls().finish();
    let (applications, _) = application_calls().finish();
    let (from_applications, _) = from_applications().finish();
    let pages = pages.layer(from_fn_with_state(app.clone(), origin::check));
    let calls = calls.merge(entra).merge(applications).merge(from_applications);
    let all = pages.merge(calls);
    wrapped(app, all.fallback(|| async { problem::Problem::NotFound }))
}

/// Routes, and what stands around each of them.
fn wrapped(app: &App, routes: Router<App>) -> Router {
    routes.layer(from_fn_with_state(app.clone(), around::every)).with_state(app.clone())
}

/// Every route with its rule: what the isolation tests walk through.
pub fn table() -> Vec<RouteInfo> {
    [pages(), entra_calls(), from_applications(), application_calls(), agent_calls()]
        .map(|routes| routes.finish().1)
        .concat()
}

/// What browsers call. Writes must come from our own pages.
#[rustfmt::skip]
fn pages() -> Routes {
    const GET: &[&str] = &["GET"];
    const POST: &[&str] = &["POST"];
    const BOTH: &[&str] = &["GET", "POST"];
    Routes::new()
        .route(GET,  "/health/live", Public, get(health::live))
        .route(GET,  "/health/ready", Public, get(health::ready))
        .route(GET,  "/static/{hash}/{name}", Public, get(statics::handler))
        .route(GET,  "/help", Public, get(help::start))
        .route(GET,  "/help/", Public, get(help::start))
        .route(GET,  "/help/aadsts", Public, get(help::aadsts))
        .route(GET,  "/help/aadsts/{code}", Public, get(help::aadsts_code))
        // Doors
        .route(GET,  "/admin", Public, get(doors::console::slash))
        .route(GET,  "/admin/", Public, get(doors::console::handler))
        .route(GET,  "/", Public, get(doors::root::handler))
        .route(GET,  "/realms/{slug}", Public, get(doors::account::slash))
        .route(GET,  "/realms/{slug}/", Public, get(doors::account::slash))
        .route(GET,  "/realms/{slug}/account", Public, get(doors::account::slash))
        .route(GET,  "/realms/{slug}/account/", Public, get(doors::account::handler))
        .route(GET,  "/realms/{slug}/login", Stranger, get(doors::login_page::handler))
        .route(BOTH, "/realms/{slug}/broker/{alias}/login", Stranger, get(doors::broker_login::handler).post(doors::broker_login::chosen))
        .route(GET,  "/realms/{slug}/broker/{alias}/endpoint", Stranger, get(doors::broker_endpoint::handler))
        .route(POST, "/realms/{slug}/login/use-card/options", Stranger, post(doors::use_card::options))
        .route(POST, "/realms/{slug}/login/use-card/finish", Stranger, post(doors::use_card::finish))
        .route(POST, "/realms/{slug}/login/use-card/agent", Stranger, post(doors::use_agent::handler))
        .route(GET,  "/realms/{slug}/protocol/openid-connect/auth/continue", Public, get(doors::oidc::go_on::handler))
        .route(GET,  "/realms/{slug}/protocol/openid-connect/logout/continue", Public, get(doors::oidc::logout::go_on))
        .route(POST, "/realms/{slug}/protocol/openid-connect/logout/confirm", Public, post(doors::oidc::logout::confirm))
        .route(GET,  "/realms/{slug}/eam/continue", Waiting, get(doors::eam::go_on::handler))
        .route(GET,  "/realms/{slug}/eam/answer", Waiting, get(exits::eam::handler))
        // The card step
        .route(GET,  "/realms/{slug}/login/card", Waiting, get(card_step::page::handler))
        .route(POST, "/realms/{slug}/login/card/options", Waiting, post(card_step::options::handler))
        .route(POST, "/realms/{slug}/login/card/finish", Waiting, post(card_step::finish::handler))
        .route(GET,  "/realms/{slug}/login/card/events", Waiting, get(card_step::events::handler))
        .route(POST, "/realms/{slug}/login/card/agent", Waiting, post(card_step::agent::push))
        .route(POST, "/realms/{slug}/login/card/agent/cancel", Waiting, post(card_step::agent::cancel))
        .route(POST, "/realms/{slug}/login/card/link", Waiting, post(card_step::link::handler))
        .route(BOTH, "/realms/{slug}/login/card/return", Public, get(card_step::returning::page).post(card_step::returning::confirm))
        .route(POST, "/realms/{slug}/login/card/pair", Waiting, post(card_step::pair::code))
        .route(BOTH, "/realms/{slug}/login/card/pair/return", Public, get(card_step::pair::back::page).post(card_step::pair::back::confirm))
        .route(POST, "/realms/{slug}/login/code", Waiting, post(card_step::code::handler))
        .route(POST, "/realms/{slug}/login/start-again", Waiting, post(card_step::start_again::handler))
        // The account page
        .route(POST, "/realms/{slug}/account/cards/add", Session, post(account::change::add))
        .route(POST, "/realms/{slug}/account/cards/{id}/remove", Session, post(account::change::remove))
        .route(POST, "/realms/{slug}/account/cards/{id}/rename", Session, post(account::rename::handler))
        .route(POST, "/realms/{slug}/account/computers/{device}/remove", Session, post(account::computers::remove))
        .route(POST, "/realms/{slug}/account/computers/{device}/rename", Session, post(account::computers::rename))
        .route(GET,  "/realms/{slug}/account/events", Session, get(account::events::handler))
        .route(POST, "/realms/{slug}/account/sessions/{id}/end", Session, post(account::sessions::end))
        .route(POST, "/realms/{slug}/account/sessions/end-others", Session, post(account::sessions::end_others))
        .route(POST, "/realms/{slug}/account/sign-out", Session, post(account::sign_out::handler))
        // The console
        .route(BOTH, "/admin/invite", Public, get(admin::invite::page).post(admin::invite::taken))
        .merge(admin::routes())
}

/// What Entra calls, or has browsers post from its own pages: such a request brings no cookie, and
/// what it may do hangs on Entra's signature alone.
#[rustfmt::skip]
fn entra_calls() -> Routes {
    use doors::eam::{auth, certs, discovery};
    const GET: &[&str] = &["GET"];
    const BOTH: &[&str] = &["GET", "POST"];
    Routes::new()
        .route(GET,  "/realms/{slug}/eam/.well-known/openid-configuration", Public, get(discovery::handler))
        .route(GET,  "/realms/{slug}/eam/certs", Public, get(certs::handler))
        .route(BOTH, "/realms/{slug}/eam/auth", Public, get(auth::get).post(auth::post))
}

/// Where applications send browsers, by a link or by a form of their own pages: such a request needs no
/// cookie, and what it may do hangs on what is registered.
#[rustfmt::skip]
fn from_applications() -> Routes {
    use doors::oidc::{auth, logout};
    const BOTH: &[&str] = &["GET", "POST"];
    Routes::new()
        .route(BOTH, "/realms/{slug}/protocol/openid-connect/auth", Public, get(auth::get).post(auth::post))
        .route(BOTH, "/realms/{slug}/protocol/openid-connect/logout", Public, get(logout::get).post(logout::post))
}

/// What applications call, on their servers or in browsers of any origin. Such a call needs no cookie:
/// what it may do hangs on who the application shows that it is, and on what it brings.
#[rustfmt::skip]
fn application_calls() -> Routes {
    use axum::routing::MethodRouter;
    use doors::oidc::{certs, discovery, par};
    use exits::oidc::{introspect, revoke, token, userinfo};
    const GET: &[&str] = &["GET"];
    const POST: &[&str] = &["POST"];
    const BOTH: &[&str] = &["GET", "POST"];
    let shared = |calls: MethodRouter<App>| calls.options(cors::preflight).layer(from_fn(cors::allow));
    Routes::new()
        .route(GET,  "/realms/{slug}/.well-known/openid-configuration", Public, shared(get(discovery::handler)))
        .route(GET,  "/realms/{slug}/protocol/openid-connect/certs", Public, shared(get(certs::handler)))
        .route(POST, "/realms/{slug}/protocol/openid-connect/par", Public, shared(post(par::handler)))
        .route(POST, "/realms/{slug}/protocol/openid-connect/token", Public, shared(post(token::handler)))
        .route(BOTH, "/realms/{slug}/protocol/openid-connect/userinfo", Public, shared(get(userinfo::handler).post(userinfo::handler)))
        .route(POST, "/realms/{slug}/protocol/openid-connect/revoke", Public, shared(post(revoke::handler)))
        .route(POST, "/realms/{slug}/protocol/openid-connect/introspect", Public, post(introspect::handler))
}

/// What agents call. Each call carries its own proof and no cookie.
#[rustfmt::skip]
fn agent_calls() -> Routes {
    use agent_protocol::paths;
    const GET: &[&str] = &["GET"];
    const POST: &[&str] = &["POST"];
    Routes::new()
        .route(POST, paths::NONCE, Public, post(agents::nonce::handler))
        .route(POST, paths::ENROL, Public, post(agents::enrol::handler))
        .route(POST, paths::ENROL_WAIT, Agent, post(agents::enrol::wait::handler))
        .route(GET,  paths::CHANNEL, Agent, get(agents::channel::handler))
        .route(POST, paths::CLAIM, Agent, post(agents::claim::handler))
        .route(POST, paths::RESULT, Agent, post(agents::result::handler))
}

#[cfg(test)]
mod tests;
