//! What applications read of a tenant.

use e2e::World;
use serde_json::json;

use crate::support::{header, ready};

#[tokio::test]
async fn a_tenant_with_an_application_has_an_issuer() {
    let (world, syncro, _) = ready().await;
    let issuer = format!("{}/realms/acme", world.origin);
    let document = world.browser().get(&format!("{issuer}/.well-known/openid-configuration")).await;
    assert_eq!((document.status, document.content_type.as_str()), (200, "application/json"));
    assert_eq!(document.member("issuer"), json!(issuer));
    let endpoints = format!("{issuer}/protocol/openid-connect");
    for (name, path) in [
        ("authorization_endpoint", "auth"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("jwks_uri", "certs"),
        ("end_session_endpoint", "logout"),
        ("revocation_endpoint", "revoke"),
        ("introspection_endpoint", "introspect"),
        ("pushed_authorization_request_endpoint", "par"),
    ] {
        let url = format!("{endpoints}/{path}");
        assert_eq!(document.member(name), json!(url));
        let there = world.browser().get(&url).await;
        assert_ne!(there.status, 404, "{url}");
    }
    let keys = world.browser().get(&format!("{endpoints}/certs")).await;
    assert_eq!((keys.status, keys.content_type.as_str()), (200, "application/json"));
    assert!(!keys.member("keys").as_array().unwrap().is_empty(), "{keys:?}");
    for answer in [&document, &keys] {
        assert_eq!(header(answer, "access-control-allow-origin"), "*");
        assert_eq!(header(answer, "access-control-allow-credentials"), "");
        assert_eq!(header(answer, "cache-control"), "public, max-age=3600");
    }
    // Its administrator reads them while it is switched off, too.
    syncro.change(&world, |client| client.enabled = false).await;
    let keys = world.browser().get(&format!("{endpoints}/certs")).await;
    assert_eq!(keys.status, 200);
}

#[tokio::test]
async fn a_tenant_without_an_application_has_none_and_no_stranger_makes_us_draw_a_key() {
    let world = World::start().await;
    let before = world.dump().await;
    for path in [".well-known/openid-configuration", "protocol/openid-connect/certs"] {
        let answer = world.browser().get(&format!("/realms/acme/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn the_authorization_endpoint_is_for_browsers_alone() {
    let (world, syncro, _) = ready().await;
    let asked = syncro.asks().url();
    let answer = world
        .browser()
        .send(reqwest::Method::GET, &asked, None, &[("origin", "https://syncro.example")])
        .await;
    assert_eq!(header(&answer, "access-control-allow-origin"), "", "{answer:?}");
    let options = world
        .browser()
        .send(reqwest::Method::OPTIONS, &asked, None, &[("origin", "https://syncro.example")])
        .await;
    assert_eq!(options.status, 405, "{options:?}");
}
