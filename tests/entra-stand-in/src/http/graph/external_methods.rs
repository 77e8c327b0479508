//! `/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations`: the external methods
//! (<https://learn.microsoft.com/graph/api/resources/externalauthenticationmethodconfiguration>).
//!
//! Deviation: the methods that a directory has from the start (FIDO2, Microsoft Authenticator, …) are not
//! played, so only external ones are listed.

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
use crate::external::method::{ExternalMethod, NewExternalMethod, Target, acceptable};
use crate::http::App;
use crate::world::{AccessToken, Shared, World};

const READ: &[&[&str]] = &[&["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"]];
const WRITE: &[&[&str]] = &[&["Policy.ReadWrite.AuthenticationMethod"]];
const COLLECTION: &str =
    "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations";
const TYPE: &str = "externalAuthenticationMethodConfiguration";
/// Everybody, as a target.
const ALL_USERS: &str = "all_users";

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(COLLECTION, get(list).post(create))
        .route(&format!("{COLLECTION}/{{id}}"), get(show).patch(update).delete(remove))
}

fn resource(method: &ExternalMethod) -> Value {
    let targets = |list: &[Target]| -> Vec<Value> {
        let id = |target: &Target| match target {
            Target::AllUsers => ALL_USERS.to_owned(),
            Target::Group(id) => id.to_string(),
        };
        list.iter().map(|target| json!({"targetType": "group", "id": id(target)})).collect()
    };
    json!({
        "@odata.type": format!("#microsoft.graph.{TYPE}"),
        "id": method.id,
        "displayName": method.display_name,
        "state": if method.enabled { "enabled" } else { "disabled" },
        "appId": method.app_id,
        "openIdConnectSetting": {"clientId": method.client_id, "discoveryUrl": method.discovery_url},
        "includeTargets": targets(&method.include_targets),
        "excludeTargets": targets(&method.exclude_targets),
    })
}

fn find<'w>(
    world: &'w World,
    token: &AccessToken,
    id: &str,
) -> Result<&'w ExternalMethod, Problem> {
    let found = Uuid::parse_str(id).ok().and_then(|id| world.external.methods.get(&id));
    let here = found.filter(|method| method.directory == token.directory);
    here.ok_or_else(|| Problem::no_resource(id))
}

async fn list(State(shared): App, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        let all = world.external.methods.values();
        Ok(Reply::list(all.filter(|method| method.directory == token.directory).map(resource)))
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
        members.check_type(true)?;
        let display_name = members.required_text("displayName")?;
        let app_id = members.required_id("appId")?;
        let (client_id, discovery_url) = setting(&mut members)?
            .ok_or_else(|| Problem::value_required("openIdConnectSetting", TYPE))?;
        let enabled = state(&mut members)?.ok_or_else(|| Problem::value_required("state", TYPE))?;
        let [include_targets, exclude_targets] = all_targets(world, token, &mut members, true)?;
        members.end()?;
        let new = NewExternalMethod {
            display_name,
            app_id,
            client_id,
            discovery_url,
            enabled,
            include_targets: include_targets.unwrap_or_default(),
            exclude_targets: exclude_targets.unwrap_or_default(),
        };
        let added = world.add_external_method(token.directory, new);
        let method = added.map_err(|error| Problem::cannot(error.to_string()))?;
        Ok(Reply::Created(resource(&method)))
    })
}

async fn update(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut method = find(world, token, &id)?.clone();
        let mut members = Members::read(TYPE, &headers, &body)?;
        members.check_type(true)?;
        if members.has("displayName") {
            return Err(Problem::cannot("Property 'displayName' is read-only and cannot be set."));
        }
        if members.has("appId") {
            method.app_id = members.required_id("appId")?;
        }
        if let Some((client_id, discovery_url)) = setting(&mut members)? {
            acceptable(&discovery_url).map_err(|_| Problem::invalid_value("discoveryUrl"))?;
            (method.client_id, method.discovery_url) = (client_id, discovery_url);
        }
        method.enabled = state(&mut members)?.unwrap_or(method.enabled);
        let [include, exclude] = all_targets(world, token, &mut members, false)?;
        method.include_targets = include.unwrap_or(method.include_targets);
        method.exclude_targets = exclude.unwrap_or(method.exclude_targets);
        members.end()?;
        world.external.methods.insert(method.id, method);
        Ok(Reply::Nothing)
    })
}

async fn remove(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let id = find(world, token, &id)?.id;
        world.remove_external_method(id);
        Ok(Reply::Nothing)
    })
}

/// Client ID and discovery URL.
fn setting(members: &mut Members) -> Result<Option<(String, String)>, Problem> {
    let setting = members.object("openIdConnectSetting", "openIdConnectSetting")?;
    let Some(mut setting) = setting else { return Ok(None) };
    setting.check_type(false)?;
    let found = (setting.required_text("clientId")?, setting.required_text("discoveryUrl")?);
    setting.end()?;
    Ok(Some(found))
}

fn state(members: &mut Members) -> Result<Option<bool>, Problem> {
    match members.text("state")?.as_deref() {
        None => Ok(None),
        Some("enabled") => Ok(Some(true)),
        Some("disabled") => Ok(Some(false)),
        Some(_) => Err(Problem::invalid_value("state")),
    }
}

/// Those included and those excluded. Where a method is made, the example on Microsoft's page has one
/// `includeTarget`; the resource has `includeTargets`.
fn all_targets(
    world: &World,
    token: &AccessToken,
    members: &mut Members,
    is_new: bool,
) -> Result<[Option<Vec<Target>>; 2], Problem> {
    let one =
        if is_new { members.object("includeTarget", "authenticationMethodTarget")? } else { None };
    let many = members.objects("includeTargets", "authenticationMethodTarget")?;
    let included = match (one, many) {
        (Some(_), Some(_)) => return Err(Problem::invalid_value("includeTargets")),
        (one, many) => one.map(|one| vec![one]).or(many),
    };
    let excluded = members.objects("excludeTargets", "excludeTarget")?;
    let read = |list: Option<Vec<Members>>, everybody: bool| {
        let each =
            |list: Vec<Members>| list.into_iter().map(|one| target(world, token, one, everybody));
        list.map(|list| each(list).collect()).transpose()
    };
    Ok([read(included, true)?, read(excluded, false)?])
}

fn target(
    world: &World,
    token: &AccessToken,
    mut members: Members,
    everybody: bool,
) -> Result<Target, Problem> {
    let (kind, id) = (members.required_text("targetType")?, members.required_text("id")?);
    if everybody && members.flag("isRegistrationRequired")? == Some(true) {
        return Err(Problem::invalid_value("isRegistrationRequired"));
    }
    members.end()?;
    let groups = world.directory(token.directory).map(|found| found.groups.as_slice());
    let group = |id| groups.unwrap_or_default().iter().find(|group| group.id == id);
    match (kind.as_str(), id.as_str()) {
        ("group", ALL_USERS) if everybody => Ok(Target::AllUsers),
        ("group", id) => {
            let found =
                Uuid::parse_str(id).ok().and_then(group).map(|group| Target::Group(group.id));
            found.ok_or_else(|| Problem::no_resource(id))
        }
        _ => Err(Problem::invalid_value("targetType")),
    }
}
