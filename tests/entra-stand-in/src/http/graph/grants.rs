//! `/v1.0/oauth2PermissionGrants`: consent to delegated permissions
//! (<https://learn.microsoft.com/graph/api/oauth2permissiongrant-post>).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::filter;
use super::service_principals::{client_of, graph};
use super::{Members, Problem, Reply, administer};
use crate::http::App;
use crate::model::{self, Consent};
use crate::permissions::{DELEGATED_BY_ADMINISTRATOR, DELEGATED_BY_USER};
use crate::world::Shared;

const READ: &[&[&str]] = &[&["DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All"]];
const WRITE: &[&[&str]] = &[&["DelegatedPermissionGrant.ReadWrite.All"]];

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/v1.0/oauth2PermissionGrants", get(list).post(create))
}

fn resource(directory: Uuid, principal: &Uuid, number: usize, consent: &Consent) -> Value {
    json!({
        "id": format!("{principal}-{number}"), "clientId": principal,
        "consentType": if consent.user.is_some() { "Principal" } else { "AllPrincipals" },
        "principalId": consent.user, "resourceId": graph(directory),
        "scope": consent.scopes.iter().cloned().collect::<Vec<_>>().join(" "),
    })
}

async fn list(State(shared): App, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    administer(&shared, &headers, READ, |world, token| {
        let wanted = filter(query.as_deref(), &["clientId"])?;
        let directory = token.directory;
        let of_app = |app: &model::App| -> Vec<Value> {
            let Some(principal) = app.service_principals.get(&directory) else { return Vec::new() };
            let here = app.consents.iter().enumerate();
            let here = here.filter(|(_, consent)| consent.directory == directory);
            here.map(|(number, consent)| resource(directory, principal, number, consent)).collect()
        };
        let all = world.apps.values().flat_map(of_app);
        let is = |grant: &Value| {
            wanted.as_ref().is_none_or(|(name, value)| grant.get(name) == Some(&json!(value)))
        };
        Ok(Reply::list(all.filter(is)))
    })
}

async fn create(State(shared): App, headers: HeaderMap, body: Bytes) -> Response {
    administer(&shared, &headers, WRITE, |world, token| {
        let mut members = Members::read("OAuth2PermissionGrant", &headers, &body)?;
        let client = members.required_id("clientId")?;
        let kind = members.required_text("consentType")?;
        let principal = members.text("principalId")?;
        let api = members.required_id("resourceId")?;
        let scopes = scopes(&members.required_text("scope")?)?;
        members.end()?;
        let client_id = client_of(world, token.directory, &client.to_string())?;
        if api != graph(token.directory) {
            return Err(Problem::invalid_value("resourceId"));
        }
        let user = match (kind.as_str(), principal) {
            ("AllPrincipals", None) => None,
            ("Principal", Some(id)) => {
                let id = Uuid::parse_str(&id).map_err(|_| Problem::invalid_value("principalId"))?;
                let found = world.users.get(&id).filter(|user| user.directory == token.directory);
                Some(found.ok_or_else(|| Problem::invalid_value("principalId"))?.id)
            }
            ("AllPrincipals" | "Principal", _) => {
                return Err(Problem::invalid_value("principalId"));
            }
            _ => return Err(Problem::invalid_value("consentType")),
        };
        let directory = token.directory;
        let app = world.apps.get_mut(&client_id);
        let app = app.ok_or_else(|| Problem::no_resource(&client.to_string()))?;
        if app.consents.iter().any(|known| known.directory == directory && known.user == user) {
            return Err(Problem::conflict("Permission entry already exists."));
        }
        let consent = Consent { directory, user, scopes };
        let made = resource(directory, &client, app.consents.len(), &consent);
        app.consents.push(consent);
        Ok(Reply::Created(made))
    })
}

fn scopes(text: &str) -> Result<BTreeSet<String>, Problem> {
    let known = |scope: &&str| {
        DELEGATED_BY_USER.contains(scope) || DELEGATED_BY_ADMINISTRATOR.contains(scope)
    };
    let scopes: Vec<&str> = text.split(' ').filter(|scope| !scope.is_empty()).collect();
    match scopes.iter().find(|scope| !known(scope)) {
        None if !scopes.is_empty() => Ok(scopes.into_iter().map(str::to_owned).collect()),
        _ => Err(Problem::invalid_value("scope")),
    }
}
