//! `/control/...`: everything that [`crate::StandIn`] offers tests, as JSON over HTTP.
//!
//! Every change wants `Content-Type: application/json`, which a page of another site cannot send.

mod external;
mod graph;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::App;
use crate::clock::timestamp;
use crate::faults::{Endpoint, Fault, IdTokenFault, Pending};
use crate::model::{
    Audience, GroupsClaim, NewUser, OptionalClaim, PASSWORD, Platform, UserConsent,
};
use crate::seed;
use crate::stand_in::StandInError;
use crate::world::Shared;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/state", get(state))
        .route("/apps", post(register_app))
        .route("/apps/{id}/redirect-uris", post(add_redirect_uri))
        .route("/apps/{id}/secrets", post(add_secret))
        .route("/apps/{id}/claims", post(set_claims))
        .route("/apps/{id}/admin-consent", post(grant_admin_consent))
        .route("/apps/{id}/application-permissions", post(graph::add_application_permissions))
        .route(
            "/apps/{id}/application-permissions/grant",
            post(graph::grant_application_permissions),
        )
        .route("/apps/{id}/assignment", post(set_assignment))
        .route("/directories/{id}/users", post(add_user))
        .route("/directories/{id}/user-consent", post(set_user_consent))
        .route("/users/{id}", post(update_user))
        .route("/users/{id}/groups", post(graph::add_groups))
        .merge(external::router())
        .route("/keys", post(change_keys))
        .route("/clock", post(set_clock))
        .route("/faults", post(add_fault).delete(heal))
        .route("/id-token-faults", post(add_id_token_fault))
        .route("/requests", get(requests).delete(forget_requests))
}

type Answer = Result<Json<Value>, StandInError>;

impl IntoResponse for StandInError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::ExternalMethod(_)
            | Self::Permission(_)
            | Self::RedirectUri(_)
            | Self::Listen { .. } => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}

