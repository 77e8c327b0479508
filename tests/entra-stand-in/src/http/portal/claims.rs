//! "Token configuration": optional claims and the groups claim.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{AppPlace, app_place, at};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::model::{GroupsClaim, OptionalClaim};
use crate::request::Parameters;

/// What "Add groups claim" offers.
const GROUPS: [(&str, &str, GroupsClaim); 4] = [
    ("none", "No groups claim", GroupsClaim::None),
    ("security", "Security groups", GroupsClaim::SecurityGroup),
    ("roles", "Directory roles", GroupsClaim::DirectoryRole),
    ("all", "All groups", GroupsClaim::All),
];

#[derive(Template)]
#[template(path = "portal/claims.html")]
struct Claims {
    at: AppPlace,
    /// Name, and whether it is on.
    optional: Vec<(&'static str, bool)>,
    /// Value, name, and whether it is chosen.
    groups: Vec<(&'static str, &'static str, bool)>,
}

pub(super) async fn show(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let optional = OptionalClaim::ALL
            .iter()
            .map(|claim| (claim.name(), at.app.optional_claims.contains(claim)));
        let groups = GROUPS
            .iter()
            .map(|(value, name, claim)| (*value, *name, *claim == at.app.groups_claim));
        let (optional, groups) = (optional.collect(), groups.collect());
        page(&Claims { at, optional, groups })
    })
}

/// "Save".
pub(super) async fn update(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    at(app_place(&shared, directory, app), |at| {
        let ticked = |claim: &OptionalClaim| form.all("claim").any(|name| name == claim.name());
        let groups = GROUPS
            .iter()
            .find(|(value, _, _)| *value == form.text("groups"))
            .map(|(_, _, claim)| *claim);
        // The place has shown that it exists.
        let _ = shared.update_app(app, |app| {
            app.optional_claims = OptionalClaim::ALL.into_iter().filter(ticked).collect();
            app.groups_claim = groups.unwrap_or_default();
        });
        redirect(&format!("{}/claims", at.path))
    })
}
