//! What the provider says of itself.

use ids::Slug;
use openid_provider::Issuer;
use serde_json::Value;
use url::Url;

use crate::client::Suite;

/// OpenID Connect Discovery 1.0 §3 and §4.
pub(crate) async fn oidcc_discovery_endpoint_verification(suite: &mut Suite) {
    let path = suite.place.way.path(".well-known/openid-configuration");
    let answer = suite.browser.get(&path).await;
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"));
    let issuer = format!("{}{}", suite.shared.origin, suite.place.way.path(""));
    assert_eq!(suite.server("issuer"), issuer.strip_suffix('/').unwrap());
    holds(suite, "response_types_supported", "code");
    holds(suite, "response_modes_supported", "form_post");
    holds(suite, "subject_types_supported", "public");
    holds(suite, "id_token_signing_alg_values_supported", "RS256");
    holds(suite, "grant_types_supported", "authorization_code");
    holds(suite, "scopes_supported", "openid");
    holds(suite, "code_challenge_methods_supported", "S256");
    holds(suite, "claims_supported", "sub");
    for name in [
        "claims_parameter_supported",
        "request_parameter_supported",
        "request_uri_parameter_supported",
    ] {
        assert!(suite.server[name].is_boolean(), "{name}");
    }
    all_are_https(suite);
    keys_are_public(suite).await;
}

/// OpenID Connect Back-Channel Logout 1.0 §2.1. Who is certified has sessions, too.
pub(crate) async fn oidcc_backchannel_logout_discovery_endpoint_verification(suite: &mut Suite) {
    for name in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
        assert_eq!(suite.server[name], true, "{name}");
    }
    has_end_session_endpoint(suite);
    all_are_https(suite);
}

/// OpenID Connect RP-Initiated Logout 1.0 §2.1.
pub(crate) async fn oidcc_rp_initiated_logout_discovery_endpoint_verification(suite: &mut Suite) {
    has_end_session_endpoint(suite);
    all_are_https(suite);
}

#[track_caller]
fn has_end_session_endpoint(suite: &Suite) {
    let url = Url::parse(suite.server("end_session_endpoint")).unwrap();
    assert!(url.has_host() && url.fragment().is_none(), "{url}");
}

#[track_caller]
fn holds(suite: &Suite, name: &str, value: &str) {
    let list = suite.server[name].as_array().unwrap_or_else(|| panic!("no list {name}"));
    assert!(list.iter().all(Value::is_string), "{name}: {list:?}");
    assert!(list.iter().any(|it| it == value), "{value} in {name}: {list:?}");
}

/// This server runs without TLS on this computer; one that does not says nothing but https.
pub(crate) fn all_are_https(suite: &Suite) {
    let slug = Slug::try_from("acme".to_owned()).unwrap();
    let issuer = Issuer::new("https://login.example.com", &slug).unwrap();
    let document: Value = serde_json::from_slice(&issuer.discovery_document()).unwrap();
    let said = |server: &Value| -> Vec<String> {
        let members = server.as_object().unwrap().iter();
        let addresses =
            members.filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
        addresses.map(|(name, url)| format!("{name} {}", url.as_str().unwrap())).collect()
    };
    let there = said(&document);
    assert!(there.len() >= 8, "{there:?}");
    assert!(there.iter().all(|it| it.contains(" https://login.example.com/realms/acme/")));
    let here = said(&suite.server);
    let issuer = suite.server("issuer");
    let named = here.iter().map(|it| it.replace(issuer, "https://login.example.com/realms/acme"));
    assert_eq!(named.collect::<Vec<_>>(), there);
}

/// Each key once, whole, and without its private half (RFC 7517, RFC 7518 §6).
async fn keys_are_public(suite: &Suite) {
    let answer = suite.shared.browser().get(suite.server("jwks_uri")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let keys = answer.member("keys");
    let keys = keys.as_array().unwrap();
    assert!(keys.iter().any(|key| key["kty"] == "RSA"), "{keys:?}");
    let mut kids: Vec<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), keys.len(), "{keys:?}");
    for key in keys {
        assert_eq!(key["use"], "sig", "{key}");
        let members: &[&str] = match key["kty"].as_str().unwrap() {
            "RSA" => &["n", "e", "alg"],
            "EC" => &["crv", "x", "y", "alg"],
            other => panic!("{other}"),
        };
        assert!(members.iter().all(|name| key[*name].is_string()), "{key}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private} in {key}");
        }
    }
}
