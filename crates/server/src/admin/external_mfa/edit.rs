use axum::extract::{Query, State};
use axum::response::Response;
use identity::Tenant;
use serde::Deserialize;
use store::{EamConnection, Rows};

use super::fields::{Around, Form, Of, form_page};
use super::{PATH, View, cloud_name, head_below, told};
use crate::admin::form::{Message, Problems};
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::doors::eam::issuer;
use crate::entropy;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::{Section, Tone};

#[derive(Deserialize)]
pub(crate) struct ClientId {
    pub(super) client_id: String,
}

/// The tenant's connection with this client id.
///
/// # Errors
///
/// [`Problem::NotFound`].
pub(super) async fn stored(rows: &mut Rows, client_id: &str) -> Result<EamConnection, Problem> {
    rows.eam_connection(client_id).await?.ok_or(Problem::NotFound)
}

/// `GET /admin/tenants/{slug}/external-mfa/{client_id}`.
pub(crate) async fn page(
    State(app): State<App>,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let was = stored(&mut *app.store.read(place.tenant.id).await?, &client_id).await?;
    let messages = match view.done.as_deref() {
        Some("added") => vec![added(&place.tenant)],
        _ => Vec::new(),
    };
    let form = Form::of(&was);
    answer(&app, &place, &Of::Known(&was), &form, messages, Problems::default()).await
}

fn added(tenant: &Tenant) -> Message {
    Message {
        tone: Tone::Good,
        title: "The connection is added".into(),
        lines: vec![
            "Next, in Azure: Authentication methods → Add external MFA, with the Client ID, Discovery \
             Endpoint and App ID of this page."
                .into(),
            format!(
                "cardea entra connect --tenant {} prints every step; cardea entra doctor --tenant {} \
                 checks what is done.",
                tenant.slug, tenant.slug
            ),
        ],
    }
}

/// `POST /admin/tenants/{slug}/external-mfa/{client_id}`: a second time writes the same.
pub(crate) async fn save(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let was = stored(&mut tx, &client_id).await?;
    let connection = match form.connection(&Of::Known(&was), &clouds(&app), entropy::now()) {
        Ok(connection) => connection,
        Err(problems) => {
            drop(tx);
            return answer(&app, &place, &Of::Known(&was), &form, Vec::new(), problems).await;
        }
    };
    tx.put_eam_connection(&connection).await?;
    fresh.commit(tx, "eam.connection-saved", None, detail(&connection)).await?;
    Ok(see_other(&place.url("external-mfa?done=saved")))
}

/// What the audit trail tells of a connection.
pub(super) fn detail(connection: &EamConnection) -> serde_json::Value {
    serde_json::json!({
        "client_id": connection.client_id, "app_id": connection.app_id,
        "authority": connection.authority, "directories": connection.directories,
        "enabled": connection.enabled,
    })
}

/// Authorities and names of the clouds that may ask.
pub(super) fn clouds(app: &App) -> Vec<(String, String)> {
    let all = app.clouds.iter().map(entra_eam::Cloud::authority);
    all.map(|authority| (authority.to_owned(), cloud_name(app, authority))).collect()
}

/// The form with what is wrong with it.
pub(super) async fn answer(
    app: &App,
    place: &Place,
    of: &Of<'_>,
    form: &Form,
    messages: Vec<Message>,
    problems: Problems,
) -> Result<Response, Problem> {
    let title = match of {
        Of::New => "Add connection",
        Of::Known(_) => "Connection",
    };
    let console = place.console(app, Section::ExternalMfa).await?;
    let head = crate::admin::form::Head { messages, ..head_below(place, title) };
    let (clouds, base) = (clouds(app), place.url(PATH));
    let told = told(&issuer(app, &place.tenant)?);
    let around = Around { clouds: &clouds, told, base: &base };
    Ok(form_page(console, head, form, of, around).answer(problems))
}
