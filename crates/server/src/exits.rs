//! Exits: what leaves the hallway after a proof. For now a session of the tenant, and a session
//! of the console.

use std::time::Duration;

use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, HeaderValue};
use identity::Tenant;
use login::Door;
use secrets::Token;
use store::SessionKind;

use crate::http::cookies::{AdminCookie, SessionCookie};

/// How long a session of the console lives.
const CONSOLE_LIFE: Duration = Duration::from_secs(60 * 60);

/// The kind of session that a door's exit makes.
pub(crate) fn kind(door: Door) -> SessionKind {
    match door {
        Door::Account => SessionKind::Account,
        Door::Console => SessionKind::Administrator,
    }
}

/// The door to which a kind of session belongs.
pub(crate) fn door(kind: SessionKind) -> Door {
    match kind {
        SessionKind::Account => Door::Account,
        SessionKind::Administrator => Door::Console,
    }
}

/// How long the session of a door lives.
pub(crate) fn life(tenant: &Tenant, door: Door) -> Duration {
    match door {
        Door::Account => tenant.policy.session(),
        Door::Console => CONSOLE_LIFE,
    }
}

/// The cookie of the session of a door.
pub(crate) fn cookie(tenant: &Tenant, door: Door, token: Token) -> HeaderValue {
    match door {
        Door::Account => SessionCookie(token).set(&tenant.slug, life(tenant, door)),
        Door::Console => AdminCookie(token).set(life(tenant, door)),
    }
}

/// The browser, as the list of sessions names it.
pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    if headers.get(USER_AGENT).is_none() {
        return "An unknown browser".into();
    }
    let (browser, system) = crate::http::page::browser(headers);
    format!("{browser} on {system}")
}
