use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ids::CredentialId;
use serde::Deserialize;
use store::Credential;

use crate::admin::place::AtPerson;
use crate::admin::session::FreshAdministrator;
use crate::admin::users::question;
use crate::app::App;
use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;

#[derive(Deserialize)]
pub(crate) struct CardParam {
    card: CredentialId,
}

/// `GET …/users/{id}/cards/{card}/revoke`: asks first.
pub(crate) async fn ask(
    State(app): State<App>,
    at: AtPerson,
    Params(CardParam { card }): Params<CardParam>,
) -> Result<Response, Problem> {
    let card = live_card(&app, &at, card).await?;
    let title = format!("Revoke {}?", card.label);
    let lines = vec![
        format!("{} cannot sign in with it any more, and its sessions end at once.", at.name()),
        "The agents on their computers are revoked, and have to be paired again.".into(),
        "This cannot be undone. After it, no sign-in at the provider enrols a card by itself: \
         without another card the person needs a one-time code from you."
            .into(),
    ];
    let action = format!("/cards/{}/revoke", card.id);
    Ok(Html(question(&app, &at, title, lines, &action, "Revoke the card").await?).into_response())
}

/// `POST …/users/{id}/cards/{card}/revoke`: a second time finds nothing.
pub(crate) async fn revoke(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtPerson,
    Params(CardParam { card }): Params<CardParam>,
) -> Result<Response, Problem> {
    let card = live_card(&app, &at, card).await?;
    let mut tx = fresh.write(&app, &at.place.tenant).await?;
    if !tx.revoke_credential(card.id).await? {
        return Err(Problem::NotFound);
    }
    // Whoever has the card may have had a browser of theirs paired with the person's computer.
    let agents = tx.revoke_devices_of(at.person.id, None).await?;
    let detail = serde_json::json!({ "card": card.id });
    fresh.commit(tx, "card.revoked", Some(at.person.id), detail).await?;
    app.agents.tell_revoked(&agents);
    Ok(see_other(&at.url("?done=revoked")))
}

/// A card of this person that is not revoked yet.
async fn live_card(app: &App, at: &AtPerson, id: CredentialId) -> Result<Credential, Problem> {
    let card = app.store.read(at.place.tenant.id).await?.credential(id).await?;
    let card = card.filter(|card| card.person == at.person.id && card.revoked_at.is_none());
    card.ok_or(Problem::NotFound)
}