/// `GET /control/state`: directories with their people, app registrations, clock.
async fn state(State(shared): App) -> Json<Value> {
    let world = shared.world();
    let users = |directory: Uuid| {
        world.users.values().filter(move |user| user.directory == directory).collect::<Vec<_>>()
    };
    let directories: Vec<Value> = world
        .directories
        .iter()
        .map(|directory| json!({"directory": directory, "groups": directory.groups.len(), "users": users(directory.id)}))
        .collect();
    Json(json!({
        "base_url": shared.base,
        "password": PASSWORD,
        "now": timestamp(shared.clock.now()),
        "active_kid": world.keys.active().kid,
        "directories": directories,
        "apps": world.apps.values().collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
struct NewApp {
    directory: Uuid,
    display_name: String,
    #[serde(default)]
    audience: Audience,
    #[serde(default)]
    redirect_uris: Vec<String>,
}

async fn register_app(State(shared): App, Json(new): Json<NewApp>) -> Answer {
    shared.world().directory(new.directory).ok_or(StandInError::Unknown("directory"))?;
    let app = shared.register_app(new.directory, &new.display_name, new.audience);
    for uri in &new.redirect_uris {
        shared.add_redirect_uri(app.client_id, uri, Platform::Web)?;
    }
    Ok(Json(json!({"client_id": app.client_id, "object_id": app.object_id})))
}

#[derive(Deserialize)]
struct NewRedirectUri {
    uri: String,
    #[serde(default)]
    platform: Platform,
}

async fn add_redirect_uri(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(new): Json<NewRedirectUri>,
) -> Answer {
    shared.add_redirect_uri(id, &new.uri, new.platform)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct NewSecret {
    description: String,
    expires_in: i64,
}

async fn add_secret(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(new): Json<NewSecret>,
) -> Answer {
    let secret = shared.add_secret(id, &new.description, new.expires_in)?;
    Ok(Json(
        json!({"value": secret.value, "secret_id": secret.secret_id, "expires_at": secret.expires_at}),
    ))
}

#[derive(Deserialize)]
struct Claims {
    optional_claims: BTreeSet<OptionalClaim>,
    #[serde(default)]
    groups_claim: GroupsClaim,
}

async fn set_claims(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(claims): Json<Claims>,
) -> Answer {
    shared.update_app(id, |app| {
        app.optional_claims = claims.optional_claims;
        app.groups_claim = claims.groups_claim;
    })?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct AdminConsent {
    scopes: BTreeSet<String>,
}

async fn grant_admin_consent(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(consent): Json<AdminConsent>,
) -> Answer {
    shared.grant_admin_consent(id, consent.scopes)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Assignment {
    required: bool,
    #[serde(default)]
    users: BTreeSet<Uuid>,
}

async fn set_assignment(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(assignment): Json<Assignment>,
) -> Answer {
    shared.update_app(id, |app| {
        app.assignment_required = assignment.required;
        app.assigned = assignment.users;
    })?;
    Ok(Json(json!({})))
}

async fn add_user(State(shared): App, Path(id): Path<Uuid>, Json(new): Json<NewUser>) -> Answer {
    let mut world = shared.world();
    let directory = world.directory(id).ok_or(StandInError::Unknown("directory"))?;
    let user = seed::user(directory, &new.given_name, &new.family_name, &new.alias);
    let answer = json!(user);
    world.users.insert(user.id, user);
    Ok(Json(answer))
}

#[derive(Deserialize)]
struct NewUserConsent {
    user_consent: UserConsent,
}

async fn set_user_consent(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(new): Json<NewUserConsent>,
) -> Answer {
    let mut world = shared.world();
    let found = world.directories.iter_mut().find(|directory| directory.id == id);
    found.ok_or(StandInError::Unknown("directory"))?.user_consent = new.user_consent;
    Ok(Json(json!({})))
}

/// What is left out stays as it is.
#[derive(Deserialize)]
struct UserChange {
    enabled: Option<bool>,
    display_name: Option<String>,
    mail: Option<String>,
    user_principal_name: Option<String>,
    verification_required: Option<bool>,
    groups: Option<Vec<Uuid>>,
}

async fn update_user(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(change): Json<UserChange>,
) -> Answer {
    shared.update_user(id, |user| {
        user.enabled = change.enabled.unwrap_or(user.enabled);
        user.verification_required =
            change.verification_required.unwrap_or(user.verification_required);
        user.mail = change.mail.or(user.mail.take());
        let set = |target: &mut String, value: Option<String>| {
            *target = value.unwrap_or_else(|| std::mem::take(target));
        };
        set(&mut user.display_name, change.display_name);
        set(&mut user.user_principal_name, change.user_principal_name);
        user.groups = change.groups.unwrap_or_else(|| std::mem::take(&mut user.groups));
    })?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KeyChange {
    Rotate,
    DropRetired,
    Replace,
}

#[derive(Deserialize)]
struct KeyOrder {
    change: KeyChange,
}

async fn change_keys(State(shared): App, Json(order): Json<KeyOrder>) -> Json<Value> {
    let keys = &mut shared.world().keys;
    match order.change {
        KeyChange::Rotate => keys.rotate(),
        KeyChange::DropRetired => keys.drop_retired(),
        KeyChange::Replace => keys.replace(),
    }
    Json(json!({"active_kid": keys.active().kid}))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockOrder {
    Skew(i64),
    Advance(i64),
}

async fn set_clock(State(shared): App, Json(order): Json<ClockOrder>) -> Json<Value> {
    match order {
        ClockOrder::Skew(seconds) => shared.clock.skew(seconds),
        ClockOrder::Advance(seconds) => shared.clock.advance(seconds),
    }
    Json(json!({"now": timestamp(shared.clock.now())}))
}

#[derive(Deserialize)]
struct NewFault {
    endpoint: Endpoint,
    fault: Fault,
    times: Option<u32>,
}

async fn add_fault(State(shared): App, Json(new): Json<NewFault>) -> Json<Value> {
    shared.world().faults.push(Pending::new((new.endpoint, new.fault), new.times));
    Json(json!({}))
}

#[derive(Deserialize)]
struct NewIdTokenFault {
    fault: IdTokenFault,
    times: Option<u32>,
}

async fn add_id_token_fault(State(shared): App, Json(new): Json<NewIdTokenFault>) -> Json<Value> {
    shared.world().id_token_faults.push(Pending::new(new.fault, new.times));
    Json(json!({}))
}

async fn heal(State(shared): App) -> Json<Value> {
    shared.heal();
    Json(json!({}))
}

async fn requests(State(shared): App) -> Json<Value> {
    Json(json!({"counts": shared.log.counts(), "requests": shared.log.requests()}))
}

async fn forget_requests(State(shared): App) -> Json<Value> {
    shared.log.clear();
    Json(json!({}))
}
