//! Entra, then the card: the main way in.

use e2e::{Card, World};
use entra_stand_in::Person;

#[tokio::test]
async fn a_person_signs_in_with_entra_enrols_a_card_and_reaches_the_account_page() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut mia = Person::new("mia@acme.example");
    let mut card = Card::new(1);
    let account = world.sign_in(&mut browser, &mut mia, &mut card).await.unwrap();
    assert!(account.body.contains("mia@acme.example"), "{}", account.body);
    assert_eq!(browser.cookie_names(), ["__Host-sid-acme"]);
}

#[tokio::test]
async fn the_second_time_the_same_card_is_asked_for() {
    let world = World::start().await;
    let mut mia = Person::new("mia@acme.example");
    let mut card = Card::new(1);
    world.sign_in(&mut world.browser(), &mut mia, &mut card).await.unwrap();
    world.sign_in(&mut world.browser(), &mut mia, &mut card).await.unwrap();
    assert_eq!(card.0.credential_ids().len(), 1, "a second card was enrolled");
}

#[tokio::test]
async fn a_card_alone_signs_in_within_a_day_of_entra() {
    let world = World::start().await;
    let mut mia = Person::new("mia@acme.example");
    let mut card = Card::new(1);
    world.sign_in(&mut world.browser(), &mut mia, &mut card).await.unwrap();

    let mut browser = world.browser();
    let page = browser.get("/realms/acme/account/").await;
    browser.follow(page).await;
    let tapped = card.tap(&mut browser, "/realms/acme/login/use-card").await;
    assert_eq!(tapped.status, 200, "{tapped:?}");
    let account = browser.get("/realms/acme/account/").await;
    assert!(account.body.contains("mia@acme.example"), "{account:?}");
}
