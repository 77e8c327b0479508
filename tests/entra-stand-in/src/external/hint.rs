//! The `id_token_hint`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::fault::ExternalFault;
use super::method::ExternalMethod;
use crate::id_token::{pairwise, seal};
use crate::model::{App, OptionalClaim, User};
use crate::world::{Shared, World};

/// The `id_token_hint`: issued as expired, so that it is good for nothing else.
pub(super) fn hint(
    shared: &Shared,
    world: &World,
    user: &User,
    method: &ExternalMethod,
    app: &App,
    fault: &ExternalFault,
) -> String {
    let earlier = world.external.hints.get(&user.id).filter(|_| fault.replays_hint);
    if let Some(earlier) = earlier {
        return earlier.clone();
    }
    let now = shared.clock.now();
    let claims = Map::from_iter([
        ("ver".to_owned(), json!("2.0")),
        ("iss".to_owned(), json!(shared.issuer(user.directory))),
        ("sub".to_owned(), json!(pairwise(world, app.client_id, user.id))),
        ("aud".to_owned(), json!(method.client_id)),
        ("exp".to_owned(), json!(now.saturating_sub(1))),
        ("iat".to_owned(), json!(now)),
        ("nbf".to_owned(), json!(now)),
        ("name".to_owned(), json!(user.display_name)),
        ("preferred_username".to_owned(), json!(user.user_principal_name)),
        ("oid".to_owned(), json!(user.id)),
        ("tid".to_owned(), json!(user.directory)),
    ]);
    let optional = app.optional_claims.iter().filter_map(|claim| match claim {
        OptionalClaim::FamilyName => Some(("family_name", json!(user.family_name))),
        OptionalClaim::GivenName => Some(("given_name", json!(user.given_name))),
        OptionalClaim::Upn | OptionalClaim::UpnOfGuests => {
            Some(("upn", json!(user.user_principal_name)))
        }
        _ => None,
    });
    let optional = optional.map(|(name, value)| (name.to_owned(), value));
    let claims: Map<String, Value> = claims.into_iter().chain(optional).collect();
    seal(world, claims, &fault.hint)
}

/// `sub` as it was sent.
pub(super) fn subject(hint: &str) -> String {
    let payload = hint.split('.').nth(1).unwrap_or_default();
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&decoded).unwrap_or_default();
    claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned()
}
