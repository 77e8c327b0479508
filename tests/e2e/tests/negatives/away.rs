//! Agents that go while a page waits for them, or that come to nothing: the page hears so.

use std::time::Duration;

use agent_protocol::paths;
use e2e::{Browser, World};
use serde_json::{Value, json};

use crate::device::Device;
use crate::pairing::paired;
use crate::support::{ACME, assert_clear, enrolled, mia};

/// Has the page ask: the ticket as the agent knows it, and why it was refused once `then` is done.
async fn refused_after(
    (device, browser): (&mut Device, &mut Browser),
    then: impl AsyncFnOnce(&mut Device, &Value),
) -> Value {
    let ticket = device.asked_by(browser).await;
    then(device, &ticket).await;
    // Begins with how things stand.
    let mut events = browser.events(&ACME.path("login/card/events")).await;
    loop {
        let event = tokio::time::timeout(Duration::from_secs(60), events.next()).await.unwrap();
        if event["state"] == "refused" {
            return event["reason"].clone();
        }
        assert!(matches!(event["state"].as_str(), Some("pushed" | "claimed")), "{event}");
    }
}

#[tokio::test]
async fn a_page_whose_agent_goes_before_or_after_its_claim_hears_so_unless_it_is_back_at_once() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut back, mut waits) = paired(&world).await;
    let kept = [back.asked_by(&mut waits).await];
    back.claim(&world, &kept[0]).await;
    back.hang_up();
    back.connect(&world).await;
    // It has gone after the other was back: when its page hears so, the other's would have heard, too.
    let (mut gone, mut asks) = paired(&world).await;
    for claims in [false, true] {
        let reason = refused_after((&mut gone, &mut asks), async |gone, ticket| {
            if claims {
                gone.claim(&world, ticket).await;
            }
            gone.hang_up();
        });
        assert_eq!(reason.await, "agent-offline", "claimed: {claims}");
        gone.connect(&world).await;
    }
    let mut stands = waits.events(&ACME.path("login/card/events")).await;
    assert_eq!(stands.next().await["state"], "claimed");
    let result = json!({ "ticket": kept[0], "outcome": { "refused": "no-card" } });
    let taken = back.post(&world, paths::RESULT, &result).await;
    assert_eq!(taken.status, 200, "its answer is waited for: {taken:?}");
}

#[tokio::test]
async fn a_page_whose_agent_claims_too_late_hears_so() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world).await;
    let claimed_late = async |device: &mut Device, ticket: &Value| {
        device.post(&world, paths::CLAIM, &json!({ "ticket": ticket })).await
    };
    for (late, reason) in [
        ("UPDATE ticket SET created_at = created_at - 61000000 WHERE state = 'waiting'", "timeout"),
        ("UPDATE login SET challenge_id = NULL", "challenge-expired"),
    ] {
        let told = refused_after((&mut device, &mut browser), async |device, ticket| {
            assert_eq!(world.sql(late).await, 1);
            assert_clear(reason, &claimed_late(device, ticket).await);
        });
        assert_eq!(told.await, reason);
    }
}

#[tokio::test]
async fn a_claim_that_comes_twice_ends_no_prompt() {
    let world = World::start().await;
    enrolled(&world, &mut mia(), 1).await;
    let (mut device, mut browser) = paired(&world).await;
    let ticket = device.asked_by(&mut browser).await;
    device.claim(&world, &ticket).await;
    let again = device.post(&world, paths::CLAIM, &json!({ "ticket": ticket })).await;
    assert_eq!(again.code(), "already-used", "{again:?}");
    assert_eq!(world.dump().await.rows("ticket")[0]["state"], "'claimed'");
}
