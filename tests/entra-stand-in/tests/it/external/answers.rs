//! What is refused of an answer, one thing at a time, each with its AADSTS number.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entra_stand_in::{ExternalFault, Person};
use serde_json::{Value, json};

use super::External;
use super::provider::{Key, Token, field};
use crate::fixture::page_error;

#[tokio::test]
async fn each_claim_must_be_right() {
    let external = External::new().await;
    let issuer = external.provider.issuer.clone();
    let now = external.fixture.entra.now();
    let cases: Vec<(&str, Value, u32)> = vec![
        ("iss", Value::Null, 50027),
        ("iss", json!(format!("{issuer}/")), 50027),
        ("iss", json!(issuer.replace("acme", "Acme")), 50027),
        ("aud", Value::Null, 50027),
        ("aud", json!(external.fixture.client_id), 50027),
        ("aud", json!([external.method.client_id]), 50027),
        ("sub", Value::Null, 50027),
        ("sub", json!(external.mia), 50027),
        ("nonce", Value::Null, 50027),
        ("nonce", json!("another"), 50027),
        ("iat", Value::Null, 50027),
        ("iat", json!(now + 600), 50027),
        ("nbf", json!(now + 600), 50027),
        ("nbf", json!("soon"), 50027),
        ("exp", Value::Null, 50027),
        ("exp", json!(now - 1), 50027),
        ("exp", json!((now + 300).to_string()), 50027),
        ("acr", Value::Null, 50161),
        ("acr", json!(["possessionorinherence"]), 50161),
        ("acr", json!("possession"), 50161),
        ("amr", Value::Null, 50161),
        ("amr", json!("fido"), 50161),
        ("amr", json!([]), 50161),
        ("amr", json!(["fido", "fpt"]), 50161),
        ("amr", json!(["pwd"]), 50161),
        ("amr", json!([1]), 50161),
    ];
    for (name, value, expected) in cases {
        let arrival = external.answered(|token| token.claim(name, value.clone())).await;
        assert_eq!(page_error(arrival), expected, "{name}: {value}");
        let outcome = external.fixture.entra.external_outcomes().pop().unwrap();
        assert_eq!(outcome.refused, Some(expected), "{name}: {value}");
        assert!(outcome.reason.starts_with(&format!("AADSTS{expected}: ")), "{outcome:?}");
    }
    let now = external.fixture.entra.now();
    let times = |issued: i64, expires: i64| {
        external.answered(move |token| {
            token.claim("iat", json!(now + issued)).claim("exp", json!(now + expires))
        })
    };
    assert_eq!(page_error(times(600, 900).await), 50027, "issued in the future");
    assert_eq!(page_error(times(50, 40).await), 50027, "expired before it was issued");
    times(50, 90).await.redirect();
    // The same way leads through when nothing is changed, and what is allowed may be left out.
    external.answered(|token| token).await.redirect();
    external.answered(|token| token.claim("nbf", Value::Null)).await.redirect();
}

#[tokio::test]
async fn the_signature_must_be_of_a_key_that_is_known() {
    let external = External::new().await;
    let stolen_kid = |token: Token| Token { key: Key::second(), ..token };
    let arrival = external.answered(stolen_kid).await;
    assert_eq!(page_error(arrival), 50012);
    let unknown = external.answered(|token| {
        Token { key: Key::second(), ..token }.header("kid", json!(Key::second().kid()))
    });
    assert_eq!(page_error(unknown.await), 50012);
    let reason = external.fixture.entra.external_outcomes().pop().unwrap().reason;
    assert!(reason.contains("AADSTS70002") && reason.contains(&Key::second().kid()), "{reason}");
    let without = external.answered(|token| token.header("kid", Value::Null)).await;
    assert_eq!(page_error(without), 50012);
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("PS256")),
        ("alg", json!("ES256")),
        ("typ", json!("at+jwt")),
    ] {
        let arrival = external.answered(|token| token.header(name, value.clone())).await;
        assert_eq!(page_error(arrival), 50027, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_token_that_was_changed_after_it_was_signed_is_refused() {
    let external = External::new().await;
    let (mut mia, form) = external.challenge().await;
    let signed = external.token(&form).claim("amr", json!(["sms"])).signed();
    let other = external.token(&form).signed();
    let parts: Vec<&str> = signed.split('.').collect();
    let payload = other.split('.').nth(1).unwrap();
    let spliced = format!("{}.{payload}.{}", parts[0], parts[2]);
    let answer = [("id_token", spliced.as_str()), ("state", field(&form, "state").unwrap())];
    let answer = answer.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(page_error(external.back(&mut mia, &answer).await), 50012);
}

#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let external = External::new().await;
    let array = BASE64_URL_SAFE_NO_PAD.encode("[]");
    for text in ["token", "a.b.c", &format!("{array}.{array}."), "..", "a.b"] {
        let (mut mia, form) = external.challenge().await;
        let answer = [("id_token", text), ("state", field(&form, "state").unwrap())];
        let answer = answer.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(page_error(external.back(&mut mia, &answer).await), 50027, "{text}");
    }
}

#[tokio::test]
async fn what_was_not_sent_must_not_come_back() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    entra.spoil_next_external_mfa(ExternalFault::without("nonce"));
    let (mut mia, form) = external.challenge().await;
    assert_eq!(field(&form, "nonce"), None);
    let invented = external.token(&form).claim("nonce", json!("")).answers(&form);
    assert_eq!(page_error(external.back(&mut mia, &invented).await), 50027);
    entra.spoil_next_external_mfa(ExternalFault::without("nonce"));
    external.answered(|token| token).await.redirect();

    entra.spoil_next_external_mfa(ExternalFault::without("state"));
    let (mut mia, form) = external.challenge().await;
    assert_eq!(field(&form, "state"), None);
    let mut empty = external.token(&form).answers(&form);
    empty.push(("state".to_owned(), String::new()));
    assert_eq!(page_error(external.back(&mut mia, &empty).await), 50089);
    let answer = external.token(&form).answers(&form);
    external.back(&mut mia, &answer).await.redirect();
}

