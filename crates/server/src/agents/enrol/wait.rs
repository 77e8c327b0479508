use agent_protocol::{EnrolmentState, WaitAnswer, limits};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use store::DeviceState;

use crate::agents::caller::AgentCall;
use crate::app::App;
use crate::http::problem::Problem;

/// An empty object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `POST /agent/v1/enrol/wait`: has the page confirmed? Held until it has, at most 25 seconds.
pub(crate) async fn handler(
    State(app): State<App>,
    call: AgentCall<Nothing>,
) -> Result<Json<WaitAnswer>, Problem> {
    let mut tx = app.store.write(call.tenant.id).await?;
    call.spend(&mut tx).await?;
    tx.commit().await?;
    // Who waits for nothing takes no place: of each login there is one offer, and so one place.
    if call.device.state != DeviceState::Pending {
        return Ok(Json(WaitAnswer { state: state(&app, &call).await? }));
    }
    // Before the look, so that nothing is missed between the two.
    let mut waiter = app.agents.waiters.wait(call.device.id).ok_or(Problem::Busy)?;
    let pending = state(&app, &call).await?;
    if pending != EnrolmentState::Pending {
        return Ok(Json(WaitAnswer { state: pending }));
    }
    match tokio::time::timeout(limits::LONG_POLL, waiter.woken()).await {
        Ok(()) => Ok(Json(WaitAnswer { state: state(&app, &call).await? })),
        Err(_) => Ok(Json(WaitAnswer { state: pending })),
    }
}

async fn state(app: &App, call: &AgentCall<Nothing>) -> Result<EnrolmentState, Problem> {
    let mut rows = app.store.read(call.tenant.id).await?;
    let Some(device) = rows.device(call.device.id).await? else {
        return Ok(EnrolmentState::Refused);
    };
    Ok(match device.state {
        DeviceState::Confirmed => EnrolmentState::Confirmed,
        DeviceState::Revoked => EnrolmentState::Refused,
        DeviceState::Pending => match device.login {
            Some(login) if rows.login(login).await?.is_some() => EnrolmentState::Pending,
            _ => EnrolmentState::Refused,
        },
    })
}
