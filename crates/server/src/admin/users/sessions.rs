use axum::extract::State;
use axum::response::Response;

use crate::admin::place::AtPerson;
use crate::admin::session::FreshAdministrator;
use crate::agents;
use crate::app::App;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// `POST …/users/{id}/sessions/end`: ends all sessions of a person, and revokes the agents on their
/// computers. A second time ends none.
pub(crate) async fn end(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtPerson,
) -> Result<Response, Problem> {
    let agents = agents::of_person(&app, &at.place.tenant, at.person.id).await?;
    let mut tx = fresh.write(&app, &at.place.tenant).await?;
    let ended = tx.end_sessions_of(at.person.id).await?;
    let detail = serde_json::json!({ "sessions": ended });
    fresh.commit(tx, "sessions.ended", Some(at.person.id), detail).await?;
    app.agents.tell_revoked(&agents);
    Ok(see_other(&at.url("?done=ended")))
}
