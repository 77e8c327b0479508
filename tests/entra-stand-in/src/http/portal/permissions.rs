//! "API permissions": what was consented to; and who is assigned.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{AppPlace, app_place, at};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::request::Parameters;

/// What "Grant admin consent" grants: a sign-in.
const SIGN_IN: [&str; 3] = ["openid", "profile", "email"];

#[derive(Template)]
#[template(path = "portal/permissions.html")]
struct Permissions {
    at: AppPlace,
    /// Permission and for whom it was granted.
    granted: Vec<(String, String)>,
    /// Number, name, and whether assigned.
    users: Vec<(Uuid, String, bool)>,
}

pub(super) async fn show(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let world = shared.world();
        let name =
            |user: Option<Uuid>, directory: Uuid| match user.and_then(|id| world.users.get(&id)) {
                Some(user) => user.user_principal_name.clone(),
                None => format!("Granted for {}", world.directory_name(directory)),
            };
        let of = |consent: &crate::model::Consent| {
            let whom = name(consent.user, consent.directory);
            consent.scopes.iter().map(|scope| (scope.clone(), whom.clone())).collect::<Vec<_>>()
        };
        let granted = at.app.consents.iter().flat_map(of).collect();
        let users = world.users.values().filter(|user| user.directory == directory);
        let users = users.map(|user| {
            (user.id, user.user_principal_name.clone(), at.app.assigned.contains(&user.id))
        });
        page(&Permissions { granted, users: users.collect(), at })
    })
}

/// "Grant admin consent for {directory}".
pub(super) async fn grant(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        // The place has shown that it exists.
        let _ = shared
            .grant_admin_consent(app, SIGN_IN.iter().map(|&scope| scope.to_owned()).collect());
        redirect(&format!("{}/permissions", at.path))
    })
}

/// "Save assignment".
pub(super) async fn assign(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    let assigned: BTreeSet<Uuid> =
        form.all("user").filter_map(|id| Uuid::parse_str(id).ok()).collect();
    at(app_place(&shared, directory, app), |at| {
        // The place has shown that it exists.
        let _ = shared.update_app(app, |app| {
            app.assignment_required = form.get("required").is_some();
            app.assigned = assigned;
        });
        redirect(&format!("{}/permissions", at.path))
    })
}
