//! What agents say of cards that were lifted, by hand: only what is theirs counts.

use agent_protocol::paths;
use e2e::{Browser, Card, Dump, World};
use entra_stand_in::Person;
use identity::{CardFirst, CardLifted, FirstCard, TenantPolicy};
use serde_json::{Value, json};
use server::Bounds;

use crate::device::{Device, options_of};
use crate::support::{ACME, BIRCH, ada, enrolled, mia};

fn policy(card_lifted: CardLifted) -> TenantPolicy {
    TenantPolicy {
        first_card: FirstCard::FreshEntraSignIn,
        card_first: CardFirst::WithinDays(1),
        card_lifted,
        agent_grace_seconds: 600,
        ..TenantPolicy::default()
    }
}

/// A world in which sessions end with their cards, and Mia's card.
async fn world() -> (World, Card) {
    let world = World::with_policy(policy(CardLifted::EndsSession)).await.with_birch().await;
    let card = enrolled(&world, &mut mia(), 1).await;
    (world, card)
}

/// Mia signed in through a device; the ticket that her card answered.
async fn signed_in(world: &World, card: &mut Card) -> (Device, Browser, Value) {
    let (mut device, mut browser) = (Device::of(ACME), world.browser());
    ACME.to_card(&mut browser, &mut mia()).await;
    device.pair(world, &mut browser).await;
    device.connect(world).await;
    let (ticket, claims) = tapped_at(world, &mut device, &mut browser, card).await;
    assert_eq!(claims["whenLifted"], "end-session");
    (device, browser, ticket)
}

/// A browser at the card step that signs in with a card at the device that it is paired with: the
/// ticket, and what the device was asked.
async fn tapped_at(
    world: &World,
    device: &mut Device,
    browser: &mut Browser,
    card: &mut Card,
) -> (Value, Value) {
    let ticket = device.asked_by(browser).await;
    let claims = device.claim(world, &ticket).await;
    let assertion = card.0.authenticate(&options_of(&claims), browser.origin()).unwrap();
    let body = json!({ "ticket": ticket, "outcome": { "assertion": assertion } });
    let taken = device.post(world, paths::RESULT, &body).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    browser.get(&ACME.path("login/card")).await;
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 200);
    (ticket, claims)
}

/// A tap at another desk locks the one where the card's person sits. Where somebody else has signed in
/// since, the desktop is theirs.
#[tokio::test]
async fn a_tap_elsewhere_locks_no_desk_at_which_somebody_else_sits_by_now() {
    let policy = TenantPolicy { one_computer: true, ..policy(CardLifted::EndsSessionAndLocks) };
    let world = World::with_policy(policy).await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut adas_card = enrolled(&world, &mut ada(), 2).await;
    let mut desks = Vec::new();
    for _ in 0..2 {
        let (mut device, mut browser) = (Device::of(ACME), world.browser());
        ACME.to_card(&mut browser, &mut mia()).await;
        device.pair(&world, &mut browser).await;
        device.connect(&world).await;
        desks.push((device, browser));
    }
    let [(first, at_first), (second, at_second)] = &mut desks[..] else { unreachable!() };
    let again = async |browser: &mut Browser, person: &mut Person| {
        browser.drop_cookie(&ACME.session_cookie());
        ACME.to_card(browser, person).await;
    };

    tapped_at(&world, first, at_first, &mut card).await;
    tapped_at(&world, second, at_second, &mut card).await;
    assert_eq!(first.hear().await["t"], "lock", "she has left it so");
    again(at_first, &mut mia()).await;
    tapped_at(&world, first, at_first, &mut card).await;
    assert_eq!(second.hear().await["t"], "lock");

    let mut adas = at_first.clone();
    again(&mut adas, &mut ada()).await;
    tapped_at(&world, first, &mut adas, &mut adas_card).await;
    again(at_second, &mut mia()).await;
    tapped_at(&world, second, at_second, &mut card).await;
    assert_eq!(at_first.get(&ACME.path("account/")).await.status, 303, "her session ends there");
    assert_eq!(adas.get(&ACME.path("account/")).await.status, 200);
    // Whatever the first desk was told before, it would hear before this.
    again(&mut adas, &mut ada()).await;
    let asked = adas.post_json(&ACME.path("login/card/agent"), &json!({})).await;
    assert_eq!(asked.json()["state"], "pushed", "{asked:?}");
    assert_eq!(first.hear().await["t"], "ticket", "the desktop is Ada's");
}

