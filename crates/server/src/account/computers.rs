use axum::extract::State;
use axum::response::Response;
use identity::Tenant;
use ids::DeviceId;
use serde::Deserialize;
use store::{AuditEntry, Device, DeviceState, Session};

use crate::account::session::SignedIn;
use crate::app::App;
use crate::hallway::ceremony::label_text;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};
use crate::paths;

#[derive(Deserialize)]
pub(crate) struct DeviceParam {
    device: DeviceId,
}

#[derive(Deserialize)]
pub(crate) struct NameForm {
    name: String,
}

/// `POST /realms/{slug}/account/computers/{device}/rename`: what the agent on one of the person's
/// own computers is called. The same name again changes nothing.
pub(crate) async fn rename(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
    Params(DeviceParam { device }): Params<DeviceParam>,
    peer: Peer,
    FormBody(form): FormBody<NameForm>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Change, peer)?;
    let name = label_text(&form.name).ok_or(Problem::Unreadable("name"))?;
    let device = own(&app, &tenant, &session, device).await?;
    if device.name != name {
        let mut tx = app.store.write(tenant.id).await?;
        if !tx.rename_device(device.id, &name).await? {
            return Err(Problem::NotFound);
        }
        let person = Some(session.person);
        let detail = renamed(&device, &name);
        tx.audit(&AuditEntry { person, actor: person, ..AuditEntry::new("agent.renamed", detail) })
            .await?;
        tx.commit().await?;
    }
    Ok(see_other(&paths::account_after(&tenant.slug, "computer-renamed")))
}

/// What the audit event says of another name.
pub(crate) fn renamed(device: &Device, to: &str) -> serde_json::Value {
    serde_json::json!({ "device": device.id, "from": device.name, "to": to })
}

/// `POST /realms/{slug}/account/computers/{device}/remove`: revokes the agent of one of the
/// person's own computers; no browser is paired with it any more. It only takes away, so it needs
/// no fresh tap. A second time finds nothing.
pub(crate) async fn remove(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
    Params(DeviceParam { device }): Params<DeviceParam>,
) -> Result<Response, Problem> {
    let device = own(&app, &tenant, &session, device).await?;
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
    Ok(see_other(&paths::account_after(&tenant.slug, "computer-removed")))
}

/// The agent of one of the person's computers, as their account page lists it.
async fn own(
    app: &App,
    tenant: &Tenant,
    session: &Session,
    device: DeviceId,
) -> Result<Device, Problem> {
    let device = app.store.read(tenant.id).await?.device(device).await?;
    let device = device.filter(|device| device.person == session.person);
    device.filter(|device| device.state == DeviceState::Confirmed).ok_or(Problem::NotFound)
}
