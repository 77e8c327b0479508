use std::time::Duration;

use agent_protocol::NonceAnswer;
use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Moment;
use secrets::{KeyRing, TokenHash};
use store::{StoreError, Writing};

use crate::app::App;
use crate::entropy;
use crate::http::problem::Problem;

/// How long a nonce is good for.
const LIFE: Duration = Duration::from_secs(60);

const PLACE: &str = "agent-nonce";

/// `POST /agent/v1/nonce`: a nonce for the proof of the channel. It carries its own time, sealed,
/// so that strangers write nothing.
pub(crate) async fn handler(State(app): State<App>) -> Result<Json<NonceAnswer>, Problem> {
    let now = entropy::now().0.to_be_bytes();
    let sealed = app.ring.seal(PLACE, entropy::bytes(), &now).map_err(Problem::internal)?;
    Ok(Json(NonceAnswer { nonce: URL_SAFE_NO_PAD.encode(sealed) }))
}

/// Whether a nonce is ours and fresh.
pub(crate) fn is_fresh(ring: &KeyRing, nonce: &str) -> bool {
    let sealed = URL_SAFE_NO_PAD.decode(nonce).ok();
    let made = sealed.and_then(|sealed| ring.open(PLACE, &sealed).ok());
    let made = made.and_then(|made| made.expose().try_into().ok()).map(i64::from_be_bytes);
    made.is_some_and(|made| entropy::now() < Moment(made).plus(LIFE))
}

/// Spends a fresh nonce. `false` when it was used before.
pub(crate) async fn spend(tx: &mut Writing, nonce: &str) -> Result<bool, StoreError> {
    let value = TokenHash::of(format!("{PLACE}|{nonce}").as_bytes());
    tx.spend(&value, entropy::now().plus(LIFE)).await
}
