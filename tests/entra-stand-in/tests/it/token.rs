//! The token endpoint refuses what Entra refuses, in Entra's words.

use axum::http::Method;
use entra_stand_in::{BIRCH, Platform, RedirectUri};

use crate::fixture::{
    Answer, DAY, Fixture, REDIRECT_URI, Redemption, basic, get, part, post_form, send,
};

fn refused(error: &str, code: u64) -> (u16, String, u64) {
    let status = if error == "invalid_client" { 401 } else { 400 };
    (status, error.to_owned(), code)
}

#[tokio::test]
async fn redeems_a_code_once() {
    let fixture = Fixture::new().await;
    let code = fixture.code_for("mia@acme.example").await;
    let first = fixture.redeem(&fixture.redemption(&code)).await;
    assert_eq!(first.status, 200, "{first:?}");
    let body = first.json();
    assert_eq!(
        (&body["token_type"], &body["scope"]),
        (&"Bearer".into(), &"email openid profile".into())
    );
    assert_eq!(part(body["id_token"].as_str().unwrap(), 1)["nonce"], "the nonce");
    let second = fixture.redeem(&fixture.redemption(&code)).await;
    assert_eq!(second.error(), refused("invalid_grant", 54005));
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let fixture = Fixture::new().await;
    let code = fixture.code_for("mia@acme.example").await;
    fixture.entra.advance_clock(590);
    let other = fixture.code_for("mia@acme.example").await;
    fixture.entra.advance_clock(11);
    assert_eq!(
        fixture.redeem(&fixture.redemption(&code)).await.error(),
        refused("invalid_grant", 70008)
    );
    assert_eq!(fixture.redeem(&fixture.redemption(&other)).await.status, 200);
}

#[tokio::test]
async fn the_code_verifier_must_be_the_one() {
    let fixture = Fixture::new().await;
    let wrong = "a-verifier-of-the-right-length-but-of-another-login";
    let cases: [fn(Redemption, &str) -> Redemption; 2] =
        [|form, wrong| form.with("code_verifier", wrong), |form, _| form.without("code_verifier")];
    for change in cases {
        let code = fixture.code_for("mia@acme.example").await;
        let answer = fixture.redeem(&change(fixture.redemption(&code), wrong)).await;
        assert_eq!(answer.error(), refused("invalid_grant", 501_481));
        // A code that was shown with the wrong verifier is spent.
        assert_eq!(
            fixture.redeem(&fixture.redemption(&code)).await.error(),
            refused("invalid_grant", 54005)
        );
    }
    let request = fixture.request().without("code_challenge").without("code_challenge_method");
    let arrived = entra_stand_in::Person::new("mia@acme.example")
        .sign_in(&request.url())
        .await
        .unwrap()
        .redirect();
    let code = crate::fixture::parameter(&arrived, "code").unwrap();
    assert_eq!(
        fixture.redeem(&fixture.redemption(&code)).await.error(),
        refused("invalid_grant", 501_481)
    );
}

#[tokio::test]
async fn the_client_must_know_its_secret() {
    let fixture = Fixture::new().await;
    let code = fixture.code_for("mia@acme.example").await;
    let good = || fixture.redemption(&code);
    let secret_id = fixture.entra.app(fixture.client_id).unwrap().secrets[0].secret_id.to_string();
    let wrong = refused("invalid_client", 7_000_215);
    assert_eq!(fixture.redeem(&good().with("client_secret", &secret_id)).await.error(), wrong);
    assert_eq!(fixture.redeem(&good().with("client_secret", "guess")).await.error(), wrong);
    let none = refused("invalid_client", 7_000_218);
    assert_eq!(fixture.redeem(&good().without("client_secret")).await.error(), none);
    assert_eq!(fixture.redeem(&good().with("client_secret", "")).await.error(), none);
    let assertion = good().without("client_secret").with("client_assertion", "e30.e30.");
    assert_eq!(fixture.redeem(&assertion).await.error(), refused("invalid_client", 700_027));
    let both = good().with("client_assertion", "e30.e30.");
    assert_eq!(fixture.redeem(&both).await.error(), refused("invalid_request", 9_002_313));
    // The client is checked before the code: none of this has spent it.
    assert_eq!(fixture.redeem(&good()).await.status, 200);
}

#[tokio::test]
async fn an_expired_secret_is_told_from_a_wrong_one() {
    let fixture = Fixture::new().await;
    fixture.entra.advance_clock(91 * DAY);
    let code = fixture.code_for("mia@acme.example").await;
    let answer = fixture.redeem(&fixture.redemption(&code)).await;
    assert_eq!(answer.error(), refused("invalid_client", 7_000_222));
    let fresh = fixture.entra.add_secret(fixture.client_id, "second", DAY).unwrap().value;
    assert_eq!(
        fixture.redeem(&fixture.redemption(&code).with("client_secret", &fresh)).await.status,
        200
    );
}

#[tokio::test]
async fn the_secret_may_come_by_basic_authentication() {
    let fixture = Fixture::new().await;
    let code = fixture.code_for("mia@acme.example").await;
    let form = fixture.redemption(&code).without("client_secret");
    let client = fixture.client_id.to_string();
    let with = async |header: &str, form: &Redemption| -> Answer {
        post_form(&fixture.token_endpoint(), &form.form, &[("authorization", header)]).await
    };
    let wrong = with(&basic(&client, "guess"), &form).await;
    assert_eq!(wrong.error(), refused("invalid_client", 7_000_215));
    let twice = with(&basic(&client, &fixture.secret), &fixture.redemption(&code)).await;
    assert_eq!(twice.error(), refused("invalid_request", 9_002_313));
    let other = with(&basic("another", &fixture.secret), &form).await;
    assert_eq!(other.error(), refused("invalid_request", 9_002_313));
    assert_eq!(with(&basic(&client, &fixture.secret), &form).await.status, 200);
}

