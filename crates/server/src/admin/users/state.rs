use axum::extract::State;
use axum::response::{IntoResponse, Response};
use identity::PersonState;

use crate::admin::place::AtPerson;
use crate::admin::session::FreshAdministrator;
use crate::admin::users::question;
use crate::agents;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::problem::{Clash, Problem};

/// `GET …/users/{id}/disable`: asks first.
pub(crate) async fn ask(State(app): State<App>, at: AtPerson) -> Result<Response, Problem> {
    let title = format!("Disable {}?", at.name());
    let lines = vec![
        "They are signed out everywhere at once, and a login that is under way ends.".into(),
        "The agents on their computers are revoked, and have to be paired again.".into(),
        "Their cards and links stay. You can enable them again at any time.".into(),
    ];
    Ok(Html(question(&app, &at, title, lines, "/disable", "Disable").await?).into_response())
}

/// `POST …/users/{id}/disable`: a second time changes nothing.
pub(crate) async fn disable(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtPerson,
) -> Result<Response, Problem> {
    if at.is_self() {
        return Err(Problem::Clash(Clash::OwnAccount));
    }
    let agents = agents::of_person(&app, &at.place.tenant, at.person.id).await?;
    set(&app, &fresh, &at, PersonState::Disabled, "person.disabled").await?;
    app.agents.tell_revoked(&agents);
    Ok(see_other(&at.url("?done=disabled")))
}

/// `POST …/users/{id}/enable`: a second time changes nothing.
pub(crate) async fn enable(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtPerson,
) -> Result<Response, Problem> {
    set(&app, &fresh, &at, PersonState::Enabled, "person.enabled").await?;
    Ok(see_other(&at.url("?done=enabled")))
}

async fn set(
    app: &App,
    fresh: &FreshAdministrator,
    at: &AtPerson,
    state: PersonState,
    kind: &'static str,
) -> Result<(), Problem> {
    let mut tx = fresh.write(app, &at.place.tenant).await?;
    if !tx.set_person_state(at.person.id, state).await? {
        return Err(Problem::NotFound);
    }
    fresh.commit(tx, kind, Some(at.person.id), serde_json::json!({})).await
}
