//! Refused, audited, and nothing changed but the spent challenge.

use e2e::{Browser, Card, World};
use entra_stand_in::Person;
use identity::PersonState;
use serde_json::json;

use crate::support::{
    ACME, BIRCH, ada, answer_to, assert_clear, assert_only_refused, assert_unchanged, enrolled,
    mia, una, whichever_card,
};

/// Acme's person of that name.
pub(crate) async fn person(world: &World, username: &str) -> identity::Person {
    let tenant = world.tenant("acme").await;
    let mut rows = world.app.store().read(tenant.id).await.unwrap();
    rows.person_by_username(username).await.unwrap().unwrap()
}

pub(crate) async fn revoke_all(world: &World, username: &str) {
    let person = person(world, username).await.id;
    let tenant = world.tenant("acme").await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    for card in tx.credentials(person).await.unwrap() {
        tx.revoke_credential(card.id).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn set_state(world: &World, username: &str, state: PersonState) {
    let person = person(world, username).await.id;
    let tenant = world.tenant("acme").await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    assert!(tx.set_person_state(person, state).await.unwrap());
    tx.commit().await.unwrap();
}

/// Somebody at the card step whose browser has asked for a challenge.
async fn at_challenge(world: &World, person: &mut Person) -> (Browser, e2e::Answer) {
    let mut browser = world.browser();
    ACME.to_card(&mut browser, person).await;
    let options = ACME.options(&mut browser).await;
    (browser, options)
}

#[tokio::test]
async fn the_valid_card_of_another_person_is_refused() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let mut adas = enrolled(&world, &mut ada(), 2).await;
    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    let answer = answer_to(&mut adas, &browser, &options, whichever_card);
    let before = world.dump().await;
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("somebody else's card", &refused);
    assert_only_refused("somebody else's card", &before, &world.dump().await);
}

#[tokio::test]
async fn a_card_of_another_tenant_is_refused() {
    let world = World::start().await.with_birch().await;
    enrolled(&world, &mut mia(), 1).await;
    let mut at_birch = Card::new(2);
    let mut person = Person::new("mia@birch.example");
    BIRCH.sign_in(&mut world.browser(), &mut person, &mut at_birch).await;

    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    let answer = answer_to(&mut at_birch, &browser, &options, whichever_card);
    let before = world.dump().await;
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("another tenant's card", &refused);
    assert_only_refused("another tenant's card", &before, &world.dump().await);

    // Alone it opens its own tenant and no other; and which one that is, nobody is told.
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let answer = at_birch.answer(&browser, &options);
    let before = world.dump().await;
    let refused = ACME.use_card(&mut browser, &answer).await;
    assert_clear("another tenant's card alone", &refused);
    assert_unchanged("another tenant's card alone", &before, &world.dump().await);
    let mut unknown = Card::new(9);
    let options = ACME.use_card_options(&mut browser).await;
    let made = json!({ "publicKey": {
        "rp": { "id": "localhost" }, "challenge": "AAAA", "user": { "id": "AAAAAAAAAAAAAAAAAAAAAA" },
        "pubKeyCredParams": [{ "alg": -7, "type": "public-key" }],
    }});
    unknown.0.register(&made, browser.origin()).unwrap();
    let answer = unknown.answer(&browser, &options);
    let unknown = ACME.use_card(&mut browser, &answer).await;
    assert_eq!((unknown.status, unknown.code()), (refused.status, refused.code()));
}

#[tokio::test]
async fn the_login_of_one_tenant_is_no_login_of_another() {
    let world = World::start().await.with_birch().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    let handle = browser.cookie("__Host-card-acme").unwrap().to_owned();
    browser.set_cookie("__Host-card-birch", &handle);
    let answer = card.answer(&browser, &options);
    let before = world.dump().await;
    let refused = BIRCH.finish(&mut browser, &answer).await;
    assert_clear("acme's handle at birch", &refused);
    assert_unchanged("acme's handle at birch", &before, &world.dump().await);

    // A login that began at acme, answered at birch's endpoint.
    let mut browser = world.browser();
    let callback = ACME.to_callback(&mut browser, &mut mia()).await;
    let before = world.dump().await;
    let refused = browser.get(&callback.replace("/realms/acme/", "/realms/birch/")).await;
    assert_clear("acme's answer at birch", &refused);
    assert_unchanged("acme's answer at birch", &before, &world.dump().await);

    // "Use your card" of acme, answered at birch.
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let before = world.dump().await;
    let refused = BIRCH.use_card(&mut browser, &answer).await;
    assert_clear("acme's card at birch", &refused);
    assert_unchanged("acme's card at birch", &before, &world.dump().await);
}

/// WebAuthn Level 3, §7.1, the step that asks whether the credential id is known already.
#[tokio::test]
async fn a_credential_id_that_is_somebody_elses_enrols_nothing() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut una()).await;
    let options = ACME.options(&mut browser).await;
    // The same key makes the same id.
    let answer = Card::new(1).answer(&browser, &options);
    let before = world.dump().await;
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("mia's credential id", &refused);
    assert_eq!(refused.code(), "card-known");
    let after = world.dump().await;
    assert_eq!(before.rows("credential"), after.rows("credential"));
    assert_only_refused("mia's credential id", &before, &after);
}

