//! The portal: what an administrator clicks through to register an application.
//!
//! It is always open, in the name of the directory's Global Administrator: who may enter the portal is
//! not what it is for.

mod add_permission;
mod app;
mod apps;
mod claims;
mod conditional_access;
mod credentials;
mod external_methods;
mod permissions;
mod redirect_uris;
mod users;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use uuid::Uuid;

use super::page::page;
use crate::model;
use crate::world::Shared;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(home))
        .route("/{directory}", get(apps::overview))
        .route("/{directory}/authentication-methods", get(external_methods::list))
        .route(
            "/{directory}/authentication-methods/new",
            get(external_methods::new).post(external_methods::add),
        )
        .route(
            "/{directory}/authentication-methods/{method}",
            get(external_methods::show).post(external_methods::change),
        )
        .route(
            "/{directory}/conditional-access",
            get(conditional_access::list).post(conditional_access::change),
        )
        .route("/{directory}/users", get(users::list).post(users::create))
        .route("/{directory}/users/{user}", get(users::show).post(users::update))
        .route("/{directory}/app-registrations", get(apps::list))
        .route("/{directory}/app-registrations/new", get(apps::new).post(apps::register))
        .route("/{directory}/app-registrations/{app}", get(app::overview))
        .route("/{directory}/app-registrations/{app}/endpoints", get(app::endpoints))
        .route("/{directory}/app-registrations/{app}/manage", get(app::manage))
        .route(
            "/{directory}/app-registrations/{app}/credentials",
            get(credentials::list).post(credentials::add),
        )
        .route("/{directory}/app-registrations/{app}/credentials/new", get(credentials::new))
        .route(
            "/{directory}/app-registrations/{app}/authentication",
            get(redirect_uris::list).post(redirect_uris::remove),
        )
        .route(
            "/{directory}/app-registrations/{app}/authentication/platforms",
            get(redirect_uris::platforms),
        )
        .route(
            "/{directory}/app-registrations/{app}/authentication/{platform}",
            get(redirect_uris::panel).post(redirect_uris::configure),
        )
        .route(
            "/{directory}/app-registrations/{app}/claims",
            get(claims::list).post(claims::remove),
        )
        .route(
            "/{directory}/app-registrations/{app}/claims/optional",
            get(claims::optional).post(claims::add_optional),
        )
        .route(
            "/{directory}/app-registrations/{app}/claims/groups",
            get(claims::groups).post(claims::add_groups),
        )
        .route(
            "/{directory}/app-registrations/{app}/permissions",
            get(permissions::show).post(permissions::grant),
        )
        .route("/{directory}/app-registrations/{app}/permissions/apis", get(add_permission::apis))
        .route("/{directory}/app-registrations/{app}/permissions/graph", get(add_permission::types))
        .route(
            "/{directory}/app-registrations/{app}/permissions/application",
            get(add_permission::panel).post(add_permission::add),
        )
        .route(
            "/{directory}/app-registrations/{app}/assignment",
            axum::routing::post(permissions::assign),
        )
}

/// Where a page of the portal stands: in which directory, in whose name.
struct Place {
    directory: Uuid,
    directory_name: String,
    domain: String,
    administrator: String,
}

/// A page about one app registration.
struct AppPlace {
    place: Place,
    app: model::App,
    /// `/portal/{directory}/app-registrations/{app}`.
    path: String,
}

fn place(shared: &Shared, directory: Uuid) -> Option<Place> {
    let world = shared.world();
    let found = world.directory(directory)?;
    Some(Place {
        directory,
        directory_name: found.display_name.clone(),
        domain: found.domain.clone(),
        administrator: world
            .administrator(directory)
            .map(|user| user.user_principal_name.clone())
            .unwrap_or_default(),
    })
}

fn app_place(shared: &Shared, directory: Uuid, client_id: Uuid) -> Option<AppPlace> {
    let place = place(shared, directory)?;
    let app = shared.world().apps.get(&client_id).filter(|app| app.directory == directory)?.clone();
    Some(AppPlace {
        place,
        app,
        path: format!("/portal/{directory}/app-registrations/{client_id}"),
    })
}

/// A page, or 404 where the place does not exist.
fn at<P>(place: Option<P>, show: impl FnOnce(P) -> Response) -> Response {
    place.map_or_else(|| (StatusCode::NOT_FOUND, "there is no such page").into_response(), show)
}

#[derive(Template)]
#[template(path = "portal/home.html")]
struct Home {
    directories: Vec<(Uuid, String, String)>,
}

/// `GET /` and `GET /portal/`: choose a directory.
pub(super) async fn home(State(shared): super::App) -> Response {
    let world = shared.world();
    let shown = world.directories.iter().map(|d| (d.id, d.display_name.clone(), d.domain.clone()));
    page(&Home { directories: shown.collect() })
}
