//! The control API does over HTTP what the typed methods do in the same process.

use axum::http::Method;
use entra_stand_in::{
    ACME, Audience, BIRCH, Endpoint, GroupsClaim, OptionalClaim, Person, StandIn,
};
use serde_json::{Value, json};

use crate::fixture::{
    Fixture, REDIRECT_URI, claims, get, page_error, parameter, post_form, post_json, send,
};

async fn order(entra: &StandIn, path: &str, body: Value) -> Value {
    let answer = post_json(&format!("{}/control/{path}", entra.base_url()), &body, &[]).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

#[tokio::test]
async fn an_application_is_set_up_and_used_by_http_alone() {
    let entra = StandIn::builder().start().await.unwrap();
    let app = order(
        &entra,
        "apps",
        json!({"directory": ACME, "display_name": "Cardea", "redirect_uris": [REDIRECT_URI]}),
    )
    .await;
    let client_id = app["client_id"].as_str().unwrap().to_owned();
    let secret = order(
        &entra,
        &format!("apps/{client_id}/secrets"),
        json!({"description": "d", "expires_in": 60}),
    )
    .await;
    let wanted = json!({"optional_claims": ["upn", "auth_time"], "groups_claim": "security-group"});
    order(&entra, &format!("apps/{client_id}/claims"), wanted).await;
    let scopes = json!({"scopes": ["openid", "profile", "email"]});
    order(&entra, &format!("apps/{client_id}/admin-consent"), scopes).await;
    let fixture = Fixture {
        entra,
        client_id: client_id.parse().unwrap(),
        secret: secret["value"].as_str().unwrap().to_owned(),
    };
    let claims = fixture.claims_for("mia@acme.example").await;
    assert_eq!(
        (&claims["upn"], claims["groups"].as_array().unwrap().len()),
        (&json!("mia@acme.example"), 2)
    );
    let app = fixture.entra.app(fixture.client_id).unwrap();
    assert_eq!(
        (app.optional_claims.contains(&OptionalClaim::AuthTime), app.groups_claim),
        (true, GroupsClaim::SecurityGroup)
    );
}

#[tokio::test]
async fn people_keys_clock_and_faults_are_controlled_by_http() {
    let fixture = Fixture::new().await;
    let entra = &fixture.entra;
    let nia = order(
        entra,
        &format!("directories/{ACME}/users"),
        json!({"given_name": "Nia", "family_name": "New", "alias": "nia"}),
    )
    .await;
    assert_eq!(nia["user_principal_name"], "nia@acme.example");
    let id = nia["id"].as_str().unwrap();
    order(entra, &format!("users/{id}"), json!({"enabled": false})).await;
    let mut person = Person::new("nia@acme.example");
    assert_eq!(page_error(person.sign_in(&fixture.request().url()).await.unwrap()), 50057);
    let kept = entra.user("nia@acme.example").unwrap();
    assert_eq!((kept.enabled, kept.display_name.as_str()), (false, "Nia New"));

    let before = entra.active_kid();
    let after = order(entra, "keys", json!({"change": "rotate"})).await;
    assert_eq!(after["active_kid"], entra.active_kid());
    assert_ne!(after["active_kid"], before);

    let now = entra.now();
    order(entra, "clock", json!({"advance": 5000})).await;
    assert!(entra.now() >= now + 5000);
    order(entra, "clock", json!({"skew": 0})).await;
    assert!(entra.now() < now + 5000);

    let fault = json!({"endpoint": "keys", "fault": {"kind": "status", "status": 503}, "times": 1});
    order(entra, "faults", fault).await;
    let keys = format!("{}/{ACME}/discovery/v2.0/keys", entra.base_url());
    assert_eq!([get(&keys).await.status, get(&keys).await.status], [503, 200]);

    order(
        entra,
        "id-token-faults",
        json!({"fault": {"claims": {"nonce": "wrong"}, "signature": "broken"}, "times": 1}),
    )
    .await;
    assert_eq!(fixture.claims_for("mia@acme.example").await["nonce"], "wrong");
    assert_eq!(fixture.claims_for("mia@acme.example").await["nonce"], "the nonce");
}

#[tokio::test]
async fn permissions_and_groups_are_controlled_by_http() {
    let fixture = Fixture::with_audience(Audience::AnyDirectory).await;
    let entra = &fixture.entra;
    let app = format!("apps/{}/application-permissions", fixture.client_id);
    let state = || entra.app(fixture.client_id).unwrap();
    order(entra, &app, json!({"permissions": ["Directory.Read.All"]})).await;
    assert_eq!((state().application_permissions.len(), state().granted_permissions.len()), (1, 0));
    order(entra, &format!("{app}/grant"), json!({})).await;
    order(entra, &format!("{app}/grant"), json!({"directory": BIRCH})).await;
    let granted: Vec<_> = state().granted_permissions.into_keys().collect();
    assert_eq!(granted, [ACME, BIRCH]);
    let url = format!("{}/control/{app}", entra.base_url());
    let unknown = post_json(&url, &json!({"permissions": ["User.Read"]}), &[]).await;
    assert_eq!(unknown.status, 400);
    assert_eq!(
        unknown.json()["error"],
        "Microsoft Graph has no application permission User.Read; there are Directory.Read.All, \
         Group.Read.All, GroupMember.Read.All, User.Read.All, User.ReadBasic.All, \
         AppRoleAssignment.ReadWrite.All, Application.Read.All, Application.ReadWrite.All, \
         DelegatedPermissionGrant.ReadWrite.All, Policy.Read.All, Policy.ReadWrite.AuthenticationMethod, \
         Policy.ReadWrite.ConditionalAccess, UserAuthenticationMethod.ReadWrite.All"
    );

    let una = entra.user("una@acme.example").unwrap().id;
    let new = json!({"kind": "security", "count": 231});
    let groups = order(entra, &format!("users/{una}/groups"), new).await;
    assert_eq!(groups["groups"].as_array().unwrap().len(), 231);
    assert_eq!(entra.user("una@acme.example").unwrap().groups.len(), 231);
}

#[tokio::test]
async fn reports_what_was_asked_and_what_there_is() {
    let fixture = Fixture::new().await;
    let base = fixture.entra.base_url();
    get(&fixture.entra.metadata_url(ACME)).await;
    let seen = get(&format!("{base}/control/requests")).await.json();
    assert_eq!(seen["counts"], json!({"metadata": 1}));
    send(Method::DELETE, &format!("{base}/control/requests"), &[], Default::default())
        .await
        .unwrap();
    assert_eq!(fixture.entra.count(Endpoint::Metadata), 0);
    let state = get(&format!("{base}/control/state")).await;
    assert!(!String::from_utf8_lossy(&state.body).contains(&fixture.secret));
    let state = state.json();
    assert_eq!(
        (state["directories"].as_array().unwrap().len(), state["apps"].as_array().unwrap().len()),
        (2, 1)
    );
}

#[tokio::test]
async fn a_page_of_another_site_cannot_give_orders() {
    let fixture = Fixture::new().await;
    let url = format!("{}/control/keys", fixture.entra.base_url());
    let kid = fixture.entra.active_kid();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let answer = send(
            Method::POST,
            &url,
            &[("content-type", content_type)],
            r#"{"change":"rotate"}"#.into(),
        )
        .await;
        assert_eq!(answer.unwrap().status, 415);
    }
    assert_eq!(fixture.entra.active_kid(), kid);
}

#[tokio::test]
async fn a_token_fault_by_http_reaches_a_token_from_common() {
    let fixture = Fixture::with_audience(Audience::AnyDirectory).await;
    order(&fixture.entra, "id-token-faults", json!({"fault": {"shift": {"exp": -100_000}}})).await;
    let request = fixture.request().at("organizations");
    let arrived =
        Person::new("mia@birch.example").sign_in(&request.url()).await.unwrap().redirect();
    let form = fixture.redemption(&parameter(&arrived, "code").unwrap()).form;
    let endpoint = format!("{}/organizations/oauth2/v2.0/token", fixture.entra.base_url());
    let tokens = post_form(&endpoint, &form, &[]).await.json();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert!(claims["exp"].as_i64().unwrap() < claims["iat"].as_i64().unwrap());
}
