use axum::extract::State;
use axum::response::Response;

use crate::account::session::SignedIn;
use crate::app::App;
use crate::http::problem::Problem;
use crate::{paths, tabs};

/// `GET /realms/{slug}/account/events`: the end of this session, as a server-sent event.
pub(crate) async fn handler(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
) -> Result<Response, Problem> {
    tabs::events(app, tenant.id, session, paths::account(&tenant.slug))
}
