//! The authorization endpoint refuses what Entra refuses, and where.

use entra_stand_in::{ACME, Arrival, Audience, BIRCH, Person, Platform, RedirectUri};

use crate::fixture::{AuthorizationRequest, Fixture, REDIRECT_URI, page_error, redirected_error};

async fn outcome(request: &AuthorizationRequest) -> Arrival {
    Person::new("mia@acme.example").sign_in(&request.url()).await.unwrap()
}

#[tokio::test]
async fn refuses_a_redirect_uri_that_is_not_exactly_the_registered_one_on_its_own_page() {
    let fixture = Fixture::new().await;
    let other = [
        "https://cardea.example/realms/acme/broker/azure/endpoint/",
        "https://cardea.example/realms/ACME/broker/azure/endpoint",
        "https://cardea.example/realms/acme/broker/azure",
        "https://cardea.example/realms/acme/broker/azure/endpoint?x=1",
        "https://cardea.example/realms/acme/broker/azure/%65ndpoint",
        "http://cardea.example/realms/acme/broker/azure/endpoint",
        "https://cardea.example:443/realms/acme/broker/azure/endpoint",
        "https://evil.example/",
    ];
    for uri in other {
        assert_eq!(
            page_error(outcome(&fixture.request().with("redirect_uri", uri)).await),
            50011,
            "{uri}"
        );
    }
}

#[tokio::test]
async fn shows_on_its_own_page_whatever_is_wrong_before_the_redirect_uri_is_known() {
    let fixture = Fixture::new().await;
    let good = fixture.request();
    let stranger = "11111111-2222-4333-8444-555555555555";
    let cases = [
        (good.clone().at("nowhere.example"), 90002),
        (good.clone().at(stranger), 90002),
        (good.clone().without("client_id"), 900_144),
        (good.clone().without("redirect_uri"), 900_144),
        (good.clone().with("client_id", stranger), 700_016),
        (good.clone().with("client_id", "Cardea"), 700_016),
        (good.clone().at(&BIRCH.to_string()), 700_016),
        (good.clone().at("common"), 50194),
        (good.clone().at("organizations"), 50194),
        (good.clone().twice("redirect_uri", REDIRECT_URI), 9_000_411),
        (good.clone().twice("state", "another"), 9_000_411),
        (good.twice("scope", "openid"), 9_000_411),
    ];
    for (request, code) in cases {
        assert_eq!(page_error(outcome(&request).await), code, "{}", request.url());
    }
}

#[tokio::test]
async fn an_app_without_any_redirect_uri_has_an_error_of_its_own() {
    let fixture = Fixture::new().await;
    fixture.entra.update_app(fixture.client_id, |app| app.redirect_uris.clear()).unwrap();
    assert_eq!(page_error(outcome(&fixture.request()).await), 500_113);
}

#[tokio::test]
async fn tells_the_application_what_is_wrong_with_the_rest_of_the_request() {
    let fixture = Fixture::new().await;
    let good = fixture.request();
    let cases = [
        (good.clone().without("response_type"), "invalid_request", 900_144),
        (good.clone().with("response_type", "id_token"), "unsupported_response_type", 700_054),
        (good.clone().with("response_type", "code id_token"), "unsupported_response_type", 700_054),
        (good.clone().with("response_mode", "pigeon"), "invalid_request", 90023),
        (good.clone().without("scope"), "invalid_request", 900_144),
        (good.clone().with("scope", "openid launch_missiles"), "invalid_scope", 70011),
        (good.clone().with("code_challenge_method", "plain"), "invalid_request", 50147),
        (good.clone().without("code_challenge_method"), "invalid_request", 50147),
        (good.clone().with("code_challenge", "short"), "invalid_request", 50147),
        (good.clone().without("code_challenge"), "invalid_request", 900_144),
        (good.clone().with("prompt", "maybe"), "invalid_request", 90023),
        (
            good.with("prompt", "select_account").with("login_hint", "mia@acme.example"),
            "invalid_request",
            90023,
        ),
    ];
    for (request, error, code) in cases {
        assert_eq!(
            redirected_error(outcome(&request).await),
            (error.to_owned(), code),
            "{}",
            request.url()
        );
    }
}

#[tokio::test]
async fn takes_the_request_as_a_form_too() {
    let fixture = Fixture::new().await;
    let url = url::Url::parse(&fixture.request().url()).unwrap();
    let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let endpoint = format!("{}/{ACME}/oauth2/v2.0/authorize", fixture.entra.base_url());
    let answer = crate::fixture::post_form(&endpoint, &form, &[]).await;
    assert_eq!(answer.status, 302);
    assert!(answer.headers["location"].to_str().unwrap().starts_with("/sign-in/"));
}

#[tokio::test]
async fn answers_by_fragment_and_by_form_where_asked() {
    let fixture = Fixture::new().await;
    let by_fragment =
        outcome(&fixture.request().with("response_mode", "fragment")).await.redirect();
    assert!(by_fragment.fragment().unwrap().contains("code="));
    assert_eq!(by_fragment.query(), None);
    match outcome(&fixture.request().with("response_mode", "form_post")).await {
        Arrival::Post { action, fields } => {
            assert_eq!(action.as_str(), REDIRECT_URI);
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["code", "session_state", "state"]);
        }
        other => panic!("expected a form, got {other:?}"),
    }
}

#[tokio::test]
async fn keeps_the_query_that_a_registered_redirect_uri_has() {
    let fixture = Fixture::new().await;
    let uri = "https://cardea.example/back?door=azure";
    fixture.entra.add_redirect_uri(fixture.client_id, uri).unwrap();
    let arrived = outcome(&fixture.request().with("redirect_uri", uri)).await.redirect();
    assert!(arrived.as_str().starts_with("https://cardea.example/back?door=azure&code="));
}

#[tokio::test]
async fn an_app_for_any_directory_is_reached_through_common() {
    let fixture = Fixture::with_audience(Audience::AnyDirectory).await;
    let request = fixture.request().at("common");
    let arrived =
        Person::new("mia@birch.example").sign_in(&request.url()).await.unwrap().redirect();
    assert!(crate::fixture::parameter(&arrived, "code").is_some());
}

#[tokio::test]
async fn takes_no_redirect_uri_that_the_portal_would_not_take() {
    let fixture = Fixture::new().await;
    let refused = [
        "https://cardea.example/*",
        "https://*.cardea.example/",
        "http://cardea.example/",
        "https://cardea.example/#here",
        "cardea.example",
        "javascript:alert(1)",
    ];
    for uri in refused {
        assert!(fixture.entra.add_redirect_uri(fixture.client_id, uri).is_err(), "{uri}");
    }
    for uri in
        ["http://localhost:8080/back", "http://127.0.0.1:8080/back", "https://cardea.example/back"]
    {
        fixture.entra.add_redirect_uri(fixture.client_id, uri).unwrap();
    }
    let registered: Vec<RedirectUri> = fixture.entra.app(fixture.client_id).unwrap().redirect_uris;
    assert_eq!(registered.len(), 4);
    assert!(registered.iter().all(|uri| uri.platform == Platform::Web));
}
