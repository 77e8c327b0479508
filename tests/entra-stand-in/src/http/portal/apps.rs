//! "App registrations": the list, and a new one.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{Place, at, place};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::model::{Audience, Platform};
use crate::request::Parameters;
use crate::world::Shared;

#[derive(Template)]
#[template(path = "portal/directory.html")]
struct Overview {
    place: Place,
}

#[derive(Template)]
#[template(path = "portal/apps.html")]
struct List {
    place: Place,
    apps: Vec<(Uuid, String)>,
}

#[derive(Template)]
#[template(path = "portal/new_app.html")]
struct New {
    place: Place,
    problem: String,
}

pub(super) async fn overview(State(shared): App, Path(directory): Path<Uuid>) -> Response {
    at(place(&shared, directory), |place| page(&Overview { place }))
}

pub(super) async fn list(State(shared): App, Path(directory): Path<Uuid>) -> Response {
    at(place(&shared, directory), |place| {
        let world = shared.world();
        let apps = world.apps.values().filter(|app| app.directory == directory);
        page(&List {
            place,
            apps: apps.map(|app| (app.client_id, app.display_name.clone())).collect(),
        })
    })
}

pub(super) async fn new(State(shared): App, Path(directory): Path<Uuid>) -> Response {
    at(place(&shared, directory), |place| page(&New { place, problem: String::new() }))
}

/// "Register". Nothing is registered unless everything on the form is right.
pub(super) async fn register(
    State(shared): App,
    Path(directory): Path<Uuid>,
    body: Bytes,
) -> Response {
    at(place(&shared, directory), |place| {
        match registered(&shared, directory, &Parameters::parse_lenient(&body)) {
            Ok(client_id) => {
                redirect(&format!("/portal/{directory}/app-registrations/{client_id}"))
            }
            Err(problem) => page(&New { place, problem }),
        }
    })
}

fn registered(shared: &Shared, directory: Uuid, form: &Parameters) -> Result<Uuid, String> {
    let name = form.text("name").trim();
    if name.is_empty() {
        return Err("Enter a name.".to_owned());
    }
    let audience = if form.text("audience") == "any" {
        Audience::AnyDirectory
    } else {
        Audience::SingleDirectory
    };
    let platform = match form.text("platform") {
        "web" => Some(Platform::Web),
        "spa" => Some(Platform::Spa),
        "public" => Some(Platform::Public),
        _ => None,
    };
    let app = shared.register_app(directory, name, audience);
    let added = match (form.get("redirect_uri"), platform) {
        (None, _) => Ok(()),
        (Some(_), None) => Err("Select a platform for the redirect URI.".to_owned()),
        (Some(uri), Some(platform)) => {
            shared.add_redirect_uri(app.client_id, uri, platform).map_err(|error| error.to_string())
        }
    };
    if added.is_err() {
        shared.world().apps.remove(&app.client_id);
    }
    added.map(|()| app.client_id)
}
