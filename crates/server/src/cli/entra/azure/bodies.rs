//! What Graph is sent. The printed steps show the same.

use serde_json::{Value as Json, json};

use crate::cli::entra::connect::Plan;
use crate::cli::entra::steps::to_fill_in;

/// The external methods of a directory.
pub(in crate::cli::entra) const METHODS: &str =
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations";
/// Conditional Access.
pub(in crate::cli::entra) const POLICIES: &str = "identity/conditionalAccess/policies";
/// What marks an external method among the others.
pub(super) const METHOD_TYPE: &str = "#microsoft.graph.externalAuthenticationMethodConfiguration";
/// Microsoft Graph as an application.
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Its delegated permissions openid and profile
/// (<https://learn.microsoft.com/graph/permissions-reference>).
const OPENID: &str = "37f7f235-527c-4136-accd-4a02d197296e";
const PROFILE: &str = "14dad69e-099b-42c9-810b-d002981feec1";
/// Everybody, as a target of a method.
const ALL_USERS: &str = "all_users";

/// What the registration is called.
pub(in crate::cli::entra) fn app_name(plan: &Plan<'_>) -> String {
    format!("Cardea {}", plan.tenant.slug)
}

/// Optional claims of ID tokens.
pub(super) const CLAIMS: [&str; 2] = ["upn", "auth_time"];

pub(super) fn application(plan: &Plan<'_>) -> Json {
    let claims = CLAIMS.map(claim);
    let scopes = [OPENID, PROFILE].map(|id| json!({ "id": id, "type": "Scope" }));
    json!({
        "displayName": app_name(plan),
        "signInAudience": "AzureADMyOrg",
        "groupMembershipClaims": "SecurityGroup",
        "web": {
            "redirectUris": plan.redirects,
            "implicitGrantSettings": { "enableIdTokenIssuance": true },
        },
        "optionalClaims": { "idToken": claims },
        "requiredResourceAccess": [{
            "resourceAppId": GRAPH,
            "resourceAccess": scopes,
        }],
    })
}

pub(super) fn claim(name: &str) -> Json {
    json!({ "name": name, "essential": false })
}

/// The method of the registration `app`, for those for whom it is.
pub(in crate::cli::entra) fn method(plan: &Plan<'_>, app: &str) -> Json {
    let target = plan.asked.group.as_deref().unwrap_or(ALL_USERS);
    json!({
        "@odata.type": METHOD_TYPE,
        "displayName": plan.asked.name,
        "state": "enabled",
        "appId": app,
        "openIdConnectSetting": { "clientId": app, "discoveryUrl": plan.issuer.configuration() },
        "includeTargets": [{ "targetType": "group", "id": target }],
    })
}

/// A policy that demands multifactor authentication of those people, but for break glass.
pub(in crate::cli::entra) fn policy(plan: &Plan<'_>) -> Json {
    let mut users = match &plan.asked.group {
        Some(group) => json!({ "includeGroups": [group] }),
        None => json!({ "includeUsers": ["All"] }),
    };
    let excluded = match plan.asked.break_glass.as_slice() {
        [] => json!([to_fill_in("object ID of the break-glass account")]),
        ids => json!(ids),
    };
    if let Some(users) = users.as_object_mut() {
        users.insert("excludeUsers".into(), excluded);
    }
    json!({
        "displayName": format!("{}: multifactor authentication", app_name(plan)),
        "state": if plan.asked.enforce { "enabled" } else { "enabledForReportingButNotEnforced" },
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": { "includeApplications": ["All"] },
            "users": users,
        },
        "grantControls": { "operator": "OR", "builtInControls": ["mfa"] },
    })
}
