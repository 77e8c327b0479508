//! "Users": who is in the directory.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{Place, at, place};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::model::{PASSWORD, User};
use crate::request::Parameters;
use crate::seed;

#[derive(Template)]
#[template(path = "portal/users.html")]
struct List {
    place: Place,
    users: Vec<User>,
    password: &'static str,
}

#[derive(Template)]
#[template(path = "portal/user.html")]
struct Show {
    place: Place,
    user: User,
}

pub(super) async fn list(State(shared): App, Path(directory): Path<Uuid>) -> Response {
    at(place(&shared, directory), |place| {
        let users = shared
            .world()
            .users
            .values()
            .filter(|user| user.directory == directory)
            .cloned()
            .collect();
        page(&List { place, users, password: PASSWORD })
    })
}

/// "Create".
pub(super) async fn create(
    State(shared): App,
    Path(directory): Path<Uuid>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    let mut world = shared.world();
    let (first, last, alias) =
        (form.text("given_name"), form.text("family_name"), form.text("alias"));
    let user = world
        .directory(directory)
        .filter(|_| !alias.is_empty())
        .map(|found| seed::user(found, first, last, alias));
    world.users.extend(user.map(|user| (user.id, user)));
    redirect(&format!("/portal/{directory}/users"))
}

pub(super) async fn show(
    State(shared): App,
    Path((directory, id)): Path<(Uuid, Uuid)>,
) -> Response {
    let user = shared.world().users.get(&id).filter(|user| user.directory == directory).cloned();
    at(place(&shared, directory).zip(user), |(place, user)| page(&Show { place, user }))
}

/// "Save".
pub(super) async fn update(
    State(shared): App,
    Path((directory, id)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    let changed = shared.update_user(id, |user| {
        user.enabled = form.get("enabled").is_some();
        user.verification_required = form.get("verification_required").is_some();
        user.mail = form.get("mail").map(str::to_owned);
    });
    at(changed.ok(), |()| redirect(&format!("/portal/{directory}/users/{id}")))
}
