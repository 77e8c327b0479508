//! One tap, not two: Entra's own leg of a sign-in has asked for the card, in the same browser.

use e2e::{Browser, Card, Mfa, World};
use entra_stand_in::{Arrival, Person};
use identity::TenantPolicy;

use crate::support::{
    ACME, assert_in, change_connection, disable, enrolled, mia, ready, revoke_cards, una,
};

/// Entra demands the factor at Cardea's own registration too, so that it asks within a sign-in.
fn within(world: &World) {
    let directory = world.azure.directory;
    world.stand_in.require_mfa(directory, Some(world.azure.client_id)).unwrap();
}

/// A sign-in that Entra has interrupted to ask for a card: the request, and nobody has tapped.
async fn interrupted(browser: &mut Browser, person: &mut Person) -> e2e::Request {
    let authorize = ACME.to_provider(browser).await;
    let arrival = person.sign_in(&authorize).await.unwrap();
    let (action, fields) = arrival.external_mfa();
    e2e::Request { action, fields }
}

/// The way back from Entra, to the callback: nobody has opened it.
async fn to_callback(
    world: &World,
    mfa: &Mfa,
    browser: &mut Browser,
    person: &mut Person,
    card: &mut Card,
) -> String {
    let request = interrupted(browser, person).await;
    let posted = mfa.post(browser, &request).await;
    browser.follow(posted).await;
    let answer = mfa.tap(browser, card).await;
    match mfa.back(person, &world.origin, &answer).await {
        Arrival::Redirect(url) => url.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_tap_that_entra_asked_for_opens_the_session() {
    let (world, mfa, mut card) = ready().await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    let before = world.dump().await;
    let back = browser.get(&callback).await;
    assert_eq!((back.status, back.location.as_deref()), (303, Some("/realms/acme/account/")));
    assert!(browser.cookie("__Host-sid-acme").is_some(), "{back:?}");
    assert!(
        browser.cookie("__Host-card-acme").is_none() && browser.cookie("__Host-eam-acme").is_none()
    );
    let page = browser.get(&ACME.path("account/")).await;
    assert!(page.status == 200 && page.body.contains("mia@acme.example"), "{page:?}");
    let after = world.dump().await;
    assert_eq!(before.audited(&after), ["login.upstream", "login.signed-in"]);
    let told = format!("{:?}", after.rows("audit"));
    assert!(told.contains("one_tap"), "{told}");
    assert_eq!(after.rows("proof").len(), before.rows("proof").len() + 1, "a proof of its own");
}

/// Whatever is missing, the card step follows as always.
async fn the_card_step_follows(world: &World, browser: &mut Browser, callback: &str, name: &str) {
    let before = world.dump().await;
    let back = browser.get(callback).await;
    assert_eq!(back.location.as_deref(), Some("/realms/acme/login/card"), "{name}: {back:?}");
    assert!(browser.cookie("__Host-sid-acme").is_none(), "{name}");
    let after = world.dump().await;
    assert_eq!(after.rows("session"), before.rows("session"), "{name}");
    assert_eq!(after.rows("proof"), before.rows("proof"), "{name}");
}

#[tokio::test]
async fn another_browser_taps_again() {
    let (world, mfa, mut card) = ready().await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    browser.drop_cookie("__Host-eam-acme");
    the_card_step_follows(&world, &mut browser, &callback, "without the cookie").await;
}

#[tokio::test]
async fn a_tenant_may_want_a_tap_for_each_login() {
    let policy = TenantPolicy { one_tap: false, ..World::policy() };
    let world = World::with_policy(policy).await;
    let mfa = world.connect_mfa().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    the_card_step_follows(&world, &mut browser, &callback, "switched off").await;
    ACME.options(&mut browser).await;
}

/// A session that ends when its card leaves the reader hangs on a card at a reader, not on Entra's word.
#[tokio::test]
async fn a_session_that_hangs_on_the_reader_needs_its_own_tap() {
    let policy = TenantPolicy { one_computer: true, ..World::policy() };
    let world = World::with_policy(policy).await;
    let mfa = world.connect_mfa().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    the_card_step_follows(&world, &mut browser, &callback, "one computer").await;
}

/// Two logins of one browser, both begun before the tap: it spares one of them the second.
#[tokio::test]
async fn it_spares_one_tap_and_no_second() {
    let (world, mfa, mut card) = ready().await;
    let mut browser = world.browser();
    let first = ACME.to_callback(&mut browser, &mut mia()).await;
    within(&world);
    let second = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    let handle = browser.cookie("__Host-eam-acme").unwrap().to_owned();
    assert!(browser.get(&second).await.gives_a_session());
    browser.drop_cookie("__Host-sid-acme");
    browser.set_cookie("__Host-eam-acme", &handle);
    the_card_step_follows(&world, &mut browser, &first, "a second login").await;
}

/// The same two callbacks at the same moment: one is spared.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_callbacks_at_once_one_is_spared_a_tap() {
    let (world, mfa, mut card) = ready().await;
    let mut browser = world.browser();
    let first = ACME.to_callback(&mut browser, &mut mia()).await;
    within(&world);
    let second = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    let before = world.dump().await.rows("session").len();
    let mut all = tokio::task::JoinSet::new();
    for callback in [first, second] {
        let mut browser = browser.clone();
        all.spawn(async move { browser.get(&callback).await });
    }
    let answers = all.join_all().await;
    let spared = answers.iter().filter(|answer| answer.gives_a_session()).count();
    assert_eq!(spared, 1, "{answers:?}");
    assert_eq!(world.dump().await.rows("session").len(), before + 1);
}

/// What was proved before the login began was proved for something else.
#[tokio::test]
async fn a_tap_from_before_the_login_spares_none() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, mut person) = (world.browser(), mia());
    let answer = mfa.prove(&mut browser, &mut person, &mut card).await;
    assert_in(mfa.back(&mut person, &world.origin, &answer).await);
    let callback = ACME.to_callback(&mut browser, &mut person).await;
    the_card_step_follows(&world, &mut browser, &callback, "from before").await;
}

