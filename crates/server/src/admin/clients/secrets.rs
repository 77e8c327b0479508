use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::ClientSecret;

use super::page::{Shown, show};
use super::{ClientId, below, head_of, stored};
use crate::admin::confirm::ConfirmPage;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::page::{Html, see_other, when};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::Section;
use crate::registration::{add_secret, has_secret, hex};

/// `POST /admin/tenants/{slug}/clients/{client_id}/secrets`: makes a secret and shows it, this once.
/// There are two at most: the one in use, and the next.
pub(crate) async fn add(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(ClientId { client_id }): Params<ClientId>,
) -> Result<Response, Problem> {
    let back = |done: &str| see_other(&place.url(&below(&client_id, &format!("?done={done}"))));
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let at = stored(&mut tx, &client_id).await?;
    if !has_secret(&at.settings) {
        return Ok(back("no-secret"));
    }
    let Some(secret) = add_secret(&mut tx, &client_id).await? else {
        return Ok(back("two-secrets"));
    };
    let detail = serde_json::json!({ "client": client_id });
    fresh.commit(tx, "client.secret-added", None, detail).await?;
    show(&app, &place, &at, Shown::NewSecret(secret)).await
}

#[derive(Deserialize)]
pub(crate) struct SecretParam {
    client_id: String,
    secret: String,
}

/// `GET /admin/tenants/{slug}/clients/{client_id}/secrets/{secret}/remove`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    place: Place,
    Params(SecretParam { client_id, secret }): Params<SecretParam>,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(place.tenant.id).await?;
    let at = stored(&mut rows, &client_id).await?;
    let all = rows.client_secrets(&client_id).await?;
    drop(rows);
    let found = find(&all, &secret).ok_or(Problem::NotFound)?;
    let mut lines = vec![format!(
        "It was made on {}. Whoever comes with it is refused from now on.",
        when(found.created_at).text
    )];
    if all.len() == 1 {
        lines.push(
            "It is the only one: until you make another and the application has it, nobody signs in \
             to it."
                .into(),
        );
    }
    let page = ConfirmPage {
        console: place.console(&app, Section::Clients).await?,
        head: head_of(&place, &at.client, "Remove this secret?"),
        lines,
        action: place.url(&below(&client_id, &format!("/secrets/{secret}/remove"))),
        deed: "Remove the secret".into(),
        back: place.url(&below(&client_id, "")),
    };
    Ok(Html(page).into_response())
}

/// `POST /admin/tenants/{slug}/clients/{client_id}/secrets/{secret}/remove`: removes it. A second time
/// finds nothing.
pub(crate) async fn remove(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    Params(SecretParam { client_id, secret }): Params<SecretParam>,
) -> Result<Response, Problem> {
    let mut tx = fresh.write(&app, &place.tenant).await?;
    stored(&mut tx, &client_id).await?;
    let all = tx.client_secrets(&client_id).await?;
    let found = find(&all, &secret).ok_or(Problem::NotFound)?;
    if !tx.remove_client_secret(&client_id, &found.hash).await? {
        return Err(Problem::NotFound);
    }
    let made = when(found.created_at).machine;
    let detail = serde_json::json!({ "client": client_id, "made": made });
    fresh.commit(tx, "client.secret-removed", None, detail).await?;
    Ok(see_other(&place.url(&below(&client_id, "?done=secret-removed"))))
}

fn find<'a>(all: &'a [ClientSecret], id: &str) -> Option<&'a ClientSecret> {
    all.iter().find(|secret| hex(secret.hash.as_bytes()) == id)
}
