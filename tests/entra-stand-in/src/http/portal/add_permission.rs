//! "Add a permission": Microsoft Graph, Application permissions.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{AppPlace, app_place, at};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::permissions;
use crate::request::Parameters;

/// A panel that asks for one choice.
#[derive(Template)]
#[template(path = "portal/request_permissions.html")]
struct Choice {
    at: AppPlace,
    question: &'static str,
    /// The choice, and the last segment of the path to which it leads.
    only: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "portal/application_permissions.html")]
struct Panel {
    at: AppPlace,
    /// Name, and whether it is configured already.
    permissions: Vec<(&'static str, bool)>,
}

/// "Select an API".
pub(super) async fn apis(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        page(&Choice { at, question: "Select an API", only: ("Microsoft Graph", "graph") })
    })
}

/// What type of permissions. Delegated ones need no entry here: each sign-in asks for them.
pub(super) async fn types(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let question = "What type of permissions does your application require?";
        page(&Choice { at, question, only: ("Application permissions", "application") })
    })
}

pub(super) async fn panel(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let row = |name| (name, at.app.application_permissions.contains(name));
        let permissions = permissions::APPLICATION.into_iter().map(row).collect();
        page(&Panel { at, permissions })
    })
}

/// "Add permissions".
pub(super) async fn add(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    at(app_place(&shared, directory, app), |at| {
        let ticked: Vec<&str> = form.all("permission").collect();
        let added = shared.add_application_permissions(app, &ticked);
        super::at(added.ok(), |()| redirect(&format!("{}/permissions", at.path)))
    })
}
