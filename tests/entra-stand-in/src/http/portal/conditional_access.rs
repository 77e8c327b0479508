//! "Conditional Access": policies that demand multifactor authentication.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::{Place, at, place};
use crate::external::policy::Policy;
use crate::http::App;
use crate::http::authorize::redirect;
use crate::http::page::page;
use crate::request::Parameters;
use crate::world::World;

struct Row {
    id: Uuid,
    name: String,
    state: String,
    applications: String,
}

#[derive(Template)]
#[template(path = "portal/conditional_access.html")]
struct List {
    place: Place,
    rows: Vec<Row>,
    apps: Vec<(Uuid, String)>,
}

pub(super) async fn list(State(shared): App, Path(directory): Path<Uuid>) -> Response {
    at(place(&shared, directory), |place| {
        let world = shared.world();
        let here = world.external.policies.values().filter(|policy| policy.directory == directory);
        let rows = here.map(|policy| row(&world, policy)).collect();
        let apps = world.apps.values().filter(|app| app.is_known_in(directory));
        let apps = apps.map(|app| (app.client_id, app.display_name.clone())).collect();
        page(&List { place, rows, apps })
    })
}

fn row(world: &World, policy: &Policy) -> Row {
    let named = policy.applications.include.iter().map(|id| world.app_name(*id));
    Row {
        id: policy.id,
        name: policy.display_name.clone(),
        state: policy.state.clone(),
        applications: if policy.applications.all {
            "All resources".to_owned()
        } else {
            named.collect::<Vec<_>>().join(", ")
        },
    }
}

/// "Create", below the new policy, or "Delete" beside one.
pub(super) async fn change(
    State(shared): App,
    Path(directory): Path<Uuid>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse_lenient(&body);
    at(place(&shared, directory), |_| {
        let mut world = shared.world();
        if let Ok(id) = Uuid::parse_str(form.text("delete")) {
            let policies = &mut world.external.policies;
            policies.retain(|known, policy| *known != id || policy.directory != directory);
        } else {
            let app = Uuid::parse_str(form.text("application")).ok();
            let mut policy = Policy::for_everybody(directory, app);
            if let Some(name) = form.get("name") {
                name.clone_into(&mut policy.display_name);
            }
            world.external.policies.insert(policy.id, policy);
        }
        redirect(&format!("/portal/{directory}/conditional-access"))
    })
}