/// A device of somebody else, connected.
async fn stranger(world: &World, way: e2e::Way, username: &str) -> Device {
    let (mut device, mut browser) = (Device::of(way), world.browser());
    way.to_card(&mut browser, &mut Person::new(username)).await;
    device.pair(world, &mut browser).await;
    device.connect(world).await;
    device
}

fn held(dump: &Dump) -> usize {
    dump.rows("session").iter().filter(|row| row["ticket_id"] != "NULL").count()
}

#[tokio::test]
async fn a_device_ends_what_it_holds_and_once() {
    let (world, mut card) = world().await;
    let (mut device, mut browser, ticket) = signed_in(&world, &mut card).await;
    let before = world.dump().await;
    for _ in 0..2 {
        device.say(&json!({ "t": "lifted", "id": ticket })).await;
    }
    device.heard_all().await;
    let after = world.dump().await;
    assert_eq!((held(&before), held(&after)), (1, 0));
    assert_eq!(before.audited(&after), ["session.ended"]);
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 303);
}

/// The word that a card has left may be faster than what that card has answered.
#[tokio::test]
async fn a_lift_that_overtakes_its_answer_leaves_nothing_to_answer() {
    let (world, mut card) = world().await;
    let (mut device, mut browser) = (Device::of(ACME), world.browser());
    ACME.to_card(&mut browser, &mut mia()).await;
    device.pair(&world, &mut browser).await;
    device.connect(&world).await;
    let mut neighbour = stranger(&world, ACME, "ada@acme.example").await;
    let ticket = device.asked_by(&mut browser).await;
    let claims = device.claim(&world, &ticket).await;
    let lifted = json!({ "t": "lifted", "id": ticket });
    for (who, state) in [(&mut neighbour, "'claimed'"), (&mut device, "'refused'")] {
        who.say(&lifted).await;
        who.heard_all().await;
        assert_eq!(world.dump().await.rows("ticket")[0]["state"], state);
    }
    assert_eq!(world.dump().await.rows("ticket")[0]["reason"], "'removed'");
    let assertion = card.0.authenticate(&options_of(&claims), browser.origin()).unwrap();
    let body = json!({ "ticket": ticket, "outcome": { "assertion": assertion } });
    let before = world.dump().await;
    let late = device.post(&world, paths::RESULT, &body).await;
    assert!((400..500).contains(&late.status), "{late:?}");
    let after = world.dump().await;
    for table in ["session", "proof", "ticket"] {
        assert_eq!(before.rows(table), after.rows(table), "{table}");
    }
}

#[tokio::test]
async fn what_another_device_says_of_it_changes_nothing_and_is_on_record() {
    let (world, mut card) = world().await;
    let (_device, mut browser, ticket) = signed_in(&world, &mut card).await;
    let mut neighbour = stranger(&world, ACME, "ada@acme.example").await;
    let mut foreigner = stranger(&world, BIRCH, "ada@birch.example").await;
    for (name, who, events) in [
        ("another device", &mut neighbour, vec!["agent.lift-refused"; 2]),
        ("a device of another tenant", &mut foreigner, vec![]),
    ] {
        let before = world.dump().await;
        for message in [
            json!({ "t": "lifted", "id": ticket }),
            json!({ "t": "tapped", "id": ticket }),
            json!({ "t": "holds", "ids": [] }),
        ] {
            who.say(&message).await;
        }
        who.heard_all().await;
        let after = world.dump().await;
        assert_eq!((held(&before), held(&after)), (1, 1), "{name}");
        assert_eq!(before.audited(&after), events, "{name}");
    }
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 200);
}