#[tokio::test]
async fn the_state_must_be_the_one_that_was_sent_and_is_good_once() {
    let external = External::new().await;
    let (mut mia, form) = external.challenge().await;
    let mut other = external.token(&form).answers(&form);
    other[1].1.push('x');
    assert_eq!(page_error(external.back(&mut mia, &other).await), 50089);
    let without = vec![other[0].clone()];
    assert_eq!(page_error(external.back(&mut mia, &without).await), 50089);
    let answer = external.token(&form).answers(&form);
    external.back(&mut mia, &answer).await.redirect();
    assert_eq!(page_error(external.back(&mut mia, &answer).await), 50089);
}

#[tokio::test]
async fn five_minutes_after_it_was_sent_away_nobody_waits_any_more() {
    for (seconds, late) in [(240, false), (301, true)] {
        let external = External::new().await;
        let (mut mia, form) = external.challenge().await;
        external.fixture.entra.advance_clock(seconds);
        let arrival = external.back(&mut mia, &external.token(&form).answers(&form)).await;
        if late {
            assert_eq!(page_error(arrival), 50089);
        } else {
            arrival.redirect();
        }
    }
}

#[tokio::test]
async fn an_error_ends_the_sign_in_also_beside_a_token() {
    let external = External::new().await;
    for with_token in [false, true] {
        let (mut mia, form) = external.challenge().await;
        let mut answer = external.token(&form).answers(&form);
        answer.push(("error".to_owned(), "access_denied".to_owned()));
        if !with_token {
            answer.remove(0);
        }
        let page = external.back(&mut mia, &answer).await;
        assert_eq!(page_error(page), 50158);
        let outcome = external.fixture.entra.external_outcomes().pop().unwrap();
        assert_eq!(outcome.error.as_deref(), Some("access_denied"));
        assert_eq!(outcome.id_token.is_some(), with_token);
        assert!(outcome.reason.contains("access_denied"), "{outcome:?}");
        // What was answered once is answered.
        let good = external.token(&form).answers(&form);
        assert_eq!(page_error(external.back(&mut mia, &good).await), 50089);
    }
    let (mut mia, form) = external.challenge().await;
    let nothing = vec![external.token(&form).answers(&form).remove(1)];
    assert_eq!(page_error(external.back(&mut mia, &nothing).await), 50158);
}

#[tokio::test]
async fn the_method_must_complement_the_first_factor() {
    let external = External::new().await;
    let entra = &external.fixture.entra;
    let inherence = |token: Token| token.claim("acr", json!("inherence"));
    entra.spoil_next_external_mfa(ExternalFault::inherence_only());
    let arrival = external.answered(|token| inherence(token).claim("amr", json!(["fpt"]))).await;
    arrival.redirect();
    entra.spoil_next_external_mfa(ExternalFault::inherence_only());
    assert_eq!(page_error(external.answered(inherence).await), 50161);
    // Each acr with each type of method.
    for (acr, possession) in [
        ("possessionorinherence", true),
        ("knowledgeorpossession", true),
        ("knowledgeorinherence", false),
        ("knowledgeorpossessionorinherence", true),
        ("knowledge", false),
        ("possession", true),
        ("inherence", false),
        ("strong", false),
    ] {
        entra.spoil_next_external_mfa(ExternalFault::demanding(&[acr], &["fido", "sc"]));
        let arrival = external.answered(|token| token.claim("acr", json!(acr))).await;
        if possession {
            arrival.redirect();
        } else {
            assert_eq!(page_error(arrival), 50161, "{acr}");
        }
    }
    // A method that nobody asked for, and a first factor of the same type.
    entra.spoil_next_external_mfa(ExternalFault::demanding(&["possessionorinherence"], &["sc"]));
    assert_eq!(page_error(external.answered(|token| token).await), 50161);
    let mut same = ExternalFault::inherence_only();
    same.acr = Some(vec!["possession".to_owned()]);
    entra.spoil_next_external_mfa(same);
    let arrival = external.answered(|token| token.claim("acr", json!("possession"))).await;
    assert_eq!(page_error(arrival), 50161);
}

#[tokio::test]
async fn a_method_that_has_gone_meanwhile_is_no_mapping() {
    let external = External::new().await;
    let (mut mia, form) = external.challenge().await;
    let entra = &external.fixture.entra;
    entra.update_external_method(external.method.id, |method| method.enabled = false).unwrap();
    let answer = external.token(&form).answers(&form);
    assert_eq!(page_error(external.back(&mut mia, &answer).await), 50170);
}

#[tokio::test]
async fn the_return_address_takes_a_form_with_nothing_twice() {
    let external = External::new().await;
    let (mut mia, form) = external.challenge().await;
    let mut twice = external.token(&form).answers(&form);
    twice.push(twice[0].clone());
    assert_eq!(page_error(external.back(&mut mia, &twice).await), 9_000_411);
    let mut stranger = Person::new("mia@acme.example");
    let page = stranger.browser.open(external.return_address().as_str()).await.unwrap();
    assert_eq!(page.element("error-code"), Some("900561"));
    // What could not be read has spent nothing.
    let answer = external.token(&form).answers(&form);
    external.back(&mut mia, &answer).await.redirect();
}
