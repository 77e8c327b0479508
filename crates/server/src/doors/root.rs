use axum::response::Response;

use crate::http::page::see_other;

/// `GET /`: nothing is here; who comes by hand is probably an administrator.
pub(crate) async fn handler() -> Response {
    see_other("/admin/")
}