#[tokio::test]
async fn a_device_that_comes_back_ends_what_it_does_not_hold_any_more() {
    let (world, mut card) = world().await;
    let (mut device, mut browser, ticket) = signed_in(&world, &mut card).await;
    world.sql("UPDATE session SET created_at = created_at - 1000000").await;
    for (ids, remain) in [(json!([ticket]), 1), (json!([]), 0)] {
        device.connect(&world).await;
        device.say(&json!({ "t": "holds", "ids": ids })).await;
        device.heard_all().await;
        assert_eq!(held(&world.dump().await), remain);
    }
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 303);
}

#[tokio::test]
async fn a_session_that_began_after_the_connection_is_not_meant_by_its_list() {
    let (world, mut card) = world().await;
    let (mut device, _, _) = signed_in(&world, &mut card).await;
    device.say(&json!({ "t": "holds", "ids": [] })).await;
    device.heard_all().await;
    assert_eq!(held(&world.dump().await), 1);
}

#[tokio::test]
async fn a_policy_that_was_taken_back_counts_at_once() {
    let (world, mut card) = world().await;
    let (mut device, mut browser, ticket) = signed_in(&world, &mut card).await;
    let tenant = world.tenant("acme").await;
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    tx.put_policy(&policy(CardLifted::KeepsSession)).await.unwrap();
    tx.commit().await.unwrap();
    world.sql("UPDATE session SET created_at = created_at - 1000000").await;
    device.connect(&world).await;
    device.say(&json!({ "t": "holds", "ids": [] })).await;
    device.say(&json!({ "t": "lifted", "id": ticket })).await;
    device.heard_all().await;
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 200);
}

#[tokio::test]
async fn messages_that_make_no_sense_change_nothing() {
    let (world, mut card) = world().await;
    let (mut device, mut browser, ticket) = signed_in(&world, &mut card).await;
    let before = world.dump().await;
    let many = vec![ticket.clone(); 65];
    for message in [
        json!({ "t": "lifted" }),
        json!({ "t": "lifted", "id": null }),
        json!({ "t": "lifted", "id": [ticket] }),
        json!({ "t": "lifted", "id": "../../account" }),
        json!({ "t": "lifted", "id": "t".repeat(22) }),
        json!({ "t": "lifted", "id": "t".repeat(64) }),
        json!({ "t": "lift", "id": ticket }),
        json!({ "t": "lock" }),
        json!({ "t": "holds" }),
        json!({ "t": "holds", "ids": many }),
        json!({ "t": "holds", "ids": "none" }),
    ] {
        device.say(&message).await;
    }
    device.heard_all().await;
    let after = world.dump().await;
    assert_eq!(before.changes(&after), [""; 0]);
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 200);
}

#[tokio::test]
async fn a_lift_that_could_not_be_written_down_is_heard_of_again() {
    let (world, mut card) = world().await;
    let (mut device, _, ticket) = signed_in(&world, &mut card).await;
    world.refuse_updates("audit_head").await;
    device.say(&json!({ "t": "lifted", "id": ticket })).await;
    // Its agent will come back, and hold nothing.
    device.is_cut_off().await;
    assert_eq!(held(&world.dump().await), 1);
}

#[tokio::test]
async fn a_lift_among_too_many_words_is_heard_of_again() {
    let (world, mut card) = world().await;
    let (mut device, mut browser, ticket) = signed_in(&world, &mut card).await;
    // More than a minute's worth, which is what one device may say at once.
    let too_many = 2 * Bounds::default().logins_per_minute;
    let mut heard = 0;
    while heard < too_many && device.try_say(&json!({ "t": "nothing" })).await.is_ok() {
        heard += 1;
    }
    let _ = device.try_say(&json!({ "t": "lifted", "id": ticket })).await;
    // Not dropped without a word: its agent will come back, and hold nothing.
    device.is_cut_off().await;
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 200);
}
