use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::edit::{ClientId, stored};
use super::{PATH, head_below};
use crate::admin::confirm::ConfirmPage;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::Section;

/// `GET /admin/tenants/{slug}/external-mfa/{client_id}/delete`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    let was = stored(&mut *app.store.read(place.tenant.id).await?, &client_id).await?;
    let page = ConfirmPage {
        console: place.console(&app, Section::ExternalMfa).await?,
        head: head_below(&place, "Delete this connection?"),
        lines: vec![
            format!("Requests of Entra with the Client ID {} are refused from now on.", was.client_id),
            "Take the external method out of Azure first, or out of the policies that need it: whoever \
             has no other method cannot sign in there."
                .into(),
        ],
        action: place.url(&format!("{PATH}/{client_id}/delete")),
        deed: "Delete the connection".into(),
        back: place.url(&format!("{PATH}/{client_id}")),
    };
    Ok(Html(page).into_response())
}

/// `POST /admin/tenants/{slug}/external-mfa/{client_id}/delete`: deletes it. A second time finds
/// nothing.
pub(crate) async fn handler(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    let mut tx = fresh.write(&app, &place.tenant).await?;
    if !tx.delete_eam_connection(&client_id).await? {
        return Err(Problem::NotFound);
    }
    let detail = serde_json::json!({ "client_id": client_id });
    fresh.commit(tx, "eam.connection-deleted", None, detail).await?;
    Ok(see_other(&place.url("external-mfa?done=deleted")))
}