/// Logins begin by the server's clock, taps are dated by the database's.
#[tokio::test]
async fn clocks_that_differ_do_not_change_what_came_first() {
    for apart in ["30 seconds", "-30 seconds"] {
        let world = World::whose_database_differs_by(apart).await;
        let mfa = world.connect_mfa().await;
        let mut card = enrolled(&world, &mut mia(), 1).await;
        let (mut browser, mut person) = (world.browser(), mia());
        let answer = mfa.prove(&mut browser, &mut person, &mut card).await;
        assert_in(mfa.back(&mut person, &world.origin, &answer).await);
        let callback = ACME.to_callback(&mut browser, &mut person).await;
        the_card_step_follows(&world, &mut browser, &callback, apart).await;
        within(&world);
        // Two hints about one person of one second are the same.
        world.stand_in.advance_clock(1);
        let mut browser = world.browser();
        let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
        let back = browser.get(&callback).await;
        assert!(back.gives_a_session(), "{apart}: {back:?}");
    }
}

/// Mia has proved to Entra; una signs in at Entra in the same browser.
#[tokio::test]
async fn the_tap_of_another_person_spares_none() {
    let (world, mfa, mut card) = ready().await;
    enrolled(&world, &mut una(), 2).await;
    let mut browser = world.browser();
    let callback = ACME.to_callback(&mut browser, &mut una()).await;
    mfa.prove(&mut browser, &mut mia(), &mut card).await;
    the_card_step_follows(&world, &mut browser, &callback, "another person").await;
}

#[tokio::test]
async fn a_tap_of_more_than_two_minutes_ago_spares_none() {
    let (world, mfa, mut card) = ready().await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    // The login began before that all the same.
    let moved = world.sql("UPDATE eam_transaction SET proved_at = proved_at - 121000000").await;
    assert_eq!(moved, 1);
    the_card_step_follows(&world, &mut browser, &callback, "too long ago").await;
}

#[tokio::test]
async fn a_card_that_was_revoked_meanwhile_spares_none() {
    let (world, mfa, mut card) = ready().await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    revoke_cards(&world, "mia@acme.example").await;
    let back = browser.get(&callback).await;
    assert!(!back.gives_a_session(), "{back:?}");
    assert!(browser.cookie("__Host-sid-acme").is_none());
}

#[tokio::test]
async fn who_was_disabled_meanwhile_is_refused() {
    let (world, mfa, mut card) = ready().await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    disable(&world, "mia@acme.example").await;
    let back = browser.get(&callback).await;
    assert_eq!(back.status, 403, "{back:?}");
    assert!(!back.gives_a_session(), "{back:?}");
}

/// Entra has asked and nobody has tapped: the callback of a login that waits is worth no session.
#[tokio::test]
async fn a_request_that_nobody_has_proved_spares_none() {
    let (world, mfa, _) = ready().await;
    let mut browser = world.browser();
    let callback = ACME.to_callback(&mut browser, &mut mia()).await;
    mfa.to_card(&mut browser, &mut mia()).await;
    the_card_step_follows(&world, &mut browser, &callback, "not proved").await;
}

/// The answer to Entra is a thing of its own: that the connection is gone takes no tap back.
#[tokio::test]
async fn a_connection_that_is_gone_meanwhile_changes_nothing() {
    let (world, mfa, mut card) = ready().await;
    within(&world);
    let mut browser = world.browser();
    let callback = to_callback(&world, &mfa, &mut browser, &mut mia(), &mut card).await;
    change_connection(&world, &mfa, |row| row.enabled = false).await;
    let back = browser.get(&callback).await;
    assert!(back.gives_a_session(), "{back:?}");
}
