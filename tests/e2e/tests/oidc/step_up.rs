//! A session that is not enough: exactly one tap, and no Entra again.

use openid_provider::client::CardRule;

use crate::support::{
    Application, CARD, at_entra, card_rule, later, one_tap, ready, ready_with, settings, signed_in,
    taps,
};

#[tokio::test]
async fn prompt_login_asks_for_one_tap_and_no_entra() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    for prompt in ["login", "select_account", "login consent"] {
        let asked = syncro.asks().with("prompt", prompt);
        let old = crate::support::session_of(&world, "mia@acme.example").await;
        let answer = one_tap(&world, &mut browser, &syncro, &asked, &mut card).await;
        let code = syncro.code(&world, &syncro.back(&answer)).await;
        assert_ne!(code.proof, old.proof, "{prompt}");
        let new = crate::support::session_of(&world, "mia@acme.example").await;
        assert_eq!((new.expires_at, new.provider), (old.expires_at, old.provider), "no longer");
    }
    // Consent is nobody asked for.
    let answer = browser.get(&syncro.asks().with("prompt", "consent").url()).await;
    syncro.code(&world, &syncro.back(&answer)).await;
}

#[tokio::test]
async fn max_age_asks_for_one_tap_when_the_proof_is_older() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let asked = syncro.asks().with("max_age", "300");
    assert!(syncro.maybe_back(&browser.get(&asked.url()).await).is_some(), "it is young");
    later(&world, 301).await;
    assert!(syncro.maybe_back(&browser.get(&syncro.asks().url()).await).is_some(), "no max_age");
    let answer = one_tap(&world, &mut browser, &syncro, &asked, &mut card).await;
    syncro.code(&world, &syncro.back(&answer)).await;
    let zero = syncro.asks().with("max_age", "0");
    let answer = one_tap(&world, &mut browser, &syncro, &zero, &mut card).await;
    syncro.code(&world, &syncro.back(&answer)).await;
}

#[tokio::test]
async fn an_application_may_want_a_fresh_tap_always() {
    let (world, syncro, mut card) = ready_with(card_rule(CardRule::Fresh)).await;
    let mut browser = signed_in(&world, &mut card).await;
    for _ in 0..2 {
        let asked = syncro.asks();
        let answer = one_tap(&world, &mut browser, &syncro, &asked, &mut card).await;
        syncro.code(&world, &syncro.back(&answer)).await;
    }
    // Whoever logs in for it has tapped.
    let mut other = world.browser();
    let page = other.get(&syncro.asks().url()).await;
    let (mia, card) = (&mut crate::support::mia(), &mut card);
    let back = crate::support::logs_in(&mut other, &page, mia, card).await;
    syncro.code(&world, &syncro.back(&back)).await;
}

#[tokio::test]
async fn a_tap_for_one_sign_in_is_none_for_another_that_was_asked_for_before() {
    let (world, syncro, mut card) = ready_with(card_rule(CardRule::Fresh)).await;
    let secret = syncro.new_secret(&world).await;
    let mut browser = signed_in(&world, &mut card).await;
    // An address at which a sign-in goes on is kept in stock, and the tap is made after that.
    let stocked = syncro.asks().post(&mut world.browser()).await.location.unwrap();
    let answer = one_tap(&world, &mut browser, &syncro, &syncro.asks(), &mut card).await;
    let unused = syncro.back(&browser.get(&stocked).await);
    let tokens = syncro.redeems(&world, &syncro.back(&answer), &secret).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let refused = syncro.redeems(&world, &unused, &secret).await;
    assert_eq!((refused.status, refused.member("error")), (400, "invalid_grant".into()));
    let again = browser.get(&stocked).await;
    assert!(syncro.maybe_back(&again).is_none(), "that tap was for the first: {again:?}");
}

#[tokio::test]
async fn an_application_may_want_a_tap_of_the_last_minutes() {
    let (world, syncro, mut card) = ready_with(card_rule(CardRule::WithinMinutes(5))).await;
    let wiki = Application::add(&world, "wiki", settings()).await;
    let mut browser = signed_in(&world, &mut card).await;
    syncro.gets_code_at_once(&world, &mut browser).await;
    later(&world, 301).await;
    let answer = one_tap(&world, &mut browser, &syncro, &syncro.asks(), &mut card).await;
    syncro.code(&world, &syncro.back(&answer)).await;
    // And then it is good for the others.
    syncro.gets_code_at_once(&world, &mut browser).await;
    wiki.gets_code_at_once(&world, &mut browser).await;
}

