//! The service principal, and the administrator's consent to openid and profile.

use serde_json::{Value as Json, json};

use super::bodies::GRAPH;
use super::{Azure, id_of, text};
use crate::cli::Failure;
use crate::cli::entra::Voice;

const NEEDS: &str = "DelegatedPermissionGrant.ReadWrite.All";
/// What external MFA asks of Graph.
const SCOPES: [&str; 2] = ["openid", "profile"];

/// The service principal of an application in the directory.
pub(in crate::cli::entra) async fn principal(
    azure: &Azure,
    client_id: &str,
) -> Result<Option<String>, Failure> {
    let path = format!("servicePrincipals?$filter=appId eq '{client_id}'");
    let found = azure.list(&path, "Application.Read.All").await?;
    found.first().map(|one| id_of(one).map(str::to_owned)).transpose()
}

/// Whether the directory's administrator has consented, for everybody.
pub(in crate::cli::entra) async fn consented(
    azure: &Azure,
    principal: &str,
) -> Result<bool, Failure> {
    let grants = grants(azure, principal).await?;
    Ok(grants.iter().any(|grant| missing(grant).is_empty()))
}

/// The grants for everybody.
async fn grants(azure: &Azure, principal: &str) -> Result<Vec<Json>, Failure> {
    let path = format!("oauth2PermissionGrants?$filter=clientId eq '{principal}'");
    let mut grants = azure.list(&path, NEEDS).await?;
    grants.retain(|grant| text(grant, "/consentType") == "AllPrincipals");
    Ok(grants)
}

fn missing(grant: &Json) -> Vec<&'static str> {
    let there: Vec<&str> = text(grant, "/scope").split(' ').collect();
    SCOPES.into_iter().filter(|scope| !there.contains(scope)).collect()
}

pub(super) async fn ensure(
    azure: &Azure,
    client_id: &str,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    let principal = if let Some(id) = principal(azure, client_id).await? {
        voice.say("there   Azure: the enterprise application")?;
        id
    } else {
        let body = json!({ "appId": client_id });
        let needs = "Application.ReadWrite.All";
        let made = azure.create("servicePrincipals", needs, &body).await?;
        voice.say("done    Azure: the enterprise application is made")?;
        id_of(&made)?.to_owned()
    };
    let graph = self::principal(azure, GRAPH).await?;
    let graph = graph.ok_or("the directory has no service principal of Microsoft Graph")?;
    let path = format!("oauth2PermissionGrants?$filter=clientId eq '{principal}'");
    let mut grants = azure.list(&path, NEEDS).await?;
    grants.retain(|grant| {
        text(grant, "/consentType") == "AllPrincipals" && text(grant, "/resourceId") == graph
    });
    match grants.first() {
        Some(grant) if missing(grant).is_empty() => {
            voice.say("there   Azure: admin consent to openid and profile")
        }
        Some(grant) => {
            let scope = format!("{} {}", text(grant, "/scope").trim(), missing(grant).join(" "));
            let path = format!("oauth2PermissionGrants/{}", id_of(grant)?);
            azure.change(&path, NEEDS, &json!({ "scope": scope.trim() })).await?;
            voice.say("done    Azure: admin consent was given to openid and profile as well")
        }
        None => {
            let body = json!({
                "clientId": principal, "consentType": "AllPrincipals", "resourceId": graph,
                "scope": SCOPES.join(" "),
            });
            azure.create("oauth2PermissionGrants", NEEDS, &body).await?;
            voice.say("done    Azure: admin consent was given to openid and profile")
        }
    }
}
