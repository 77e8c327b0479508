//! One-time codes: for one person, five tries in a login, once.

use e2e::{Browser, Card, Dump, World};
use identity::{CardFirst, FirstCard, TenantPolicy};
use serde_json::json;

use crate::refused::person;
use crate::support::{ACME, ada, assert_clear, assert_unchanged, mia};

/// A world in which a first card needs a code.
pub(crate) async fn world_with_codes() -> World {
    World::with_policy(TenantPolicy {
        first_card: FirstCard::AdministratorCode,
        card_first: CardFirst::WithinDays(1),
        ..TenantPolicy::default()
    })
    .await
}

/// What a wrong code may change: the count of tries in its login.
fn but_tries(dump: &Dump) -> Dump {
    dump.clone().without(&["login"])
}

async fn give(browser: &mut Browser, code: &str) -> e2e::Answer {
    browser.post_form(&ACME.path("login/code"), &[("code", code)]).await
}

#[tokio::test]
async fn the_code_of_another_person_and_the_sixth_try_are_refused() {
    let world = world_with_codes().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    ACME.to_card(&mut world.browser(), &mut ada()).await;
    let adas = world.issue_code(person(&world, "ada@acme.example").await.id, 1).await;
    let mias = world.issue_code(person(&world, "mia@acme.example").await.id, 2).await;
    let before = but_tries(&world.dump().await);
    for no_code in ["not a code", "", "B", "KRQM-BXP7", "KRQM-BXPTT"] {
        let again = give(&mut browser, no_code).await;
        assert_eq!(again.status, 200, "{no_code}: {again:?}");
        assert!(again.body.contains("name=\"code\""), "{no_code}: {again:?}");
    }
    assert_eq!(world.dump().await.rows("login")[0]["code_tries"], "0");
    let wrong = [adas.as_str(), "BBBB-BBBB", "bcdf-ghjk", "CCCC-CCCC", "ZZZZ-ZZZZ", "DDDD-DDDD"];
    let mut tried = world.dump().await;
    for (index, code) in wrong.iter().enumerate() {
        let again = give(&mut browser, code).await;
        assert_eq!(again.status, 200, "{index}: {again:?}");
        assert!(!again.gives_a_session());
        let form = again.body.contains("name=\"code\"");
        assert!(form || index >= 4, "{index}: no further try: {again:?}");
        let after = world.dump().await;
        assert_eq!(tried == after, index >= 5, "{index}: who has no try left writes nothing");
        tried = after;
    }
    // Five tries were counted: the right one comes too late.
    let late = give(&mut browser, &mias).await;
    assert_eq!((late.status, late.location.clone()), (200, None), "{late:?}");
    assert_unchanged("wrong codes", &before, &but_tries(&world.dump().await));
    let path = ACME.path("login/card/options");
    let options = browser.post_json(&path, &json!({ "hint": "card" })).await;
    assert_clear("options without a code", &options);

    // In a new login the code is good, once.
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let mut second = world.browser();
    ACME.to_card(&mut second, &mut mia()).await;
    let accepted = give(&mut browser, &mias).await;
    assert_eq!(accepted.location, Some(ACME.path("login/card")), "{accepted:?}");
    let before = but_tries(&world.dump().await);
    let twice = give(&mut second, &mias).await;
    assert_eq!((twice.status, twice.location), (200, None));
    assert_unchanged("a code twice", &before, &but_tries(&world.dump().await));
    let tapped = Card::new(1).tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
}

#[tokio::test]
async fn before_a_code_no_card_can_be_enrolled() {
    let world = world_with_codes().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let before = world.dump().await;
    let made = json!({ "publicKey": {
        "rp": { "id": "localhost" }, "challenge": "AAAA", "user": { "id": "AAAAAAAAAAAAAAAAAAAAAA" },
        "pubKeyCredParams": [{ "alg": -7, "type": "public-key" }],
    }});
    let credential = Card::new(1).0.register(&made, browser.origin()).unwrap();
    let answer =
        json!({ "challenge": "0193b5f0-0000-7000-8000-000000000000", "credential": credential });
    for path in ["login/card/options", "login/card/finish", "login/card/agent"] {
        let body = if path.ends_with("finish") { answer.clone() } else { json!({"hint": "card"}) };
        let refused = browser.post_json(&ACME.path(path), &body).await;
        let no_agent = refused.json()["state"] == "no-agent";
        assert!(no_agent || (400..500).contains(&refused.status), "{path}: {refused:?}");
        assert!(!refused.gives_a_session(), "{path}");
    }
    assert_unchanged("no code", &before, &world.dump().await);
}
