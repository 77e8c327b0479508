//! What agents say of cards that were lifted, by hand: only what is theirs counts.

use agent_protocol::paths;
use e2e::{Browser, Card, Dump, World};
use identity::{CardFirst, CardLifted, FirstCard, TenantPolicy};
use serde_json::{Value, json};

use crate::device::{Device, options_of};
use crate::support::{ACME, BIRCH, enrolled, mia};

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
    let ticket = device.asked_by(&mut browser).await;
    let claims = device.claim(world, &ticket).await;
    assert_eq!(claims["whenLifted"], "end-session");
    let assertion = card.0.authenticate(&options_of(&claims), browser.origin()).unwrap();
    let body = json!({ "ticket": ticket, "outcome": { "assertion": assertion } });
    let taken = device.post(world, paths::RESULT, &body).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    browser.get(&ACME.path("login/card")).await;
    assert_eq!(browser.get(&ACME.path("account/")).await.status, 200);
    (device, browser, ticket)
}

/// A device of somebody else, connected.
async fn stranger(world: &World, way: e2e::Way, username: &str) -> Device {
    let (mut device, mut browser) = (Device::of(way), world.browser());
    way.to_card(&mut browser, &mut entra_stand_in::Person::new(username)).await;
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
