//! T17: Entra waits for four minutes of ours, and for no more than five.

use e2e::{Browser, World};

use crate::support::{ACME, answered, assert_here, assert_told, at_card, ready};

/// Moves what is kept of the request into the past, as if so many seconds had gone by.
async fn later(world: &World, seconds: u32) {
    let micros = u64::from(seconds) * 1_000_000;
    let transaction = format!(
        "UPDATE eam_transaction SET created_at = created_at - {micros}, expires_at = expires_at - {micros}"
    );
    assert_eq!(world.sql(&transaction).await, 1);
    world.sql(&format!("UPDATE login SET expires_at = expires_at - {micros}")).await;
}

async fn tap(world: &World, browser: &mut Browser, card: &mut e2e::Card) -> u16 {
    let before = world.dump().await.rows("proof").len();
    let status = card.tap(browser, &ACME.path("login/card")).await.status;
    assert_eq!(world.dump().await.rows("proof").len(), before, "a proof was made");
    status
}

#[tokio::test]
async fn t17_after_four_minutes_no_card_counts_and_entra_is_told() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    later(&world, 239).await;
    assert_eq!(browser.get(&ACME.path("login/card")).await.status, 200);
    later(&world, 2).await;
    assert_eq!(tap(&world, &mut browser, &mut card).await, 403);
    let answer = browser.get("/realms/acme/eam/continue").await;
    let answer = browser.follow(answer).await;
    assert_told(&world, "after four minutes", &answer, "temporarily_unavailable");
    assert!(answered(&world, &answer).sends);
}

#[tokio::test]
async fn t17_when_entra_has_given_up_nothing_is_posted() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    later(&world, 291).await;
    assert_eq!(tap(&world, &mut browser, &mut card).await, 403);
    for path in ["/realms/acme/eam/continue", "/realms/acme/eam/answer"] {
        let over = browser.get(path).await;
        assert_here(&world, path, &over);
        assert_eq!(over.title(), "Microsoft no longer waits for this");
    }
}

/// What was proved in time is answered as long as Entra waits, and not a moment longer.
#[tokio::test]
async fn a_token_is_given_no_longer_than_entra_waits() {
    let (world, mfa, mut card) = ready().await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    let first = mfa.tap(&mut browser, &mut card).await;
    later(&world, 280).await;
    let last = browser.get("/realms/acme/eam/answer").await;
    assert_eq!(answered(&world, &last).fields, answered(&world, &first).fields);
    later(&world, 11).await;
    assert_here(&world, "too late", &browser.get("/realms/acme/eam/answer").await);
}

#[tokio::test]
async fn the_page_leaves_by_itself_when_time_is_over() {
    let (world, mfa, _) = ready().await;
    let (mut browser, _) = at_card(&world, &mfa).await;
    let page = browser.get(&ACME.path("login/card")).await;
    assert!(page.body.contains(r#"data-leaves-to="/realms/acme/eam/answer""#), "{page:?}");
    let lives = page.body.split_once("data-expires-in=\"").unwrap().1.split_once('"').unwrap().0;
    let lives: u32 = lives.parse().unwrap();
    assert!((100..=240).contains(&lives), "{lives}");
    let mut other = world.browser();
    ACME.to_card(&mut other, &mut crate::support::mia()).await;
    let ordinary = other.get(&ACME.path("login/card")).await;
    assert!(!ordinary.body.contains("data-leaves-to"));
}
