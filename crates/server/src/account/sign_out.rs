use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use identity::Tenant;
use store::AuditEntry;

use crate::account::session::SignedIn;
use crate::app::App;
use crate::http::cookies::SessionCookie;
use crate::http::page::{Html, frame};
use crate::http::problem::Problem;
use crate::pages::SignedOutPage;

/// `POST /realms/{slug}/account/sign-out`: ends this session. The provider's own stays.
pub(crate) async fn handler(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
) -> Result<Response, Problem> {
    let mut tx = app.store.write(tenant.id).await?;
    tx.end_session(session.id).await?;
    tx.audit(&AuditEntry {
        kind: "session.signed-out",
        person: Some(session.person),
        actor: Some(session.person),
        login: None,
        detail: serde_json::json!({ "session": session.id }),
    })
    .await?;
    tx.commit().await?;
    let clear = [(SET_COOKIE, SessionCookie::clear(&tenant.slug))];
    Ok((clear, Html(page(&tenant))).into_response())
}

fn page(tenant: &Tenant) -> SignedOutPage {
    let frame = frame(tenant);
    SignedOutPage { sign_in: frame.url("account/"), provider: None, frame }
}
