use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use store::AuditEntry;

use crate::account::sign_out::signed_out;
use crate::admin::session::{self, Administrator};
use crate::app::App;
use crate::http::cookies::AdminCookie;
use crate::http::page::Html;
use crate::http::problem::Problem;

/// `POST /admin/sign-out`: ends this session of the console.
pub(crate) async fn handler(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Response, Problem> {
    let tenant = session::tenant(&app).await?;
    let page = signed_out(&app, &tenant, &administrator.session, "/admin/".into()).await?;
    let mut tx = app.store.write(tenant.id).await?;
    tx.end_session(administrator.session.id).await?;
    tx.audit(&AuditEntry {
        kind: "session.signed-out",
        person: Some(administrator.person.id),
        actor: Some(administrator.person.id),
        login: None,
        detail: serde_json::json!({ "session": administrator.session.id }),
    })
    .await?;
    tx.commit().await?;
    Ok(([(SET_COOKIE, AdminCookie::clear())], Html(page)).into_response())
}
