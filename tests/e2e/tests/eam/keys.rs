//! T19: keys are replaced, and no login notices.

use e2e::World;
use serde_json::Value;

use crate::support::{ACME, answered, assert_in, mia, ready};

/// Moves the dates of all keys into the past, as if so many hours had gone by.
async fn later(world: &World, hours: u64) {
    let micros = hours * 3_600_000_000;
    let moved = ["published_at", "active_from", "retired_at", "ends_at"];
    let moved = moved.map(|column| format!("{column} = {column} - {micros}")).join(", ");
    assert!(world.sql(&format!("UPDATE signing_key SET {moved}")).await > 0);
}

async fn published(world: &World) -> Vec<String> {
    let keys = world.browser().get(&ACME.path("eam/certs")).await.json();
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    keys["keys"].as_array().unwrap().iter().map(kid).collect()
}

/// Entra keeps a key set for a day. Over eight days it fetches it once a day, and each login's token is
/// signed with a key that it knows.
#[tokio::test]
async fn t19_keys_change_over_days_and_no_login_fails() {
    let (world, mfa, mut card) = ready().await;
    let first = published(&world).await;
    later(&world, 24 * 86).await;
    server::roll_keys(&world.app).await;
    assert_eq!(published(&world).await, first, "not yet");
    let mut signed_with = Vec::new();
    for step in 0..16 {
        if step % 2 == 0 {
            world.stand_in.forget_providers();
        }
        let mut person = mia();
        let answer = mfa.prove(&mut world.browser(), &mut person, &mut card).await;
        signed_with.push(answered(&world, &answer).part(0)["kid"].as_str().unwrap().to_owned());
        assert_in(mfa.back(&mut person, &world.origin, &answer).await);
        later(&world, 12).await;
        server::roll_keys(&world.app).await;
        // A second round finds nothing to do.
        server::roll_keys(&world.app).await;
    }
    signed_with.dedup();
    assert_eq!((signed_with.len(), &signed_with[0]), (2, &first[0]), "{signed_with:?}");
    assert_eq!(published(&world).await, [signed_with[1].clone()], "the old one is gone");
}

/// EAM-06: two days before, and two days after.
#[tokio::test]
async fn t19_both_keys_are_published_for_days_around_the_change() {
    let (world, mfa, mut card) = ready().await;
    let first = published(&world).await.remove(0);
    later(&world, 24 * 88).await;
    server::roll_keys(&world.app).await;
    let both = published(&world).await;
    assert_eq!((both.len(), &both[0]), (2, &first));
    let mut hours = [Vec::new(), Vec::new()];
    for step in 0..26 {
        let answer = mfa.prove(&mut world.browser(), &mut mia(), &mut card).await;
        let kid = answered(&world, &answer).part(0)["kid"].clone();
        let signs = usize::from(kid != *first);
        let known = published(&world).await;
        if known.len() == 2 {
            hours[signs].push(step * 6);
        }
        later(&world, 6).await;
    }
    for (which, hours) in ["next", "retired"].iter().zip(&hours) {
        let (from, to) = (hours.first().unwrap(), hours.last().unwrap());
        assert!(to - from >= 48, "{which}: {hours:?}");
    }
}

#[tokio::test]
async fn a_tenant_that_serves_nobody_any_more_gets_no_new_key() {
    let (world, mfa, _) = ready().await;
    published(&world).await;
    later(&world, 24 * 365).await;
    let tenant = world.tenant("acme").await.id;
    let mut tx = world.app.store().write(tenant).await.unwrap();
    assert!(tx.delete_eam_connection(&mfa.client_id.to_string()).await.unwrap());
    tx.commit().await.unwrap();
    server::roll_keys(&world.app).await;
    assert_eq!(world.dump().await.rows("signing_key").len(), 1);
}
