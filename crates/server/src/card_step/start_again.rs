use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use login::Door;
use store::AuditEntry;

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
    if tx.end_login(waiting.started.id).await? && waiting.started.request.door == Door::Eam {
        // Entra is told no, and that must be found.
        let (person, login) = (Some(waiting.person), Some(waiting.started.id));
        let entry = AuditEntry::new("eam.left", serde_json::json!({}));
        tx.audit(&AuditEntry { person, actor: person, login, ..entry }).await?;
    }
    tx.commit().await?;
    let back = back(&tenant, &waiting);
    Ok(([(SET_COOKIE, CardCookie::clear(&tenant.slug))], see_other(&back)).into_response())
}
