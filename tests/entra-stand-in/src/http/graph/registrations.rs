//! `/v1.0/users/{id}/authentication/externalAuthenticationMethods`: what people have registered
//! (<https://learn.microsoft.com/graph/api/resources/externalauthenticationmethod>).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Members, Problem, Reply, administer};
use crate::clock::graph_time;
use crate::external::method::Registration;
use crate::http::App;
use crate::world::{AccessToken, Shared, Speaker, World};

const ACCESS: &[&[&str]] = &[&["UserAuthenticationMethod.ReadWrite.All"]];
const COLLECTION: &str = "/v1.0/users/{id}/authentication/externalAuthenticationMethods";
const TYPE: &str = "externalAuthenticationMethod";

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(COLLECTION, get(list).post(create))
        .route(&format!("{COLLECTION}/{{method}}"), get(show).delete(remove))
}

fn resource(registration: &Registration) -> Value {
    json!({
        "@odata.type": format!("#microsoft.graph.{TYPE}"),
        "id": registration.id,
        "configurationId": registration.configuration_id,
        "displayName": registration.display_name,
        "createdDateTime": graph_time(registration.created_at),
    })
}

/// The person of that object ID or user principal name.
fn person(world: &World, token: &AccessToken, id: &str) -> Result<Uuid, Problem> {
    let named = |user: &&crate::model::User| {
        user.id.to_string() == id || user.user_principal_name.eq_ignore_ascii_case(id)
    };
    let mut here = world.users.values().filter(|user| user.directory == token.directory);
    here.find(named).map(|user| user.id).ok_or_else(|| Problem::no_resource(id))
}

fn find<'w>(world: &'w World, user: Uuid, id: &str) -> Result<&'w Registration, Problem> {
    let mut own = world.external.registrations.iter().filter(|known| known.user == user);
    own.find(|known| known.id.to_string() == id).ok_or_else(|| Problem::no_resource(id))
}

async fn list(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, ACCESS, |world, token| {
        let user = person(world, token, &id)?;
        let all = world.external.registrations.iter();
        Ok(Reply::list(all.filter(|known| known.user == user).map(resource)))
    })
}

async fn show(
    State(shared): App,
    Path((id, method)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    administer(&shared, &headers, ACCESS, |world, token| {
        let user = person(world, token, &id)?;
        Ok(Reply::Found(resource(find(world, user, &method)?)))
    })
}

/// For others only: nobody registers a method for themselves by it.
async fn create(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    administer(&shared, &headers, ACCESS, |world, token| {
        let user = person(world, token, &id)?;
        if matches!(token.speaker, Speaker::User { id, .. } if id == user) {
            return Err(Problem::insufficient_privileges());
        }
        let mut members = Members::read(TYPE, &headers, &body)?;
        members.check_type(false)?;
        let method = members.required_id("configurationId")?;
        let name = members.required_text("displayName")?;
        members.end()?;
        let before = world.external.registrations.len();
        let made = world.register_external_method(user, method, shared.clock.now());
        let mut made = made.map_err(|_| Problem::no_resource(&method.to_string()))?;
        if world.external.registrations.len() == before {
            return Err(Problem::conflict("The method is registered already."));
        }
        made.display_name = name;
        if let Some(last) = world.external.registrations.last_mut() {
            last.clone_from(&made);
        }
        Ok(Reply::Created(resource(&made)))
    })
}

async fn remove(
    State(shared): App,
    Path((id, method)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    administer(&shared, &headers, ACCESS, |world, token| {
        let user = person(world, token, &id)?;
        let id = find(world, user, &method)?.id;
        world.external.registrations.retain(|known| known.id != id);
        Ok(Reply::Nothing)
    })
}
