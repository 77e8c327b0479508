use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::account::change::CardParam;
use crate::account::session::SignedIn;
use crate::app::App;
use crate::hallway::ceremony::label_text;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::params::Params;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};
use crate::paths;

#[derive(Deserialize)]
pub(crate) struct Form {
    label: String,
}

/// `POST /realms/{slug}/account/cards/{id}/rename`. A second time it changes nothing.
pub(crate) async fn handler(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
    Params(CardParam { id }): Params<CardParam>,
    peer: Peer,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Change, peer)?;
    let label = label_text(&form.label).ok_or(Problem::Unreadable("name"))?;
    let card = app.store.read(tenant.id).await?.credential(id).await?;
    card.filter(|card| card.person == session.person).ok_or(Problem::NotFound)?;
    let mut tx = app.store.write(tenant.id).await?;
    tx.rename_credential(id, &label).await?;
    tx.commit().await?;
    Ok(see_other(&paths::account_after(&tenant.slug, "renamed")))
}
