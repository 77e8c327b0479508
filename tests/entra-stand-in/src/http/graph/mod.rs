//! As much of Graph as a sign-in touches: userinfo, and the groups that a token had no room for.
//!
//! Codes, statuses and the form of the bodies are Microsoft's
//! (<https://learn.microsoft.com/graph/errors>); the words are ours where reports from the field do not
//! show theirs.

mod application_body;
mod applications;
mod body;
mod external_methods;
mod grants;
mod listing;
mod member_groups;
mod policies;
mod problem;
mod registrations;
mod service_principals;
mod userinfo;

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

use self::body::Members;
use self::problem::Problem;
use crate::model::User;
use crate::permissions::{reads_groups_of_users, reads_own_groups};
use crate::world::{AccessToken, Shared, Speaker, World};

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/oidc/userinfo", get(userinfo::handler).post(userinfo::handler))
        .route("/v1.0/me/getMemberGroups", post(member_groups::mine))
        .route("/v1.0/me/getMemberObjects", post(member_groups::mine))
        .route("/v1.0/me/transitiveMemberOf/microsoft.graph.group", get(listing::mine))
        .route("/v1.0/users/{id}/getMemberGroups", post(member_groups::of_user))
        .route("/v1.0/users/{id}/transitiveMemberOf/microsoft.graph.group", get(listing::of_user))
        .merge(applications::router())
        .merge(service_principals::router())
        .merge(grants::router())
        .merge(external_methods::router())
        .merge(registrations::router())
        .merge(policies::router())
}

/// Answers whoever has a token that is still good.
fn answer(
    shared: &Shared,
    headers: &HeaderMap,
    act: impl FnOnce(&World, &AccessToken) -> Result<Value, Problem>,
) -> Response {
    let world = shared.world();
    let answer = bearer(shared, &world, headers).and_then(|token| act(&world, token));
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => problem.into_response(shared, headers),
    }
}

/// What a request that an administrator makes is answered with.
enum Reply {
    Found(Value),
    Created(Value),
    Nothing,
}

impl Reply {
    /// A collection.
    fn list(values: impl IntoIterator<Item = Value>) -> Self {
        Self::Found(Value::Array(values.into_iter().collect()))
    }
}

/// Acts for whoever has a token with one permission of each of these sets; a person must be an
/// administrator besides.
fn administer(
    shared: &Shared,
    headers: &HeaderMap,
    permissions: &[&[&str]],
    act: impl FnOnce(&mut World, &AccessToken) -> Result<Reply, Problem>,
) -> Response {
    let mut world = shared.world();
    let token = bearer(shared, &world, headers).cloned();
    let reply = token.and_then(|token| {
        may(&world, &token, permissions)?;
        act(&mut world, &token)
    });
    match reply {
        Ok(Reply::Found(Value::Array(value))) => Json(json!({"value": value})).into_response(),
        Ok(Reply::Found(value)) => Json(value).into_response(),
        Ok(Reply::Created(value)) => (StatusCode::CREATED, Json(value)).into_response(),
        Ok(Reply::Nothing) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => problem.into_response(shared, headers),
    }
}

fn may(world: &World, token: &AccessToken, permissions: &[&[&str]]) -> Result<(), Problem> {
    let (granted, administers) = match &token.speaker {
        Speaker::Application { roles } => (roles, true),
        Speaker::User { id, scopes } => {
            (scopes, world.users.get(id).is_some_and(|user| user.global_administrator))
        }
    };
    let has = |set: &&[&str]| set.iter().any(|name| granted.contains(*name));
    if administers && permissions.iter().all(has) {
        Ok(())
    } else {
        Err(Problem::insufficient_privileges())
    }
}

/// The token of the request. Opaque here, it is one of ours or none.
fn bearer<'w>(
    shared: &Shared,
    world: &'w World,
    headers: &HeaderMap,
) -> Result<&'w AccessToken, Problem> {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sent = sent.strip_prefix("Bearer ").ok_or_else(Problem::no_token)?;
    let token = world.access_tokens.get(sent).ok_or_else(Problem::unknown_token)?;
    if token.expires_at <= shared.clock.now() {
        return Err(Problem::expired_token());
    }
    Ok(token)
}

/// Whose groups are asked for.
enum Whose<'a> {
    /// `/me`: those of the person who is signed in.
    Mine(Uuid),
    /// `/users/{id}`: those of the person of that object ID or user principal name.
    OfUser(&'a str),
}

impl Whose<'_> {
    /// `/me`, which an application that speaks for itself does not have.
    fn mine(token: &AccessToken) -> Result<Self, Problem> {
        match &token.speaker {
            Speaker::Application { .. } => Err(Problem::only_delegated()),
            Speaker::User { id, .. } => Ok(Self::Mine(*id)),
        }
    }

    /// The person, if the token may read that person's groups.
    fn person<'w>(&self, world: &'w World, token: &AccessToken) -> Result<&'w User, Problem> {
        let (Speaker::Application { roles: granted } | Speaker::User { scopes: granted, .. }) =
            &token.speaker;
        let allowed = match self {
            Self::Mine(_) => reads_own_groups(granted),
            Self::OfUser(_) => reads_groups_of_users(granted),
        };
        if !allowed {
            return Err(Problem::insufficient_privileges());
        }
        let (id, name) = match self {
            Self::Mine(id) => (Some(*id), id.to_string()),
            Self::OfUser(name) => (Uuid::parse_str(name).ok(), (*name).to_owned()),
        };
        let named = |user: &&User| {
            id == Some(user.id) || user.user_principal_name.eq_ignore_ascii_case(&name)
        };
        let mut here = world.users.values().filter(|user| user.directory == token.directory);
        here.find(named).ok_or_else(|| Problem::no_resource(&name))
    }
}
