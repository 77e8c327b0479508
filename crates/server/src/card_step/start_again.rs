use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::card_step::page::back;
use crate::hallway::waiting::AtCard;
use crate::http::cookies::CardCookie;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// `POST /realms/{slug}/login/start-again`: "Not you?". Ends this login; a second time finds
/// nothing to end.
pub(crate) async fn handler(
    State(app): State<App>,
    AtCard { tenant, waiting }: AtCard,
) -> Result<Response, Problem> {
    app.agents.withdraw(&app, &tenant, &waiting).await?;
    let mut tx = app.store.write(tenant.id).await?;
    tx.end_login(waiting.started.id).await?;
    tx.commit().await?;
    let back = back(&tenant, &waiting);
    Ok(([(SET_COOKIE, CardCookie::clear(&tenant.slug))], see_other(&back)).into_response())
}
