//! External MFA by HTTP alone.

use axum::http::Method;
use entra_stand_in::{ACME, Person};
use serde_json::{Value, json};

use super::External;
use super::provider::field;
use crate::fixture::{Answer, get, page_error, post_json, send};

impl External {
    async fn order(&self, path: &str, body: Value) -> Answer {
        let url = format!("{}/control/{path}", self.fixture.entra.base_url());
        post_json(&url, &body, &[]).await
    }

    async fn forget(&self, path: &str) {
        let url = format!("{}/control/{path}", self.fixture.entra.base_url());
        assert_eq!(send(Method::DELETE, &url, &[], Default::default()).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn methods_policies_registrations_faults_and_outcomes() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    let new = json!({
        "display_name": "Second", "app_id": external.method.app_id, "client_id": "second",
        "discovery_url": external.provider.discovery_url(), "exclude_targets": ["all-users"],
    });
    let path = format!("directories/{ACME}/external-methods");
    let added = external.order(&path, new.clone()).await;
    assert_eq!((added.status, &added.json()["enabled"]), (200, &json!(true)));
    assert_eq!(external.order(&path, new).await.status, 400, "the name is taken");
    let una = entra.user("una@acme.example").unwrap().id;
    let registers = json!({"method": external.method.id});
    let path = format!("users/{una}/external-methods");
    assert_eq!(external.order(&path, registers).await.status, 200);
    assert_eq!(entra.registrations(una).len(), 1);

    let fault = json!({"fault": {"fields": {"state": null}}, "times": 1});
    assert_eq!(external.order("external-mfa/faults", fault).await.status, 200);
    let (_, form) = external.challenge().await;
    assert_eq!(field(&form, "state"), None);
    let by = json!({"continues": "page"});
    assert_eq!(external.order("external-mfa", by).await.status, 200);
    external.answered(|token| token).await.redirect();
    let refused = external.answered(|token| token.claim("sub", json!("x"))).await;
    assert_eq!(page_error(refused), 50027);

    let url = format!("{}/control/external-mfa", entra.base_url());
    let outcomes = get(&format!("{url}/outcomes")).await.json();
    let codes: Vec<&Value> = outcomes["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| &outcome["refused"])
        .collect();
    assert_eq!(codes, [&Value::Null, &json!(50027)]);
    external.forget("external-mfa/outcomes").await;
    assert!(entra.external_outcomes().is_empty());
    let fetched = external.provider.fetched();
    external.forget("external-mfa/providers").await;
    external.challenge().await;
    assert_eq!(external.provider.fetched(), fetched + 2);

    let state = get(&url).await.json();
    assert_eq!(state["methods"].as_array().unwrap().len(), 2);
    assert_eq!(state["registrations"].as_array().unwrap().len(), 2);
    external.forget(&format!("policies/{}", state["policies"][0]["id"].as_str().unwrap())).await;
    external.sign_in(&mut Person::new("mia@acme.example")).await.redirect();
    assert_eq!(external.order(&format!("directories/{ACME}/mfa"), json!({})).await.status, 200);
    external.challenge().await;
}
