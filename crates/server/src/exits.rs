//! Exits: what leaves the hallway after a proof. A session of the tenant, a session of the console,
//! an answer to Entra; and what applications are granted on such a session.

pub(crate) mod eam;
pub(crate) mod oidc;

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

/// The kind of session that a door's exit makes, if it makes one.
pub(crate) fn kind(door: Door) -> Option<SessionKind> {
    match door {
        Door::Account => Some(SessionKind::Account),
        Door::Console => Some(SessionKind::Administrator),
        Door::Eam => None,
    }
}

/// The door to which a kind of session belongs.
pub(crate) fn door(kind: SessionKind) -> Door {
    match kind {
        SessionKind::Account => Door::Account,
        SessionKind::Administrator => Door::Console,
    }
}

/// How long a session of this kind lives.
pub(crate) fn life(tenant: &Tenant, kind: SessionKind) -> Duration {
    match kind {
        SessionKind::Account => tenant.policy.session(),
        SessionKind::Administrator => CONSOLE_LIFE,
    }
}

/// The cookie of a session of this kind.
pub(crate) fn cookie(tenant: &Tenant, kind: SessionKind, token: Token) -> HeaderValue {
    match kind {
        SessionKind::Account => SessionCookie(token).set(&tenant.slug, life(tenant, kind)),
        SessionKind::Administrator => AdminCookie(token).set(life(tenant, kind)),
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
