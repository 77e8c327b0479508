//! External MFA: methods, registrations, policies, faults, and what became of whom.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Answer;
use crate::external::Continues;
use crate::external::fault::ExternalFault;
use crate::external::method::NewExternalMethod;
use crate::external::policy::Policy;
use crate::faults::Pending;
use crate::http::App;
use crate::stand_in::StandInError;
use crate::world::Shared;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/directories/{id}/external-methods", post(add_method))
        .route("/directories/{id}/mfa", post(require_mfa))
        .route("/policies/{id}", delete(remove_policy))
        .route("/users/{id}/external-methods", post(register_method))
        .route("/external-mfa", get(state).post(set_continues))
        .route("/external-mfa/outcomes", get(outcomes).delete(forget_outcomes))
        .route("/external-mfa/providers", delete(forget_providers))
        .route("/external-mfa/faults", post(add_fault))
}

async fn add_method(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(new): Json<NewExternalMethod>,
) -> Answer {
    Ok(Json(json!(shared.world().add_external_method(id, new)?)))
}

/// At which application; at all of them, if none is named.
#[derive(Deserialize)]
struct Demand {
    client_id: Option<Uuid>,
}

async fn require_mfa(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(demand): Json<Demand>,
) -> Answer {
    let mut world = shared.world();
    world.directory(id).ok_or(StandInError::Unknown("directory"))?;
    let policy = Policy::for_everybody(id, demand.client_id);
    let answer = json!(policy);
    world.external.policies.insert(policy.id, policy);
    Ok(Json(answer))
}

async fn remove_policy(State(shared): App, Path(id): Path<Uuid>) -> Answer {
    let removed = shared.world().external.policies.remove(&id);
    removed.map(|_| Json(json!({}))).ok_or(StandInError::Unknown("policy"))
}

#[derive(Deserialize)]
struct NewRegistration {
    method: Uuid,
}

async fn register_method(
    State(shared): App,
    Path(id): Path<Uuid>,
    Json(new): Json<NewRegistration>,
) -> Answer {
    let now = shared.clock.now();
    Ok(Json(json!(shared.world().register_external_method(id, new.method, now)?)))
}

async fn state(State(shared): App) -> Json<Value> {
    let external = &shared.world().external;
    Json(json!({
        "methods": external.methods.values().collect::<Vec<_>>(),
        "registrations": external.registrations,
        "policies": external.policies.values().collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
struct NewContinues {
    continues: Continues,
}

async fn set_continues(State(shared): App, Json(new): Json<NewContinues>) -> Json<Value> {
    shared.world().external.continues = new.continues;
    Json(json!({}))
}

async fn outcomes(State(shared): App) -> Json<Value> {
    Json(json!({"outcomes": shared.world().external.log.all()}))
}

async fn forget_outcomes(State(shared): App) -> Json<Value> {
    shared.world().external.log.clear();
    Json(json!({}))
}

async fn forget_providers(State(shared): App) -> Json<Value> {
    shared.world().external.providers.clear();
    Json(json!({}))
}

#[derive(Deserialize)]
struct NewExternalFault {
    fault: ExternalFault,
    times: Option<u32>,
}

async fn add_fault(State(shared): App, Json(new): Json<NewExternalFault>) -> Json<Value> {
    shared.world().external.faults.push(Pending::new(new.fault, new.times));
    Json(json!({}))
}
