use axum::extract::State;
use axum::response::Response;
use ids::DeviceId;
use serde::Deserialize;
use store::{AuditEntry, DeviceState};

use crate::account::session::SignedIn;
use crate::app::App;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::problem::Problem;

#[derive(Deserialize)]
pub(crate) struct DeviceParam {
    device: DeviceId,
}

/// `POST /realms/{slug}/account/computers/{device}/remove`: revokes the agent of one of the
/// person's own computers; no browser is paired with it any more. It only takes away, so it needs
/// no fresh tap. A second time finds nothing.
pub(crate) async fn remove(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
    Params(DeviceParam { device }): Params<DeviceParam>,
) -> Result<Response, Problem> {
    let device = app.store.read(tenant.id).await?.device(device).await?;
    let device = device
        .filter(|device| device.person == session.person && device.state == DeviceState::Confirmed);
    let device = device.ok_or(Problem::NotFound)?;
    let mut tx = app.store.write(tenant.id).await?;
    if !tx.revoke_device(device.id).await? {
        return Err(Problem::NotFound);
    }
    tx.audit(&AuditEntry {
        kind: "agent.removed",
        person: Some(session.person),
        actor: Some(session.person),
        login: None,
        detail: serde_json::json!({ "device": device.id, "name": device.name }),
    })
    .await?;
    tx.commit().await?;
    app.agents.tell_revoked(&[device.id]);
    Ok(see_other(&format!("/realms/{}/account/?done=computer-removed", tenant.slug)))
}
