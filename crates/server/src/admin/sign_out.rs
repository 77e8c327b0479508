use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use store::AuditEntry;

use crate::admin::session::{self, Operator};
use crate::app::App;
use crate::http::cookies::AdminCookie;
use crate::http::page::{Html, frame};
use crate::http::problem::Problem;
use crate::pages::SignedOutPage;

/// `POST /admin/sign-out`: ends this session of the console.
pub(crate) async fn handler(
    State(app): State<App>,
    operator: Operator,
) -> Result<Response, Problem> {
    let tenant = session::tenant(&app).await?;
    let mut tx = app.store.write(tenant.id).await?;
    tx.end_session(operator.session.id).await?;
    tx.audit(&AuditEntry {
        kind: "session.signed-out",
        person: Some(operator.person.id),
        actor: Some(operator.person.id),
        login: None,
        detail: serde_json::json!({ "session": operator.session.id }),
    })
    .await?;
    tx.commit().await?;
    let page = SignedOutPage { frame: frame(&tenant), sign_in: "/admin/".into(), provider: None };
    Ok(([(SET_COOKIE, AdminCookie::clear())], Html(page)).into_response())
}