#[tokio::test]
async fn an_assertion_is_spent_with_its_first_use() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    let answer = card.answer(&browser, &options);
    let mut thief = browser.clone();
    assert_eq!(ACME.finish(&mut browser, &answer).await.status, 200);

    let before = world.dump().await;
    let again = ACME.finish(&mut thief, &answer).await;
    assert_clear("the same answer again", &again);
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["login.refused"]);
    let (before, after) = (before.but_challenges_and_audit(), after.but_challenges_and_audit());
    assert_eq!(before.changes(&after), [""; 0]);

    let (mut next, options) = at_challenge(&world, &mut mia()).await;
    let before = world.dump().await;
    let old = ACME.finish(&mut next, &answer).await;
    assert_clear("the answer of an earlier login", &old);
    assert_unchanged("the answer of an earlier login", &before, &world.dump().await);
    let relabelled =
        json!({ "challenge": options.json()["challenge"], "credential": answer["credential"] });
    let refused = ACME.finish(&mut next, &relabelled).await;
    assert_clear("an old assertion to a new challenge", &refused);
    assert_eq!(refused.code(), "passkey-challenge");
    assert_only_refused("an old assertion to a new challenge", &before, &world.dump().await);
}

#[tokio::test]
async fn a_card_alone_is_spent_with_its_first_use() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let answer = card.answer(&browser, &options);
    let mut thief = browser.clone();
    assert_eq!(ACME.use_card(&mut browser, &answer).await.status, 200);
    let before = world.dump().await;
    let again = ACME.use_card(&mut thief, &answer).await;
    assert_clear("the same answer again", &again);
    assert!(thief.cookie("__Host-sid-acme").is_none());
    assert_unchanged("the same answer again", &before, &world.dump().await);
}

#[tokio::test]
async fn a_state_is_spent_with_its_first_use() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut person = mia();
    let authorize = ACME.to_provider(&mut browser).await;
    let callback = e2e::at_provider(&mut person, &authorize).await;
    let mut kept = browser.clone();
    let mut kept_too = browser.clone();
    let first = browser.get(&callback).await;
    assert_eq!(first.status, 303, "{first:?}");

    let before = world.dump().await;
    let again = browser.get(&callback).await;
    assert_clear("again", &again);
    assert_eq!(again.title(), "This sign-in was started in another browser");
    let kept_cookie = kept.get(&callback).await;
    assert_clear("again, with the cookie of before", &kept_cookie);
    // A new code for the old state.
    let callback = e2e::at_provider(&mut person, &authorize).await;
    let new_code = kept_too.get(&callback).await;
    assert_clear("a new code", &new_code);
    assert_eq!((new_code.status, new_code.title().as_str()), (409, "This sign-in has expired"));
    assert_unchanged("a used state", &before, &world.dump().await);
}

