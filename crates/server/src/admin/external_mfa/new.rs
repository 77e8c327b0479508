use axum::extract::State;
use axum::response::Response;

use super::edit::{answer, clouds, detail};
use super::fields::{Form, Of};
use crate::admin::form::Problems;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// The most connections of a tenant.
const MOST: usize = 16;

/// `GET /admin/tenants/{slug}/external-mfa/new`: the empty form.
pub(crate) async fn page(State(app): State<App>, place: Place) -> Result<Response, Problem> {
    let form = Form { enabled: "yes".into(), ..Form::default() };
    answer(&app, &place, &Of::New, &form, Vec::new(), Problems::default()).await
}

/// `POST /admin/tenants/{slug}/external-mfa/new`: adds a connection. A second time says that it is
/// there.
pub(crate) async fn create(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let refuse = |problems| answer(&app, &place, &Of::New, &form, Vec::new(), problems);
    let connection = match form.connection(&Of::New, &clouds(&app), entropy::now()) {
        Ok(connection) => connection,
        Err(problems) => return refuse(problems).await,
    };
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let known = tx.eam_connections().await?;
    if known.iter().any(|known| known.client_id == connection.client_id) {
        drop(tx);
        let text = "There is a connection with this Client ID. Open it in the list.";
        return refuse(Problems::of("client_id", text)).await;
    }
    if known.len() >= MOST {
        drop(tx);
        let text = format!("A tenant has at most {MOST} connections. Delete one first.");
        return refuse(Problems::of("app_id", text)).await;
    }
    tx.put_eam_connection(&connection).await?;
    fresh.commit(tx, "eam.connection-saved", None, detail(&connection)).await?;
    Ok(see_other(&place.url(&format!("external-mfa/{}?done=added", connection.client_id))))
}
