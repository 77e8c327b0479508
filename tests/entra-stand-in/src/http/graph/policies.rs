//! `/v1.0/identity/conditionalAccess/policies`
//! (<https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies>).
//!
//! Deviation: of the grants only `mfa` is played; other conditions than people and applications are
//! refused as unknown.

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
use crate::chance;
use crate::external::policy::{Policy, Scope};
use crate::http::App;
use crate::world::{AccessToken, Shared, World};

const READ: &[&[&str]] = &[&["Policy.Read.All"]];
const WRITE: &[&[&str]] =
    &[&["Policy.ReadWrite.ConditionalAccess"], &["Policy.Read.All", "Application.Read.All"]];
const COLLECTION: &str = "/v1.0/identity/conditionalAccess/policies";
const TYPE: &str = "conditionalAccessPolicy";
const STATES: [&str; 3] = ["enabled", "disabled", "enabledForReportingButNotEnforced"];

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(COLLECTION, get(list).post(create))
        .route(&format!("{COLLECTION}/{{id}}"), get(show).patch(update).delete(remove))
}

fn resource(policy: &Policy) -> Value {
    let included = |scope: &Scope| match (scope.all, scope.include.as_slice()) {
        (true, _) => json!(["All"]),
        (false, []) => json!(["None"]),
        (false, named) => json!(named),
    };
    json!({
        "id": policy.id,
        "displayName": policy.display_name,
        "state": policy.state,
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {
                "includeApplications": included(&policy.applications),
                "excludeApplications": policy.applications.exclude,
            },
            "users": {
                "includeUsers": if policy.groups.include.is_empty() { included(&policy.users) } else { json!(policy.users.include) },
                "excludeUsers": policy.users.exclude,
                "includeGroups": policy.groups.include,
                "excludeGroups": policy.groups.exclude,
            },
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        "sessionControls": null,
    })
}

fn find<'w>(world: &'w World, token: &AccessToken, id: &str) -> Result<&'w Policy, Problem> {
    let found = Uuid::parse_str(id).ok().and_then(|id| world.external.policies.get(&id));
    let here = found.filter(|policy| policy.directory == token.directory);
    here.ok_or_else(|| Problem::no_resource(id))
}

async fn list(State(shared): App, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        let all = world.external.policies.values();
        Ok(Reply::list(all.filter(|policy| policy.directory == token.directory).map(resource)))
    })
}

async fn show(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        Ok(Reply::Found(resource(find(world, token, &id)?)))
    })
}

async fn create(State(shared): App, headers: HeaderMap, body: Bytes) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut members = Members::read(TYPE, &headers, &body)?;
        for name in ["displayName", "state", "conditions", "grantControls"] {
            if !members.has(name) {
                return Err(Problem::value_required(name, TYPE));
            }
        }
        let mut policy = Policy {
            id: chance::guid(),
            directory: token.directory,
            display_name: String::new(),
            state: String::new(),
            applications: Scope::default(),
            users: Scope::default(),
            groups: Scope::default(),
        };
        write(&mut policy, &mut members)?;
        members.end()?;
        let made = resource(&policy);
        world.external.policies.insert(policy.id, policy);
        Ok(Reply::Created(made))
    })
}

async fn update(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut policy = find(world, token, &id)?.clone();
        let mut members = Members::read(TYPE, &headers, &body)?;
        write(&mut policy, &mut members)?;
        members.end()?;
        world.external.policies.insert(policy.id, policy);
        Ok(Reply::Nothing)
    })
}

async fn remove(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let id = find(world, token, &id)?.id;
        world.external.policies.remove(&id);
        Ok(Reply::Nothing)
    })
}

fn write(policy: &mut Policy, members: &mut Members) -> Result<(), Problem> {
    if members.has("displayName") {
        policy.display_name = members.required_text("displayName")?;
    }
    if members.has("state") {
        policy.state = members.required_text("state")?;
        if !STATES.contains(&policy.state.as_str()) {
            return Err(Problem::invalid_value("state"));
        }
    }
    if let Some(conditions) = members.object("conditions", "conditionalAccessConditionSet")? {
        write_conditions(policy, conditions)?;
    }
    if let Some(mut grant) = members.object("grantControls", "conditionalAccessGrantControls")? {
        let operator = grant.required_text("operator")?;
        let controls = grant.texts("builtInControls")?.unwrap_or_default();
        grant.end()?;
        if !["AND", "OR"].contains(&operator.as_str()) || controls != ["mfa"] {
            return Err(Problem::invalid_value("grantControls"));
        }
    }
    Ok(())
}

fn write_conditions(policy: &mut Policy, mut conditions: Members) -> Result<(), Problem> {
    let set = "conditionalAccessConditionSet";
    let types = conditions.texts("clientAppTypes")?;
    let types = types.ok_or_else(|| Problem::value_required("clientAppTypes", set))?;
    if types != ["all"] {
        return Err(Problem::invalid_value("clientAppTypes"));
    }
    let applications = conditions.object("applications", "conditionalAccessApplications")?;
    let users = conditions.object("users", "conditionalAccessUsers")?;
    conditions.end()?;
    let mut applications =
        applications.ok_or_else(|| Problem::value_required("applications", set))?;
    policy.applications = scope(&mut applications, "includeApplications", "excludeApplications")?;
    applications.end()?;
    let mut users = users.ok_or_else(|| Problem::value_required("users", set))?;
    policy.users = scope(&mut users, "includeUsers", "excludeUsers")?;
    policy.groups = scope(&mut users, "includeGroups", "excludeGroups")?;
    users.end()?;
    let nobody = !policy.users.all && policy.users.include.is_empty();
    if nobody && policy.groups.include.is_empty() {
        return Err(Problem::invalid_value("includeUsers"));
    }
    if !policy.applications.all && policy.applications.include.is_empty() {
        return Err(Problem::invalid_value("includeApplications"));
    }
    Ok(())
}

/// "All" stands alone, and for no groups.
fn scope(members: &mut Members, include: &str, exclude: &str) -> Result<Scope, Problem> {
    let included = members.texts(include)?.unwrap_or_default();
    let all = included == ["All"] && include != "includeGroups";
    let ids = |name: &str, list: Vec<String>| -> Result<Vec<Uuid>, Problem> {
        let id = |text: String| Uuid::parse_str(&text).map_err(|_| Problem::invalid_value(name));
        list.into_iter().map(id).collect()
    };
    let named = if all { Vec::new() } else { ids(include, included)? };
    let excluded = ids(exclude, members.texts(exclude)?.unwrap_or_default())?;
    Ok(Scope { all, include: named, exclude: excluded })
}