#[tokio::test]
async fn a_revoked_card_is_refused() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut session = world.browser();
    ACME.sign_in(&mut session, &mut mia(), &mut card).await;
    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    let mut alone = world.browser();
    let alone_options = ACME.use_card_options(&mut alone).await;
    revoke_all(&world, "mia@acme.example").await;

    let before = world.dump().await;
    let account = session.get("/realms/acme/account/").await;
    assert_eq!(account.status, 303, "the session lives on: {account:?}");
    let answer = card.answer(&alone, &alone_options);
    let refused = ACME.use_card(&mut alone, &answer).await;
    assert_clear("alone", &refused);
    assert_unchanged("alone", &before, &world.dump().await);
    let answer = card.answer(&browser, &options);
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("at the card step", &refused);
    assert_eq!(refused.code(), "login-expired", "logins end with the card");
    assert_unchanged("at the card step", &before, &world.dump().await);
    // And no fresh Entra sign-in makes up for it: a code is asked for.
    let mut again = world.browser();
    ACME.to_card(&mut again, &mut mia()).await;
    let path = ACME.path("login/card/options");
    let options = again.post_json(&path, &json!({ "hint": "card" })).await;
    assert_clear("a card after a revoked one", &options);
}

#[tokio::test]
async fn a_disabled_person_is_refused_at_every_step() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut session = world.browser();
    ACME.sign_in(&mut session, &mut mia(), &mut card).await;
    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    let mut alone = world.browser();
    let alone_options = ACME.use_card_options(&mut alone).await;
    let mut returning = world.browser();
    let callback = ACME.to_callback(&mut returning, &mut mia()).await;
    set_state(&world, "mia@acme.example", PersonState::Disabled).await;

    let before = world.dump().await;
    let account = session.get("/realms/acme/account/").await;
    assert_eq!(account.status, 303, "the session lives on: {account:?}");
    let refused = returning.get(&callback).await;
    assert_clear("from the provider", &refused);
    assert_eq!(refused.title(), "Your account is switched off here");
    let answer = card.answer(&alone, &alone_options);
    let refused = ACME.use_card(&mut alone, &answer).await;
    assert_clear("alone", &refused);
    assert_unchanged("from the provider or alone", &before, &world.dump().await);
    let answer = card.answer(&browser, &options);
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("at the card step", &refused);
    assert_eq!(refused.code(), "login-expired", "logins end with the person");
    assert_unchanged("at the card step", &before, &world.dump().await);
}

/// Revoked between the page and the answer, with the login still there.
#[tokio::test]
async fn a_login_that_outlives_its_card_signs_nobody_in() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    assert_eq!(world.sql("UPDATE credential SET revoked_at = 1").await, 1);
    let before = world.dump().await;
    let answer = card.answer(&browser, &options);
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("revoked", &refused);
    assert_eq!(refused.code(), "card-revoked");
    assert_only_refused("revoked", &before, &world.dump().await);
}

/// Disabled between the page and the answer, with the login still there.
#[tokio::test]
async fn a_login_that_outlives_its_person_signs_nobody_in() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let (mut browser, options) = at_challenge(&world, &mut mia()).await;
    assert_eq!(world.sql("UPDATE person SET state = 'disabled'").await, 1);
    let before = world.dump().await;
    let answer = card.answer(&browser, &options);
    let refused = ACME.finish(&mut browser, &answer).await;
    assert_clear("disabled", &refused);
    assert_eq!(refused.code(), "person-disabled");
    assert_only_refused("disabled", &before, &world.dump().await);
}

/// So many refused answers, and the login is over.
#[tokio::test]
async fn the_tenth_refused_answer_ends_the_login() {
    let world = World::start().await;
    let mut hers = enrolled(&world, &mut mia(), 1).await;
    let mut adas = enrolled(&world, &mut ada(), 2).await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    for number in 1..=login::MOST_REFUSALS {
        let options = ACME.options(&mut browser).await;
        let answer = answer_to(&mut adas, &browser, &options, whichever_card);
        let before = world.dump().await;
        let refused = ACME.finish(&mut browser, &answer).await;
        assert_clear("somebody else's card", &refused);
        let after = world.dump().await;
        if number < login::MOST_REFUSALS {
            assert_only_refused("somebody else's card", &before, &after);
            continue;
        }
        assert_eq!(refused.code(), "too-many-refused", "{refused:?}");
        assert_eq!(refused.title(), "Too many answers were refused");
        assert_eq!(before.audited(&after), ["login.refused", "login.given-up"]);
        assert_eq!(after.rows("login").len(), before.rows("login").len() - 1);
    }
    let over = hers.tap(&mut browser, &ACME.path("login/card")).await;
    assert_eq!(over.code(), "login-expired", "{over:?}");
    ACME.sign_in(&mut world.browser(), &mut mia(), &mut hers).await;
}
