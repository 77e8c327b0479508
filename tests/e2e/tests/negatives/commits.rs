//! What a sign-in costs the database.

use e2e::World;

use crate::support::{ACME, enrolled, mia};

#[tokio::test]
async fn from_start_to_session_in_a_browser_are_two_commits() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let before = world.app.store().figures().transactions;
    ACME.sign_in(&mut world.browser(), &mut mia(), &mut card).await;
    assert_eq!(world.app.store().figures().transactions - before, 2);
}

#[tokio::test]
async fn before_anybody_has_vouched_nothing_is_written() {
    let world = World::start().await;
    let before = (world.app.store().figures().transactions, world.dump().await);
    let mut browser = world.browser();
    ACME.to_callback(&mut browser, &mut mia()).await;
    ACME.use_card_options(&mut browser).await;
    browser.get("/realms/acme/broker/azure/endpoint?state=x&code=y").await;
    assert_eq!(world.app.store().figures().transactions, before.0);
    assert_eq!(before.1, world.dump().await);
}

#[tokio::test]
async fn a_card_alone_is_one_commit() {
    let world = World::start().await;
    let mut card = enrolled(&world, &mut mia(), 1).await;
    let mut browser = world.browser();
    let options = ACME.use_card_options(&mut browser).await;
    let before = world.app.store().figures().transactions;
    let answer = card.answer(&browser, &options);
    assert_eq!(ACME.use_card(&mut browser, &answer).await.status, 200);
    assert_eq!(world.app.store().figures().transactions - before, 1);
}
