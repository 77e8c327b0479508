//! "Authentication methods": external MFA, and who has registered it.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{Place, at, place};
use crate::external::challenge::CONSENT;
use crate::external::method::{ExternalMethod, NewExternalMethod, Target};
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::request::Parameters;
use crate::world::{Shared, World};

#[derive(Template)]
#[template(path = "portal/external_methods.html")]
struct List {
    place: Place,
    methods: Vec<ExternalMethod>,
}

#[derive(Template)]
#[template(path = "portal/new_external_method.html")]
struct New {
    place: Place,
    groups: Vec<(Uuid, String)>,
    problem: String,
}

#[derive(Template)]
#[template(path = "portal/external_method.html")]
struct Show {
    place: Place,
    method: ExternalMethod,
    consented: bool,
    included: Vec<String>,
    excluded: Vec<String>,
    registered: Vec<String>,
    /// Those who are in scope and have not registered it.
    others: Vec<(Uuid, String)>,
}

fn path(directory: Uuid) -> String {
    format!("/portal/{directory}/authentication-methods")
}

pub(super) async fn list(State(shared): App, Path(directory): Path<Uuid>) -> Response {
    at(place(&shared, directory), |place| {
        let world = shared.world();
        let here = world.external.methods.values().filter(|method| method.directory == directory);
        page(&List { methods: here.cloned().collect(), place })
    })
}

pub(super) async fn new(State(shared): App, Path(directory): Path<Uuid>) -> Response {
    at(place(&shared, directory), |place| render_new(&shared.world(), place, String::new()))
}

fn render_new(world: &World, place: Place, problem: String) -> Response {
    let groups = world.directory(place.directory).map(|found| found.groups.as_slice());
    let groups =
        groups.unwrap_or_default().iter().map(|group| (group.id, group.display_name.clone()));
    page(&New { groups: groups.collect(), place, problem })
}

/// "Save".
pub(super) async fn add(State(shared): App, Path(directory): Path<Uuid>, body: Bytes) -> Response {
    at(place(&shared, directory), |place| {
        let added = added(&shared, directory, &Parameters::parse_lenient(&body));
        match added {
            Ok(id) => redirect(&format!("{}/{id}", path(directory))),
            Err(problem) => render_new(&shared.world(), place, problem),
        }
    })
}

fn added(shared: &Shared, directory: Uuid, form: &Parameters) -> Result<Uuid, String> {
    let app_id = Uuid::parse_str(form.text("app_id").trim());
    let app_id = app_id.map_err(|_| "Enter the App ID, which is a GUID.".to_owned())?;
    let group = |field| match form.text(field) {
        "all" => vec![Target::AllUsers],
        id => Uuid::parse_str(id).map(Target::Group).into_iter().collect(),
    };
    let new = NewExternalMethod {
        display_name: form.text("name").trim().to_owned(),
        app_id,
        client_id: form.text("client_id").trim().to_owned(),
        discovery_url: form.text("discovery").trim().to_owned(),
        enabled: form.get("enabled").is_some(),
        include_targets: group("include"),
        exclude_targets: group("exclude"),
    };
    let added = shared.world().add_external_method(directory, new);
    added.map(|method| method.id).map_err(|error| format!("{error}."))
}

fn find(shared: &Shared, directory: Uuid, id: Uuid) -> Option<(Place, ExternalMethod)> {
    let method = shared.world().external.methods.get(&id).cloned();
    place(shared, directory).zip(method.filter(|method| method.directory == directory))
}

pub(super) async fn show(
    State(shared): App,
    Path((directory, id)): Path<(Uuid, Uuid)>,
) -> Response {
    at(find(&shared, directory, id), |(place, method)| render(&shared.world(), place, method))
}

fn render(world: &World, place: Place, method: ExternalMethod) -> Response {
    let directory = world.directory(method.directory);
    let groups = directory.map(|found| found.groups.as_slice()).unwrap_or_default();
    let name = |target: &Target| match target {
        Target::AllUsers => "All users".to_owned(),
        Target::Group(id) => {
            let group = groups.iter().find(|group| group.id == *id);
            group.map(|group| group.display_name.clone()).unwrap_or_default()
        }
    };
    let (included, excluded) = (
        method.include_targets.iter().map(name).collect(),
        method.exclude_targets.iter().map(name).collect(),
    );
    let own = world.external.registrations.iter();
    let known: BTreeSet<Uuid> =
        own.filter(|known| known.configuration_id == method.id).map(|known| known.user).collect();
    let address = |user: &crate::model::User| user.user_principal_name.clone();
    let registered = world.users.values().filter(|user| known.contains(&user.id)).map(address);
    let others =
        world.users.values().filter(|user| method.covers(user) && !known.contains(&user.id));
    let app = world.apps.get(&method.app_id);
    page(&Show {
        consented: app.is_some_and(|app| app.is_consented_for_all(method.directory, &CONSENT)),
        included,
        excluded,
        registered: registered.collect(),
        others: others.map(|user| (user.id, address(user))).collect(),
        place,
        method,
    })
}

/// One of the buttons: "Request permission", "Enable" or "Disable", "Register", "Delete".
pub(super) async fn change(
    State(shared): App,
    Path((directory, id)): Path<(Uuid, Uuid)>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    at(find(&shared, directory, id), |(_, method)| {
        let here = format!("{}/{id}", path(directory));
        let now = shared.clock.now();
        match form.text("action") {
            "consent" => {
                let scopes = CONSENT.iter().map(|&scope| scope.to_owned()).collect();
                // Without such an app there is nothing to consent to, as the page goes on saying.
                let _ = shared.grant_admin_consent(method.app_id, scopes);
            }
            "delete" => {
                shared.world().remove_external_method(id);
                return redirect(&path(directory));
            }
            "register" => {
                let user = Uuid::parse_str(form.text("user")).unwrap_or_default();
                // A form that was tampered with registers nobody.
                let _ = shared.world().register_external_method(user, id, now);
            }
            action => {
                let enabled = action == "enable";
                if let Some(method) = shared.world().external.methods.get_mut(&id) {
                    method.enabled = enabled;
                }
            }
        }
        redirect(&here)
    })
}
