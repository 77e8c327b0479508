//! `POST /v1.0/users/{id}/getMemberGroups`, and the same of `/me`: all object IDs at once
//! (<https://learn.microsoft.com/graph/api/directoryobject-getmembergroups>).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Problem, Whose, answer};
use crate::http::App;
use crate::id_token::groups_of;
use crate::model::GroupsClaim;
use crate::world::{AccessToken, Shared, World};

/// Above this many groups the answer is an error and pages must be asked for.
const MOST_GROUPS: usize = 11_000;
/// The one member of the body, which is required.
const PARAMETER: &str = "securityEnabledOnly";

/// What was sent, before anybody has looked at it.
struct Sent {
    headers: HeaderMap,
    body: Bytes,
}

pub(super) async fn mine(State(shared): App, headers: HeaderMap, body: Bytes) -> Response {
    let sent = Sent { headers, body };
    answer(&shared, &sent.headers, |world, token| {
        groups(&shared, world, token, &Whose::mine(token)?, &sent)
    })
}

pub(super) async fn of_user(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sent = Sent { headers, body };
    answer(&shared, &sent.headers, |world, token| {
        groups(&shared, world, token, &Whose::OfUser(&id), &sent)
    })
}

fn groups(
    shared: &Shared,
    world: &World,
    token: &AccessToken,
    whose: &Whose<'_>,
    sent: &Sent,
) -> Result<Value, Problem> {
    let security_enabled_only = security_enabled_only(sent)?;
    let user = whose.person(world, token)?;
    let kinds = if security_enabled_only { GroupsClaim::SecurityGroup } else { GroupsClaim::All };
    let groups = groups_of(world, user, kinds);
    if groups.len() > MOST_GROUPS {
        return Err(Problem::too_many());
    }
    let context = format!("{}/v1.0/$metadata#Collection(Edm.String)", shared.base);
    Ok(json!({"@odata.context": context, "value": groups}))
}

fn security_enabled_only(sent: &Sent) -> Result<bool, Problem> {
    let content_type = sent.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::unreadable());
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(&sent.body) else {
        return Err(Problem::unreadable());
    };
    if let Some(other) = members.keys().find(|name| *name != PARAMETER) {
        let text = format!(
            "The parameter '{other}' in the request payload is not a valid parameter for the operation."
        );
        return Err(Problem::bad_request(text));
    }
    members.get(PARAMETER).and_then(Value::as_bool).ok_or_else(|| {
        Problem::bad_request(format!("The parameter '{PARAMETER}' must be true or false."))
    })
}
