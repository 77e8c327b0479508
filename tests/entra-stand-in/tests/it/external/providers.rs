//! What is refused of a provider before anybody is sent there, and how long it is remembered.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use entra_stand_in::Person;
use serde_json::{Value, json};

use super::External;
use super::provider::{Framing, Key};
use crate::fixture::page_error;

const DAY: i64 = 86_400;

/// The number of the page that mia sees instead of the provider's.
async fn refused(external: &External) -> u32 {
    external.fixture.entra.forget_providers();
    let arrival = external.sign_in(&mut Person::new("mia@acme.example")).await;
    let code = page_error(arrival);
    let outcome = external.fixture.entra.external_outcomes().pop().unwrap();
    assert_eq!((outcome.refused, outcome.client_request_id), (Some(code), None));
    code
}

#[tokio::test]
async fn each_member_of_the_discovery_document_must_be_right() {
    let external = External::new().await;
    let issuer = external.provider.issuer.clone();
    let cases = [
        ("issuer", Value::Null),
        ("issuer", json!(issuer.to_uppercase())),
        ("issuer", json!(issuer.replace("acme", "Acme"))),
        ("issuer", json!(format!("{issuer}/"))),
        ("authorization_endpoint", Value::Null),
        ("authorization_endpoint", json!("http://provider.example/auth")),
        ("authorization_endpoint", json!(format!("{issuer}/auth?a=1"))),
        ("jwks_uri", Value::Null),
        ("jwks_uri", json!(format!("{issuer}/certs#1"))),
        ("jwks_uri", json!(format!("{issuer}/certs?a=1"))),
        ("scopes_supported", json!(["email"])),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("response_modes_supported", Value::Null),
        ("subject_types_supported", json!([])),
        ("id_token_signing_alg_values_supported", json!(["ES256"])),
        ("grant_types_supported", json!(["authorization_code"])),
        ("grant_types_supported", Value::Null),
        ("claim_types_supported", json!(["aggregated"])),
        ("claims_supported", Value::Null),
    ];
    let (_, form) = external.challenge().await;
    assert!(!form.is_empty());
    for (name, value) in cases {
        let external = External::new().await;
        external.provider.set(name, value.clone());
        assert_eq!(refused(&external).await, 50166, "{name}: {value}");
    }
    external.provider.set("claim_types_supported", Value::Null);
    external.fixture.entra.forget_providers();
    external.challenge().await;
}

#[tokio::test]
async fn both_documents_need_a_content_length_and_nothing_around_them() {
    let external = External::new().await;
    for framing in
        [Framing::Chunked, Framing::Compressed, Framing::Html, Framing::Missing, Framing::Redirect]
    {
        for both in [[framing, Framing::Proper], [Framing::Proper, framing]] {
            external.provider.frame(both);
            assert_eq!(refused(&external).await, 50166);
        }
    }
    external.provider.frame([Framing::Proper; 2]);
    external.fixture.entra.forget_providers();
    external.challenge().await;
}

/// An EC key, as a JWK and with everything that would be there.
fn ec_key() -> Value {
    json!({"kty": "EC", "use": "sig", "crv": "P-256", "kid": "AAAA", "x": "AAAA", "y": "AAAA"})
}

#[tokio::test]
async fn each_member_of_a_key_must_be_right() {
    let external = External::new().await;
    let other = BASE64_STANDARD.encode(&Key::second().certificate);
    let lines = format!("{}\n", BASE64_STANDARD.encode(&Key::first().certificate));
    let short = BASE64_URL_SAFE_NO_PAD.encode([0xFF; 128]);
    for (name, value) in [
        ("kty", json!("EC")),
        ("use", json!("enc")),
        ("use", Value::Null),
        ("alg", json!("PS256")),
        ("kid", Value::Null),
        ("kid", json!("")),
        ("kid", json!("7b2f5d3e-5c1a-4d6e-9f0a-1b2c3d4e5f60")),
        ("kid", json!("key one")),
        ("n", Value::Null),
        ("n", json!(short)),
        ("e", json!("AQAC")),
        ("x5c", Value::Null),
        ("x5c", json!([])),
        ("x5c", json!("text")),
        ("x5c", json!([other])),
        ("x5c", json!([lines])),
        ("x5t", Value::Null),
        ("x5t", json!(Key::first().kid())),
    ] {
        let mut key = Key::first().jwk();
        key[name] = value.clone();
        external.provider.publish(&[key]);
        assert_eq!(refused(&external).await, 50012, "{name}: {value}");
    }
}

#[tokio::test]
async fn one_key_that_cannot_be_used_spoils_the_others() {
    let external = External::new().await;
    let (first, second) = (Key::first().jwk(), Key::second().jwk());
    let mut twin = second.clone();
    twin["kid"] = first["kid"].clone();
    for keys in [vec![], vec![first.clone(), ec_key()], vec![first.clone(), twin]] {
        external.provider.publish(&keys);
        assert_eq!(refused(&external).await, 50012, "{}", keys.len());
    }
    external.provider.publish(&[first, second]);
    external.fixture.entra.forget_providers();
    external.challenge().await;
}

#[tokio::test]
async fn an_administrator_must_have_consented_and_the_reply_url_be_registered() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    let app = external.method.app_id;
    let good = entra.app(app).unwrap();
    entra.update_app(app, |app| app.consents.clear()).unwrap();
    assert_eq!(refused(&external).await, 900_491);
    // The consent of one person is not that of the directory.
    entra
        .update_app(app, |app| {
            app.consents = good.consents.clone();
            app.consents.iter_mut().for_each(|consent| consent.user = Some(external.mia));
        })
        .unwrap();
    assert_eq!(refused(&external).await, 900_491);
    entra.update_app(app, |app| app.consents = good.consents.clone()).unwrap();
    for uri in ["", "/"] {
        let changed = format!("{}{uri}", external.provider.authorization_endpoint().to_uppercase());
        entra.update_app(app, |app| app.redirect_uris[0].uri = changed).unwrap();
        assert_eq!(refused(&external).await, 50161);
    }
    entra.update_app(app, |app| app.redirect_uris.clear()).unwrap();
    assert_eq!(refused(&external).await, 50161);
    entra
        .update_external_method(external.method.id, |method| method.app_id = external.mia)
        .unwrap();
    assert_eq!(refused(&external).await, 900_491);
}

#[tokio::test]
async fn what_was_fetched_is_kept_for_a_day() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    external.answered(|token| token).await.redirect();
    assert_eq!(external.provider.fetched(), 2);
    // A key that came meanwhile is not known ...
    external.provider.publish(&[Key::first().jwk(), Key::second().jwk()]);
    entra.advance_clock(DAY - 60);
    let with_second = |token: super::Token| {
        let kid = json!(Key::second().kid());
        super::Token { key: Key::second(), ..token }.header("kid", kid)
    };
    assert_eq!(page_error(external.answered(with_second).await), 50012);
    assert_eq!(external.provider.fetched(), 2);
    // ... before the day is over; then it is, and so is the old one.
    entra.advance_clock(61);
    external.answered(with_second).await.redirect();
    external.answered(|token| token).await.redirect();
    assert_eq!(external.provider.fetched(), 4);
}

#[tokio::test]
async fn a_failure_to_fetch_is_not_remembered() {
    let external = External::new().await;
    external.provider.frame([Framing::Missing; 2]);
    assert_eq!(page_error(external.sign_in(&mut Person::new("mia@acme.example")).await), 50166);
    external.provider.frame([Framing::Proper; 2]);
    external.challenge().await;
}
