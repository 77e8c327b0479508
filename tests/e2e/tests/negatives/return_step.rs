//! The return step of pairing: neither the login nor the token alone pairs anything.

use e2e::World;
use reqwest::Method;
use serde_json::json;

use crate::device::{Device, come_back, token_in};
use crate::pairing::{PAIRING, ask};
use crate::support::{ACME, BIRCH, ada, assert_clear, enrolled, mia, una};

/// The attack on pairing: a client that signs in upstream as the victim, through a page that looks
/// like ours, has a code shown to them. The agent at their desk opens the address in their own
/// browser, and the client that holds the login never sees what stands there.
#[tokio::test]
async fn a_relay_that_holds_the_login_is_not_paired_with_the_agent_of_its_victim() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut attacker, mut victim) = (world.browser(), world.browser());
    ACME.to_card(&mut attacker, &mut mia()).await;
    let offer = Device::of(ACME).enrol(&world, &mut attacker).await;
    let token = token_in(&offer);
    let before = world.dump().await;
    let shown = victim.get(&ACME.path("login/card/pair/return")).await;
    assert_eq!(shown.title(), "This request was not begun in this browser");
    assert_eq!(before, world.dump().await, "looking changes nothing");

    let told = come_back(ACME, &mut victim, &token).await;
    assert_eq!((told.status, told.gives_a_session()), (403, false), "{told:?}");
    assert!(told.body.contains("This request was begun in another browser"), "{told:?}");
    assert!(told.body.contains("Somebody may be trying to sign in as you"), "{told:?}");
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["agent.opened-elsewhere"]);
    assert!(after.rows("pairing").is_empty());
    assert_eq!(after.rows("device")[0]["state"], "'revoked'");

    // Whatever the client guesses or asks now, there is nothing to be had.
    for guess in [token.as_str(), &"A".repeat(token.len()), ""] {
        let answer = come_back(ACME, &mut attacker, guess).await;
        assert_eq!((answer.status, answer.gives_a_session()), (410, false), "{answer:?}");
    }
    assert_eq!(ask(&mut attacker).await.json()["state"], "no-agent");
    assert!(attacker.cookie(PAIRING).is_none() && victim.cookie(PAIRING).is_none());
}

#[tokio::test]
async fn a_client_that_holds_the_login_and_not_the_token_pairs_nothing() {
    let world = World::start().await;
    let mut attacker = world.browser();
    ACME.to_card(&mut attacker, &mut mia()).await;
    let offer = Device::of(ACME).enrol(&world, &mut attacker).await;
    let before = world.dump().await;
    let token = token_in(&offer);
    let (id, mac) = token.split_at(32);
    for guess in [id, mac, &format!("{id}{}", "A".repeat(43)), &format!("{id}{id}{id}")] {
        let answer = come_back(ACME, &mut attacker, guess).await;
        assert_eq!((answer.status, answer.gives_a_session()), (410, false), "{answer:?}");
    }
    assert_eq!(before, world.dump().await, "a guess does not even end the offer");
    let paired = come_back(ACME, &mut attacker, &token).await;
    assert_eq!(paired.status, 200, "{paired:?}");
}

#[tokio::test]
async fn a_return_token_counts_once() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let token = token_in(&Device::of(ACME).enrol(&world, &mut browser).await);
    assert_eq!(come_back(ACME, &mut browser, &token).await.status, 200);
    let before = world.dump().await;
    for mut who in [browser, world.browser()] {
        let again = come_back(ACME, &mut who, &token).await;
        assert_eq!((again.status, again.cookies()), (410, vec![]), "{again:?}");
    }
    assert_eq!(before, world.dump().await);
}

#[tokio::test]
async fn a_return_token_of_another_login_ends_its_own_offer_and_pairs_nobody() {
    let world = World::start().await;
    let (mut mias, mut adas) = (world.browser(), world.browser());
    ACME.to_card(&mut mias, &mut mia()).await;
    ACME.to_card(&mut adas, &mut ada()).await;
    let of_mia = token_in(&Device::of(ACME).enrol(&world, &mut mias).await);
    let of_ada = token_in(&Device::of(ACME).enrol(&world, &mut adas).await);
    let answer = come_back(ACME, &mut adas, &of_mia).await;
    assert_eq!((answer.status, answer.gives_a_session()), (403, false), "{answer:?}");
    assert_eq!(come_back(ACME, &mut mias, &of_mia).await.status, 410);
    assert_eq!(come_back(ACME, &mut adas, &of_ada).await.status, 200, "hers goes on");
    assert_eq!(world.dump().await.rows("pairing").len(), 1);
}

#[tokio::test]
async fn a_return_token_ends_with_its_login_and_with_the_next_offer() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let first = token_in(&Device::of(ACME).enrol(&world, &mut browser).await);
    let second = token_in(&Device::of(ACME).enrol(&world, &mut browser).await);
    assert_eq!(come_back(ACME, &mut browser, &first).await.status, 410, "another was offered");
    assert_eq!(world.sql("UPDATE login SET expires_at = 1").await, 1);
    let late = come_back(ACME, &mut browser, &second).await;
    assert_eq!((late.status, late.gives_a_session()), (410, false), "{late:?}");
    assert!(world.dump().await.rows("pairing").is_empty());
}

#[tokio::test]
async fn a_return_token_counts_in_its_own_tenant() {
    let world = World::start().await.with_birch().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let token = token_in(&Device::of(ACME).enrol(&world, &mut browser).await);
    let handle = browser.cookie(&ACME.card_cookie()).unwrap().to_owned();
    browser.set_cookie(&BIRCH.card_cookie(), &handle);
    assert_eq!(come_back(BIRCH, &mut browser, &token).await.status, 410);
    assert_eq!(come_back(ACME, &mut browser, &token).await.status, 200);
}

/// Whoever tries again and again is stopped: each counts with the wrong codes of that login.
#[tokio::test]
async fn five_offers_that_were_opened_elsewhere_are_the_last_of_their_login() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    for wrong in 1..=5 {
        let token = token_in(&Device::of(ACME).enrol(&world, &mut browser).await);
        assert_eq!(come_back(ACME, &mut world.browser(), &token).await.status, 403);
        assert_eq!(world.dump().await.rows("login")[0]["code_tries"], wrong.to_string());
    }
    let before = world.dump().await;
    let refused = browser.post_json(&ACME.path("login/card/pair"), &json!({})).await;
    assert_clear("a sixth code", &refused);
    assert_eq!(refused.code(), "pairing-too-often");
    assert_eq!(before, world.dump().await);
}

#[tokio::test]
async fn a_pairing_is_confirmed_from_our_own_page_alone() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let token = token_in(&Device::of(ACME).enrol(&world, &mut browser).await);
    let headers =
        [("origin", "https://evil.example"), ("content-type", "application/x-www-form-urlencoded")];
    let path = ACME.path("login/card/pair/return");
    let body = Some(format!("token={token}"));
    let refused = browser.send(Method::POST, &path, body, &headers).await;
    assert_eq!((refused.status, refused.gives_a_session()), (403, false), "{refused:?}");
    assert!(world.dump().await.rows("pairing").is_empty());
}
