//! Answers of cards to logins that are over: they give nothing, and are on record.

use axum::http::HeaderMap;
use identity::Tenant;
use ids::{LoginId, UserId};
use secrets::TokenHash;
use store::{AuditEntry, SessionKind, Writing};

use crate::app::App;
use crate::hallway::waiting::session_token;
use crate::http::cookies::CardCookie;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};

/// What is known of a login that is over.
struct Over {
    person: UserId,
    login: Option<LoginId>,
    reason: &'static str,
}

/// Writes down an answer that came too late, or a second time, as far as its browser holds something
/// of a login that was. Nothing else changes.
///
/// Gives what to answer: [`Problem::LoginGone`]; another when it could not be written, or there were
/// too many.
pub(super) async fn refuse(app: &App, tenant: &Tenant, headers: &HeaderMap, peer: Peer) -> Problem {
    record(app, tenant, headers, peer).await.err().unwrap_or(Problem::LoginGone)
}

async fn record(
    app: &App,
    tenant: &Tenant,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<(), Problem> {
    let Some(cookie) = CardCookie::read(headers, &tenant.slug) else { return Ok(()) };
    limits::count(app, Attempt::Challenge, peer)?;
    let mut tx = app.store.write(tenant.id).await?;
    let Some(over) = over(app, &mut tx, &cookie.0.hash()).await? else { return Ok(()) };
    let Over { person, login, reason } = over;
    tracing::warn!(tenant = %tenant.slug, %person, reason, "card refused");
    tx.audit(&AuditEntry {
        kind: "login.refused",
        person: Some(person),
        actor: Some(person),
        login,
        detail: serde_json::json!({ "reason": reason }),
    })
    .await?;
    Ok(tx.commit().await?)
}

/// A login whose time is over counts once, and is gone then; one that ended in a session is known by
/// the session, for as long as that lives.
async fn over(app: &App, tx: &mut Writing, handle: &TokenHash) -> Result<Option<Over>, Problem> {
    if let Some(late) = tx.take_late_login(handle).await? {
        let (person, login) = (late.person, Some(late.started.id));
        return Ok(Some(Over { person, login, reason: "login-expired" }));
    }
    let token = session_token(&app.ring, handle)?.hash();
    for kind in [SessionKind::Account, SessionKind::Administrator] {
        if let Some(session) = tx.session(&token, kind).await? {
            let person = session.person;
            return Ok(Some(Over { person, login: None, reason: "already-used" }));
        }
    }
    Ok(None)
}
