use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{ClientId, below, head_of, stored};
use crate::admin::confirm::ConfirmPage;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::Section;

/// `GET /admin/tenants/{slug}/clients/{client_id}/remove`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    let at = stored(&mut *app.store.read(place.tenant.id).await?, &client_id).await?;
    let page = ConfirmPage {
        console: place.console(&app, Section::Clients).await?,
        head: head_of(&place, &at.client, &format!("Remove {}?", at.client.name)),
        lines: vec![
            "Nobody signs in to it any more. Its settings, its secrets and all that it was granted are \
             gone for good."
                .into(),
            "To keep people out for a while, disable it instead.".into(),
        ],
        action: place.url(&below(&client_id, "/remove")),
        deed: "Remove the application".into(),
        back: place.url(&below(&client_id, "")),
    };
    Ok(Html(page).into_response())
}

/// `POST /admin/tenants/{slug}/clients/{client_id}/remove`: removes it. A second time finds nothing.
pub(crate) async fn handler(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let client = stored(&mut tx, &client_id).await?.client;
    if !tx.remove_client(&client_id).await? {
        return Err(Problem::NotFound);
    }
    let detail = serde_json::json!({ "client": client_id, "name": client.name });
    fresh.commit(tx, "client.removed", None, detail).await?;
    Ok(see_other(&place.url("clients?done=removed")))
}
