//! As much of Graph as a sign-in touches: userinfo, and the groups that a token had no room for.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::App;
use crate::id_token::{groups_of, pairwise};
use crate::model::GroupsClaim;
use crate::world::{AccessToken, Shared, World};

/// Above this many groups the answer is an error and pages must be asked for.
const MOST_GROUPS: usize = 11_000;
/// Permissions, each of which allows to read a person's groups.
const GROUP_PERMISSIONS: [&str; 2] = ["GroupMember.Read.All", "Directory.Read.All"];

/// `/oidc/userinfo`: never more than the ID token says.
pub(super) async fn userinfo(State(shared): App, headers: HeaderMap) -> Response {
    let world = shared.world();
    let Some(token) =
        bearer(&shared, &world, &headers).filter(|token| token.scopes.contains("openid"))
    else {
        return error(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            "Access token is missing or not valid.",
        );
    };
    let Some(user) = token.user.and_then(|id| world.users.get(&id)) else {
        return error(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "There is no signed in user.",
        );
    };
    let mut answer = serde_json::Map::from_iter([(
        "sub".to_owned(),
        json!(pairwise(&world, token.client_id, user.id)),
    )]);
    if token.scopes.contains("profile") {
        answer.insert("name".to_owned(), json!(user.display_name));
        answer.insert("family_name".to_owned(), json!(user.family_name));
        answer.insert("given_name".to_owned(), json!(user.given_name));
    }
    if let Some(mail) = user.mail.as_ref().filter(|_| token.scopes.contains("email")) {
        answer.insert("email".to_owned(), json!(mail));
    }
    Json(answer).into_response()
}

/// The body of `getMemberGroups`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberGroups {
    security_enabled_only: bool,
}

/// `POST /v1.0/me/getMemberGroups`.
pub(super) async fn my_groups(
    State(shared): App,
    headers: HeaderMap,
    body: Json<MemberGroups>,
) -> Response {
    let me = bearer(&shared, &shared.world(), &headers).and_then(|token| token.user);
    groups(&shared, &headers, me.unwrap_or_default(), &body)
}

/// `POST /v1.0/users/{id}/getMemberGroups`.
pub(super) async fn groups_of_user(
    State(shared): App,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    body: Json<MemberGroups>,
) -> Response {
    groups(&shared, &headers, id, &body)
}

fn groups(shared: &Shared, headers: &HeaderMap, id: Uuid, body: &MemberGroups) -> Response {
    let world = shared.world();
    let Some(token) = bearer(shared, &world, headers) else {
        return error(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            "Access token is missing or not valid.",
        );
    };
    if !GROUP_PERMISSIONS.iter().any(|permission| token.scopes.contains(*permission)) {
        let text = "Insufficient privileges to complete the operation.";
        return error(StatusCode::FORBIDDEN, "Authorization_RequestDenied", text);
    }
    let directory = token.user.and_then(|user| world.users.get(&user)).map(|user| user.directory);
    let Some(user) = world.users.get(&id).filter(|user| Some(user.directory) == directory) else {
        return error(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            "The resource does not exist.",
        );
    };
    let kinds =
        if body.security_enabled_only { GroupsClaim::SecurityGroup } else { GroupsClaim::All };
    let groups = groups_of(&world, user, kinds);
    if groups.len() > MOST_GROUPS {
        return error(
            StatusCode::BAD_REQUEST,
            "Directory_ResultSizeLimitExceeded",
            "The result is too large.",
        );
    }
    let context = format!("{}/v1.0/$metadata#Collection(Edm.String)", shared.base);
    Json(json!({"@odata.context": context, "value": groups})).into_response()
}

fn bearer(shared: &Shared, world: &World, headers: &HeaderMap) -> Option<AccessToken> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    world.access_tokens.get(token).filter(|token| token.expires_at > shared.clock.now()).cloned()
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
}
