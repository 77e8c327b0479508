//! "Token configuration": optional claims and the groups claim.
//!
//! Deviation: of the token types only the ID token, which is what a sign-in reads, and one kind of
//! groups at a time.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{AppPlace, app_place, at};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::model::{self, GroupsClaim, OptionalClaim};
use crate::request::Parameters;
use crate::world::Shared;

/// What "Add groups claim" offers.
const GROUPS: [(&str, &str, GroupsClaim); 3] = [
    ("security", "Security groups", GroupsClaim::SecurityGroup),
    ("roles", "Directory roles", GroupsClaim::DirectoryRole),
    ("all", "All groups", GroupsClaim::All),
];

/// The name of the groups claim.
const GROUPS_CLAIM: &str = "groups";

#[derive(Template)]
#[template(path = "portal/claims.html")]
struct List {
    at: AppPlace,
    /// Name, and what it carries where the portal says it.
    claims: Vec<(&'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "portal/add_optional_claim.html")]
struct AddOptional {
    at: AppPlace,
    /// Those that are not there yet.
    claims: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/add_groups_claim.html")]
struct AddGroups {
    at: AppPlace,
    /// Value, name, and whether it is chosen.
    groups: Vec<(&'static str, &'static str, bool)>,
}

pub(super) async fn list(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let chosen = GROUPS.iter().find(|(_, _, claim)| *claim == at.app.groups_claim);
        let optional = at.app.optional_claims.iter().map(|claim| (claim.name(), ""));
        let groups = chosen.map(|(_, name, _)| (GROUPS_CLAIM, *name));
        let claims = optional.chain(groups).collect();
        page(&List { at, claims })
    })
}

/// "Remove", beside a claim.
pub(super) async fn remove(
    State(shared): App,
    Path(path): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    let name = form.text("claim");
    changed(&shared, path, |app| {
        app.optional_claims.retain(|claim| claim.name() != name);
        if name == GROUPS_CLAIM {
            app.groups_claim = GroupsClaim::None;
        }
    })
}

pub(super) async fn optional(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let there = &at.app.optional_claims;
        let missing = OptionalClaim::ALL.iter().filter(|claim| !there.contains(claim));
        let claims = missing.map(|claim| claim.name()).collect();
        page(&AddOptional { at, claims })
    })
}

/// "Add", below the optional claims.
pub(super) async fn add_optional(
    State(shared): App,
    Path(path): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    let ticked = |claim: &OptionalClaim| form.all("claim").any(|name| name == claim.name());
    changed(&shared, path, |app| {
        app.optional_claims.extend(OptionalClaim::ALL.into_iter().filter(ticked));
    })
}

pub(super) async fn groups(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let chosen = at.app.groups_claim;
        let groups = GROUPS.map(|(value, name, claim)| (value, name, claim == chosen)).to_vec();
        page(&AddGroups { at, groups })
    })
}

/// "Add", below the kinds of groups.
pub(super) async fn add_groups(
    State(shared): App,
    Path(path): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    let chosen = GROUPS.iter().find(|(value, _, _)| *value == form.text("groups"));
    changed(&shared, path, |app| {
        app.groups_claim = chosen.map_or(app.groups_claim, |(_, _, claim)| *claim);
    })
}

/// Changes an app registration, and goes back to the list.
fn changed(
    shared: &Shared,
    (directory, app): (Uuid, Uuid),
    change: impl FnOnce(&mut model::App),
) -> Response {
    at(app_place(shared, directory, app), |at| {
        // The place has shown that it exists.
        let _ = shared.update_app(app, change);
        redirect(&format!("{}/claims", at.path))
    })
}
