//! "API permissions": what is configured and what was consented to; and who is assigned.

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
use crate::model::{self, Consent};
use crate::request::Parameters;
use crate::world::World;

/// What "Grant admin consent" grants besides the application permissions: a sign-in.
const SIGN_IN: [&str; 3] = ["openid", "profile", "email"];

#[derive(Template)]
#[template(path = "portal/permissions.html")]
struct Permissions {
    at: AppPlace,
    rows: Vec<Row>,
    /// Number, name, and whether assigned.
    users: Vec<(Uuid, String, bool)>,
}

/// A line of the table "Configured permissions".
struct Row {
    permission: String,
    kind: &'static str,
    status: String,
}

pub(super) async fn show(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        let world = shared.world();
        let rows = delegated(&world, &at.app).chain(application(&at)).collect();
        let users = world.users.values().filter(|user| user.directory == directory);
        let users = users.map(|user| {
            (user.id, user.user_principal_name.clone(), at.app.assigned.contains(&user.id))
        });
        page(&Permissions { rows, users: users.collect(), at })
    })
}

/// What was consented to, and by whom.
fn delegated(world: &World, app: &model::App) -> impl Iterator<Item = Row> {
    let status = |consent: &Consent| match consent.user.and_then(|id| world.users.get(&id)) {
        Some(user) => user.user_principal_name.clone(),
        None => format!("Granted for {}", world.directory_name(consent.directory)),
    };
    let of = move |consent: &Consent| {
        let row = |permission: &String| Row {
            permission: permission.clone(),
            kind: "Delegated",
            status: status(consent),
        };
        consent.scopes.iter().map(row).collect::<Vec<_>>()
    };
    app.consents.iter().flat_map(of)
}

/// What is configured, and whether it was granted in the app's directory.
fn application(at: &AppPlace) -> impl Iterator<Item = Row> {
    let granted = at.app.granted_permissions.get(&at.app.directory);
    let row = move |permission: &String| {
        let is_granted = granted.is_some_and(|granted| granted.contains(permission));
        let status = if is_granted { "Granted for" } else { "Not granted for" };
        Row {
            permission: permission.clone(),
            kind: "Application",
            status: format!("{status} {}", at.place.directory_name),
        }
    };
    at.app.application_permissions.iter().map(row)
}

/// "Grant admin consent for {directory}".
pub(super) async fn grant(
    State(shared): App,
    Path((directory, app)): Path<(Uuid, Uuid)>,
) -> Response {
    at(app_place(&shared, directory, app), |at| {
        // The place has shown that it exists.
        let _ = shared
            .grant_admin_consent(app, SIGN_IN.iter().map(|&scope| scope.to_owned()).collect())
            .and_then(|()| shared.grant_application_permissions(app, None));
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
