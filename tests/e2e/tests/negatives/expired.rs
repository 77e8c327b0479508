//! Too late is too late, by the database's clock and by the sealed cookie's own time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Browser, Dump, World};
use secrets::KeyRing;
use serde_json::{Value, json};

use crate::codes::world_with_codes;
use crate::refused::person;
use crate::support::{ACME, assert_clear, assert_only_refused, assert_unchanged, enrolled, mia};

/// Rewrites what is sealed into a login cookie, as only the holder of the master key can.
fn reseal(browser: &mut Browser, change: impl Fn(&mut Value)) {
    let ring = KeyRing::of([7; 32]);
    let name = "__Host-login-0";
    let sealed = URL_SAFE_NO_PAD.decode(browser.cookie(name).unwrap()).unwrap();
    let plain = ring.open("login-cookie|0", &sealed).unwrap();
    let mut login: Value = serde_json::from_slice(plain.expose()).unwrap();
    change(&mut login);
    let plain = login.to_string().into_bytes();
    let sealed = ring.seal("login-cookie|0", [9; 24], &plain).unwrap();
    browser.set_cookie(name, &URL_SAFE_NO_PAD.encode(sealed));
}

#[tokio::test]
async fn a_sealed_login_that_is_too_old_is_no_login() {
    let world = World::start().await;
    let mut browser = world.browser();
    let callback = ACME.to_callback(&mut browser, &mut mia()).await;
    let mut alive = browser.clone();
    reseal(&mut browser, |login| login["started"]["expires_at"] = json!(0));
    let before = world.dump().await;
    let refused = browser.get(&callback).await;
    assert_clear("too late", &refused);
    assert_unchanged("too late", &before, &world.dump().await);
    // The same, resealed with its time left: what was refused above was the time.
    reseal(&mut alive, |_| {});
    assert_eq!(alive.get(&callback).await.status, 303);
}

#[tokio::test]
async fn a_challenge_for_a_card_alone_that_is_too_old_is_refused() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let mut alive = browser.clone();
    reseal(&mut browser, |login| {
        login["at"]["card-first"]["challenge"]["expires_at"] = json!(0);
    });
    let before = world.dump().await;
    let refused = ACME.use_card(&mut browser, &answer).await;
    assert_clear("too late", &refused);
    assert_eq!(refused.code(), "challenge-expired");
    assert_unchanged("too late", &before, &world.dump().await);
    reseal(&mut alive, |_| {});
    assert_eq!(ACME.use_card(&mut alive, &answer).await.status, 200);
}

#[tokio::test]
async fn a_login_at_the_card_step_that_is_too_old_is_no_login() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let options = ACME.options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    assert_eq!(world.sql("UPDATE login SET expires_at = 1").await, 1);
    let before = world.dump().await;
    let page = browser.get(&ACME.path("login/card")).await;
    assert_clear("page", &page);
    assert_eq!(page.title(), "This sign-in has expired");
    for (path, body) in [
        ("login/card/options", json!({ "hint": "card" })),
        ("login/card/agent", json!({})),
        ("login/card/pair", json!({})),
    ] {
        let refused = browser.post_json(&ACME.path(path), &body).await;
        assert_clear(path, &refused);
        assert_eq!(refused.code(), "login-expired", "{path}");
    }
    assert_unchanged("too late", &before, &world.dump().await);
    // The answer of a card is on record, and with it the login is gone: there is one entry.
    for audited in [&["login.refused"][..], &[]] {
        let before = world.dump().await;
        let refused = ACME.finish(&mut browser, &answer).await;
        assert_clear("too late", &refused);
        assert_eq!(refused.code(), "login-expired");
        let after = world.dump().await;
        assert_eq!(before.audited(&after), audited);
        assert!(after.rows("login").is_empty());
        let rest = |dump: &Dump| dump.clone().without(&["login", "audit", "audit_head"]);
        assert_eq!(rest(&before).changes(&rest(&after)), [""; 0]);
    }
}

#[tokio::test]
async fn a_challenge_that_is_too_old_is_refused_and_a_new_one_is_given() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let options = ACME.options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    assert_eq!(world.sql("UPDATE login SET challenge_expires_at = 1").await, 1);
    let before = world.dump().await;
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("too late", &refused);
    assert_eq!(refused.code(), "challenge-expired");
    assert_only_refused("too late", &before, &world.dump().await);
    let tapped = card.tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
}

#[tokio::test]
async fn a_one_time_code_that_is_too_old_is_refused() {
    let world = world_with_codes().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let code = world.issue_code(person(&world, "mia@acme.example").await.id, 1).await;
    let before = world.dump().await.without(&["login", "code"]);
    assert_eq!(world.sql("UPDATE code SET expires_at = 1").await, 1);
    let refused = browser.post_form(&ACME.path("login/code"), &[("code", &code)]).await;
    assert_eq!((refused.status, refused.location.clone()), (200, None), "{refused:?}");
    let after = world.dump().await.without(&["login", "code"]);
    assert_unchanged("too late", &before, &after);
}

#[tokio::test]
async fn a_session_that_is_over_opens_nothing() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.sign_in(&mut browser, &mut mia(), &mut card).await;
    world.sql("UPDATE session SET expires_at = 1").await;
    let before = world.dump().await;
    let account = browser.get("/realms/acme/account/").await;
    assert_eq!(account.status, 303, "{account:?}");
    let refused = browser.post_form(&ACME.path("account/cards/add"), &[]).await;
    assert_clear("a session that is over", &refused);
    assert_eq!(refused.status, 401);
    assert_unchanged("a session that is over", &before, &world.dump().await);
}
