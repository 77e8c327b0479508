use axum::extract::State;
use axum::response::Response;
use store::Client;

use super::fields::{Form, form_page};
use super::page::tabs;
use super::{ClientId, Registered, badge, below, head_below, stored, to_change};
use crate::admin::form::{Head, Problems};
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::Section;
use crate::registration::changed;

/// `GET /admin/tenants/{slug}/clients/{client_id}/settings`.
pub(crate) async fn page(
    State(app): State<App>,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    let at = stored(&mut *app.store.read(place.tenant.id).await?, &client_id).await?;
    let form = Form::of(&at.client.name, &at.settings);
    answer(&app, &place, &at, &form, Problems::default()).await
}

/// `POST /admin/tenants/{slug}/clients/{client_id}/settings`: a second time writes the same.
pub(crate) async fn save(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let at = to_change(&mut tx, &client_id).await?;
    let (name, settings) = match form.changed(&at.client.name, &at.settings) {
        Ok(changed) => changed,
        Err(problems) => {
            drop(tx);
            let whole = form.over(&at.client.name, &at.settings);
            return answer(&app, &place, &at, &whole, problems).await;
        }
    };
    let client = Client { name, settings: Some(settings), ..at.client.clone() };
    if !tx.change_client(&client).await? {
        return Err(Problem::NotFound);
    }
    fresh.commit(tx, "client.changed", None, changed(&at.client, &client)).await?;
    Ok(see_other(&place.url(&below(&client_id, "?done=saved"))))
}

/// The form with what is wrong with it.
async fn answer(
    app: &App,
    place: &Place,
    at: &Registered,
    form: &Form,
    problems: Problems,
) -> Result<Response, Problem> {
    let base = place.url(&below(&at.client.client_id, ""));
    let console = place.console(app, Section::Clients).await?;
    let head = Head {
        badges: vec![badge(&at.client)],
        tabs: tabs(&base, false),
        ..head_below(place, &at.client.name)
    };
    Ok(form_page(console, head, form, at, &base).answer(problems))
}
