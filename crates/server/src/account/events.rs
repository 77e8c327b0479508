use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::Stream;

use crate::account::session::SignedIn;
use crate::app::App;
use crate::http::problem::Problem;
use crate::{paths, tabs};

/// `GET /realms/{slug}/account/events`: the end of this session, as a server-sent event.
pub(crate) async fn handler(
    State(app): State<App>,
    SignedIn { tenant, session }: SignedIn,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    tabs::events(app, tenant.id, session, paths::account(&tenant.slug))
}
