//! `/v1.0/applications`: app registrations
//! (<https://learn.microsoft.com/graph/api/application-post-applications>).
//!
//! Deviation: of an application only what is played can be written; the rest is refused as unknown.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use uuid::Uuid;

use super::application_body::write;
use super::body::filter;
use super::{Members, Problem, Reply, administer};
use crate::clock::graph_time;
use crate::http::App;
use crate::model::{self, Audience, GroupsClaim, OptionalClaim, Platform};
use crate::permissions::app_roles;
use crate::world::{AccessToken, Shared, World};

const READ: &[&[&str]] =
    &[&["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"]];
const WRITE: &[&[&str]] = &[&["Application.ReadWrite.All"]];
/// Microsoft Graph as a resource that applications ask for.
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Two years, if nobody says when a password ends.
const PASSWORD_LIFETIME: i64 = 730 * 86_400;
/// "upn", of guests too.
pub(super) const UPN_OF_GUESTS: &str = "include_externally_authenticated_upn";

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1.0/applications", get(list).post(create))
        .route("/v1.0/applications/{id}", get(show).patch(update).delete(remove))
        .route("/v1.0/applications/{id}/addPassword", post(add_password))
}

async fn list(State(shared): App, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        let wanted = filter(query.as_deref(), &["appId", "displayName"])?;
        let is = |app: &&model::App| match &wanted {
            None => true,
            Some((name, value)) if name == "appId" => app.client_id.to_string() == *value,
            Some((_, value)) => app.display_name == *value,
        };
        let here = world.apps.values().filter(|app| app.directory == token.directory);
        Ok(Reply::list(here.filter(is).map(resource)))
    })
}

async fn show(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        Ok(Reply::Found(resource(find(world, token, &id)?)))
    })
}

/// No service principal is made by it: that is a request of its own.
async fn create(State(shared): App, headers: HeaderMap, body: Bytes) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut members = Members::read("Application", &headers, &body)?;
        let name = members.required_text("displayName")?;
        let mut app = model::App::new(token.directory, &name, Audience::SingleDirectory);
        app.service_principals.clear();
        write(&mut app, members)?;
        let created = resource(&app);
        world.apps.insert(app.client_id, app);
        Ok(Reply::Created(created))
    })
}

async fn update(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut members = Members::read("Application", &headers, &body)?;
        let mut app = find(world, token, &id)?.clone();
        if members.has("displayName") {
            app.display_name = members.required_text("displayName")?;
        }
        write(&mut app, members)?;
        world.apps.insert(app.client_id, app);
        Ok(Reply::Nothing)
    })
}

async fn remove(State(shared): App, Path(id): Path<String>, headers: HeaderMap) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let client_id = find(world, token, &id)?.client_id;
        world.apps.remove(&client_id);
        Ok(Reply::Nothing)
    })
}

/// The answer is the only one that ever shows the value.
async fn add_password(
    State(shared): App,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut members = Members::read("addPassword", &headers, &body)?;
        let credential = members.object("passwordCredential", "passwordCredential")?;
        members.end()?;
        let (name, ends) = match credential {
            None => (None, None),
            Some(mut credential) => {
                let found = (credential.text("displayName")?, credential.text("endDateTime")?);
                credential.end()?;
                found
            }
        };
        let now = shared.clock.now();
        let until = ends.map(|text| text.parse::<jiff::Timestamp>()).transpose();
        let until = until.map_err(|_| Problem::invalid_value("endDateTime"))?;
        let ends = until.map_or(now.saturating_add(PASSWORD_LIFETIME), jiff::Timestamp::as_second);
        let secret = model::ClientSecret {
            secret_id: crate::chance::guid(),
            description: name.unwrap_or_default(),
            expires_at: ends,
            value: crate::chance::secret_value(),
        };
        let client_id = find(world, token, &id)?.client_id;
        let mut answer = credential_of(&secret);
        if let Value::Object(members) = &mut answer {
            members.insert("secretText".to_owned(), json!(secret.value));
        }
        world.apps.entry(client_id).and_modify(|app| app.secrets.push(secret));
        Ok(Reply::Found(answer))
    })
}

/// By object ID; the application (client) ID is no such thing.
fn find<'w>(world: &'w World, token: &AccessToken, id: &str) -> Result<&'w model::App, Problem> {
    let mut here = world.apps.values().filter(|app| app.directory == token.directory);
    here.find(|app| app.object_id.to_string() == id).ok_or_else(|| Problem::no_resource(id))
}

fn resource(app: &model::App) -> Value {
    let uris = |platform: Platform| -> Vec<&String> {
        let of = app.redirect_uris.iter().filter(|known| known.platform == platform);
        of.map(|known| &known.uri).collect()
    };
    let claim = |claim: &OptionalClaim| match claim {
        OptionalClaim::UpnOfGuests => {
            json!({"name": "upn", "additionalProperties": [UPN_OF_GUESTS]})
        }
        claim => json!({"name": claim.name(), "additionalProperties": []}),
    };
    let roles = app_roles().filter(|(name, _)| app.application_permissions.contains(*name));
    let roles: Vec<Value> = roles.map(|(_, id)| json!({"id": id, "type": "Role"})).collect();
    json!({
        "id": app.object_id,
        "appId": app.client_id,
        "displayName": app.display_name,
        "signInAudience": match app.audience {
            Audience::SingleDirectory => "AzureADMyOrg",
            Audience::AnyDirectory => "AzureADMultipleOrgs",
        },
        "groupMembershipClaims": match app.groups_claim {
            GroupsClaim::None => Value::Null,
            GroupsClaim::SecurityGroup => json!("SecurityGroup"),
            GroupsClaim::DirectoryRole => json!("DirectoryRole"),
            GroupsClaim::All => json!("All"),
        },
        "optionalClaims": {"idToken": app.optional_claims.iter().map(claim).collect::<Vec<_>>()},
        "web": {
            "redirectUris": uris(Platform::Web),
            "logoutUrl": app.front_channel_logout_url,
            "implicitGrantSettings": {"enableIdTokenIssuance": app.id_tokens, "enableAccessTokenIssuance": false},
        },
        "spa": {"redirectUris": uris(Platform::Spa)},
        "publicClient": {"redirectUris": uris(Platform::Public)},
        "requiredResourceAccess": if roles.is_empty() { json!([]) } else {
            json!([{"resourceAppId": GRAPH, "resourceAccess": roles}])
        },
        "passwordCredentials": app.secrets.iter().map(credential_of).collect::<Vec<_>>(),
    })
}

fn credential_of(secret: &model::ClientSecret) -> Value {
    json!({
        "keyId": secret.secret_id,
        "displayName": secret.description,
        "endDateTime": graph_time(secret.expires_at),
        "hint": secret.value.get(..3),
        "secretText": null,
    })
}

/// The id of an application, by its client ID.
pub(super) fn by_client_id(world: &World, token: &AccessToken, client_id: Uuid) -> Option<Uuid> {
    let app = world.apps.get(&client_id)?;
    let usable = app.directory == token.directory || app.audience == Audience::AnyDirectory;
    usable.then_some(app.client_id)
}
