//! Signing out ends the session in this browser, and goes on only to registered addresses.

use entra_stand_in::{ACME, OptionalClaim, Person};

use crate::fixture::{Fixture, REDIRECT_URI, claims, parameter, redirected_error};

async fn signed_in(fixture: &Fixture) -> (Person, serde_json::Value) {
    let wanted = [OptionalClaim::LoginHint, OptionalClaim::Sid];
    fixture.entra.set_optional_claims(fixture.client_id, &wanted).unwrap();
    let mut mia = Person::new("mia@acme.example");
    let arrived = mia.sign_in(&fixture.request().url()).await.unwrap().redirect();
    let redemption = fixture.redemption(&parameter(&arrived, "code").unwrap());
    let tokens = fixture.redeem(&redemption).await.json();
    (mia, claims(tokens["id_token"].as_str().unwrap()))
}

fn logout(fixture: &Fixture, parameters: &[(&str, &str)]) -> String {
    let endpoint = format!("{}/{ACME}/oauth2/v2.0/logout", fixture.entra.base_url());
    url::Url::parse_with_params(&endpoint, parameters).unwrap().to_string()
}

async fn is_signed_in(fixture: &Fixture, person: &mut Person) -> bool {
    let arrival = person.sign_in(&fixture.request().with("prompt", "none").url()).await.unwrap();
    match parameter(&arrival.redirect(), "error").as_deref() {
        None => true,
        Some("login_required") => false,
        Some(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_logout_hint_spares_the_picker() {
    let fixture = Fixture::new().await;
    let (mut mia, claims) = signed_in(&fixture).await;
    assert!(is_signed_in(&fixture, &mut mia).await);
    let hint = claims["login_hint"].as_str().unwrap();
    let url = logout(
        &fixture,
        &[("logout_hint", hint), ("post_logout_redirect_uri", REDIRECT_URI), ("state", "s 1")],
    );
    let page = mia.browser.open(&url).await.unwrap();
    assert_eq!(page.leaves_to.unwrap().as_str(), format!("{REDIRECT_URI}?state=s+1"));
    assert!(!is_signed_in(&fixture, &mut mia).await);
}

#[tokio::test]
async fn without_a_hint_the_person_picks() {
    let fixture = Fixture::new().await;
    let (mut mia, _) = signed_in(&fixture).await;
    let url = logout(&fixture, &[("post_logout_redirect_uri", REDIRECT_URI)]);
    let page = mia.browser.open(&url).await.unwrap();
    assert_eq!(page.id, "pick-sign-out");
    let button = page.buttons().next().unwrap().to_owned();
    let page = mia.browser.press(page.form(&button).unwrap(), &button).await.unwrap();
    assert_eq!(page.leaves_to.unwrap().as_str(), REDIRECT_URI);
    let silent = fixture.request().with("prompt", "none");
    assert_eq!(redirected_error(mia.sign_in(&silent.url()).await.unwrap()).1, 50058);
}

#[tokio::test]
async fn goes_nowhere_that_is_not_registered() {
    let fixture = Fixture::new().await;
    let (mut mia, claims) = signed_in(&fixture).await;
    let hint = claims["login_hint"].as_str().unwrap();
    let url = logout(
        &fixture,
        &[("logout_hint", hint), ("post_logout_redirect_uri", "https://evil.example/")],
    );
    let page = mia.browser.open(&url).await.unwrap();
    assert_eq!((page.id.as_str(), page.leaves_to), ("signed-out", None));
    assert!(!page.text.contains("evil"));
}

#[tokio::test]
async fn the_application_hears_of_it_by_sid_without_issuer() {
    let fixture = Fixture::new().await;
    let front_channel = "https://cardea.example/realms/acme/broker/azure/frontchannel-logout";
    fixture
        .entra
        .update_app(fixture.client_id, |app| {
            app.front_channel_logout_url = Some(front_channel.to_owned());
        })
        .unwrap();
    let (mut mia, claims) = signed_in(&fixture).await;
    let page = mia
        .browser
        .open(&logout(&fixture, &[("logout_hint", claims["login_hint"].as_str().unwrap())]))
        .await
        .unwrap();
    assert_eq!(page.id, "signed-out");
    let expected = format!("{front_channel}?sid={}", claims["sid"].as_str().unwrap());
    assert_eq!(page.frames, [expected]);
}