#[tokio::test]
async fn who_goes_back_from_the_card_is_told_and_the_application_too() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    browser.get(&syncro.asks().with("prompt", "login").url()).await;
    let back = browser.post_form("/realms/acme/login/start-again", &[]).await;
    let page = browser.follow(back).await;
    assert_eq!(page.title(), "Your card was not used", "{page:?}");
    let link = "https://syncro.example/callback?error=access_denied";
    assert!(page.body.contains(link), "{page:?}");
    assert!(!page.body.contains("code="), "{page:?}");
    // The session is as it was.
    syncro.gets_code_at_once(&world, &mut browser).await;
}

#[tokio::test]
async fn a_card_that_nobody_knows_to_be_hardware_is_not_enough_for_who_wants_that() {
    let (world, syncro, mut card) = ready_with(|settings| settings.attested_only = true).await;
    let mut browser = signed_in(&world, &mut card).await;
    let entra = at_entra(&world);
    let answer = one_tap(&world, &mut browser, &syncro, &syncro.asks(), &mut card).await;
    assert_eq!(answer.title(), "This application asks for another card", "{answer:?}");
    let link = "https://syncro.example/callback?error=unmet_authentication_requirements";
    assert!(answer.body.contains(link), "{answer:?}");
    assert_eq!(at_entra(&world), entra);
}

#[tokio::test]
async fn an_acr_that_is_essential_is_reached_or_refused() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    let claims = |values: &str| {
        let claims =
            format!(r#"{{"id_token":{{"acr":{{"essential":true,"values":[{values}]}}}}}}"#);
        syncro.asks().with("claims", &claims)
    };
    let answer = browser.get(&claims(r#""phrh","phr""#).url()).await;
    syncro.code(&world, &syncro.back(&answer)).await;
    let hardware = claims(r#""phrh""#);
    let answer = one_tap(&world, &mut browser, &syncro, &hardware, &mut card).await;
    assert_eq!(answer.title(), "This application asks for another card", "{answer:?}");
    // What is voluntary is answered by the truth.
    let answer = browser.get(&syncro.asks().with("acr_values", "phrh").url()).await;
    let code = syncro.code(&world, &syncro.back(&answer)).await;
    assert_eq!(code.acr, openid_provider::Acr::PhishingResistant);
}

#[tokio::test]
async fn a_session_that_ends_at_the_card_is_made_good_by_one_login_and_never_by_a_loop() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    browser.get(&syncro.asks().with("prompt", "login").url()).await;
    let tapped = card.tap(&mut browser, CARD).await;
    let goes_on = tapped.member("location").as_str().unwrap().to_owned();
    world.sql("DELETE FROM session").await;
    let login = browser.get(&goes_on).await;
    let again = login.location.clone().unwrap();
    assert!(again.starts_with("/realms/acme/login?login="), "{login:?}");
    let (mia, card) = (&mut crate::support::mia(), &mut card);
    let number = again.split('=').nth(1).unwrap();
    let authorize = crate::support::ACME.choose_provider(&mut browser, number).await;
    let callback = e2e::at_provider(mia, &authorize).await;
    browser.get(&callback).await;
    let tapped = card.tap(&mut browser, CARD).await;
    let goes_on = tapped.member("location").as_str().unwrap().to_owned();
    let good = browser.clone().get(&goes_on).await;
    syncro.code(&world, &syncro.back(&good)).await;
    world.sql("DELETE FROM session").await;
    let page = browser.get(&goes_on).await;
    assert_eq!((page.status, page.title().as_str()), (200, "You are not signed in"), "{page:?}");
    let link = "https://syncro.example/callback?error=login_required";
    assert!(page.body.contains(link), "{page:?}");
}

#[tokio::test]
async fn a_request_that_is_under_way_at_the_card_ends_with_the_next() {
    let (world, syncro, mut card) = ready().await;
    let mut browser = signed_in(&world, &mut card).await;
    for _ in 0..3 {
        browser.get(&syncro.asks().with("prompt", "login").url()).await;
    }
    assert_eq!(world.dump().await.rows("login").len(), 1);
    let answer = taps(&mut browser, &mut card).await;
    syncro.code(&world, &syncro.back(&answer)).await;
}
