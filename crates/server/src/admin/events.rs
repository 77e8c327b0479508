use axum::extract::State;
use axum::response::Response;

use crate::admin::session::{self, Administrator};
use crate::app::App;
use crate::http::problem::Problem;
use crate::tabs;

/// `GET /admin/events`: the end of this session of the console, as a server-sent event.
pub(crate) async fn handler(
    State(app): State<App>,
    Administrator { session, .. }: Administrator,
) -> Result<Response, Problem> {
    let tenant = session::tenant(&app).await?;
    tabs::events(app, tenant.id, session, "/admin/".into())
}
