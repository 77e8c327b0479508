//! `prompt=none`: nothing is shown, whatever there would be to show.

use openid_provider::client::CardRule;

use crate::support::{
    Application, card_rule, enrolled, id_of, later, ready, ready_with, session_of, settings,
    signed_in, una,
};

#[tokio::test]
async fn who_is_not_signed_in_is_not_asked() {
    let (world, syncro, _) = ready().await;
    let before = world.dump().await;
    let answer = world.browser().get(&syncro.asks().with("prompt", "none").url()).await;
    let back = syncro.back(&answer);
    assert_eq!((back.error(), back.get("state")), ("login_required", Some("st&te=1 2")));
    assert_eq!(answer.cookies(), []);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_session_that_is_enough_gives_a_code() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let answer = browser.get(&syncro.asks().with("prompt", "none").url()).await;
    syncro.code(&world, &syncro.back(&answer)).await;
}

#[tokio::test]
async fn a_tap_that_is_missing_is_told_and_not_asked_for() {
    let (world, syncro, mut card) = ready_with(card_rule(CardRule::WithinMinutes(5))).await;
    let fresh = card_rule(CardRule::Fresh);
    let mut fresh_settings = settings();
    fresh(&mut fresh_settings);
    let vault = Application::add(&world, "vault", fresh_settings).await;
    let mut attested = settings();
    attested.attested_only = true;
    let attested = Application::add(&world, "attested", attested).await;
    let wiki = Application::add(&world, "wiki", settings()).await;
    let mut browser = signed_in(&world, &mut card).await;
    later(&world, 301).await;
    let hardware = r#"{"id_token":{"acr":{"essential":true,"value":"phrh"}}}"#;
    let before = world.dump().await;
    for (application, asked) in [
        (&syncro, syncro.asks()),
        (&vault, vault.asks()),
        (&attested, attested.asks()),
        (&wiki, wiki.asks().with("max_age", "300")),
        (&wiki, wiki.asks().with("claims", hardware)),
    ] {
        let answer = browser.get(&asked.with("prompt", "none").url()).await;
        assert_eq!(application.back(&answer).error(), "interaction_required", "{answer:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn somebody_else_is_told_and_not_asked_for() {
    let (world, syncro, mut card) = ready().await;
    enrolled(&world, &mut una(), 2).await;
    let unas = session_of(&world, "una@acme.example").await;
    let mut browser = signed_in(&world, &mut card).await;
    let una = id_of(&world, "una@acme.example").await;
    let hint = syncro.id_token(&world, una, unas.id).await;
    let sub = format!(r#"{{"id_token":{{"sub":{{"value":"{una}"}}}}}}"#);
    for (name, value) in [
        ("id_token_hint", hint.expose_text().unwrap()),
        ("login_hint", "una@acme.example"),
        ("claims", &sub),
    ] {
        let asked = syncro.asks().with("prompt", "none").with(name, value);
        let answer = browser.get(&asked.url()).await;
        assert_eq!(syncro.back(&answer).error(), "login_required", "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn none_with_another_word_makes_no_sense() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    for prompt in ["none login", "login none", "none none", "sometimes"] {
        let answer = browser.get(&syncro.asks().with("prompt", prompt).url()).await;
        assert_eq!(syncro.back(&answer).error(), "invalid_request", "{prompt}");
    }
}
