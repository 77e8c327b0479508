//! `/{authority}/v2.0/.well-known/openid-configuration` and the keys.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{App, problem_json};
use crate::aadsts::Aadsts;
use crate::world::{Authority, Shared};

/// The literal that the metadata of `common` has in place of a GUID.
const TEMPLATE: &str = "{tenantid}";
/// The directory of personal accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The v2.0 metadata. Asked by domain it answers with the GUID, in the issuer and in each endpoint.
pub(super) async fn version_2(
    State(shared): App,
    Path(authority): Path<String>,
    headers: HeaderMap,
) -> Response {
    let resolved = match shared.world().authority(&authority) {
        Ok(resolved) => resolved,
        Err(problem) => return no_such_directory(&shared, &headers, problem),
    };
    let (name, issuer) = names(&shared, &authority, resolved);
    let (base, host) = (&shared.base, host(&shared));
    Json(json!({
        "token_endpoint": format!("{base}/{name}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/{name}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{base}/oidc/userinfo"),
        "authorization_endpoint": format!("{base}/{name}/oauth2/v2.0/authorize"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/{name}/oauth2/v2.0/logout"),
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
            "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid",
            "ver", "at_hash", "c_hash", "email",
        ],
        "tenant_region_scope": match resolved { Authority::Directory(_) => json!("EU"), Authority::Any => json!(null) },
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": host,
        "msgraph_host": host,
        "rbac_url": "https://pas.windows.net",
    }))
    .into_response()
}

/// The v1.0 metadata, for whoever pastes it by mistake. Its endpoints are not played.
pub(super) async fn version_1(
    State(shared): App,
    Path(authority): Path<String>,
    headers: HeaderMap,
) -> Response {
    let resolved = match shared.world().authority(&authority) {
        Ok(resolved) => resolved,
        Err(problem) => return no_such_directory(&shared, &headers, problem),
    };
    let (base, host) = (&shared.base, host(&shared));
    let (name, issuer) = match resolved {
        Authority::Directory(id) => (id.to_string(), format!("https://sts.windows.net/{id}/")),
        Authority::Any => (authority, format!("https://sts.windows.net/{TEMPLATE}/")),
    };
    Json(json!({
        "token_endpoint": format!("{base}/{name}/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/{name}/discovery/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
        "scopes_supported": ["openid"],
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/{name}/oauth2/authorize"),
        "end_session_endpoint": format!("{base}/{name}/oauth2/logout"),
        "userinfo_endpoint": format!("{base}/{name}/openid/userinfo"),
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": host,
        "msgraph_host": host,
    }))
    .into_response()
}

/// The signing keys, each with the issuer that it is good for.
pub(super) async fn keys(
    State(shared): App,
    Path(authority): Path<String>,
    headers: HeaderMap,
) -> Response {
    let world = shared.world();
    let resolved = match world.authority(&authority) {
        Ok(resolved) => resolved,
        Err(problem) => return no_such_directory(&shared, &headers, problem),
    };
    let (_, issuer) = names(&shared, &authority, resolved);
    let consumers = shared.issuer(CONSUMERS);
    let consumer_issuer = (resolved == Authority::Any).then_some(consumers.as_str());
    Json(world.keys.jwks(&issuer, consumer_issuer)).into_response()
}

/// Here, other than at the token endpoint, the error of 90002 is `invalid_tenant`.
fn no_such_directory(shared: &Shared, headers: &HeaderMap, mut problem: Aadsts) -> Response {
    problem.error = "invalid_tenant";
    problem_json(shared, headers, &problem)
}

/// How an authority is called in endpoints, and its issuer.
fn names(shared: &Shared, segment: &str, authority: Authority) -> (String, String) {
    match authority {
        Authority::Directory(id) => (id.to_string(), shared.issuer(id)),
        Authority::Any => (segment.to_owned(), shared.issuer(TEMPLATE)),
    }
}

fn host(shared: &Shared) -> &str {
    shared.base.split_once("://").map_or(shared.base.as_str(), |(_, host)| host)
}
