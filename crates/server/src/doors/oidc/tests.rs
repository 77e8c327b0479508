use axum::body::Body;
use axum::http::Request;
use identity::{Moment, TenantPolicy};
use ids::{Slug, TenantId};
use openid_provider::ClientSettings;
use store::Client;
use tower::ServiceExt as _;

use super::*;
use crate::test_app::{Told, test_app};
use crate::{entropy, router};

fn tenant() -> Tenant {
    Tenant {
        id: TenantId(entropy::id()),
        slug: Slug::try_from("acme".to_owned()).unwrap(),
        display_name: "Acme".into(),
        policy: TenantPolicy::default(),
        created_at: Moment(0),
    }
}

#[test]
fn a_sign_in_goes_on_at_its_own_address_and_nowhere_else() {
    let tenant = tenant();
    let good = "/realms/acme/protocol/openid-connect/auth/continue?round=1&request=x";
    assert_eq!(continue_path(&tenant, good), Some(good));
    for bad in [
        "",
        "/",
        "//evil.test/",
        "https://evil.test/realms/acme/protocol/openid-connect/auth/continue?x",
        "/realms/acme/account/",
        "/realms/birch/protocol/openid-connect/auth/continue?request=x",
        "/realms/acme/protocol/openid-connect/auth/continue",
        "/realms/acme/protocol/openid-connect/auth/continue/../x?y",
        "/realms/acme/protocol/openid-connect/auth/continued?request=x",
        "/realms/acme/protocol/openid-connect/auth/continue?\\x",
        "/realms/acme/protocol/openid-connect/auth/continue?x y",
        "/realms/acme/protocol/openid-connect/auth/continue?x\r\nset-cookie: y",
        "/realms/acme/protocol/openid-connect/auth/continue?ä",
    ] {
        assert_eq!(continue_path(&tenant, bad), None, "{bad}");
    }
    let long = format!("{good}{}", "x".repeat(LONGEST));
    assert_eq!(continue_path(&tenant, &long), None);
}

/// An application that is registered, in a tenant of its own.
async fn with_application() -> (App, tempfile::TempDir) {
    let (app, data) = test_app().await;
    let tenant = tenant();
    app.store.create_tenant(&tenant).await.unwrap();
    let settings = ClientSettings {
        redirect_uris: vec!["https://app.example/back".into()],
        ..ClientSettings::default()
    };
    let client = Client {
        client_id: "app".into(),
        name: "App".into(),
        home_url: None,
        settings: Some(settings),
        enabled: true,
        created_at: Moment(0),
    };
    let mut tx = app.store.write(tenant.id).await.unwrap();
    assert!(tx.add_client(&client).await.unwrap());
    tx.commit().await.unwrap();
    (app, data)
}

#[tokio::test]
async fn each_kind_of_refusal_is_a_line_of_its_own_and_told_once() {
    let (app, _data) = with_application().await;
    let told = Told::default();
    let _listening = told.listen();
    let good = "client_id=app&redirect_uri=https://app.example/back&response_type=code\
                &scope=openid&code_challenge_method=S256\
                &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for query in
        [
            "client_id=nobody",
            "client_id=app&redirect_uri=https://evil.test/",
            "client_id=app&client_id=app",
            &format!("{good}&request=x"),
            &format!("{good}&prompt=none%20login"),
            &format!("client_id=app&request_uri=urn:ietf:params:oauth:request_uri:x&{good}x")
                .replacen("client_id=app&", "", 1),
        ]
    {
        for _ in 0..3 {
            let uri = format!("/realms/acme/protocol/openid-connect/auth?{query}");
            let request = Request::get(uri).body(Body::empty()).unwrap();
            let answer = router(&app).oneshot(request).await.unwrap();
            assert!(!answer.status().is_server_error(), "{query}: {answer:?}");
        }
    }
    let told = told.text();
    for reason in [
        "client_id is not that of an application",
        "redirect_uri is not registered for this application",
        "parameter client_id stands twice",
        "request objects are not supported",
        "prompt is not a combination that exists",
        "request_uri is not that of a request just pushed",
    ] {
        assert_eq!(told.matches(reason).count(), 1, "{reason} in {told}");
    }
    assert!(told.contains("nobody") && !told.contains("evil.test"), "{told}");
}
