use axum::extract::State;
use axum::response::{IntoResponse, Response};
use store::Client;

use super::{ClientId, below, head_of, stored, to_change};
use crate::admin::confirm::ConfirmPage;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::Section;

/// `GET /admin/tenants/{slug}/clients/{client_id}/disable`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    let at = stored(&mut *app.store.read(place.tenant.id).await?, &client_id).await?;
    let page = ConfirmPage {
        console: place.console(&app, Section::Clients).await?,
        head: head_of(&place, &at.client, &format!("Disable {}?", at.client.name)),
        lines: vec![
            "Nobody signs in to it any more, and what it was granted is refused at the next use. It is \
             told of no logout. Whoever is signed in there may stay so until the application asks again."
                .into(),
            "Its settings and secrets stay. You can enable it again at any time.".into(),
        ],
        action: place.url(&below(&client_id, "/disable")),
        deed: "Disable the application".into(),
        back: place.url(&below(&client_id, "")),
    };
    Ok(Html(page).into_response())
}

/// `POST /admin/tenants/{slug}/clients/{client_id}/disable`: a second time changes nothing.
pub(crate) async fn disable(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    set(&app, &fresh, &place, &client_id, false).await
}

/// `POST /admin/tenants/{slug}/clients/{client_id}/enable`: a second time changes nothing.
pub(crate) async fn enable(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    set(&app, &fresh, &place, &client_id, true).await
}

async fn set(
    app: &App,
    fresh: &FreshAdministrator,
    place: &Place,
    client_id: &str,
    enabled: bool,
) -> Result<Response, Problem> {
    let (kind, done) = if enabled {
        ("client.enabled", "?done=enabled")
    } else {
        ("client.disabled", "?done=disabled")
    };
    let mut tx = fresh.write(app, &place.tenant).await?;
    let client = to_change(&mut tx, client_id).await?.client;
    if client.enabled != enabled {
        if !tx.change_client(&Client { enabled, ..client }).await? {
            return Err(Problem::NotFound);
        }
        fresh.commit(tx, kind, None, serde_json::json!({ "client": client_id })).await?;
    }
    Ok(see_other(&place.url(&below(client_id, done))))
}
