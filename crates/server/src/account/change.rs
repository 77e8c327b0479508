//! Adding and removing cards: a fresh tap first, on the card step's own page.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ids::CredentialId;
use login::{Door, LoginRequest, Then};
use serde::Deserialize;

use crate::account::session::SignedIn;
use crate::app::App;
use crate::hallway::ceremony::Asked;
use crate::hallway::change::{self, Change};
use crate::http::params::Params;
use crate::http::peer::Peer;
use crate::http::problem::{Clash, Problem};
use crate::limits::{self, Attempt};
use crate::paths;

/// `POST /realms/{slug}/account/cards/add`: one more card. A second click begins a second login,
/// and the first one ends.
pub(crate) async fn add(
    State(app): State<App>,
    signed_in: SignedIn,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Change, peer)?;
    begin(&app, signed_in, Then::AddCard, Asked::by(&headers)).await
}

#[derive(Deserialize)]
pub(crate) struct CardParam {
    pub(crate) id: CredentialId,
}

/// `POST /realms/{slug}/account/cards/{id}/remove`: needs a tap of another card.
pub(crate) async fn remove(
    State(app): State<App>,
    signed_in: SignedIn,
    Params(CardParam { id }): Params<CardParam>,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    limits::count(&app, Attempt::Change, peer)?;
    let mut rows = app.store.read(signed_in.tenant.id).await?;
    let card = rows.credential(id).await?;
    let card = card.filter(|card| card.person == signed_in.session.person);
    card.filter(|card| card.revoked_at.is_none()).ok_or(Problem::NotFound)?;
    let mut cards = rows.credentials(signed_in.session.person).await?;
    drop(rows);
    cards.retain(|card| card.revoked_at.is_none());
    if cards.len() < 2 {
        return Err(Problem::Clash(Clash::LastCard));
    }
    begin(&app, signed_in, Then::RemoveCard(id), Asked::by(&headers)).await
}

async fn begin(
    app: &App,
    signed_in: SignedIn,
    then: Then,
    asked: Asked,
) -> Result<Response, Problem> {
    let SignedIn { tenant, session } = signed_in;
    let return_to = paths::account(&tenant.slug);
    let request = LoginRequest::new(Door::Account, return_to);
    change::begin(app, Change { tenant, session, request, then }, asked).await
}
