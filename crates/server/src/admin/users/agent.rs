use agent_protocol::ServerMessage;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ids::DeviceId;
use serde::Deserialize;
use store::{Device, DeviceState};

use crate::account::computers::renamed;
use crate::admin::place::AtPerson;
use crate::admin::session::FreshAdministrator;
use crate::admin::users::question;
use crate::app::App;
use crate::hallway::ceremony::label_text;
use crate::http::body::FormBody;
use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;

#[derive(Deserialize)]
pub(crate) struct DeviceParam {
    device: DeviceId,
}

/// `GET …/users/{id}/agents/{device}/revoke`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    at: AtPerson,
    Params(DeviceParam { device }): Params<DeviceParam>,
) -> Result<Response, Problem> {
    let device = live_device(&app, &at, device).await?;
    let title = format!("Revoke the agent on {}?", device.name);
    let lines = vec![
        "It is told at once, and its key opens nothing any more. The browser is not paired with \
         it any longer."
            .into(),
        "Cards stay as they are. To use them on this computer, the agent has to be paired again."
            .into(),
    ];
    let action = format!("/agents/{}/revoke", device.id);
    Ok(Html(question(&app, &at, title, lines, &action, "Revoke the agent").await?).into_response())
}

/// `POST …/users/{id}/agents/{device}/revoke`: a second time finds nothing.
pub(crate) async fn revoke(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtPerson,
    Params(DeviceParam { device }): Params<DeviceParam>,
) -> Result<Response, Problem> {
    let device = live_device(&app, &at, device).await?;
    let mut tx = fresh.write(&app, &at.place.tenant).await?;
    if !tx.revoke_device(device.id).await? {
        return Err(Problem::NotFound);
    }
    let detail = serde_json::json!({ "device": device.id });
    fresh.commit(tx, "agent.revoked", Some(at.person.id), detail).await?;
    // Told when it listens here; if not, its next call is refused.
    app.agents.push(device.id, ServerMessage::Revoke);
    Ok(see_other(&at.url("?done=agent")))
}

#[derive(Deserialize)]
pub(crate) struct NameForm {
    name: String,
}

/// `POST …/users/{id}/agents/{device}/rename`. The same name again changes nothing.
pub(crate) async fn rename(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtPerson,
    Params(DeviceParam { device }): Params<DeviceParam>,
    FormBody(form): FormBody<NameForm>,
) -> Result<Response, Problem> {
    let name = label_text(&form.name).ok_or(Problem::Unreadable("name"))?;
    let device = live_device(&app, &at, device).await?;
    if device.name != name {
        let mut tx = fresh.write(&app, &at.place.tenant).await?;
        if !tx.rename_device(device.id, &name).await? {
            return Err(Problem::NotFound);
        }
        let detail = renamed(&device, &name);
        fresh.commit(tx, "agent.renamed", Some(at.person.id), detail).await?;
    }
    Ok(see_other(&at.url("?done=agent-renamed")))
}

/// An agent of this person that is not revoked yet.
async fn live_device(app: &App, at: &AtPerson, id: DeviceId) -> Result<Device, Problem> {
    let device = app.store.read(at.place.tenant.id).await?.device(id).await?;
    let device = device.filter(|device| device.person == at.person.id);
    device.filter(|device| device.state != DeviceState::Revoked).ok_or(Problem::NotFound)
}
