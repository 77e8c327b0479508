//! `/v1.0/servicePrincipals`: the applications that a directory knows, and the roles they were given
//! (<https://learn.microsoft.com/graph/api/serviceprincipal-post-serviceprincipals>).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use uuid::Uuid;

use super::applications::{GRAPH, by_client_id};
use super::body::filter;
use super::{Members, Problem, Reply, administer};
use crate::chance;
use crate::http::App;
use crate::permissions::app_roles;
use crate::world::{Shared, World};

const READ: &[&[&str]] =
    &[&["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"]];
const WRITE: &[&[&str]] = &[&["Application.ReadWrite.All"]];
const ASSIGN: &[&[&str]] = &[
    &["AppRoleAssignment.ReadWrite.All"],
    &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"],
];

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1.0/servicePrincipals", get(list).post(create))
        .route("/v1.0/servicePrincipals/{id}", get(show))
        .route("/v1.0/servicePrincipals/{id}/appRoleAssignments", get(assignments).post(assign))
}

/// Microsoft Graph's own service principal: in each directory another.
pub(super) fn graph(directory: Uuid) -> Uuid {
    Uuid::from_u128(directory.as_u128() ^ 0x9E37_79B9_7F4A_7C15)
}

/// The application of that service principal.
pub(super) fn client_of(world: &World, directory: Uuid, id: &str) -> Result<Uuid, Problem> {
    let id_of =
        |app: &crate::model::App| app.service_principals.get(&directory).map(Uuid::to_string);
    let found = world.apps.values().find(|app| id_of(app).as_deref() == Some(id));
    found.map(|app| app.client_id).ok_or_else(|| Problem::no_resource(id))
}

fn graph_resource(directory: Uuid) -> Value {
    let role = |(name, id)| {
        json!({
            "id": id, "value": name, "displayName": name, "allowedMemberTypes": ["Application"], "isEnabled": true,
        })
    };
    let roles: Vec<Value> = app_roles().map(role).collect();
    json!({"id": graph(directory), "appId": GRAPH, "displayName": "Microsoft Graph", "appRoles": roles})
}

/// The service principals of a directory.
fn all(world: &World, directory: Uuid) -> Vec<Value> {
    let of_app = |app: &crate::model::App| {
        let id = app.service_principals.get(&directory)?;
        Some(json!({
            "id": id, "appId": app.client_id, "displayName": app.display_name, "accountEnabled": true,
            "appRoleAssignmentRequired": app.assignment_required, "appRoles": [],
            "appOwnerOrganizationId": app.directory,
        }))
    };
    let apps = world.apps.values().filter_map(of_app);
    apps.chain([graph_resource(directory)]).collect()
}

async fn list(State(shared): App, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        let wanted = filter(query.as_deref(), &["appId", "displayName"])?;
        let is = |found: &Value| {
            wanted.as_ref().is_none_or(|(name, value)| found.get(name) == Some(&json!(value)))
        };
        Ok(Reply::list(all(world, token.directory).into_iter().filter(is)))
    })
}

async fn show(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        let found =
            all(world, token.directory).into_iter().find(|sp| sp.get("id") == Some(&json!(id)));
        found.map(Reply::Found).ok_or_else(|| Problem::no_resource(&id))
    })
}

async fn create(State(shared): App, headers: HeaderMap, body: Bytes) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut members = Members::read("ServicePrincipal", &headers, &body)?;
        let client_id = members.required_id("appId")?;
        members.end()?;
        let app = by_client_id(world, token, client_id).and_then(|id| world.apps.get_mut(&id));
        let app = app.ok_or_else(|| {
            let text = format!("The appId '{client_id}' of the service principal does not reference a valid application object.");
            Problem::cannot(text)
        })?;
        if app.service_principals.contains_key(&token.directory) {
            return Err(Problem::conflict("The service principal name is already in use."));
        }
        let id = chance::guid();
        app.service_principals.insert(token.directory, id);
        let made =
            all(world, token.directory).into_iter().find(|sp| sp.get("id") == Some(&json!(id)));
        Ok(Reply::Created(made.unwrap_or_default()))
    })
}

fn assignment(directory: Uuid, principal: &str, role: (&str, Uuid)) -> Value {
    json!({
        "id": format!("{principal}-{}", role.0), "appRoleId": role.1, "principalId": principal,
        "principalType": "ServicePrincipal", "resourceDisplayName": "Microsoft Graph",
        "resourceId": graph(directory),
    })
}

async fn assignments(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        let client_id = client_of(world, token.directory, &id)?;
        let granted = world.apps.get(&client_id);
        let granted = granted.and_then(|app| app.granted_permissions.get(&token.directory));
        let has = |name: &str| granted.is_some_and(|granted| granted.contains(name));
        let roles = app_roles().filter(|(name, _)| has(name));
        Ok(Reply::list(roles.map(|role| assignment(token.directory, &id, role))))
    })
}

/// An application permission, granted by an administrator.
async fn assign(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    administer(&shared, &headers, ASSIGN, |world, token| {
        let mut members = Members::read("AppRoleAssignment", &headers, &body)?;
        let principal = members.required_id("principalId")?;
        let (resource, role) =
            (members.required_id("resourceId")?, members.required_id("appRoleId")?);
        members.end()?;
        let client_id = client_of(world, token.directory, &id)?;
        if principal.to_string() != id {
            return Err(Problem::invalid_value("principalId"));
        }
        if resource != graph(token.directory) {
            return Err(Problem::invalid_value("resourceId"));
        }
        let role = app_roles().find(|(_, known)| *known == role);
        let role = role.ok_or_else(|| {
            Problem::cannot("Permission being assigned was not found on application")
        })?;
        let app = world.apps.get_mut(&client_id).ok_or_else(|| Problem::no_resource(&id))?;
        let granted = app.granted_permissions.entry(token.directory).or_default();
        if !granted.insert(role.0.to_owned()) {
            return Err(Problem::cannot("Permission being assigned already exists on the object"));
        }
        Ok(Reply::Created(assignment(token.directory, &id, role)))
    })
}
