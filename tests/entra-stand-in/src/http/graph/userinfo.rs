//! `/oidc/userinfo`: never more than the ID token says.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Problem, answer};
use crate::http::App;
use crate::id_token::pairwise;
use crate::world::{AccessToken, Speaker, World};

pub(super) async fn handler(State(shared): App, headers: HeaderMap) -> Response {
    answer(&shared, &headers, claims)
}

fn claims(world: &World, token: &AccessToken) -> Result<Value, Problem> {
    let (id, scopes) = match &token.speaker {
        Speaker::User { id, scopes } if scopes.contains("openid") => (id, scopes),
        _ => return Err(Problem::unknown_token()),
    };
    let user = world.users.get(id).ok_or_else(|| Problem::no_resource(&id.to_string()))?;
    let sub = json!(pairwise(world, token.client_id, user.id));
    let mut claims = Map::from_iter([("sub".to_owned(), sub)]);
    if scopes.contains("profile") {
        claims.insert("name".to_owned(), json!(user.display_name));
        claims.insert("family_name".to_owned(), json!(user.family_name));
        claims.insert("given_name".to_owned(), json!(user.given_name));
    }
    if let Some(mail) = user.mail.as_ref().filter(|_| scopes.contains("email")) {
        claims.insert("email".to_owned(), json!(mail));
    }
    Ok(claims.into())
}
