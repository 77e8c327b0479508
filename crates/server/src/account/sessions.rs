use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ids::SessionId;
use serde::Deserialize;
use store::{AuditEntry, Writing};

use crate::account::session::SignedIn;
use crate::app::App;
use crate::card_step::page::paired;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::paths;

#[derive(Deserialize)]
pub(crate) struct SessionParam {
    id: SessionId,
}

/// `POST /realms/{slug}/account/sessions/{id}/end`: ends one of the person's own sessions, with all that
/// applications were granted in it. A second time finds nothing.
pub(crate) async fn end(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
    Params(SessionParam { id }): Params<SessionParam>,
) -> Result<Response, Problem> {
    let sessions = app.store.read(tenant.id).await?.sessions(session.person).await?;
    if !sessions.iter().any(|own| own.id == id) {
        return Err(Problem::NotFound);
    }
    let mut tx = app.store.write(tenant.id).await?;
    tx.end_grants_of_session(session.person, id).await?;
    end_all(tx, &tenant, &session, vec![id]).await
}

/// `POST /realms/{slug}/account/sessions/end-others`: ends all but this one, what applications were
/// granted in others, and the pairings of all browsers but this one.
pub(crate) async fn end_others(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let sessions = rows.sessions(session.person).await?;
    let others = sessions.iter().map(|own| own.id).filter(|id| *id != session.id);
    let here = paired(&mut rows, &tenant, &headers).await?;
    drop(rows);
    let mut tx = app.store.write(tenant.id).await?;
    let here = here.as_ref().map(|here| (here.device.id, &here.token));
    let revoked = tx.revoke_devices_of(session.person, here).await?;
    tx.end_grants_but_of(session.person, session.id).await?;
    let answer = end_all(tx, &tenant, &session, others.collect()).await?;
    app.agents.tell_revoked(&revoked);
    Ok(answer)
}

async fn end_all(
    mut tx: Writing,
    tenant: &identity::Tenant,
    session: &store::Session,
    ended: Vec<SessionId>,
) -> Result<Response, Problem> {
    for id in ended {
        tx.end_session(id).await?;
        tx.audit(&AuditEntry {
            kind: "session.ended",
            person: Some(session.person),
            actor: Some(session.person),
            login: None,
            detail: serde_json::json!({ "session": id }),
        })
        .await?;
    }
    tx.commit().await?;
    Ok(see_other(&paths::account_after(&tenant.slug, "ended")))
}