#[tokio::test]
async fn a_code_belongs_to_its_client_directory_and_redirect_uri() {
    let fixture = Fixture::with_audience(entra_stand_in::Audience::AnyDirectory).await;
    let code = fixture.code_for("mia@acme.example").await;
    let thief = fixture.entra.register_app(
        entra_stand_in::ACME,
        "Thief",
        entra_stand_in::Audience::SingleDirectory,
    );
    let secret = fixture.entra.add_secret(thief.client_id, "test", DAY).unwrap().value;
    let stolen = fixture
        .redemption(&code)
        .with("client_id", &thief.client_id.to_string())
        .with("client_secret", &secret);
    assert_eq!(fixture.redeem(&stolen).await.error(), refused("invalid_grant", 70000));

    let elsewhere = format!("{}/{BIRCH}/oauth2/v2.0/token", fixture.entra.base_url());
    let answer = post_form(&elsewhere, &fixture.redemption(&code).form, &[]).await;
    assert_eq!(answer.error(), refused("invalid_grant", 700_005));

    let moved = fixture.redemption(&code).with("redirect_uri", &format!("{REDIRECT_URI}/"));
    assert_eq!(fixture.redeem(&moved).await.error(), refused("invalid_client", 500_112));
}

#[tokio::test]
async fn says_what_is_wrong_with_the_request_itself() {
    let fixture = Fixture::new().await;
    let good = || fixture.redemption("no such code");
    let missing = refused("invalid_request", 900_144);
    for name in ["grant_type", "client_id", "code", "redirect_uri"] {
        let code = if name == "redirect_uri" {
            fixture.code_for("mia@acme.example").await
        } else {
            "x".to_owned()
        };
        let form = fixture.redemption(&code).without(name);
        assert_eq!(fixture.redeem(&form).await.error(), missing, "{name}");
    }
    assert_eq!(fixture.redeem(&good()).await.error(), refused("invalid_grant", 70000));
    let twice = good().twice("code", "another");
    assert_eq!(fixture.redeem(&twice).await.error(), refused("invalid_request", 9_000_411));
    let refresh = good().with("grant_type", "refresh_token");
    assert_eq!(fixture.redeem(&refresh).await.error(), refused("unsupported_grant_type", 70003));
    let stranger = good().with("client_id", "11111111-2222-4333-8444-555555555555");
    assert_eq!(fixture.redeem(&stranger).await.error(), refused("unauthorized_client", 700_016));
    let nowhere = format!("{}/nowhere.example/oauth2/v2.0/token", fixture.entra.base_url());
    assert_eq!(
        post_form(&nowhere, &good().form, &[]).await.error(),
        refused("invalid_request", 90002)
    );
    assert_eq!(
        get(&fixture.token_endpoint()).await.error(),
        (405, "invalid_request".to_owned(), 900_561)
    );
    let headers = [("content-type", "application/json")];
    let json = send(Method::POST, &fixture.token_endpoint(), &headers, "{}".into()).await.unwrap();
    assert_eq!(json.error(), missing);
}

#[tokio::test]
async fn an_error_body_has_every_member_of_a_real_one() {
    let fixture = Fixture::new().await;
    let correlation = "6ee9ec92-6726-422a-85ce-86a1a6502800";
    let form = fixture.redemption("x").with("client_secret", "guess").form;
    let answer =
        post_form(&fixture.token_endpoint(), &form, &[("client-request-id", correlation)]).await;
    let body = answer.json();
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    let expected = [
        "correlation_id",
        "error",
        "error_codes",
        "error_description",
        "error_uri",
        "timestamp",
        "trace_id",
    ];
    assert_eq!(names, expected);
    assert_eq!(body["correlation_id"], correlation);
    let (trace, timestamp) =
        (body["trace_id"].as_str().unwrap(), body["timestamp"].as_str().unwrap());
    let text = body["error_description"].as_str().unwrap();
    assert!(text.starts_with("AADSTS7000215: Invalid client secret provided. "), "{text}");
    assert!(
        text.ends_with(&format!(
            " Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
        )),
        "{text}"
    );
    assert_eq!(body["error_uri"], format!("{}/error?code=7000215", fixture.entra.base_url()));
}

#[tokio::test]
async fn platforms_other_than_web_are_told_apart() {
    let fixture = Fixture::new().await;
    let platform = |platform| {
        fixture.entra.update_app(fixture.client_id, |app| {
            app.redirect_uris = vec![RedirectUri { uri: REDIRECT_URI.to_owned(), platform }];
        })
    };
    platform(Platform::Spa).unwrap();
    let code = fixture.code_for("mia@acme.example").await;
    assert_eq!(
        fixture.redeem(&fixture.redemption(&code)).await.error(),
        refused("invalid_client", 700_025)
    );
    let form = fixture.redemption(&code).without("client_secret");
    assert_eq!(fixture.redeem(&form).await.error(), refused("invalid_request", 9_002_327));
    platform(Platform::Public).unwrap();
    let code = fixture.code_for("mia@acme.example").await;
    assert_eq!(
        fixture.redeem(&fixture.redemption(&code).without("client_secret")).await.status,
        200
    );
}
