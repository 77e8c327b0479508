//! The app registration.

use serde_json::{Map, Value as Json, json};

use super::bodies::{self, CLAIMS, claim};
use super::{Azure, id_of, text, texts};
use crate::cli::Failure;
use crate::cli::entra::Voice;
use crate::cli::entra::connect::Plan;

const NEEDS: &str = "Application.ReadWrite.All";

/// The registration with this client id.
pub(in crate::cli::entra) async fn application(
    azure: &Azure,
    client_id: &str,
) -> Result<Option<Registration>, Failure> {
    let path = format!("applications?$filter=appId eq '{client_id}'");
    let found = azure.list(&path, "Application.Read.All").await?;
    Ok(found.into_iter().next().map(Registration))
}

/// An app registration.
pub(in crate::cli::entra) struct Registration(Json);

impl Registration {
    /// Those of `wanted` that are no redirect URIs of it.
    pub(in crate::cli::entra) fn lacks<'a>(&self, wanted: &'a [String]) -> Vec<&'a String> {
        let there = texts(&self.0, "/web/redirectUris");
        wanted.iter().filter(|uri| !there.contains(&uri.as_str())).collect()
    }
}

/// Makes it, or adds what it lacks; its client id.
pub(super) async fn ensure(
    azure: &Azure,
    plan: &Plan<'_>,
    voice: &mut Voice<'_>,
) -> Result<String, Failure> {
    let found = match &plan.asked.app {
        Some(id) => {
            let found = application(azure, id).await?.map(|found| found.0);
            Some(found.ok_or_else(|| {
                format!("the directory has no app registration {id}; leave --app out to make one")
            })?)
        }
        None => by_name(azure, plan).await?,
    };
    let Some(found) = found else {
        let made = azure.create("applications", NEEDS, &bodies::application(plan)).await?;
        let client_id = client_id(&made)?;
        voice.say(format!("done    Azure: the app registration {client_id} is made"))?;
        return Ok(client_id);
    };
    let client_id = client_id(&found)?;
    let change = change(plan, &found);
    if change.is_empty() {
        voice.say(format!("there   Azure: the app registration {client_id}"))?;
        return Ok(client_id);
    }
    let added = change.keys().cloned().collect::<Vec<_>>().join(", ");
    let path = format!("applications/{}", id_of(&found)?);
    azure.change(&path, NEEDS, &Json::Object(change)).await?;
    voice.say(format!("done    Azure: the app registration {client_id} was given {added}"))?;
    Ok(client_id)
}

/// A registration of an earlier run.
async fn by_name(azure: &Azure, plan: &Plan<'_>) -> Result<Option<Json>, Failure> {
    let path = format!("applications?$filter=displayName eq '{}'", bodies::app_name(plan));
    let found = azure.list(&path, NEEDS).await?;
    let name = bodies::app_name(plan);
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => {
            Err(format!("the directory has several app registrations {name}: name one by --app")
                .into())
        }
    }
}

fn client_id(app: &Json) -> Result<String, Failure> {
    let id = ids::guid::parse(text(app, "/appId"));
    id.ok_or_else(|| "Microsoft Graph gives an app registration without an appId".into())
}

/// What it lacks. What is there is never taken away.
fn change(plan: &Plan<'_>, found: &Json) -> Map<String, Json> {
    let mut change = Map::new();
    let mut web = Map::new();
    let mut uris = texts(found, "/web/redirectUris");
    let missing: Vec<&str> =
        plan.redirects.iter().map(String::as_str).filter(|uri| !uris.contains(uri)).collect();
    if !missing.is_empty() {
        uris.extend(missing);
        web.insert("redirectUris".into(), json!(uris));
    }
    let ticked = found.pointer("/web/implicitGrantSettings/enableIdTokenIssuance");
    if ticked != Some(&Json::Bool(true)) {
        web.insert("implicitGrantSettings".into(), json!({ "enableIdTokenIssuance": true }));
    }
    if !web.is_empty() {
        change.insert("web".into(), Json::Object(web));
    }
    if let Some(claims) = claims(found) {
        change.insert("optionalClaims".into(), json!({ "idToken": claims }));
    }
    if text(found, "/groupMembershipClaims").is_empty() {
        change.insert("groupMembershipClaims".into(), json!("SecurityGroup"));
    }
    change
}

/// The claims of ID tokens with those that are missing, if any is.
fn claims(found: &Json) -> Option<Vec<Json>> {
    let there = found.pointer("/optionalClaims/idToken").and_then(Json::as_array);
    let mut claims = there.cloned().unwrap_or_default();
    let has = |name: &str, claims: &[Json]| claims.iter().any(|claim| text(claim, "/name") == name);
    let missing: Vec<&str> = CLAIMS.into_iter().filter(|name| !has(name, &claims)).collect();
    claims.extend(missing.iter().map(|name| claim(name)));
    (!missing.is_empty()).then_some(claims)
}
