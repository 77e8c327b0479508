//! Requests that are not what they should be, as a test wants them.

use axum::http::Method;
use entra_stand_in::{Endpoint, ExternalFault, Fault, IdTokenFault, Signature};
use serde_json::{Value, json};

use super::External;
use super::provider::field;
use crate::fixture::{claims, part, send};

#[tokio::test]
async fn a_field_has_another_value_is_left_out_or_there_twice() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    for (fault, name, values) in [
        (ExternalFault::field("response_type", "Id_token"), "response_type", vec!["Id_token"]),
        (
            ExternalFault::field("redirect_uri", "https://elsewhere.example"),
            "redirect_uri",
            vec!["https://elsewhere.example"],
        ),
        (ExternalFault::without("claims"), "claims", vec![]),
        (ExternalFault::field("claims", "{"), "claims", vec!["{"]),
        (ExternalFault::with("scope", "email"), "scope", vec!["openid", "email"]),
        (ExternalFault::with("ui_locales", "de"), "ui_locales", vec!["de"]),
    ] {
        entra.spoil_next_external_mfa(fault);
        let (_, form) = external.challenge().await;
        let found: Vec<&str> =
            form.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect();
        assert_eq!(found, values, "{name}");
    }
    // And the next one is as it should be.
    assert_eq!(external.challenge().await.1.len(), 10);
}

#[tokio::test]
async fn the_hint_is_spoilt_in_any_way() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    let spoilt = async |fault: IdTokenFault| {
        entra.spoil_next_external_mfa(ExternalFault::hint(fault));
        let (_, form) = external.challenge().await;
        field(&form, "id_token_hint").unwrap().to_owned()
    };
    let hint = spoilt(IdTokenFault::claim("tid", "other")).await;
    assert_eq!(claims(&hint)["tid"], "other");
    let hint = spoilt(IdTokenFault::claim("oid", Value::Null)).await;
    assert_eq!(claims(&hint).get("oid"), None);
    let hint = spoilt(IdTokenFault::shifted("iat", -660)).await;
    assert!(claims(&hint)["iat"].as_i64().unwrap() <= entra.now() - 660);
    let hint = spoilt(IdTokenFault::signed(Signature::None)).await;
    assert!(part(&hint, 0)["alg"] == "none" && hint.ends_with('.'));
    let hint = spoilt(IdTokenFault::header("kid", "unknown")).await;
    assert_eq!(part(&hint, 0)["kid"], "unknown");
    // The provider answers for the subject that was sent.
    let fault = ExternalFault::hint(IdTokenFault::claim("sub", "another"));
    entra.spoil_next_external_mfa(fault);
    external.answered(|token| token).await.redirect();
}

#[tokio::test]
async fn a_hint_is_sent_twice() {
    let external = External::new().await;
    let (_, first) = external.challenge().await;
    // Made anew it would be of another second.
    external.fixture.entra.advance_clock(2);
    external.fixture.entra.spoil_next_external_mfa(ExternalFault::replayed());
    let (_, second) = external.challenge().await;
    assert_eq!(field(&first, "id_token_hint"), field(&second, "id_token_hint"));
    assert_ne!(field(&first, "state"), field(&second, "state"));
    let (_, third) = external.challenge().await;
    assert_ne!(field(&third, "id_token_hint"), field(&second, "id_token_hint"));
}

#[tokio::test]
async fn a_key_is_new_and_published_later() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    let known = entra.active_kid();
    entra.replace_keys();
    entra.fail_next(Endpoint::Keys, 1, Fault::Patch { patch: json!({"keys": []}) });
    let (_, form) = external.challenge().await;
    let kid = part(field(&form, "id_token_hint").unwrap(), 0)["kid"].clone();
    assert_ne!(kid, known);
    let url = format!("{}/common/discovery/v2.0/keys", entra.base_url());
    for published in [false, true] {
        let answer = send(Method::GET, &url, &[], Default::default()).await.unwrap().json();
        let keys = answer["keys"].as_array().unwrap();
        assert_eq!(keys.iter().any(|key| key["kid"] == kid), published);
    }
}

#[tokio::test]
async fn faults_last_until_they_are_healed() {
    let external = External::new().await;
    external.fixture.entra.spoil_external_mfa(ExternalFault::without("state"));
    for _ in 0..2 {
        assert_eq!(field(&external.challenge().await.1, "state"), None);
    }
    external.fixture.entra.heal();
    assert!(field(&external.challenge().await.1, "state").is_some());
}
